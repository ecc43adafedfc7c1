# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""A torch learning-rate scheduler and when it steps; what happens to it when an
optimizer's groups change, by FTS's rules (docs/optimizers.md)."""

from __future__ import annotations

import dataclasses
from typing import Any, Iterator, Mapping

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from fts.errors import InputError
from fts.torch_classes import WHEN, lr_scheduler_class


def leaves(scheduler: Any) -> Iterator[Any]:
    """The scheduler, or those it is composed of."""
    inner = getattr(scheduler, "_schedulers", None)
    if not inner:
        yield scheduler
        return
    for one in inner:
        yield from leaves(one)


@dataclasses.dataclass
class LrConfig:
    """As Lightning's LRSchedulerConfig. ``interval``: "epoch" or "step";
    ReduceLROnPlateau steps after a validation, with the metric ``monitor``."""

    scheduler: Any
    interval: str = "epoch"
    frequency: int = 1
    monitor: str = "val_loss"
    strict: bool = True
    name: str | None = None
    reduce_on_plateau: bool = False

    def __post_init__(self) -> None:
        if self.interval not in ("epoch", "step"):
            raise InputError(
                f"lr_scheduler: interval is '{self.interval}'; it must be epoch "
                "or step"
            )
        if isinstance(self.scheduler, ReduceLROnPlateau):
            self.reduce_on_plateau = True

    @classmethod
    def of(cls, given: Any, optimizer: Any) -> LrConfig | None:
        """From what a user gives: a scheduler, a mapping with one under
        ``scheduler``, a mapping that describes one, or None."""
        if given is None or isinstance(given, LrConfig):
            return given
        if isinstance(given, (LRScheduler, ReduceLROnPlateau)):
            return cls(given)
        if callable(given):
            return cls(given(optimizer))
        if not isinstance(given, Mapping):
            raise TypeError(
                f"lr_scheduler is a {type(given).__name__}; it must be a "
                "torch.optim.lr_scheduler, a function that makes one from an "
                "optimizer, or a mapping"
            )
        when = {k: v for k, v in given.items() if k in WHEN and v is not None}
        if "scheduler" in given:
            unknown = set(given) - set(WHEN) - {"scheduler"}
            if unknown:
                raise InputError(
                    f"lr_scheduler has no key '{sorted(unknown)[0]}' beside "
                    f"scheduler; it takes {', '.join(WHEN)}"
                )
            return cls(given["scheduler"], **when)
        kind, args = lr_scheduler_class(given)
        if "class_path" not in given:
            when.pop("name", None)
        return cls(kind(optimizer, **args), **when)

    # ---- Steps ---------------------------------------------------------------

    def after_step(self, step_in_epoch: int) -> None:
        if self.interval == "step" and not self.reduce_on_plateau:
            if (step_in_epoch + 1) % self.frequency == 0:
                self.scheduler.step()

    def after_epoch(self, epoch: int) -> None:
        if self.interval == "epoch" and not self.reduce_on_plateau:
            if (epoch + 1) % self.frequency == 0:
                self.scheduler.step()

    def after_validation(self, epoch: int, metrics: Mapping[str, float]) -> None:
        if not self.reduce_on_plateau or (epoch + 1) % self.frequency != 0:
            return
        if self.monitor not in metrics:
            if not self.strict:
                return
            raise InputError(
                f"lr_scheduler: {type(self.scheduler).__name__} monitors "
                f"'{self.monitor}', which the validation of epoch {epoch} did "
                f"not give; it gave {', '.join(sorted(metrics)) or 'nothing'}"
            )
        self.scheduler.step(metrics[self.monitor])

    # ---- Groups --------------------------------------------------------------

    def _plateau(self, scheduler: Any) -> bool:
        return isinstance(scheduler, ReduceLROnPlateau)

    def rate_of_new_group(self, lr: float) -> float:
        """Under apply_lambdas_new_pgs: the last lambda over ``lr``."""
        for one in leaves(self.scheduler):
            lambdas = getattr(one, "lr_lambdas", None)
            if lambdas:
                return lr * lambdas[-1](one.last_epoch)
        return lr

    def groups_added(self, base_lr: float, count: int) -> None:
        """``count`` groups came at the end, at that rate."""
        for one in leaves(self.scheduler):
            if self._plateau(one):
                one.min_lrs.extend([one.min_lrs[0]] * count)
                continue
            one.base_lrs.extend([base_lr] * count)
            _align_lambdas(one)

    def groups_reset(self, optimizer: Any, first: float) -> None:
        """All groups were made anew before the first step. ``first``: what the
        scheduler had made of a rate of 1 when it was made."""
        groups = optimizer.param_groups
        for one in leaves(self.scheduler):
            if self._plateau(one):
                lowest = (one.min_lrs or [one.default_min_lr])[0]
                one.min_lrs = [lowest] * len(groups)
                continue
            one.base_lrs = [group["lr"] for group in groups]
            _align_lambdas(one)
        composed = hasattr(self.scheduler, "_schedulers")
        if composed:
            # Its parts have taken their first step, and cannot again.
            for group in groups:
                group["lr"] = group["initial_lr"] * first
        elif not self._plateau(self.scheduler):
            for group in groups:
                group["initial_lr"] = group["lr"]
            self.scheduler.last_epoch = -1
            self.scheduler._initial_step()
        self.scheduler._last_lr = [group["lr"] for group in groups]

    def rebind(self, optimizer: Optimizer) -> None:
        """Goes on with another optimizer of the same groups."""
        for one in [self.scheduler, *leaves(self.scheduler)]:
            one.optimizer = optimizer


def _align_lambdas(scheduler: Any) -> None:
    lambdas = getattr(scheduler, "lr_lambdas", None)
    if not lambdas:
        return
    wanted = len(scheduler.base_lrs)
    del lambdas[wanted:]
    lambdas.extend([lambdas[-1]] * (wanted - len(lambdas)))


def replaced(new: Mapping[str, Any], optimizer: Any) -> LrConfig:
    """A phase's ``new_lr_scheduler`` over all groups, its own new ones included.

    Groups start from init_pg_lrs (also their initial_lr), else from their
    present rates under use_current_optimizer_pg_lrs, else from initial_lr.
    """
    groups = optimizer.param_groups
    given = new.get("init_pg_lrs")
    key = "lr" if new.get("use_current_optimizer_pg_lrs") else "initial_lr"
    rates = given or [group.get(key, group["lr"]) for group in groups]
    for group, rate in zip(groups, rates):
        group["lr"] = float(rate)
        if given:
            group["initial_lr"] = float(rate)
    kind, args = lr_scheduler_class(new["lr_scheduler_init"])
    when = {
        k: v
        for k, v in (new.get("pl_lrs_cfg") or {}).items()
        if k in WHEN and v is not None
    }
    if issubclass(kind, ReduceLROnPlateau) and "monitor" not in when:
        raise InputError(
            "new_lr_scheduler: ReduceLROnPlateau needs pl_lrs_cfg.monitor, the "
            "metric that it watches"
        )
    return LrConfig(kind(optimizer, **args), **when)
