# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Exceptions. Each is an :class:`Error` and also what Python has for it:

>>> issubclass(InvalidScheduleError, ValueError)
True
>>> issubclass(CommError, RuntimeError)
True
"""

from __future__ import annotations

import contextlib
from typing import Any, Iterator, NamedTuple

_NAMES = {
    1: "CANCELLED", 2: "UNKNOWN", 3: "INVALID_ARGUMENT",
    4: "DEADLINE_EXCEEDED", 5: "NOT_FOUND", 6: "ALREADY_EXISTS",
    7: "PERMISSION_DENIED", 8: "RESOURCE_EXHAUSTED", 9: "FAILED_PRECONDITION",
    10: "ABORTED", 11: "OUT_OF_RANGE", 12: "UNIMPLEMENTED", 13: "INTERNAL",
    14: "UNAVAILABLE", 15: "DATA_LOSS", 16: "UNAUTHENTICATED",
}  # fmt: skip


class Diagnostic(NamedTuple):
    """One problem found in some input. ``file``, ``line`` and ``column`` are
    None for what has no place."""

    severity: str
    code: str
    message: str
    file: str | None
    line: int | None
    column: int | None


class Error(Exception):
    """What fts could not do, and why.

    ``code``: a name such as "INVALID_ARGUMENT". ``details``: facts by key.
    ``diagnostics``: every problem found in an input, warnings included.
    """

    code: str = "UNKNOWN"
    details: dict[str, str] = {}
    diagnostics: list[Diagnostic] = []


class InputError(Error, ValueError):
    """An argument or an input file is wrong."""


class InvalidScheduleError(InputError):
    """A schedule does not fit its rules or the model."""


class PlanError(InputError):
    """A sharding plan does not fit its rules or the model."""


class StateError(Error, RuntimeError):
    """A call came at the wrong time, or in the wrong state."""


class CommError(Error, RuntimeError):
    """Another rank is gone, late, or has ended the run."""


class NotSupportedError(Error, NotImplementedError):
    """This version cannot do it."""


class InternalError(Error, RuntimeError):
    """Something failed inside; LibTorch's own errors come as this."""


class FtsWarning(UserWarning):
    """Something that is probably not meant; its text ends with its code."""


_CLASSES: dict[int, type[Error]] = {
    3: InputError, 5: InputError, 11: InputError, 7: InputError,
    9: StateError, 6: StateError,
    4: CommError, 14: CommError, 10: CommError, 1: CommError,
    12: NotSupportedError, 13: InternalError,
}  # fmt: skip


def make(
    code: int, message: str, details: dict[str, str], diagnostics: list[Any]
) -> Error:
    """The exception for a failed call; the extension raises it."""
    error = _CLASSES.get(code, Error)(message)
    error.code = _NAMES.get(code, "UNKNOWN")
    error.details = details
    error.diagnostics = [Diagnostic(*found) for found in diagnostics]
    return error


@contextlib.contextmanager
def raised_as(kind: type[Error]) -> Iterator[None]:
    """An InputError from inside becomes ``kind``, all else the same."""
    try:
        yield
    except InputError as error:
        other = kind(*error.args)
        other.__dict__.update(error.__dict__)
        raise other.with_traceback(error.__traceback__) from error.__cause__
