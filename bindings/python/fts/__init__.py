# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""fts: scheduled fine-tuning of sharded models.

    scheduler = fts.Scheduler(model, schedule="s.yaml", optimizer=optimizer,
                              max_epochs=4)
    for epoch in scheduler.epochs():
        for batch in scheduler.steps(loader):
            loss = loss_of(model, batch)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        scheduler.validation_end({"val_loss": validate(model)})

See docs/python.md. Threads: everything is confined to the training thread
unless it says otherwise.
"""

from fts import _library

_library.load()

from fts import _fts, errors  # noqa: E402

_library.check_torch(_fts.TORCH_TAG)
_fts.set_error_factory(errors.make)
_fts.set_main_thread()

from fts.describe import Model, describe  # noqa: E402
from fts.errors import (  # noqa: E402
    CommError,
    Diagnostic,
    Error,
    FtsWarning,
    InputError,
    InternalError,
    InvalidScheduleError,
    NotSupportedError,
    PlanError,
    StateError,
)
from fts.events import Effect, Outcome  # noqa: E402
from fts.fit import FitError, FitResult, fit  # noqa: E402
from fts.plan import Plan  # noqa: E402
from fts.schedule import Phase, Schedule  # noqa: E402
from fts.scheduler import Scheduler  # noqa: E402

__version__ = _fts.version()

__all__ = [
    "CommError", "Diagnostic", "Effect", "Error", "FitError", "FitResult", "FtsWarning",
    "InputError",
    "InternalError", "InvalidScheduleError", "Model", "NotSupportedError",
    "Outcome",
    "Phase", "Plan", "PlanError", "Schedule", "Scheduler", "StateError",
    "describe", "fit",
]  # fmt: skip
