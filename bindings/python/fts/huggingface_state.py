# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The Trainer's checkpoints across phases.

The Trainer loads optimizer and learning-rate scheduler before any callback may
speak, into the groups that it makes itself. So what it saves must have those
groups, whatever the phase: names decide what goes where. The phases' own groups
travel with the callback's state, and are put back after the load.
"""

from __future__ import annotations

from typing import Any, Mapping

import torch

from fts.describe import clean_name


class TrainerState:
    """``optimizer`` and ``lr_scheduler`` as the Trainer made them."""

    def __init__(self, model: torch.nn.Module, optimizer: Any, lr_scheduler: Any) -> None:
        self._names = {id(p): clean_name(n) for n, p in model.named_parameters()}
        self._parameters = {clean_name(n): p for n, p in model.named_parameters()}
        self._optimizer = optimizer
        self._lr = lr_scheduler
        self._first = [
            (
                [self._names.get(id(p), "") for p in group["params"]],
                {k: v for k, v in group.items() if k != "params"},
            )
            for group in optimizer.param_groups
        ]
        #: State that the Trainer has loaded for a resumed run, by name.
        self._loaded = {
            name: dict(optimizer.state[p])
            for name, p in self._parameters.items()
            if p in optimizer.state
        }
        self._handle = optimizer.register_state_dict_post_hook(self._as_first)
        if lr_scheduler is not None:
            lr_scheduler.state_dict = self._lr_state

    def release(self) -> None:
        self._handle.remove()
        if self._lr is not None:
            self._lr.__dict__.pop("state_dict", None)

    def replaced(self, optimizer: Any) -> None:
        """A phase brought another optimizer; it is saved in the same form."""
        self._handle.remove()
        self._optimizer = optimizer
        self._handle = optimizer.register_state_dict_post_hook(self._as_first)

    def _as_first(self, optimizer: Any, found: dict[str, Any]) -> dict[str, Any]:
        """The optimizer's state_dict in the groups it was made with."""
        held = [p for group in optimizer.param_groups for p in group["params"]]
        by_name = {
            self._names[id(p)]: found["state"][index]
            for index, p in enumerate(held)
            if index in found["state"]
        }
        groups, state, index = [], {}, 0
        for names, options in self._first:
            places = list(range(index, index + len(names)))
            groups.append({**options, "params": places})
            for place, name in zip(places, names):
                if name in by_name:
                    state[place] = by_name[name]
            index += len(names)
        return {"state": state, "param_groups": groups}

    def _lr_state(self) -> dict[str, Any]:
        """The scheduler's state_dict for as many groups as there were."""
        count, first = len(self._optimizer.param_groups), len(self._first)
        return {
            key: _resized(value, first)
            if isinstance(value, list) and len(value) == count
            else value
            for key, value in type(self._lr).state_dict(self._lr).items()
            if key != "state_dict"  # this very method
        }

    def groups(self) -> dict[str, Any]:
        """Rates and plain options of the groups in force, and the scheduler's."""
        lr: Mapping[str, Any] = {} if self._lr is None else self._lr.__dict__
        return {
            "groups": [
                {k: v for k, v in group.items() if _is_number(v)}
                for group in self._optimizer.param_groups
            ],
            "lr_scheduler": {k: v for k, v in lr.items() if _is_number(v)
                             or (isinstance(v, list) and all(map(_is_number, v)))},
        }  # fmt: skip

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Into the groups that the phases so far have made again."""
        optimizer = self._optimizer
        for group, options in zip(optimizer.param_groups, saved["groups"]):
            group.update(options)
        for name, state in self._loaded.items():
            parameter = self._parameters[name]
            if parameter.requires_grad:
                optimizer.state[parameter] = state
        if self._lr is not None:
            self._lr.__dict__.update(saved["lr_scheduler"])


def _is_number(value: Any) -> bool:
    return isinstance(value, (bool, int, float))


def _resized(values: list[Any], count: int) -> list[Any]:
    return [*values[:count], *values[-1:] * (count - len(values))]
