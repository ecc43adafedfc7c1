# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""What is wrong with a schedule or plan, as Lightning's exception and fts's."""

from __future__ import annotations

from typing import Any

from fts.errors import InputError, InvalidScheduleError, PlanError
from fts.lightning_import import MisconfigurationException


class MisconfiguredSchedule(InvalidScheduleError, MisconfigurationException):
    """A schedule that does not fit its rules or the model."""


class MisconfiguredPlan(PlanError, MisconfigurationException):
    """A sharding plan that does not fit its rules or the model."""


def also(kind: Any, error: InputError) -> Any:
    """The error as ``kind``, with all it knows."""
    other = kind(*error.args)
    other.__dict__.update(error.__dict__)
    return other
