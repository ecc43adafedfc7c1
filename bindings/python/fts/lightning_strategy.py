# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Which Lightning strategies a schedule runs under, and the sharding plan under
ModelParallelStrategy."""

from __future__ import annotations

from typing import Any, Callable

import torch

from fts.lightning_import import (
    MisconfigurationException,
    is_overridden,
    rank_zero,
    strategies,
)

# Of finetuning-scheduler's list, all but FSDP1.
SUPPORTED = (
    "ddp",
    "ddp_find_unused_parameters_false",
    "ddp_find_unused_parameters_true",
    "ddp_spawn",
    "ddp_fork",
    "ddp_notebook",
    "single_device",
    "modelparallelstrategy",
)


def strategy_flag(trainer: Any) -> str:
    """As the user gave it, in lower case: "ddp", "modelparallelstrategy"."""
    connector = trainer._accelerator_connector
    flag = getattr(connector, "_strategy_flag", "")
    if isinstance(flag, strategies.Strategy):
        flag = getattr(flag, "strategy_name", "") or type(flag).__name__
    return str(flag or "").lower()


def is_model_parallel(trainer: Any) -> bool:
    return isinstance(trainer.strategy, strategies.ModelParallelStrategy)


def check_strategy(trainer: Any, cfg: dict[str, Any], allow_untested: bool) -> None:
    """Raises MisconfigurationException for a strategy that is not supported, or
    one that has no use for the plan that was given."""
    flag = strategy_flag(trainer)
    known = isinstance(
        trainer.strategy,
        (
            strategies.SingleDeviceStrategy,
            strategies.DDPStrategy,
            strategies.ModelParallelStrategy,
        ),
    )
    if flag and flag not in SUPPORTED and not known or flag.startswith("single_tpu"):
        if not allow_untested:
            hint = ""
            if flag.startswith("fsdp"):
                hint = (
                    "; for FSDP use ModelParallelStrategy with a strategy_adapter_cfg "
                    "(fsdp_plan), which takes the place of awp_overrides"
                )
            raise MisconfigurationException(
                f"FinetuningScheduler does not support strategy '{flag}'; use one of "
                f"{', '.join(SUPPORTED)}{hint}; or give allow_untested=True to try it"
            )
        rank_zero.rank_zero_warn(
            f"FinetuningScheduler: strategy '{flag}' is not tested and runs because "
            "allow_untested is set"
        )
    if cfg and not is_model_parallel(trainer):
        raise MisconfigurationException(
            f"strategy_adapter_cfg has '{next(iter(cfg))}', and strategy "
            f"'{flag or type(trainer.strategy).__name__}' does not shard; use "
            "Trainer(strategy=ModelParallelStrategy(...)), or leave it out"
        )


def after_configure_model(pl_module: Any, then: Callable[[], None]) -> None:
    """Has ``then`` called after the user's configure_model, if there is one, and
    in any case once: where torch's sharding APIs are applied."""
    if hasattr(pl_module.configure_model, "_fts_wraps"):
        users = pl_module.configure_model._fts_wraps
    elif is_overridden("configure_model", pl_module):
        users = pl_module.configure_model
    else:
        users = None
    done = False

    def configure_model() -> None:
        nonlocal done
        if users is not None:
            users()
        if not done:
            done = True
            then()

    configure_model._fts_wraps = users  # type: ignore[attr-defined]
    pl_module.configure_model = configure_model


def common_value(trainer: Any, name: str, value: Any) -> float:
    """The value on every rank: where they differ, their mean."""
    mine = float("nan") if value is None else float(value)
    if trainer.world_size == 1:
        return mine
    device = trainer.strategy.root_device
    every = trainer.strategy.all_gather(torch.tensor(mine, device=device))
    values = [float(v) for v in every.flatten().tolist()]
    if all(v == values[0] or v != v for v in values):
        return values[0]
    rank_zero.rank_zero_warn(
        f"'{name}' differs between the ranks; phases go by its mean. Log it with "
        "sync_dist=True, so that checkpoints go by it too"
    )
    return sum(values) / len(values)
