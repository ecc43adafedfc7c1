# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""A Lightning run's optimizer and learning-rate scheduler: what phases can work
with, and new ones for the trainer."""

from __future__ import annotations

from typing import Any

from fts.lightning_import import (
    LRSchedulerConfig,
    MisconfigurationException,
    rank_zero,
)
from fts.lr_config import LrConfig, leaves

# The state of a group beside lr and initial_lr, which added groups would lack.
_UNSUPPORTED_LR = ("OneCycleLR", "CyclicLR")


def one_optimizer(trainer: Any) -> Any:
    """The optimizer whose groups the phases are."""
    optimizers = trainer.optimizers
    if len(optimizers) != 1:
        raise MisconfigurationException(
            f"configure_optimizers returned {len(optimizers)} optimizers; "
            "FinetuningScheduler works with exactly one, whose groups are the phases"
        )
    optimizer = optimizers[0]
    if getattr(optimizer, "_overlap_with_ddp", False):
        raise MisconfigurationException(
            f"{type(optimizer).__name__}(overlap_with_ddp=True) takes one group of "
            "parameters, and every phase adds one; leave overlap_with_ddp out"
        )
    return optimizer


def lr_config(trainer: Any, allow_untested: bool) -> LrConfig | None:
    """The trainer's learning-rate scheduler, if it has one."""
    configs = trainer.lr_scheduler_configs
    if len(configs) > 1:
        raise MisconfigurationException(
            f"configure_optimizers returned {len(configs)} learning-rate "
            "schedulers; FinetuningScheduler works with one: compose them with "
            "torch's ChainedScheduler or SequentialLR"
        )
    if not configs:
        return None
    given = configs[0]
    for one in leaves(given.scheduler):
        kind = type(one).__name__
        if any(c.__name__ in _UNSUPPORTED_LR for c in type(one).__mro__):
            if not allow_untested:
                raise MisconfigurationException(
                    f"{kind} keeps state in every optimizer group, which the groups "
                    "of later phases lack; use another scheduler (a LambdaLR can "
                    "follow the same curve), or allow_untested=True to try it"
                )
            rank_zero.rank_zero_warn(f"{kind} runs because allow_untested is set")
    return LrConfig(
        given.scheduler,
        interval=given.interval,
        frequency=given.frequency,
        monitor=given.monitor or "val_loss",
        strict=given.strict,
        name=given.name,
        reduce_on_plateau=given.reduce_on_plateau,
    )


def replaced(trainer: Any, optimizer: Any, lr: LrConfig | None) -> None:
    """Hands a phase's new optimizer or learning-rate scheduler to the trainer."""
    strategy = trainer.strategy
    if strategy.optimizers[0] is not optimizer:
        strategy.optimizers = [optimizer]
    known = [config.scheduler for config in strategy.lr_scheduler_configs]
    if lr is not None and lr.scheduler not in known:
        strategy.lr_scheduler_configs = [
            LRSchedulerConfig(
                scheduler=lr.scheduler,
                name=lr.name,
                interval=lr.interval,
                frequency=lr.frequency,
                reduce_on_plateau=lr.reduce_on_plateau,
                monitor=lr.monitor,
                strict=lr.strict,
            )
        ]
