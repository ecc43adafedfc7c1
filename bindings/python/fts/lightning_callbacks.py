# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The callbacks that :class:`fts.lightning.FinetuningScheduler` works with:
Lightning's own, with what phases need."""

from __future__ import annotations

import inspect
import json
from typing import Any

import torch

from fts.lightning_import import (
    Callback,
    EarlyStopping,
    LearningRateMonitor,
    MisconfigurationException,
    ModelCheckpoint,
    rank_zero,
)


def scheduler_of(trainer: Any, asking: str, instead: str) -> Any:
    """The trainer's one FinetuningScheduler."""
    found = [c for c in trainer.callbacks if hasattr(c, "_is_fts_scheduler")]
    if len(found) == 1:
        return found[0]
    if found:
        raise MisconfigurationException(
            f"the trainer has {len(found)} FinetuningScheduler callbacks; keep one"
        )
    raise MisconfigurationException(
        f"{asking} works with a FinetuningScheduler, and the trainer has none; add "
        f"fts.lightning.FinetuningScheduler to its callbacks, or use {instead}"
    )


class FTSEarlyStopping(EarlyStopping):
    """Lightning's EarlyStopping, judged phase by phase: where patience runs out
    the next phase begins; in the last phase the run ends. Takes the arguments of
    EarlyStopping. Judged after validations unless ``check_on_train_epoch_end``.

    ``es_phase_complete``, ``final_phase``, ``wait_count`` and ``best_score`` say
    how it stands; the scheduler decides.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.es_phase_complete = False
        self.final_phase = False
        self.finetuningscheduler_callback: Any = None

    @property
    def rule(self) -> dict[str, Any]:
        """As fts.Scheduler takes it."""
        return {
            "monitor": self.monitor,
            "mode": self.mode,
            "patience": self.patience,
            "min_delta": abs(self.min_delta),
            "check_finite": self.check_finite,
            "stopping_threshold": self.stopping_threshold,
            "divergence_threshold": self.divergence_threshold,
        }

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        self.finetuningscheduler_callback = scheduler_of(
            trainer, "FTSEarlyStopping", "EarlyStopping"
        )
        if self._check_on_train_epoch_end is None:
            self._check_on_train_epoch_end = False
        super().setup(trainer, pl_module, stage)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        patience = self.patience
        super().load_state_dict(state_dict)
        self.patience = patience  # the run's, as the scheduler has it

    def _run_early_stopping_check(self, trainer: Any) -> None:
        logs = trainer.callback_metrics
        if trainer.fast_dev_run or not self._validate_condition_metric(logs):
            return
        self.finetuningscheduler_callback.on_monitored(trainer, self)

    def mirror(self, state: str, final: bool, reason: str | None, epoch: int) -> None:
        """Takes over how the scheduler stands (its state as JSON)."""
        told = json.loads(state)
        self.wait_count = told["es_wait"]
        if told["es_best"] is not None:
            self.best_score = torch.tensor(float(told["es_best"]))
        self.es_phase_complete = bool(told["phase_complete"])
        self.final_phase = final
        if reason is not None:
            self.stopped_epoch = epoch
            self.stopping_reason_message = reason


class FTSCheckpoint(ModelCheckpoint):
    """Lightning's ModelCheckpoint, which knows phases: ``current_ckpt_depth`` is
    the phase of the last checkpoint, ``best_ckpt_depth`` that of the best, which
    ``restore_best`` goes back to. Takes the arguments of ModelCheckpoint. Saves
    after validations unless ``save_on_train_epoch_end``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.current_ckpt_depth = 0
        self.best_ckpt_depth = 0
        self.finetuningscheduler_callback: Any = None
        self._best_before: str | None = None

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        self.finetuningscheduler_callback = scheduler_of(
            trainer, "FTSCheckpoint", "ModelCheckpoint"
        )
        if self.finetuningscheduler_callback.restore_best:
            if not self.save_top_k:
                raise MisconfigurationException(
                    f"FTSCheckpoint has save_top_k={self.save_top_k}, so there is no "
                    "best checkpoint for restore_best to go back to; set save_top_k "
                    "to 1 or more, or FinetuningScheduler(restore_best=False)"
                )
            if not self.monitor:
                raise MisconfigurationException(
                    "FTSCheckpoint has no monitor, so no checkpoint is the best for "
                    "restore_best to go back to; give monitor='val_loss', or "
                    "FinetuningScheduler(restore_best=False)"
                )
        if self._save_on_train_epoch_end is None:
            self._save_on_train_epoch_end = False
        super().setup(trainer, pl_module, stage)

    @property
    def saving_best(self) -> bool:
        """Whether the checkpoint being written is the new best."""
        return self._best_before is not None and (
            self._best_before != self.best_model_path
        )

    def _save_topk_checkpoint(self, trainer: Any, monitor_candidates: Any) -> None:
        self._best_before = self.best_model_path
        try:
            super()._save_topk_checkpoint(trainer, monitor_candidates)
        finally:
            self._best_before = None

    def state_dict(self) -> dict[str, Any]:
        self.current_ckpt_depth = self.finetuningscheduler_callback.curr_depth
        if self.saving_best:
            self.best_ckpt_depth = self.current_ckpt_depth
        return {
            **super().state_dict(),
            "current_ckpt_depth": self.current_ckpt_depth,
            "best_ckpt_depth": self.best_ckpt_depth,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        self.current_ckpt_depth = state_dict.get("current_ckpt_depth", 0)
        moved = state_dict.get("dirpath", self.dirpath) != self.dirpath
        key = "current_ckpt_depth" if moved else "best_ckpt_depth"
        self.best_ckpt_depth = state_dict.get(key, 0)


# Constructor arguments that are not attributes of the same name.
_STORED = {
    "check_on_train_epoch_end": "_check_on_train_epoch_end",
    "save_on_train_epoch_end": "_save_on_train_epoch_end",
    "every_n_train_steps": "_every_n_train_steps",
    "train_time_interval": "_train_time_interval",
    "every_n_epochs": "_every_n_epochs",
    "enable_version_counter": "_enable_version_counter",
}


def _settings_of(callback: Any, kind: type) -> dict[str, Any]:
    """The constructor arguments that a plain callback was made with."""
    found = {}
    for name in inspect.signature(kind.__init__).parameters:  # type: ignore[misc]
        stored = _STORED.get(name, name)
        if name != "self" and hasattr(callback, stored):
            found[name] = getattr(callback, stored)
    if "min_delta" in found:
        found["min_delta"] = abs(found["min_delta"])
    triggers = ("every_n_train_steps", "every_n_epochs", "train_time_interval")
    for name in triggers:
        if not found.get(name, 1):
            found[name] = None  # of these, one at most is given
    return found


def connect(trainer: Any, scheduler: Any) -> list[Any]:
    """Sees that the trainer has one FTSCheckpoint and, unless phases end by
    epochs alone, one FTSEarlyStopping; in their order. Returns what it added,
    which Lightning has not set up yet."""
    for kind in (EarlyStopping, ModelCheckpoint):
        count = sum(isinstance(c, kind) for c in trainer.callbacks)
        if count > 1:
            raise MisconfigurationException(
                f"the trainer has {count} {kind.__name__} callbacks; "
                "FinetuningScheduler works with one, keep one"
            )
    added = []
    if scheduler.epoch_transitions_only:
        if any(isinstance(c, EarlyStopping) for c in trainer.callbacks):
            rank_zero.rank_zero_warn(
                "epoch_transitions_only is set, so the EarlyStopping callback has "
                "nothing to decide and is taken out"
            )
            _take_out(trainer, EarlyStopping)
    else:
        added += _replace(trainer, EarlyStopping, FTSEarlyStopping)
    added += _replace(trainer, ModelCheckpoint, FTSCheckpoint)
    others = [c for c in trainer.callbacks if not isinstance(c, LearningRateMonitor)]
    monitors = [c for c in trainer.callbacks if isinstance(c, LearningRateMonitor)]
    checkpoints = [c for c in others if isinstance(c, ModelCheckpoint)]
    rest = [c for c in others if not isinstance(c, ModelCheckpoint)]
    trainer.callbacks = rest + monitors + checkpoints
    return added


def _take_out(trainer: Any, kind: type) -> None:
    trainer.callbacks = [c for c in trainer.callbacks if not isinstance(c, kind)]


def _replace(trainer: Any, kind: Any, ours: Any) -> list[Any]:
    if any(isinstance(c, ours) for c in trainer.callbacks):
        return []
    plain = [c for c in trainer.callbacks if isinstance(c, kind)]
    settings: dict[str, Any] = {}
    if plain:
        settings = _settings_of(plain[0], kind)
        _take_out(trainer, kind)
        what = f"the {kind.__name__} callback is replaced by an {ours.__name__} with"
        what += " its settings"
    else:
        what = f"the trainer has no {ours.__name__}; one with the defaults is added"
    if settings.get("monitor") is None:
        settings["monitor"] = "val_loss"
        what += ", which monitors val_loss"
    rank_zero.rank_zero_warn(f"FinetuningScheduler: {what}")
    added = ours(**settings)
    trainer.callbacks.append(added)
    return [added]


__all__ = ["Callback", "FTSCheckpoint", "FTSEarlyStopping", "connect", "scheduler_of"]
