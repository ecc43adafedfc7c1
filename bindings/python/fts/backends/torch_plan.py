# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""A resolved plan applied with torch's own APIs, in this order: activation
checkpointing, parallelize_module (torch_tp.py), fully_shard.

What our plan says and torch would do otherwise is told to torch: which
parameters a unit holds (``ignored_params``), whether it is released after
forward.
"""

from __future__ import annotations

from typing import Any, Mapping

import torch
from torch.distributed.tensor import Shard

from fts.backends.selective import saving
from fts.describe import clean_name
from fts.errors import PlanError


def dtype_of(value: Any, where: str) -> torch.dtype | None:
    """"bfloat16", "torch.bfloat16" or None."""
    if value is None:
        return None
    found = getattr(torch, str(value).removeprefix("torch."), None)
    if not isinstance(found, torch.dtype):
        raise PlanError(f"{where}: {value!r} is no dtype of torch")
    return found


# ---- Activation checkpointing ------------------------------------------------


def checkpoint_unit(
    model: torch.nn.Module, name: str, module: torch.nn.Module, act_ckpt: Any
) -> torch.nn.Module:
    """Applies a unit's ``act_ckpt``; returns the module that stands there now."""
    if not act_ckpt:
        return module
    mode, kwargs = act_ckpt["mode"], dict(act_ckpt.get("kwargs") or {})
    # The resolved plan has written null for the units that it skips.
    kwargs.pop("every", None)
    save = kwargs.pop("save", None)
    if save:
        kwargs["context_fn"] = saving(save)
    if mode == "composable":
        from torch.distributed._composable import checkpoint

        kwargs.pop("use_reentrant", None)
        checkpoint(module, **kwargs)
        return module
    from torch.distributed.algorithms._checkpoint import checkpoint_wrapper as cw

    if mode == "wrapped_offload":
        wrapped = cw.offload_wrapper(module)
    else:
        reentrant = kwargs.pop("use_reentrant", False)
        impl = cw.CheckpointImpl.REENTRANT if reentrant else \
            cw.CheckpointImpl.NO_REENTRANT  # fmt: skip
        wrapped = cw.checkpoint_wrapper(module, checkpoint_impl=impl, **kwargs)
    if name == "":
        raise PlanError(
            f"act_ckpt: {mode} cannot wrap the root, which you hold yourself; use "
            "composable there"
        )
    parent, _, last = name.rpartition(".")
    holder = _find(model, parent)
    setattr(holder, last, wrapped)
    return wrapped


def _find(model: torch.nn.Module, name: str) -> torch.nn.Module:
    for found, module in model.named_modules():
        if clean_name(found) == name and not found.endswith(
            "_checkpoint_wrapped_module"
        ):
            return getattr(module, "_checkpoint_wrapped_module", module)
    raise PlanError(f"module '{name}' is no longer in the model")


# ---- fully_shard -------------------------------------------------------------------


def shard_unit(
    module: torch.nn.Module,
    unit: Mapping[str, Any],
    options: Mapping[str, Any],
    names_by_id: Mapping[int, str],
    mesh: Any,
    device: torch.device,
    default_policy: Any,
) -> bool:
    """fully_shard over the parameters that the plan gives the unit. False for a
    unit without any."""
    from torch.distributed.fsdp import (
        CPUOffloadPolicy,
        MixedPrecisionPolicy,
        fully_shard,
    )

    held: dict[str, int] = {
        name: segment.get("shard_dim", 0)
        for segment in unit["segments"]
        for name in segment["parameters"]
    }
    where = f"fsdp_plan.{unit['module']}"
    if not held:
        return False
    kwargs: dict[str, Any] = {"mesh": mesh}
    reshard = options.get("reshard_after_forward", unit["reshard"])
    kwargs["reshard_after_forward"] = unit["reshard"] if reshard is None else reshard
    given = options.get("mp_policy")
    if given is not None:
        policy = {
            k: dtype_of(v, where) if k.endswith("dtype") else v
            for k, v in given.items()
        }
        kwargs["mp_policy"] = MixedPrecisionPolicy(**policy)
    elif default_policy is not None:
        kwargs["mp_policy"] = default_policy
    for key in ("cpu_offload_policy", "offload_policy"):
        if options.get(key) is not None and device.type != "cpu":
            kwargs["offload_policy"] = CPUOffloadPolicy(**options[key])
    if any(dim != 0 for dim in held.values()):
        dims = {n: d for n, d in held.items()}
        kwargs["shard_placement_fn"] = lambda p: Shard(dims[names_by_id[id(p)]])
    ignored = {
        parameter
        for parameter in module.parameters()
        if names_by_id.get(id(parameter)) not in held
    }
    if ignored:
        kwargs["ignored_params"] = ignored
    fully_shard(module, **kwargs)
    return True


def check_tied(model: torch.nn.Module, units: list[Mapping[str, Any]]) -> None:
    """A parameter tied over modules of which one is in a unit that does not hold
    it: torch would leave that module with another tensor."""
    owners: dict[int, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        owners.setdefault(id(parameter), []).append(clean_name(name))
    for names in owners.values():
        if len(names) == 1:
            continue
        for unit in units:
            held = {n for s in unit["segments"] for n in s["parameters"]}
            if names[0] not in held or unit["module"] == "":
                continue
            prefix = unit["module"] + "."
            outside = [n for n in names if not n.startswith(prefix)]
            if outside:
                raise PlanError(
                    f"'{names[0]}' is tied to '{outside[0]}', outside of the unit "
                    f"'{unit['module']}' that holds it, which fully_shard cannot "
                    "do; take the unit out of fsdp_plan, or use backend='native'"
                )
        inner = [
            unit["module"]
            for unit in units
            for n in names
            if unit["module"] and n.startswith(unit["module"] + ".")
        ]
        holder = [
            unit["module"]
            for unit in units
            if names[0] in {n for s in unit["segments"] for n in s["parameters"]}
        ]
        if holder and any(name != holder[0] for name in inner):
            other = next(name for name in inner if name != holder[0])
            raise PlanError(
                f"'{names[0]}' is tied to '{names[1]}' and held by the unit "
                f"'{holder[0] or '(root)'}', while one of them lies in the unit "
                f"'{other}', which fully_shard cannot do; take that unit out of "
                "fsdp_plan, or use backend='native'"
            )
