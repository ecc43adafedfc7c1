# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The reference training under torch's own tensor parallelism, rank by rank.

`parallelize_module` with the classic Llama plan on the mesh's tp dimension,
then `fully_shard` on the others (fsdp_plan.py), and torch's `loss_parallel`.
What tp_parity_test.py holds runs of `fts fit` against; fsdp_reference.py has
the loop. Ranks are [replicate, shard, tp], tp fastest; those along tp see the
same batches. Nothing of ours is imported.
"""

import contextlib
import dataclasses
import types

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Replicate, Shard
from torch.distributed.tensor.parallel import (
    ColwiseParallel, PrepareModuleInput, RowwiseParallel, SequenceParallel,
    loss_parallel, parallelize_module)

import fsdp_plan
import fsdp_reference
import tp_llama


@dataclasses.dataclass
class Job(fsdp_reference.Job):
    tp: int = 2
    sequence_parallel: bool = True
    loss_parallel: bool = True


def classic_plan(layers, sequence, split_logits):
    """Activations lie in parts of the sequence between the blocks, or whole."""
    if sequence:
        between, norm = Shard(1), SequenceParallel()
        prepare = lambda *rest: PrepareModuleInput(
            input_layouts=(Shard(1), *rest),
            desired_input_layouts=(Replicate(), *rest))
    else:
        between, norm, prepare = Replicate(), None, lambda *rest: None
    plan = {
        "model.embed_tokens": RowwiseParallel(
            input_layouts=Replicate(), output_layouts=between),
        "model.norm": norm,
        "lm_head": ColwiseParallel(
            input_layouts=between,
            output_layouts=Shard(-1) if split_logits else Replicate(),
            use_local_output=not split_logits),
    }
    for i in range(layers):
        layer = "model.layers.%d." % i
        plan.update({
            layer + "input_layernorm": norm,
            layer + "post_attention_layernorm": norm,
            layer + "self_attn": prepare(None, None),
            layer + "mlp": prepare(),
        })
        for name in ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj",
                     "mlp.gate_proj", "mlp.up_proj"):
            plan[layer + name] = ColwiseParallel()
        for name in ("self_attn.o_proj", "mlp.down_proj"):
            plan[layer + name] = RowwiseParallel(output_layouts=between)
    return {name: style for name, style in plan.items() if style is not None}


def local_norm(self, x):
    """The mistake of a norm whose weight's gradient is not summed over tp: a
    local weight knows nothing of the other parts of the sequence."""
    return tp_llama.RmsNorm.forward(
        types.SimpleNamespace(weight=self.weight.to_local(),
                              variance_epsilon=self.variance_epsilon),
        x.to_local())


class TpTrainer(fsdp_reference.ShardedTrainer):

    def load_model(self):
        return tp_llama.load(self.s.model)

    def share_of_batch(self):
        if self.job.mistake == "batches_by_world_rank":
            return dist.get_rank(), dist.get_world_size()
        return (dist.get_rank() // self.job.tp,
                dist.get_world_size() // self.job.tp)

    def shard(self):
        job = self.job
        names = ("replicate", "shard", "tp")
        sizes = (job.replicate,
                 dist.get_world_size() // job.tp // job.replicate, job.tp)
        if job.replicate == 1:
            names, sizes = names[1:], sizes[1:]
        mesh = init_device_mesh("cpu", sizes, mesh_dim_names=names)
        tied = self.model.lm_head.weight is self.model.model.embed_tokens.weight
        parallelize_module(self.model, mesh["tp"], classic_plan(
            len(self.model.model.layers), job.sequence_parallel,
            job.loss_parallel))
        if tied:
            self.model.tie()
        if job.mistake == "norms_not_summed":
            for module in self.model.modules():
                if isinstance(module, tp_llama.RmsNorm):
                    module.forward = types.MethodType(local_norm, module)
        self.ignored = fsdp_plan.apply_plan(self.model, job, mesh[names[:-1]])

    def clip(self, limit):
        named = [(name, p) for name, p in self.named_parameters()
                 if p.grad is not None]
        if self.job.mistake == "norms_not_clipped":
            named = [(name, p) for name, p in named if "norm" not in name]
        parameters = [p for _, p in named]
        if len({p.device_mesh for p in parameters}) == 1:
            return fsdp_reference.full(
                torch.nn.utils.clip_grad_norm_(parameters, limit))
        # Norms outside of tp are on a smaller mesh, which torch leaves to its
        # user.
        squares = sum(fsdp_reference.full(p.grad).double().square().sum()
                      for p in parameters)
        norm = squares.sqrt()
        for p in parameters:
            p.grad.mul_(min(1.0, limit / (norm.item() + 1e-6)))
        return norm

    def parallel_loss(self):
        return (loss_parallel() if self.job.loss_parallel
                else contextlib.nullcontext())

    def mean_loss(self, inputs, labels):
        logits = self.model(inputs)
        assert isinstance(logits, DTensor) == self.job.loss_parallel
        return F.cross_entropy(logits.float().flatten(0, 1), labels.flatten())

    def backward_of(self, inputs, labels, micros):
        with self.parallel_loss():
            loss = self.mean_loss(inputs, labels) / micros
            loss.backward()
        return fsdp_reference.full(loss).item()

    def validate(self, samples):
        inputs, labels = samples.batch(range(samples.count))
        with torch.no_grad(), self.parallel_loss():
            return fsdp_reference.full(self.mean_loss(inputs, labels)).item()


def run_jobs(jobs, world, folder):
    return fsdp_reference.run_jobs(jobs, world, folder, TpTrainer)
