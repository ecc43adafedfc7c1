# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Schedules as frameworks' users give them: with classes of their own and
functions where YAML holds none, written to the log folder as FTS does."""

from __future__ import annotations

import copy
import os
from typing import Any, Mapping

import torch
import yaml

from fts.describe import Model
from fts.errors import InvalidScheduleError
from fts.schedule import Schedule
from fts.torch_classes import lr_scheduler_class, optimizer_class

# What our own schedule reader takes in place of a class that only Python knows.
_STAND_INS: dict[str, Any] = {
    "new_optimizer": {
        "optimizer_init": {"class_path": "torch.optim.SGD", "init_args": {"lr": 1.0}}
    },
    "new_lr_scheduler": {
        "lr_scheduler_init": {
            "class_path": "torch.optim.lr_scheduler.StepLR",
            "init_args": {"step_size": 1},
        }
    },
}
_INIT = {"new_optimizer": "optimizer_init", "new_lr_scheduler": "lr_scheduler_init"}


class ScheduleSource:
    """A schedule as written, and what of it is Python's own.

    ``given``: a path, a mapping, YAML text, or None for the implicit schedule.
    ``reinit_optim_cfg`` and ``reinit_lr_cfg``: one new optimizer or scheduler for
    every transition. Raises InvalidScheduleError.
    """

    def __init__(
        self,
        given: Any,
        model: Model,
        reinit_optim_cfg: Mapping[str, Any] | None = None,
        reinit_lr_cfg: Mapping[str, Any] | None = None,
    ) -> None:
        self.implicit = given is None or given == {}
        if not self.implicit and reinit_lr_cfg:
            raise InvalidScheduleError(
                "reinit_lr_cfg is for the implicit schedule, and ft_schedule is given; "
                "put new_lr_scheduler into its phases"
            )
        #: As text, for the log folder.
        self.text = Schedule.generate(model) if self.implicit else _text_of(given)
        #: By phase, the sections that Python carries out itself.
        self.reinit: dict[int, dict[str, Any]] = {}
        self._given = self.text if self.implicit else given
        self._name = "implicit" if self.implicit else ""
        mapping = _mapping_of(self._given, self.text)
        if mapping is None:
            return  # our reader says what is wrong with it
        changed = False
        for key, phase in mapping.items():
            if not isinstance(phase, dict):
                continue
            index = _index(key)
            for section, everywhere in (
                ("new_optimizer", reinit_optim_cfg),
                ("new_lr_scheduler", reinit_lr_cfg),
            ):
                wanted = everywhere if everywhere and index else phase.get(section)
                if not wanted or not isinstance(wanted, Mapping):
                    continue
                if everywhere or not _plain(section, wanted):
                    # Positions in the file are worth keeping where they can be.
                    changed = True
                    _try(section, wanted, index)
                    phase[section] = copy.deepcopy(_STAND_INS[section])
                self.reinit.setdefault(index, {})[section] = dict(wanted)
        if changed:
            self._given = mapping

    def resolve(self, model: Model, **options: Any) -> Schedule:
        """Options of fts.Schedule."""
        return Schedule(self._given, model, **options)

    def write(self, folder: str, name: str) -> str:
        """``<name>_ft_schedule.yaml`` in ``folder``; its path."""
        path = os.path.join(folder, f"{name}_ft_schedule.yaml")
        os.makedirs(folder, exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.text)
        return path


def _index(key: Any) -> int:
    try:
        return int(key)
    except (TypeError, ValueError):
        return -1


def _text_of(given: Any) -> str:
    if isinstance(given, Mapping):
        return yaml.dump(_plain_copy(given), sort_keys=False)
    try:
        with open(given, encoding="utf-8") as file:
            return file.read()
    except (OSError, ValueError, TypeError):
        return str(given)  # YAML text, or what our reader will refuse


def _mapping_of(given: Any, text: str) -> dict[Any, Any] | None:
    if isinstance(given, Mapping):
        # Functions and classes are shared, everything around them is copied.
        return {
            k: {**v} if isinstance(v, Mapping) else v for k, v in given.items()
        }
    if "new_" not in text and "params" not in text:
        return None
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        return None
    return found if isinstance(found, dict) else None


def _plain_copy(value: Any) -> Any:
    """With the names of functions and classes in their place."""
    if isinstance(value, Mapping):
        return {k: _plain_copy(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain_copy(v) for v in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return getattr(value, "__qualname__", None) or str(value)


def _plain(section: str, wanted: Mapping[str, Any]) -> bool:
    """Whether our reader knows the class and can hold its arguments."""
    init = wanted.get(_INIT[section])
    if not isinstance(init, Mapping):
        return True  # it says what is missing
    path = init.get("class_path")
    if not isinstance(path, str):
        return True
    home = "torch.optim.lr_scheduler." if "lr" in section else "torch.optim."
    name = path.removeprefix(home)
    if "." in name:
        return False
    return _plain_copy(wanted) == wanted and "lr_lambda" not in (
        init.get("init_args") or {}
    )


def _try(section: str, wanted: Mapping[str, Any], phase: int) -> None:
    """Makes one of the class now, so that a mistake shows before the run."""
    init = wanted.get(_INIT[section])
    where = f"phase {phase}: {section}"
    if not isinstance(init, Mapping) or not init.get("class_path"):
        raise InvalidScheduleError(
            f"{where} needs {_INIT[section]}: {{class_path: ..., init_args: ...}}"
        )
    parameter = torch.nn.Parameter(torch.zeros(1))
    try:
        if section == "new_optimizer":
            kind, args = optimizer_class(init)
            kind([parameter], **args)
        else:
            kind, args = lr_scheduler_class(init)
            kind(torch.optim.SGD([parameter], lr=1.0), **args)
    except Exception as error:
        raise InvalidScheduleError(
            f"{where}: {init['class_path']} cannot be made from init_args "
            f"{init.get('init_args')}: {error}"
        ) from error
