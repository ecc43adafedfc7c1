# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Going back to the best checkpoint that FTSCheckpoint wrote, in the middle of a
Lightning run, and reading what a checkpoint says of phases."""

from __future__ import annotations

import os
from typing import Any, Mapping

import torch

from fts.describe import clean_name
from fts.lightning_import import rank_zero


def group_names(optimizer: Any, pl_module: Any) -> list[list[str]]:
    """Names of the parameters in each of the optimizer's groups."""
    names = {id(p): clean_name(n) for n, p in pl_module.named_parameters()}
    return [
        [names[id(p)] for p in group["params"] if id(p) in names]
        for group in optimizer.param_groups
    ]


def restore_best(trainer: Any, pl_module: Any, path: str, best: Any) -> None:
    """Weights, buffers, precision state and optimizer moments as in the
    checkpoint at ``path``; learning rates, groups, loops and callbacks as they
    are. ``best``: {"groups": names, "optimizer": class} of when it was written,
    or None where that is not known. Collective."""
    strategy = trainer.strategy
    strategy.barrier("fts_restore_best")
    optimizer = trainer.optimizers[0]
    now = list(optimizer.param_groups)
    same = best is not None and best["optimizer"] == type(optimizer).__qualname__
    connector = trainer._checkpoint_connector
    if same:
        # The groups of then, so that the saved state finds its parameters.
        parameters = {clean_name(n): p for n, p in pl_module.named_parameters()}
        optimizer.param_groups = [
            {**group, "params": [parameters[name] for name in names]}
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
