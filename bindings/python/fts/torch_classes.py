# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""torch's optimizers and learning-rate schedulers from mappings, as a run config
or a schedule names them: ``{"name": "adamw", "lr": 1e-3}`` or
``{"class_path": "torch.optim.AdamW", "init_args": {"lr": 1e-3}}``."""

from __future__ import annotations

import importlib
from typing import Any, Mapping

import torch
from torch.optim import lr_scheduler as lrs

from fts.errors import InputError

_OPTIMIZERS = {
    "sgd": "SGD",
    "adam": "Adam",
    "adamw": "AdamW",
    "adagrad": "Adagrad",
    "rmsprop": "RMSprop",
}  # fmt: skip
_LR_SCHEDULERS = {
    "lambda_lr": "LambdaLR",
    "multiplicative_lr": "MultiplicativeLR",
    "step_lr": "StepLR",
    "multi_step_lr": "MultiStepLR",
    "constant_lr": "ConstantLR",
    "linear_lr": "LinearLR",
    "exponential_lr": "ExponentialLR",
    "polynomial_lr": "PolynomialLR",
    "cosine_annealing_lr": "CosineAnnealingLR",
    "cosine_annealing_warm_restarts": "CosineAnnealingWarmRestarts",
    "reduce_lr_on_plateau": "ReduceLROnPlateau",
}
# Of an lr_scheduler mapping, what says when it steps.
WHEN = ("interval", "frequency", "monitor", "strict", "name", "reduce_on_plateau")


def _numbers(value: Any) -> Any:
    """Numbers that YAML 1.1 reads as text ("1e-06") as numbers."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    if isinstance(value, Mapping):
        return {k: _numbers(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_numbers(v) for v in value]
    return value


def find_class(path: str, home: Any, short: Mapping[str, str], what: str) -> Any:
    """The class that a short name, torch's name or a class path names."""
    path = short.get(path, path)
    if "." not in path:
        if not hasattr(home, path):
            raise InputError(
                f"{what}: there is no {home.__name__}.{path}; give one of "
                f"{', '.join(sorted(short))}, or a class path"
            )
        return getattr(home, path)
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise InputError(
            f"{what}: class_path {path} cannot be imported: {error}"
        ) from error


def _read(spec: Mapping[str, Any], what: str) -> tuple[str, dict[str, Any]]:
    spec = dict(spec)
    if "class_path" in spec:
        return spec["class_path"], _numbers(spec.get("init_args") or {})
    if "name" not in spec:
        raise InputError(
            f"{what} is {spec!r}; it needs a name, or class_path and init_args"
        )
    return spec.pop("name"), _numbers(spec)


def optimizer_class(spec: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """(class, keywords). The rate of a short name is 1e-5 where none is given,
    as in a run config. ``no_decay`` is not a keyword and is left out."""
    path, args = _read(spec, "optimizer")
    args.pop("no_decay", None)
    if path in _OPTIMIZERS:
        args.setdefault("lr", 1e-5)
    if "betas" in args:
        args["betas"] = tuple(args["betas"])
    return find_class(path, torch.optim, _OPTIMIZERS, "optimizer"), args


def lr_scheduler_class(spec: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """(class, keywords), without those of :data:`WHEN`."""
    if "class_path" not in spec:
        spec = {k: v for k, v in spec.items() if k not in WHEN or k == "name"}
    path, args = _read(spec, "lr_scheduler")
    args.pop("optimizer", None)
    whole = ("step_size", "T_max", "T_0", "T_mult", "total_iters", "patience")
    for key in whole:
        if isinstance(args.get(key), float) and args[key] == int(args[key]):
            args[key] = int(args[key])
    return find_class(path, lrs, _LR_SCHEDULERS, "lr_scheduler"), args
