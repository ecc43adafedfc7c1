# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""A resolved plan applied with torch's own APIs, in this order: activation
checkpointing, parallelize_module, fully_shard.

What our plan says and torch would do otherwise is told to torch: which
parameters a unit holds (``ignored_params``), whether it is released after
forward.
"""

from __future__ import annotations

import re
from typing import Any, Mapping

import torch
from torch.distributed.tensor import Replicate, Shard
from torch.distributed.tensor import parallel as tp

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


# ---- Tensor parallel ------------------------------------------------------------

_LAYOUT = re.compile(r"^shard\((-?\d+)\)$")


def _layout(value: Any, where: str) -> Any:
    if value is None or not isinstance(value, str):
        return value
    text = value.replace(" ", "").lower()
    if text == "replicate":
        return Replicate()
    found = _LAYOUT.match(text)
    if found:
        return Shard(int(found.group(1)))
    raise PlanError(
        f"{where}: layout {value!r}; it must be replicate or shard(N)"
    )


def _layouts(value: Any, where: str) -> Any:
    if isinstance(value, (list, tuple)):
        return tuple(_layout(v, where) for v in value)
    return _layout(value, where)


_STYLES: dict[str, Any] = {
    "colwise": tp.ColwiseParallel,
    "rowwise": tp.RowwiseParallel,
    "sequence": tp.SequenceParallel,
    "prepare_input": tp.PrepareModuleInput,
    "prepare_output": tp.PrepareModuleOutput,
    "prepare_input_output": tp.PrepareModuleInputOutput,
}


def style_of(given: Any, where: str) -> tp.ParallelStyle:
    """From a ParallelStyle, a name, or a mapping of ``style`` and keywords."""
    if isinstance(given, tp.ParallelStyle):
        return given
    name, kwargs = given, {}
    if isinstance(given, Mapping):
        kwargs = {k: v for k, v in given.items() if k != "style"}
        name = given.get("style")
    if name not in _STYLES:
        raise PlanError(
            f"{where}: style {name!r}; it must be one of {', '.join(_STYLES)}"
        )
    for key, value in kwargs.items():
        if "layout" in key:
            kwargs[key] = _layouts(value, where)
    try:
        return _STYLES[name](**kwargs)
    except TypeError as error:
        raise PlanError(f"{where}: {name}: {error}") from error


def _llama() -> dict[str, Any]:
    """torchtitan's plan, under any prefix."""
    p = r"(?:.*\.)?"
    seq = {"style": "sequence"}
    gather = {"input_layouts": "shard(1)", "desired_input_layouts": "replicate"}
    col, row = "colwise", {"style": "rowwise", "output_layouts": "shard(1)"}
    return {
        p + r"tok_embeddings$": {
            "style": "rowwise",
            "input_layouts": "replicate",
            "output_layouts": "shard(1)",
        },
        p + r"layers\.\d+\.(attention_norm|ffn_norm)$": seq,
        p + r"norm$": seq,
        p + r"layers\.\d+\.attention$": {
            "style": "prepare_input",
            "input_layouts": ["shard(1)", None],
            "desired_input_layouts": ["replicate", None],
        },
        p + r"layers\.\d+\.attention\.w[qkv]$": col,
        p + r"layers\.\d+\.attention\.wo$": row,
        p + r"layers\.\d+\.feed_forward$": {"style": "prepare_input", **gather},
        p + r"layers\.\d+\.feed_forward\.w[13]$": col,
        p + r"layers\.\d+\.feed_forward\.w2$": row,
        p + r"output$": {
            "style": "colwise",
            "input_layouts": "shard(1)",
            "output_layouts": "replicate",
        },
    }


def parallelize(
    modules: Mapping[str, torch.nn.Module], tp_plan: Any, mesh: Any
) -> None:
    """``tp_plan``: {module name or pattern: style}, or "llama". Patterns select
    as those of fsdp_plan do; one that matches nothing is an error."""
    if tp_plan == "llama":
        tp_plan = _llama()
    if not isinstance(tp_plan, Mapping):
        raise PlanError(
            f"tp_plan is {tp_plan!r}; it must be llama, or a mapping of module "
            "patterns to styles"
        )
    for pattern, given in tp_plan.items():
        where = f"tp_plan.{pattern}"
        chosen = [pattern] if pattern in modules else [
            name for name in modules if re.match(pattern, name)
        ]  # fmt: skip
        if not chosen:
            raise PlanError(f"{where} matches no module")
        for name in chosen:
            tp.parallelize_module(modules[name], mesh, style_of(given, where))


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
