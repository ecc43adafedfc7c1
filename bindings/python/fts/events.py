# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""What a scheduler decided at an event of the loop."""

from __future__ import annotations

from typing import Any, NamedTuple


class Effect(NamedTuple):
    """One decision, already carried out.

    ``kind``: restore_best, freeze, replace_optimizer, thaw, add_group,
    replace_lr_scheduler, phase (it is in force; ``text`` says why), save_best,
    end_epoch (no more steps in this epoch), note, or finish (the run is over;
    ``cause`` and ``text`` say why). ``best``: (phase, epoch, metric).
    """

    kind: str
    phase: int
    lr: float | None
    best: tuple[int, int, float] | None
    cause: str
    text: str


class Outcome(list[Effect]):
    """The effects of one event, in order."""

    @property
    def phase(self) -> Effect | None:
        """The phase that began, if one did."""
        return next((e for e in self if e.kind == "phase"), None)

    @property
    def finish(self) -> Effect | None:
        """The end of the run, if this is it."""
        return next((e for e in self if e.kind == "finish"), None)

    @property
    def end_epoch(self) -> bool:
        """No more steps in this epoch."""
        return any(e.kind == "end_epoch" for e in self)


def outcome(effects: list[dict[str, Any]]) -> Outcome:
    """From what the extension returns."""
    return Outcome(
        Effect(e["kind"], e["phase"], e["lr"], e.get("best"), e["cause"], e["text"])
        for e in effects
    )
