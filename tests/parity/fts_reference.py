# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""What finetuning-scheduler itself makes of a schedule.

Runs the callback's own set-up on a real Trainer, up to the point where it has
read and validated the schedule and thawed phase 0; nothing is trained. Uses
nothing of ours.
"""

import functools
import importlib.metadata
import logging
import os
import warnings

# Each Trainer asks every installed package for plugins, which takes longer
# than all the rest; the answer is always the same.
importlib.metadata.entry_points = functools.lru_cache(
    importlib.metadata.entry_points)

# pylint: disable=wrong-import-position
import finetuning_scheduler  # noqa: E402
import lightning.pytorch as pl  # noqa: E402
from lightning.pytorch.utilities.exceptions import (  # noqa: E402
    MisconfigurationException,
)
# pylint: enable=wrong-import-position

VERSION = finetuning_scheduler.__version__

# Parts of FTS's messages, and what they complain about in our codes.
REASONS = [
    ("did not match any named parameter", "unmatched_entry"),
    ("Phases are not disjoint", "phases_not_disjoint"),
    ("not convertible to integers", "bad_phase_key"),
    ("non-contiguous or non-zero-indexed", "phases_not_contiguous"),
    ("could not be cast to a float", "bad_lr"),
    ("are missing a max_transition_epoch", "epoch_required"),
    ("Duplicate key", "duplicate_key"),
    ("reinitialization directive for the initial training", "phase0_reinit"),
]


class Outcome:
    """Accepted: `phases`, `max_depth`, `max_epochs`. Refused: `error`."""

    def __init__(self, phases=None, max_depth=None, max_epochs=None,
                 error=None):
        self.phases = phases  # [(params, max_transition_epoch, lr or None)]
        self.max_depth = max_depth
        self.max_epochs = max_epochs
        self.error = error

    @property
    def accepted(self):
        return self.error is None

    @property
    def raw(self):
        """The type of an exception that FTS did not mean to raise."""
        if self.error is None or isinstance(self.error,
                                            MisconfigurationException):
            return None
        return type(self.error).__name__

    @property
    def kind(self):
        """The name of the exception's type."""
        return type(self.error).__name__

    @property
    def reason(self):
        """Our code for a refusal with a message; None when it has none."""
        if self.error is None or self.raw:
            return None
        for part, code in REASONS:
            if part in str(self.error):
                return code
        return None

    def __str__(self):
        if self.accepted:
            return "accepted: %r, max_depth %r, max_epochs %r" % (
                self.phases, self.max_depth, self.max_epochs)
        return "refused: %s: %s" % (type(self.error).__name__, self.error)


def quiet(function):
    """Without Lightning's many words; nothing of them is read here."""

    @functools.wraps(function)
    def wrapped(*args, **kwargs):
        logging.disable(logging.WARNING)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return function(*args, **kwargs)
        finally:
            logging.disable(logging.NOTSET)

    return wrapped


@quiet
def resolve(model, folder, schedule=None, max_epochs=100, **options):
    """What FTS makes of `schedule` (a path; None: implicit) for `model`."""
    callback = finetuning_scheduler.FinetuningScheduler(
        ft_schedule=schedule, log_dir=os.path.join(folder, "log"), **options)
    trainer = pl.Trainer(
        max_epochs=max_epochs, accelerator="cpu", devices=1, logger=False,
        callbacks=[callback], default_root_dir=folder,
        enable_progress_bar=False, enable_model_summary=False)
    # As Trainer.fit does before the callbacks' setup.
    model.trainer = trainer
    trainer.strategy.connect(model)
    try:
        callback.setup(trainer, model, "fit")
    except Exception as error:  # pylint: disable=broad-except
        return Outcome(error=error)
    phases = []
    for key in sorted(callback.ft_schedule):
        phase = callback.ft_schedule[key]
        lr = phase.get("lr") if key > 0 else None
        phases.append((phase["params"], phase["max_transition_epoch"],
                       None if lr is None else float(lr)))
    return Outcome(phases, callback.max_depth, trainer.fit_loop.max_epochs)
