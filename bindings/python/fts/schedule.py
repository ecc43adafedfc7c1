# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Schedules: which parameters train in which phase. Format: docs/schedules.md."""

from __future__ import annotations

import html
import json
import os
from typing import Any, Mapping, NamedTuple

import torch

from fts import _fts
from fts.describe import Model, describe
from fts.errors import Diagnostic, InvalidScheduleError, raised_as
from fts.yaml_text import yaml_text


class Phase(NamedTuple):
    """One phase. ``lr`` is None in phase 0, whose rate is the optimizer's."""

    index: int  # type: ignore[assignment]  # hides tuple's own method
    params: list[str]
    freeze: list[str]
    lr: float | None
    max_transition_epoch: int


def yaml_of(source: Any, name: str) -> tuple[str, str]:
    """(text, name for messages) of a path, a mapping, or YAML text."""
    if isinstance(source, Mapping):
        return yaml_text(source, name), name
    if isinstance(source, os.PathLike):
        source = os.fspath(source)
    if isinstance(source, str) and "\n" not in source:
        looks_like_a_path = source.endswith((".yaml", ".yml", ".json"))
        if looks_like_a_path or os.path.exists(source):
            try:
                with open(source, encoding="utf-8") as file:
                    return file.read(), source
            except OSError as error:
                raise InvalidScheduleError(
                    f"{name}: cannot read '{source}': {error.strerror}"
                ) from error
    if not isinstance(source, str):
        raise TypeError(
            f"{name} is a {type(source).__name__}; it must be a mapping, YAML "
            "text, or the path of a YAML file"
        )
    return source, name


class Schedule:
    """A schedule resolved against a model. Immutable.

    ``source``: a mapping, YAML text or a path; None for FTS's implicit schedule
    (:meth:`generate` gives its text). Raises InvalidScheduleError, whose
    ``diagnostics`` hold every problem with its line.

    >>> model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
    >>> Schedule({0: {"params": ["1.*"]}, 1: {"params": ["0.*"]}}, model)[1].params
    ['0.weight', '0.bias']
    """

    def __init__(
        self,
        source: Any,
        model: torch.nn.Module | Model | str,
        *,
        epoch_transitions_only: bool = False,
        max_depth: int = -1,
        base_max_lr: float | None = 1e-5,
        max_epochs: int | None = None,
        match: str = "prefix",
    ) -> None:
        description = describe(model)
        self._options: dict[str, Any] = {
            "epoch_transitions_only": epoch_transitions_only,
            "max_depth": max_depth,
            "base_max_lr": base_max_lr,
            "max_epochs": max_epochs,
            "match": match,
        }
        if source is None or source in ("implicit", {}):
            source, name = self.generate(description), "implicit"
        else:
            source, name = yaml_of(source, "schedule")
        with raised_as(InvalidScheduleError):
            self._handle = _fts.Schedule(
                description.handle,
                source,
                name,
                **self._options,
            )
        self._phases = [
            Phase(
                found["phase"],
                found["params"],
                found["freeze"],
                found["lr"],
                found["max_transition_epoch"],
            )
            for found in map(
                self._handle.phase, range(self._handle.num_phases())
            )
        ]

    @staticmethod
    def generate(
        model: torch.nn.Module | Model | str, by: str = "pairs", phases: int = 0
    ) -> str:
        """Commented YAML: by "pairs" (as FTS does), "blocks" or "depth"."""
        with raised_as(InvalidScheduleError):
            return _fts.generate_schedule(describe(model).handle, by, phases)

    @property
    def handle(self) -> _fts.Schedule:
        """For the rest of this package."""
        return self._handle

    @property
    def phases(self) -> list[Phase]:
        """All of them, those beyond ``max_depth`` included."""
        return self._phases

    @property
    def max_depth(self) -> int:
        """Index of the last phase that runs."""
        return self._handle.max_depth()

    @property
    def max_epochs(self) -> int | None:
        """As given, or as the schedule raised it."""
        return self._handle.max_epochs()

    def settings(self, phase: int) -> dict[str, Any]:
        """All that a phase sets: its groups, weight_decay, clip_grad_norm,
        new_optimizer and new_lr_scheduler besides."""
        return json.loads(self._handle.phase_json(phase))

    def with_reinit(
        self,
        model: torch.nn.Module | Model | str,
        optim_cfg: Mapping[str, Any] | None = None,
        lr_cfg: Mapping[str, Any] | None = None,
    ) -> Schedule:
        """This schedule with one new_optimizer, or new_lr_scheduler, at every
        transition, as FTS's reinit_optim_cfg and reinit_lr_cfg do."""
        phases: dict[int, Any] = {}
        for found in self.to_dict()["phases"]:
            index = found.pop("phase")
            found.pop("groups", None)  # what lr_decay makes of its rate
            more = self.settings(index)
            for key in ("weight_decay", "clip_grad_norm", "new_optimizer"):
                found[key] = more.get(key)
            found["new_lr_scheduler"] = more.get("new_lr_scheduler")
            if index > 0 and optim_cfg:
                found["new_optimizer"] = optim_cfg
            if index > 0 and lr_cfg:
                found["new_lr_scheduler"] = lr_cfg
            phases[index] = {k: v for k, v in found.items() if v is not None}
        return Schedule(phases, model, **self._options)

    @property
    def warnings(self) -> list[Diagnostic]:
        """What is probably not meant."""
        return [
            Diagnostic("warning", **found) for found in self.to_dict()["warnings"]
        ]

    def to_dict(self) -> dict[str, Any]:
        """As ``fts schedule resolve --json`` prints it, read."""
        return json.loads(self.to_json())

    def to_yaml(self) -> str:
        """YAML that resolves to the same schedule."""
        return self._handle.to_yaml()

    def to_json(self) -> str:
        """As ``fts schedule resolve --json`` prints it."""
        return self._handle.to_json()

    def __len__(self) -> int:
        return len(self._phases)

    def __getitem__(self, phase: int) -> Phase:
        return self._phases[phase]

    def _rows(self) -> list[tuple[str, str, str, str]]:
        rows = []
        limits = self.to_dict()["phases"]
        for phase in self._phases:
            names = _shortened(phase.params)
            if phase.freeze:
                names += f"; freezes {_shortened(phase.freeze)}"
            until = [
                f"{key.removeprefix('max_transition_')} {value:g}"
                for key, value in limits[phase.index].items()
                if key.startswith("max_transition_") and value >= 0
            ]
            rows.append(
                (
                    str(phase.index),
                    "optimizer's" if phase.lr is None else f"{phase.lr:g}",
                    ", ".join(until) or "-",
                    names,
                )
            )
        return rows

    def __repr__(self) -> str:
        lines = [f"fts.Schedule: {len(self)} phases, depth {self.max_depth}"]
        for index, lr, until, names in self._rows():
            lines.append(f"  {index}: lr {lr}, until {until}: {names}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = "<tr><th>phase</th><th>lr</th><th>until</th><th>thaws</th></tr>"
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>"
            for row in self._rows()
        )
        return f"<table>{head}{body}</table>"


def _shortened(names: list[str], shown: int = 4) -> str:
    if len(names) <= shown:
        return ", ".join(names)
    return ", ".join(names[:shown]) + f" and {len(names) - shown} more"
