# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The reference training under torch's own `fully_shard`, rank by rank.

What `fsdp_parity_test.py` holds runs of `fts fit` against: the same loop as
reference_training.py, on the ranks' shares of each batch, with a plan as the
run config writes it. Nothing of ours is imported; jobs and results are files.
"""

import argparse
import dataclasses
import json
import math
import os
import re
import subprocess
import sys
import tempfile

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch.distributed._composable import checkpoint
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import (CPUOffloadPolicy, FSDPModule,
                                    MixedPrecisionPolicy, OffloadPolicy,
                                    fully_shard)
from torch.distributed.tensor import DTensor, Shard

import reference_training as reference


@dataclasses.dataclass
class Job:
    """One run. Everything but `settings` is plain JSON."""

    settings: dict  # of reference.Settings, without callables
    plan: dict  # fsdp_plan: pattern to options, in order
    defaults: dict = dataclasses.field(default_factory=dict)
    accumulate: int = 1
    # Reduce after every backward instead of only after the last.
    sync_each: bool = True
    replicate: int = 1  # HSDP: ranks = replicate x shard
    precision: str = "32-true"
    mistake: str = ""


def full(tensor):
    tensor = tensor.detach()
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def shard_keywords(options, job, mesh):
    """`fully_shard`'s keywords for what a plan's entry says."""
    keywords = {"mesh": mesh}
    if options.get("reshard_after_forward") is not None:
        keywords["reshard_after_forward"] = options["reshard_after_forward"]
    policy = dict(options.get("mp_policy") or {})
    if job.precision == "bf16-mixed" and not policy:
        policy = {"param_dtype": "bfloat16", "reduce_dtype": "float32"}
    for key, value in policy.items():
        policy[key] = getattr(torch, value) if isinstance(value, str) else value
    keywords["mp_policy"] = MixedPrecisionPolicy(**policy)
    if "cpu_offload_policy" in options:
        keywords["offload_policy"] = CPUOffloadPolicy(pin_memory=False)
    else:
        keywords["offload_policy"] = OffloadPolicy()
    if "shard_placement" in options:
        dim = options["shard_placement"]["dim"]
        keywords["shard_placement_fn"] = (
            lambda p: Shard(dim) if p.ndim > dim else Shard(0))
    return keywords


class ShardedTrainer(reference.Trainer):
    """reference.Trainer on one rank of several."""

    def __init__(self, job):
        settings = dict(job.settings)
        settings["phases"] = [reference.Phase(**p) for p in settings["phases"]]
        for key in ("train", "val"):
            with open(settings[key], "rb") as f:
                settings[key] = f.read()
        gamma = settings.pop("step_lr_gamma", None)
        if gamma is not None:
            settings["lr_scheduler"] = (
                lambda optimizer: torch.optim.lr_scheduler.StepLR(
                    optimizer, step_size=1, gamma=gamma))
        self.job = job
        self.rank, self.world = dist.get_rank(), dist.get_world_size()
        self.gradients = None
        super().__init__(reference.Settings(**settings))
        self.shard()

    def shard(self):
        job = self.job
        shards = self.world // job.replicate
        mesh = init_device_mesh(
            "cpu", (job.replicate, shards) if job.replicate > 1 else (shards,),
            mesh_dim_names=("replicate", "shard") if job.replicate > 1
            else ("shard",))
        modules = dict(self.model.named_modules())
        for pattern, entry in job.plan.items():
            options = dict(job.defaults, **entry)
            names = ([pattern] if pattern in modules else
                     [n for n in modules if re.match(pattern, n)])
            assert names, pattern
            if options.get("one_unit"):
                fully_shard([modules[n] for n in names],
                            **shard_keywords(options, job, mesh))
                continue
            for name in names:
                if options.get("act_ckpt"):
                    checkpoint(modules[name])
                fully_shard(modules[name],
                            **shard_keywords(options, job, mesh))
        # What no entry names would drift apart between ranks without a root.
        if job.mistake != "no_root" and not isinstance(self.model, FSDPModule):
            fully_shard(self.model, **shard_keywords(job.defaults, job, mesh))

    def reshard(self):
        """Registers the sharded parameters, which is where freezing counts."""
        for module in self.model.modules():
            if isinstance(module, FSDPModule):
                module.reshard()

    def weights(self):
        if hasattr(self, "rank"):
            self.reshard()
        return {name: full(tensor).clone()
                for name, tensor in self.model.named_parameters()}

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
                 for name, p in self.model.named_parameters()}
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
            loss = reference.mean_loss(self.model, x, y) / len(micros)
            loss.backward()
            total += loss.item()
        return total

    def train_step(self, inputs, labels):
        self.optimizer.zero_grad()
        mean = torch.tensor([self.backward(inputs, labels)],
                            dtype=torch.double)
        dist.all_reduce(mean)
        norm = self.clip(math.inf if self.s.clip is None else self.s.clip)
        lr = [group["lr"] for group in self.optimizer.param_groups]
        self.optimizer.step()
        return dict(loss=mean.item() / self.world, grad_norm=norm.item(),
                    lr=lr)

    def validate(self, samples):
        """Every rank the whole, in equal numbers of forwards."""
        total = 0.0
        with torch.no_grad():
            for begin in range(0, samples.count, 16):
                rows = range(begin, min(begin + 16, samples.count))
                inputs, labels = samples.batch(rows)
                logits = self.model(input_ids=inputs, use_cache=False).logits
                total += F.cross_entropy(
                    logits.float().flatten(0, 1), labels.flatten(),
                    reduction="sum").item()
        return total / (samples.count * self.s.seq_len)


def run_rank(folder):
    torch.set_num_threads(1)
    rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    dist.init_process_group("gloo", rank=rank, world_size=world,
                            init_method="file://%s/store" % folder)
    with open(os.path.join(folder, "jobs.json"), encoding="utf-8") as f:
        jobs = json.load(f)
    for name, job in jobs.items():
        torch.manual_seed(job["settings"].get("seed", 42))
        trainer = ShardedTrainer(Job(**job))
        record = trainer.run()
        record.model = None
        record.start = {}
        if rank == 0:
            torch.save(dict(record=record, gradients=trainer.gradients),
                       os.path.join(folder, name + ".pt"))
    dist.destroy_process_group()


def run_jobs(jobs, world, folder):
    """Name to (Record, gradients) of each Job, on `world` processes."""
    folder = tempfile.mkdtemp(dir=folder)
    with open(os.path.join(folder, "jobs.json"), "w", encoding="utf-8") as f:
        json.dump({name: dataclasses.asdict(job)
                   for name, job in jobs.items()}, f)
    path = os.pathsep.join([os.path.dirname(os.path.abspath(__file__))] +
                           [p for p in sys.path if p])
    ranks = []
    for rank in range(world):
        log = open(os.path.join(folder, "rank%d.log" % rank), "w+b")
        ranks.append((log, subprocess.Popen(
            [sys.executable, os.path.abspath(__file__), "--folder", folder],
            stdout=log, stderr=subprocess.STDOUT,
            env=dict(os.environ, RANK=str(rank), WORLD_SIZE=str(world),
                     OMP_NUM_THREADS="1", PYTHONPATH=path))))
    try:
        codes = [process.wait() for _, process in ranks]
    finally:
        for _, process in ranks:
            process.kill()
    for code, (log, _) in zip(codes, ranks):
        log.seek(0)
        text = log.read().decode()
        log.close()
        if code != 0:
            raise AssertionError("fully_shard's run failed:\n" + text[-6000:])
    results = {}
    for name in jobs:
        result = torch.load(os.path.join(folder, name + ".pt"),
                            weights_only=False)
        results[name] = (result["record"], result["gradients"])
    return results


if __name__ == "__main__":
    # Pickled records must name this module as the test imports it.
    import fsdp_reference
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", required=True)
    fsdp_reference.run_rank(parser.parse_args().folder)
