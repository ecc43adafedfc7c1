# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""A sharding plan, as the run config writes it, in torch's own functions.

`fully_shard` with its options, and torch's activation checkpointing: its
composable form, its wrapper, its offloading wrapper and its selective contexts.
Nothing of ours is imported.
"""

import functools
import re

import torch
from torch.distributed._composable import checkpoint
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import (
    checkpoint_wrapper, offload_wrapper)
from torch.distributed.fsdp import (CPUOffloadPolicy, FSDPModule,
                                    MixedPrecisionPolicy, OffloadPolicy,
                                    fully_shard)
from torch.distributed.tensor import Shard
from torch.utils.checkpoint import create_selective_checkpoint_contexts

WRAPPED = "_checkpoint_wrapped_module."  # in the names below a wrapper

aten = torch.ops.aten
SAVED = {
    "matmul": [aten.mm.default, aten.addmm.default, aten.bmm.default,
               aten.baddbmm.default],
    "attention": [aten._scaled_dot_product_flash_attention_for_cpu.default],
}


def shard_keywords(options, precision, mesh):
    """`fully_shard`'s keywords for what a plan's entry says."""
    keywords = {"mesh": mesh}
    if options.get("reshard_after_forward") is not None:
        keywords["reshard_after_forward"] = options["reshard_after_forward"]
    policy = dict(options.get("mp_policy") or {})
    if precision == "bf16-mixed" and not policy:
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
        keywords["shard_placement_fn"] = lambda parameter: Shard(dim)
    return keywords


def read_act_ckpt(written):
    """(mode, keywords) of any form that a plan takes; (None, {}) for off."""
    if isinstance(written, list):
        return written[0], dict(written[1]) if len(written) > 1 else {}
    return written or None, {}


def recompute(model, name, mode, keywords):
    """Puts checkpointing around a module; the module to shard then."""
    module = model.get_submodule(name)
    keywords = dict(keywords)
    saved = [op for kind in keywords.pop("save", ()) for op in SAVED[kind]]
    if saved:
        keywords["context_fn"] = functools.partial(
            create_selective_checkpoint_contexts, saved)
    if mode == "composable":
        return checkpoint(module, **keywords)
    wrapper = (offload_wrapper if mode == "wrapped_offload"
               else checkpoint_wrapper)(module, **keywords)
    parent, _, child = name.rpartition(".")
    setattr(model.get_submodule(parent), child, wrapper)
    return wrapper


def apply_plan(model, job, mesh):
    """Shards what the plan names, then all that is left as a root.

    Returns the parameters that no unit holds because `ignored_params` says so,
    in the model's order: torch neither shards nor reduces them.
    """
    names = [name for name, _ in model.named_modules()]
    ignored = set()
    for pattern, entry in job.plan.items():
        options = dict(job.defaults, **entry)
        matches = [pattern] if pattern in names else [
            n for n in names if re.match(pattern, n)]
        assert matches, pattern
        keywords = shard_keywords(options, job.precision, mesh)
        for name in matches:
            ignored |= {
                parameter for p, parameter in
                model.get_submodule(name).named_parameters(prefix=name)
                if any(re.match(i, p.replace(WRAPPED, ""))
                       for i in options.get("ignored_params", ()))}
        keywords["ignored_params"] = ignored
        if options.get("one_unit"):
            fully_shard([model.get_submodule(n) for n in matches], **keywords)
            continue
        mode, act_ckpt = read_act_ckpt(options.get("act_ckpt"))
        every = act_ckpt.pop("every", 1)
        for k, name in enumerate(matches, 1):
            if mode and k % every == 0:
                module = recompute(model, name, mode, act_ckpt)
            else:
                module = model.get_submodule(name)
            fully_shard(module, **keywords)
    # What no entry names would drift apart between ranks without a root.
    if job.mistake != "no_root" and not isinstance(model, FSDPModule):
        fully_shard(model, ignored_params=ignored, **shard_keywords(
            job.defaults, job.precision, mesh))
    if job.divide is not None:
        for module in model.modules():
            if isinstance(module, FSDPModule):
                # Gloo has no operation that scales and sums.
                module.set_force_sum_reduction_for_comms(True)
                module.set_gradient_divide_factor(mesh.size() * job.divide)
    return [p for p in model.parameters() if p in ignored]
