# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Going back to the best checkpoint that FTSCheckpoint wrote, in the middle of a
Lightning run, and reading what a checkpoint says of phases."""

from __future__ import annotations

import os
from typing import Any, Callable, Mapping

import torch

from fts.lightning_import import rank_zero


def restore_best(
    trainer: Any,
    path: str,
    best: Any,
    tensors: Callable[[list[str]], list[torch.Tensor]],
) -> None:
    """Weights, buffers, precision state and optimizer moments as in the
    checkpoint at ``path``; learning rates, groups, loops and callbacks as they
    are. ``best``: {"groups": names, "optimizer": class} of when it was written,
    or None where that is not known. ``tensors``: what the optimizer holds for
    names. Collective."""
    strategy = trainer.strategy
    strategy.barrier("fts_restore_best")
    optimizer = trainer.optimizers[0]
    now = list(optimizer.param_groups)
    same = best is not None and best["optimizer"] == type(optimizer).__qualname__
    connector = trainer._checkpoint_connector
    if same:
        # The groups of then, so that the saved state finds its parameters.
        optimizer.param_groups = [
            {**group, "params": tensors(names)}
            for group, names in zip(_padded(now, len(best["groups"])), best["groups"])
        ]
    else:
        strategy.optimizers = []
    try:
        connector.resume_start(path)
        connector.restore_datamodule()
        connector.restore_model()
        connector.restore_precision_plugin_state()
        if same and strategy.lightning_restore_optimizer:
            if "optimizer_states" in connector._loaded_checkpoint:
                connector.restore_optimizers()
            else:
                rank_zero.rank_zero_warn(
                    f"{path} holds weights alone (save_weights_only), so optimizer "
                    "state is not restored with them"
                )
        connector.resume_end()
    finally:
        strategy.optimizers = [optimizer]
        optimizer.param_groups = now
    if not same:
        optimizer.state.clear()


def _padded(groups: list[Any], count: int) -> list[Any]:
    return [*groups, *[groups[-1]] * (count - len(groups))][:count]


def before_load(trainer: Any, then: Callable[[Any], None]) -> None:
    """Has ``then`` called with the path when the strategy loads the checkpoint
    that the run resumes from, before it does."""
    strategy = trainer.strategy
    load = strategy.load_checkpoint

    def load_checkpoint(checkpoint_path: Any, *args: Any, **kwargs: Any) -> Any:
        after_load(trainer)
        then(checkpoint_path)
        return load(checkpoint_path, *args, **kwargs)

    strategy.load_checkpoint = load_checkpoint


def after_load(trainer: Any) -> None:
    """The run begins: what :func:`before_load` waited for has come or will not."""
    trainer.strategy.__dict__.pop("load_checkpoint", None)


def saved_state(path: Any, key: str) -> Mapping[str, Any] | None:
    """What a callback wrote into the checkpoint at ``path``, a file or, under
    ModelParallelStrategy, a folder. None where it is not in it."""
    if os.path.isdir(path):
        path = os.path.join(path, "meta.pt")
    if not os.path.exists(path):
        return None
    # The checkpoint that the user resumes from, which Lightning reads as well.
    found = torch.load(path, map_location="meta", weights_only=False)
    return found.get("callbacks", {}).get(key)
