# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Lightning under the name that the program uses: ``lightning`` or
``pytorch_lightning``, whose classes are not each other's."""

from __future__ import annotations

import importlib
import sys
from typing import Any

_NAMES = ("lightning.pytorch", "pytorch_lightning")


def _package() -> str:
    """What is imported already, else what is installed."""
    for name in _NAMES:
        if name in sys.modules:
            return name
    problems = []
    for name in _NAMES:
        try:
            importlib.import_module(name)
            return name
        except ImportError as error:
            problems.append(f"{name}: {error}")
    raise ImportError(
        "fts.lightning needs Lightning, which is not installed beside fts; run "
        "`pip install lightning` (or pytorch_lightning). Tried " + "; ".join(problems)
    )


PACKAGE = _package()


def _module(path: str) -> Any:
    return importlib.import_module(f"{PACKAGE}.{path}")


pl: Any = importlib.import_module(PACKAGE)
Callback: Any = pl.Callback
EarlyStopping: Any = _module("callbacks").EarlyStopping
LearningRateMonitor: Any = _module("callbacks").LearningRateMonitor
ModelCheckpoint: Any = _module("callbacks").ModelCheckpoint
MisconfigurationException: Any = _module(
    "utilities.exceptions"
).MisconfigurationException
LRSchedulerConfig: Any = _module("utilities.types").LRSchedulerConfig
is_overridden: Any = _module("utilities.model_helpers").is_overridden
TrainerFn: Any = _module("trainer.states").TrainerFn
strategies: Any = _module("strategies")
rank_zero: Any = _module("utilities.rank_zero")
