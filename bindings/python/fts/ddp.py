# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""DistributedDataParallel while parameters freeze and thaw.

DDP asks once, when it is built, which parameters require a gradient: one that
thaws later is not averaged over the ranks at all, and one that freezes is
waited for. So its reducer is made again, in the same wrapper, whenever a phase
changes what trains.
"""

from __future__ import annotations

import gc

import torch
from torch.nn.parallel import DistributedDataParallel


def wrapper_of(model: torch.nn.Module) -> DistributedDataParallel | None:
    """The DDP around ``model``, if there is one in this process."""
    for found in gc.get_objects():
        if isinstance(found, DistributedDataParallel):
            if found.__dict__.get("_modules", {}).get("module") is model:
                return found
    return None


def rebuild(ddp: DistributedDataParallel) -> None:
    """A new reducer over what requires a gradient now. Every rank calls it, with
    the same parameters thawed, between two steps. Communication hooks stay."""
    ddp._remove_autograd_hooks()
    if not any(p.requires_grad for p in ddp._module_parameters):
        return
    static = ddp.static_graph
    parameters, sparse = ddp._build_params_for_reducer()
    names = ddp._build_debug_param_to_name_mapping(parameters)
    ddp._ddp_init_helper(parameters, sparse, names, static)
    hooks, ddp._comm_hooks = ddp._comm_hooks, []
    for hook, state in hooks:
        ddp.register_comm_hook(state, hook)
    ddp._has_rebuilt_buckets = False
    if static:
        ddp._set_static_graph()
