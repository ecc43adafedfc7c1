# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The optimizer side of a scheduler: a torch optimizer's groups, or fts's own
optimizer behind the native backend, under one interface."""

from __future__ import annotations

from typing import Any, Callable, Iterable, Mapping

import torch

from fts.backends.base import Backend
from fts.errors import NotSupportedError
from fts.lr_config import LrConfig
from fts.param_groups import ParamGroups
from fts.yaml_text import yaml_text
from fts.torch_classes import optimizer_class


class TorchGroups:
    """Of a torch.optim optimizer; :class:`ParamGroups` has the rules."""

    moments = 2  # state per element that the optimizer is expected to keep

    def __init__(self, groups: ParamGroups) -> None:
        self._groups = groups

    @property
    def optimizer(self) -> Any:
        return self._groups.optimizer

    @property
    def lr_scheduler(self) -> Any:
        return None if self._groups.lr is None else self._groups.lr.scheduler

    @property
    def lr_config(self) -> LrConfig | None:
        """With interval, frequency and monitor."""
        return self._groups.lr

    @property
    def group_names(self) -> list[list[str]]:
        return self._groups.group_names

    def bind(self, backend: Backend) -> None:
        backend.check_optimizer(self._groups.optimizer)

    def phase_began(self, phase: int) -> None:
        pass

    def replace_lr_scheduler(self, spec: Mapping[str, Any], phase: int) -> None:
        self._groups.replace_lr_scheduler(spec)

    def __getattr__(self, name: str) -> Any:
        # add, remove, replace_optimizer, after_*, state_dict, load_state_dict.
        return getattr(self._groups, name)


class EngineGroups:
    """Of fts's own optimizer, which knows the rules itself."""

    moments = 2
    lr_scheduler = None
    lr_config = None

    def __init__(self, text: str, monitor: str) -> None:
        """``text``: YAML of fts_optimizer_create. ``monitor``: what a
        ReduceLROnPlateau of it watches."""
        self._text = text
        self._monitor = monitor
        self._optimizer: Any = None

    @property
    def optimizer(self) -> Any:
        return self._optimizer

    def bind(self, backend: Backend) -> None:
        from fts.backends.native import EngineOptimizer

        self._optimizer = EngineOptimizer(backend, self._text)  # type: ignore[arg-type]

    def add(
        self,
        phase: int,
        lr: float | None,
        settings: Mapping[str, Any],
        backend: Backend,
    ) -> None:
        self._optimizer.engine.add_groups(phase, lr)

    def remove(self, names: Iterable[str]) -> None:
        """The session's freeze does it."""

    def phase_began(self, phase: int) -> None:
        self._optimizer.phase = phase

    def replace_optimizer(self, spec: Any, settings: Any, rates: Any, phase: int,
                          backend: Backend) -> None:
        self._optimizer.engine.replace(phase)

    def replace_lr_scheduler(self, spec: Any, phase: int) -> None:
        self._optimizer.engine.replace_lr_scheduler(phase)

    def after_step(self, step_in_epoch: int) -> None:
        self._optimizer.engine.after_step(step_in_epoch)

    def after_epoch(self, epoch: int) -> None:
        self._optimizer.engine.after_epoch(epoch)

    def after_validation(self, epoch: int, metrics: Mapping[str, float]) -> None:
        if self._monitor in metrics:
            self._optimizer.engine.after_validation(epoch, metrics[self._monitor])

    def state_dict(self) -> dict[str, Any]:
        raise NotSupportedError(
            "fts's own optimizer does not give its state to Python; train with a "
            "torch.optim optimizer to resume from Scheduler.state_dict, or run "
            "fts.fit, which writes checkpoints"
        )

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        self.state_dict()


def make_groups(
    optimizer: Any,
    lr_scheduler: Any,
    model: torch.nn.Module,
    phase0: list[str],
    names_by_id: Mapping[int, str],
    *,
    backend: str,
    no_decay: Iterable[str] | None,
    clip_grad_norm: float | None,
    enforce_phase0_params: bool,
    apply_lambdas_new_pgs: bool,
) -> Any:
    """From what a user gives as ``optimizer`` and ``lr_scheduler``. Before the
    backend takes the model's parameters."""
    owned = False
    if isinstance(optimizer, Mapping):
        if no_decay is None:
            no_decay = optimizer.get("no_decay")
        if backend == "native":
            return _engine_groups(
                optimizer, lr_scheduler, no_decay, clip_grad_norm,
                enforce_phase0_params, apply_lambdas_new_pgs)
        kind, args = optimizer_class(optimizer)
        optimizer = _from_phase0(lambda p: kind(p, **args), model, names_by_id, phase0)
        owned = True
    elif callable(optimizer) and not isinstance(optimizer, torch.optim.Optimizer):
        optimizer = _from_phase0(optimizer, model, names_by_id, phase0)
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(
            f"optimizer is a {type(optimizer).__name__}; it must be a torch.optim "
            "optimizer, a function that makes one from a list of parameters, or a "
            "mapping such as {'name': 'adamw', 'lr': 1e-4}"
        )
    return TorchGroups(
        ParamGroups(
            optimizer,
            LrConfig.of(lr_scheduler, optimizer),
            names_by_id,
            no_decay=no_decay,
            enforce_phase0_params=enforce_phase0_params,
            apply_lambdas_new_pgs=apply_lambdas_new_pgs,
            owned=owned,
        )
    )


def _from_phase0(
    make: Callable[[list[torch.nn.Parameter]], Any],
    model: torch.nn.Module,
    names_by_id: Mapping[int, str],
    phase0: list[str],
) -> Any:
    wanted = set(phase0)
    chosen = [p for p in model.parameters() if names_by_id[id(p)] in wanted]
    # A phase 0 that trains nothing is legal; an optimizer of nothing is not.
    return make(chosen or [torch.nn.Parameter(torch.empty(0))])


def _engine_groups(
    optimizer: Mapping[str, Any],
    lr_scheduler: Any,
    no_decay: Iterable[str] | None,
    clip_grad_norm: float | None,
    enforce_phase0_params: bool,
    apply_lambdas_new_pgs: bool,
) -> EngineGroups:
    if lr_scheduler is not None and not isinstance(lr_scheduler, Mapping):
        raise TypeError(
            f"lr_scheduler is a {type(lr_scheduler).__name__}; beside a mapping as "
            "optimizer, under backend='native', it must be a mapping too, such as "
            "{'name': 'step_lr', 'step_size': 1}"
        )
    spec: dict[str, Any] = {
        "optimizer": dict(optimizer),
        "apply_lambdas_new_pgs": apply_lambdas_new_pgs,
        "enforce_phase0_params": enforce_phase0_params,
    }
    if no_decay is not None:
        spec["optimizer"]["no_decay"] = list(no_decay)
    if lr_scheduler is not None:
        spec["lr_scheduler"] = dict(lr_scheduler)
    if clip_grad_norm is not None:
        spec["clip_grad_norm"] = clip_grad_norm
    monitor = (lr_scheduler or {}).get("monitor") or "val_loss"
    return EngineGroups(yaml_text(spec, "optimizer"), monitor)
