# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The reference training under torch's own `fully_shard`, rank by rank.

What `fsdp_parity_test.py` holds runs of `fts fit` against: the same loop as
reference_training.py, on the ranks' shares of each batch, with a plan as the
run config writes it (fsdp_plan.py). Nothing of ours is imported.
"""

import dataclasses
import math
import multiprocessing
import multiprocessing.connection
import os
import tempfile
from typing import Optional

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule
from torch.distributed.tensor import DTensor

import fsdp_plan
import reference_training as reference


@dataclasses.dataclass
class Job:
    """One run."""

    settings: reference.Settings
    plan: dict  # fsdp_plan: pattern to options, in order
    defaults: dict = dataclasses.field(default_factory=dict)
    accumulate: int = 1
    # Reduce after every backward instead of only after the last.
    sync_each: bool = True
    replicate: int = 1  # HSDP: ranks = replicate x shard
    precision: str = "32-true"
    divide: Optional[float] = None  # gradients by so much more
    mistake: str = ""


def full(tensor):
    tensor = tensor.detach()
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


class ShardedTrainer(reference.Trainer):
    """reference.Trainer on one rank of several."""

    def __init__(self, job):
        self.job = job
        self.rank, self.world = self.share_of_batch()
        self.gradients = None
        super().__init__(job.settings)
        self.shard()

    def share_of_batch(self):
        """Which share of every batch is this rank's, and how many there are."""
        return dist.get_rank(), dist.get_world_size()

    def shard(self):
        job = self.job
        shards = self.world // job.replicate
        mesh = init_device_mesh(
            "cpu", (job.replicate, shards) if job.replicate > 1 else (shards,),
            mesh_dim_names=("replicate", "shard") if job.replicate > 1
            else ("shard",))
        self.ignored = fsdp_plan.apply_plan(self.model, job, mesh)

    def named_parameters(self):
        for name, parameter in self.model.named_parameters():
            yield name.replace(fsdp_plan.WRAPPED, ""), parameter

    def reshard(self):
        """Registers the sharded parameters, which is where freezing counts."""
        for module in self.model.modules():
            if isinstance(module, FSDPModule):
                module.reshard()

    def weights(self):
        if hasattr(self, "rank"):
            self.reshard()
        return {name: full(tensor).clone()
                for name, tensor in self.named_parameters()}

    def begin_phase(self, epoch, step):
        self.reshard()
        super().begin_phase(epoch, step)

    def run(self):
        self.gradients = self.first_gradients()
        return super().run()

    def first_gradients(self):
        """Of the first step, were everything trained in it."""
        self.reshard()
        self.model.requires_grad_(True)
        samples = reference.Samples(self.s.train, self.s.seq_len)
        order = reference.permutation(self.s.seed, 0, samples.count)
        self.backward(*samples.batch(order[:self.s.global_batch]))
        found = {name: full(p.grad).clone()
                 for name, p in self.named_parameters()}
        self.model.zero_grad()
        self.model.requires_grad_(False)
        return found

    def set_sync(self, on):
        if isinstance(self.model, FSDPModule):
            self.model.set_requires_gradient_sync(on)

    def clip(self, limit):
        parameters = [p for p in self.model.parameters()
                      if p.grad is not None]
        if all(isinstance(p, DTensor) for p in parameters):
            return full(torch.nn.utils.clip_grad_norm_(parameters, limit))
        squares = sum(full(p.grad).double().square().sum() for p in parameters)
        norm = squares.sqrt()
        for p in parameters:
            p.grad.mul_(min(1.0, limit / (norm.item() + 1e-6)))
        return norm

    def backward(self, inputs, labels):
        """This rank's mean loss over its share of a batch."""
        job = self.job
        rank = 0 if job.mistake == "same_batch" else self.rank
        micros = list(zip(
            inputs.chunk(self.world)[rank].chunk(job.accumulate),
            labels.chunk(self.world)[rank].chunk(job.accumulate)))
        total = 0.0
        for k, (x, y) in enumerate(micros):
            self.set_sync(job.sync_each or k + 1 == len(micros))
            total += self.backward_of(x, y, len(micros))
        self.reduce_ignored()
        return total

    def backward_of(self, inputs, labels, micros):
        """Of one of so many micro-batches; its share of the mean loss."""
        loss = reference.mean_loss(self.model, inputs, labels) / micros
        loss.backward()
        return loss.item()

    def reduce_ignored(self):
        """What torch leaves to its user."""
        for parameter in self.ignored:
            if parameter.grad is not None:
                dist.all_reduce(parameter.grad)
                parameter.grad /= self.world * (self.job.divide or 1)

    def train_step(self, inputs, labels):
        self.optimizer.zero_grad()
        mean = torch.tensor([self.backward(inputs, labels)],
                            dtype=torch.double)
        dist.all_reduce(mean)
        norm = self.clip(math.inf if self.s.clip is None else self.s.clip)
        lr = [group["lr"] for group in self.optimizer.param_groups]
        self.optimizer.step()
        return dict(loss=mean.item() / dist.get_world_size(),
                    grad_norm=norm.item(), lr=lr)

    def validate(self, samples):
        """On every rank the whole, in one forward."""
        inputs, labels = samples.batch(range(samples.count))
        with torch.no_grad():
            return reference.mean_loss(self.model, inputs, labels).item()


def run_rank(jobs, rank, world, folder, make_trainer):
    with open(os.path.join(folder, "rank%d.log" % rank), "wb") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=world,
                            init_method="file://%s/store" % folder)
    for name, job in jobs.items():
        torch.manual_seed(job.settings.seed)
        trainer = make_trainer(job)
        record = trainer.run()
        record.model = None
        record.start = {}
        if rank == 0:
            torch.save(dict(record=record, gradients=trainer.gradients),
                       os.path.join(folder, name + ".pt"))
    dist.destroy_process_group()


def run_jobs(jobs, world, folder, make_trainer=ShardedTrainer):
    """Name to (Record, gradients) of each Job, on `world` processes.

    They are forks, so the caller must not have run a backward yet: importing
    torch and transformers once for each takes longer than the jobs.
    """
    folder = tempfile.mkdtemp(dir=folder)
    fork = multiprocessing.get_context("fork")
    running = {}
    for rank in range(world):
        process = fork.Process(target=run_rank,
                               args=(jobs, rank, world, folder, make_trainer))
        process.start()
        running[process.sentinel] = (rank, process)
    failed = None
    while running:
        for sentinel in multiprocessing.connection.wait(list(running)):
            rank, process = running.pop(sentinel)
            process.join()
            if process.exitcode != 0 and failed is None:
                failed = rank
                for _, other in running.values():
                    other.kill()
    if failed is not None:
        with open(os.path.join(folder, "rank%d.log" % failed),
                  encoding="utf-8", errors="replace") as log:
            raise AssertionError("torch's run failed on rank %d:\n%s" %
                                 (failed, log.read()[-6000:]))
    results = {}
    for name in jobs:
        result = torch.load(os.path.join(folder, name + ".pt"),
                            weights_only=False)
        results[name] = (result["record"], result["gradients"])
    return results
