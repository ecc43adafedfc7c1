# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The peer of train_steps under a tp_plan: torch's parallelize_module with the
classic Llama plan and loss_parallel, over Gloo, on the models of fsdp2_peer.py.

    tp_peer.py T|S STEPS [--check]

Run by tp_step.py. Ranks come from the environment (RANK, WORLD_SIZE, STORE);
all share every layer. --check: prints instead what one process gets and what
the ranks get, which must agree.
"""

import json
import os
import sys
import time

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Replicate, Shard
from torch.distributed.tensor.parallel import (
    ColwiseParallel, PrepareModuleInput, RowwiseParallel, SequenceParallel,
    loss_parallel, parallelize_module)

import fsdp2_peer


def split(model, mesh):
    """Sequence parallel between the layers, logits left split."""
    plan = {
        "tok_embeddings": RowwiseParallel(input_layouts=Replicate(),
                                          output_layouts=Shard(1)),
        "norm": SequenceParallel(),
        "output": ColwiseParallel(input_layouts=Shard(1),
                                  output_layouts=Shard(-1),
                                  use_local_output=False),
    }
    for i in range(len(model.layers)):
        layer = "layers.%d." % i
        plan.update({
            layer + "attention_norm": SequenceParallel(),
            layer + "ffn_norm": SequenceParallel(),
            layer + "attention": PrepareModuleInput(
                input_layouts=(Shard(1), None, None),
                desired_input_layouts=(Replicate(), None, None)),
            layer + "feed_forward": PrepareModuleInput(
                input_layouts=Shard(1), desired_input_layouts=Replicate()),
            layer + "attention.wo": RowwiseParallel(output_layouts=Shard(1)),
            layer + "feed_forward.w2": RowwiseParallel(
                output_layouts=Shard(1)),
        })
        for name in ("attention.wq", "attention.wk", "attention.wv",
                     "feed_forward.w1", "feed_forward.w3"):
            plan[layer + name] = ColwiseParallel()
    return parallelize_module(model, mesh, plan)


class Steps:
    """The phases of fsdp2_peer.py, on one batch that every rank sees."""

    def __init__(self, shape, mesh):
        torch.manual_seed(0)
        self.shape = shape
        self.model = fsdp2_peer.Llama(shape)
        if mesh is not None:
            split(self.model, mesh)
        self.model.requires_grad_(False)
        self.optimizer = None

    def begin_phase(self, phase):
        thawed = [p for name, p in self.model.named_parameters()
                  if fsdp2_peer.phase_of(self.shape, name) == phase]
        for parameter in thawed:
            parameter.requires_grad_(True)
        if self.optimizer is None:
            self.optimizer = torch.optim.AdamW(thawed, lr=1e-4, fused=True)
        else:
            self.optimizer.add_param_group(dict(params=thawed))

    def step(self):
        with loss_parallel():
            loss = fsdp2_peer.loss_of(self.model, self.shape, 0)
            loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss


def times_of(shape, steps, mesh):
    run = Steps(shape, mesh)
    phases = []
    for phase in range(3):
        dist.barrier()
        run.begin_phase(phase)
        times, cpu_times = [], []
        for _ in range(steps):
            start, cpu_start = time.perf_counter(), time.process_time()
            run.step()
            times.append((time.perf_counter() - start) * 1e3)
            cpu_times.append((time.process_time() - cpu_start) * 1e3)
        phases.append(dict(ms=times, cpu_ms=cpu_times))
    return dict(phases=phases)


def check(shape, steps, mesh):
    """Losses of both, and sums of the weights at the end."""
    found = []
    for m in (None, mesh):
        run = Steps(shape, m)
        losses = []
        for phase in range(3):
            run.begin_phase(phase)
            losses += [full(run.step()).item() for _ in range(steps)]
        found.append(dict(losses=losses, weights={
            name: full(p).double().square().sum().item()
            for name, p in run.model.named_parameters()}))
    return found


def full(tensor):
    tensor = tensor.detach()
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def main(args):
    torch.set_num_threads(1)
    world = int(os.environ["WORLD_SIZE"])
    dist.init_process_group(
        "gloo", rank=int(os.environ["RANK"]), world_size=world,
        init_method="file://" + os.environ["STORE"])
    measure = check if "--check" in args else times_of
    print(json.dumps(measure(args[0], int(args[1]),
                             init_device_mesh("cpu", (world,)))))
    dist.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1:])
