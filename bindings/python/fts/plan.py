# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Sharding plans: which modules become units. Format: docs/plans.md."""

from __future__ import annotations

import html
import json
from typing import Any, NamedTuple

import torch

from fts import _fts
from fts.describe import Model, describe
from fts.errors import Diagnostic, PlanError, raised_as
from fts.schedule import Schedule, yaml_of


class Unit(NamedTuple):
    """A module whose parameters are gathered and released together; the
    remainder, what no unit holds, has ``module`` ""."""

    module: str
    is_root: bool
    reshard: bool
    num_elements: int
    num_parameters: int


class Plan:
    """A ``strategy_adapter_cfg`` resolved against a model. Immutable.

    ``source``: a mapping, YAML text or a path with the keys fsdp_plan,
    fsdp_default_kwargs, unplanned and so on; None for an empty plan, under
    which every parameter is replicated. ``tp``: ranks along the mesh's
    tensor-parallel dimension, for the tp_plan. Raises PlanError.

    >>> model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
    >>> [unit.module for unit in Plan({"fsdp_plan": {"1": {}}}, model).units]
    ['1']
    """

    def __init__(
        self,
        source: Any,
        model: torch.nn.Module | Model | str,
        schedule: Schedule | None = None,
        tp: int = 1,
    ) -> None:
        text, name = yaml_of({} if source is None else source, "strategy_adapter_cfg")
        with raised_as(PlanError):
            self._handle = _fts.Plan(
                describe(model).handle,
                None if schedule is None else schedule.handle,
                text,
                name,
                tp,
            )

    @property
    def handle(self) -> _fts.Plan:
        """For the rest of this package."""
        return self._handle

    @property
    def tp(self) -> dict[str, Any]:
        """The tp_plan as resolved: size, loss_parallel, sequence_parallel,
        loss_module, rules, and parameters: {name: (placement, whether a rank's
        gradient is one term of a sum)}."""
        return self._handle.tp()

    def _unit(self, i: int) -> Unit:
        return Unit(**self._handle.unit(i))

    @property
    def units(self) -> list[Unit]:
        """In the order in which they are applied."""
        return [self._unit(i) for i in range(self._handle.num_units())]

    @property
    def remainder(self) -> Unit:
        """What no unit holds: replicated, its gradients averaged."""
        return self._unit(self._handle.num_units())

    def to_dict(self) -> dict[str, Any]:
        """Units with their options as written, what was skipped and why,
        segments: format fts-plan/1."""
        return json.loads(self._handle.to_full_json())

    @property
    def warnings(self) -> list[Diagnostic]:
        """What is probably not meant."""
        return [
            Diagnostic("warning", **found) for found in self.to_dict()["warnings"]
        ]

    def to_json(self) -> str:
        """As ``fts plan resolve --json`` prints it."""
        return self._handle.to_json()

    def __repr__(self) -> str:
        return self._handle.to_text()

    def _repr_html_(self) -> str:
        rows = []
        for unit in [*self.units, self.remainder]:
            cells = (
                unit.module or ("(root)" if unit.is_root else "(remainder)"),
                f"{unit.num_parameters:,}",
                f"{unit.num_elements:,}",
                "after forward" if unit.reshard else "kept",
            )
            rows.append(
                "<tr>"
                + "".join(f"<td>{html.escape(c)}</td>" for c in cells)
                + "</tr>"
            )
        head = (
            "<tr><th>unit</th><th>parameters</th><th>elements</th>"
            "<th>released</th></tr>"
        )
        return f"<table>{head}{''.join(rows)}</table>"
