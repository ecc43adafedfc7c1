# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The fts.Scheduler of a Lightning run: what phases do reaches the trainer."""

from __future__ import annotations

from typing import Any

from fts.framework_scheduler import FrameworkScheduler
from fts.lightning_optimizer import replaced


class LightningScheduler(FrameworkScheduler):
    """Goes back to FTSCheckpoint's files before a phase begins, and hands a
    phase's new optimizer and learning-rate scheduler to the trainer.

    ``callback``: the FinetuningScheduler.
    """

    def __init__(self, callback: Any, **options: Any) -> None:
        self._callback = callback
        self._restored_for = 0
        self._replaying = False
        super().__init__(callback.pl_module, **options)

    def resume_progress(self, state: Any) -> None:
        self._replaying = True
        super().resume_progress(state)
        self._replaying = False
        self._restored_for = self.phase

    def _restore(self, phase: int) -> None:
        """Once per transition, before anything else of it."""
        if not self._replaying and phase != self._restored_for:
            self._restored_for = phase
            self._callback.restore_best_checkpoint()

    # FTSCheckpoint says what the best is, and may save at other times than after
    # validations: so every transition restores it, whatever was validated.
    def _on_save_best(self, phase: int, epoch: int, metric: float) -> None:
        """FTSCheckpoint does."""

    def _on_restore_best(self, phase: int, epoch: int, metric: float) -> None:
        self._restore(self.phase + 1)

    def _on_freeze(self, phase: int) -> None:
        self._restore(phase)
        super()._on_freeze(phase)

    def _on_replace_optimizer(self, phase: int) -> None:
        self._restore(phase)
        super()._on_replace_optimizer(phase)
        replaced(self._callback.trainer, self.optimizer, None)

    def _on_thaw(self, phase: int) -> None:
        self._restore(phase)
        super()._on_thaw(phase)

    def _on_replace_lr_scheduler(self, phase: int) -> None:
        super()._on_replace_lr_scheduler(phase)
        replaced(self._callback.trainer, self.optimizer, self._groups.lr_config)
