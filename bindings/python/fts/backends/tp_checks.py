# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""What a tp_plan must not ask of models that others have written."""

from __future__ import annotations

from typing import Any, Mapping

import torch

from fts.backends.tp_styles import dim_of
from fts.backends.unit_hooks import Hook
from fts.describe import clean_name
from fts.errors import InputError, PlanError


def _of_transformers(module: torch.nn.Module) -> bool:
    return any(
        base.__module__ == "transformers.modeling_utils"
        for base in type(module).__mro__
    )


def refuse_short_positions(model: torch.nn.Module, tp: Mapping[str, Any]) -> None:
    """Raises PlanError where an embedding inside a model of transformers hands on
    a part of the sequence: positions are counted by its length there."""
    inside = {
        clean_name(name): module
        for name, module in model.named_modules()
        if _of_transformers(module)
    }
    for rule in tp["rules"]:
        if rule["class"] != "Embedding" or tp["size"] == 1:
            continue
        leaves = [after for _, after in rule["outputs"]]
        if not any(dim_of(after) not in (None, -1, 2) for after in leaves):
            continue
        for name, module in inside.items():
            if name == "" or rule["module"].startswith(name + "."):
                raise PlanError(
                    f"tp_plan: '{rule['module']}' hands on {leaves[0]}, a part of the "
                    f"sequence, and {type(module).__name__}, a model of transformers, "
                    "counts positions by the length of what it gets: ranks would "
                    "train on wrong ones. Write sequence_parallel: false beside "
                    "tp_plan: llama; in a plan of your own let it, and what follows, "
                    "hand on replicate"
                )


class RefusedLabels:
    """Under loss_parallel a model of transformers must not make its own loss, of
    a part of the logits."""

    def __init__(self, model: torch.nn.Module) -> None:
        self._model = model
        self.attach()

    def attach(self) -> None:
        self._handle = self._model.register_forward_pre_hook(
            Hook(self._look), with_kwargs=True
        )

    def detach(self) -> None:
        self._handle.remove()

    def _look(self, module: Any, args: Any, kwargs: Any) -> None:
        if kwargs.get("labels") is not None:
            raise InputError(
                f"{type(module).__name__} was given labels under loss_parallel, where "
                "its logits are this rank's part of the vocabulary; call it without "
                "them, and scheduler.token_loss(output.logits[:, :-1], "
                "labels[:, 1:]) for the loss"
            )


def guard_labels(model: torch.nn.Module, tp: Mapping[str, Any]) -> list[Any]:
    """The guards that a plan needs; each has attach and detach."""
    if tp["size"] == 1 or not tp["loss_parallel"] or not _of_transformers(model):
        return []
    return [RefusedLabels(model)]
