# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""A scheduler under a training loop that a framework owns."""

from __future__ import annotations

import json
from typing import Any, Mapping

import torch
from torch.utils import _pytree as pytree

from fts.errors import InputError
from fts.events import Outcome
from fts.scheduler import Scheduler


class FrameworkScheduler(Scheduler):
    """An :class:`fts.Scheduler` that takes a loop's events as they come: epochs
    that are validated several times or not at all, loops that stop early, begin
    at a later epoch, or go on after the run is over.

    ``backend``: a :class:`Backend`, or a name as there. ``reinit``: by phase,
    the ``new_optimizer`` and ``new_lr_scheduler`` to use instead of what the
    schedule says, for what YAML cannot hold. ``weight_decay``: of the groups of
    phases that set none; None for the optimizer's default. Learning-rate
    schedulers are the framework's to step.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        *,
        reinit: Mapping[int, Mapping[str, Any]] | None = None,
        weight_decay: float | None = None,
        **options: Any,
    ) -> None:
        super().__init__(model, step_lr_scheduler=False, **options)
        for phase, sections in (reinit or {}).items():
            self._settings[phase] = {**self._settings[phase], **sections}
        if weight_decay is not None:
            for settings in self._settings:
                if settings.get("weight_decay") is None:
                    settings["weight_decay"] = weight_decay
        self._open_epoch: int | None = None
        self._in_step = False
        self._validated_at = -1
        self._held_tokens: float = 0
        self._watched = {options.get("monitor", "val_loss")}
        if isinstance(options.get("early_stopping"), Mapping):
            self._watched.add(options["early_stopping"].get("monitor", "val_loss"))

    def begin(self, epoch: int = 0, step: int = 0) -> Outcome:
        """Begins phase 0, where the loop's counters stand."""
        if epoch > 0 or step > 0:
            state = json.loads(self._handle.state_to_json())
            state.update(next_epoch=epoch, next_step=step)
            self._handle.resume(json.dumps(state))
            self._epoch, self._step = epoch - 1, step
        return self.run_start()

    def resume(self, state: Mapping[str, Any]) -> None:
        """To where :meth:`progress` was taken: phase, groups, counts. Optimizer
        and lr-scheduler state are the framework's to load, afterwards."""
        self.resume_progress(state)
        inner = json.loads(state["scheduler"])
        if inner["stage"] in ("training", "steps_done", "validated"):
            self._open_epoch = int(inner["next_epoch"]) - 1
        self._validated_at = state["validated_at"]
        if self.finished:
            self._finish_text = inner["finish_text"]

    def progress(self) -> dict[str, Any]:
        return {**super().progress(), "validated_at": self._validated_at}

    def begin_epoch(self, epoch: int) -> Outcome:
        """An epoch's steps follow. The epoch before ends with this."""
        if self.finished or self._open_epoch == epoch:
            return Outcome()
        ended = self._end_epoch_before()
        if self.finished:
            return ended
        self._open_epoch = epoch
        return Outcome([*ended, *self.epoch_start(epoch)])

    def begin_step(self) -> Outcome:
        """A forward follows; the first since the last optimizer step counts."""
        if self.finished or self._in_step or self._open_epoch is None:
            return Outcome()
        self._in_step = True
        return self.step_start()

    def batch_done(self, batch: Any) -> None:
        """Counts the tokens of a batch, for schedules that have limits in them."""
        if self._counts_tokens:
            self._held_tokens += tokens_in(batch)

    @property
    def group_names(self) -> list[list[str]]:
        """Names of the parameters that each optimizer group trains."""
        return self._groups.group_names

    @property
    def watched(self) -> set[str]:
        """Names of the metrics that a validation must give."""
        return set(self._watched)

    @property
    def counts_tokens(self) -> bool:
        """Whether the schedule has limits in tokens."""
        return self._counts_tokens

    def tokens_seen(self, total: int) -> None:
        """The run has trained on ``total`` tokens, over all ranks."""
        self._held_tokens = (total - self._tokens) / self.dp_size

    def steps_done(self, total: int) -> Outcome:
        """The run has taken ``total`` optimizer steps."""
        found = Outcome()
        while self._step < total and not self.finished:
            found += self.begin_step()
            self._in_step = False
            tokens, self._held_tokens = self._held_tokens, 0
            found += self.step_end(tokens)  # type: ignore[arg-type]
        return found

    def validated(self, metrics: Mapping[str, Any], reduce: bool = False) -> Outcome:
        """A validation within the epoch, or right after it. One without a step
        since the last counts for nothing."""
        if (
            self.finished
            or self._open_epoch is None
            or self._validated_at == self._step
        ):
            return Outcome()
        self._validated_at = self._step
        return self.validation_end(metrics, reduce=reduce)

    def end(self) -> Outcome:
        """The loop takes no more epochs."""
        return self._end_epoch_before()

    def _end_epoch_before(self) -> Outcome:
        if self._open_epoch is None or self.finished:
            return Outcome()
        self._open_epoch = None
        self._in_step = False
        self._told_validation = True  # as often as the loop does
        return self.epoch_end()


def tokens_in(batch: Any) -> int:
    """Tokens of a batch: of its ``input_ids``, else of its first tensor of whole
    numbers. Errors: InputError."""
    ids = batch.get("input_ids") if isinstance(batch, Mapping) else None
    if isinstance(ids, torch.Tensor):
        return ids.numel()
    for leaf in pytree.tree_leaves(batch):
        if isinstance(leaf, torch.Tensor) and not leaf.is_floating_point():
            return leaf.numel()
    raise InputError(
        "the schedule has max_transition_tokens, and a batch holds neither input_ids "
        "nor another tensor of whole numbers to count; use max_transition_step"
    )
