# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""A sharded model as an ordinary one: ``state_dict``, ``load_state_dict``,
``copy.deepcopy`` and ``pickle`` see whole values and leave the engine behind.

All of these are collective: every rank makes the same call.
"""

from __future__ import annotations

import contextlib
import copy
from typing import Any, Callable, Iterator, Mapping

import torch

from fts.backends.unit_hooks import Hook


def _itself(model: torch.nn.Module) -> torch.nn.Module:
    return model


class WholeModel:
    """Makes a model's own methods gather and write through.

    ``gather()`` returns every parameter whole, by name; ``scatter(values)``
    writes whole values, of some parameters, into the shards. ``shapes``: of
    whole parameters.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        gather: Callable[[], dict[str, torch.Tensor]],
        scatter: Callable[[dict[str, torch.Tensor]], None],
        suspend: Callable[[], contextlib.AbstractContextManager[None]],
        shapes: Mapping[str, tuple[int, ...]],
    ) -> None:
        self._model = model
        self._gather = gather
        self._scatter = scatter
        self._suspend = suspend
        self._shapes = shapes
        # Names of each parameter, the first one being the engine's.
        self._names: dict[int, list[str]] = {}
        for name, parameter in model.named_parameters(remove_duplicate=False):
            self._names.setdefault(id(parameter), []).append(name)
        self._taken: list[str] = []
        self._handles: list[Any] = []
        self.attach()

    def attach(self) -> None:
        model = self._model
        self._handles = [
            model.register_state_dict_post_hook(Hook(self._on_state_dict)),
            model.register_load_state_dict_pre_hook(Hook(self._on_load)),
            model.register_load_state_dict_post_hook(Hook(self._after_load)),
        ]
        own = model.__dict__
        own["__deepcopy__"] = self._deepcopy
        own["__reduce_ex__"] = self._reduce
        own["_apply"] = self._apply

    def detach(self) -> None:
        for handle in self._handles:
            handle.remove()
        for name in ("__deepcopy__", "__reduce_ex__", "_apply"):
            self._model.__dict__.pop(name, None)

    def _on_state_dict(
        self, module: Any, state: dict[str, Any], prefix: str, metadata: Any
    ) -> None:
        whole = self._gather()
        for names in self._names.values():
            for name in names:
                if prefix + name in state:
                    state[prefix + name] = whole[names[0]]

    def _on_load(
        self, module: Any, state: dict[str, Any], prefix: str, *args: Any
    ) -> None:
        strict, missing, unexpected, errors = args[-4:]
        self._taken = []
        values: dict[str, torch.Tensor] = {}
        for names in self._names.values():
            for name in names:
                value = state.pop(prefix + name, None)
                if value is None:
                    continue
                self._taken.append(prefix + name)
                if tuple(value.shape) != self._shapes[names[0]]:
                    errors.append(
                        f"size mismatch for {prefix + name}: copying a param "
                        f"with shape {value.shape} from checkpoint, the shape in "
                        f"current model is {torch.Size(self._shapes[names[0]])}."
                    )
                else:
                    values[names[0]] = value
        if not errors:
            self._scatter(values)

    def _after_load(self, module: Any, incompatible: Any) -> None:
        taken = set(self._taken)
        incompatible.missing_keys[:] = [
            key for key in incompatible.missing_keys if key not in taken
        ]

    def _deepcopy(self, memo: dict[int, Any]) -> torch.nn.Module:
        whole = self._gather()
        for name, parameter in self._model.named_parameters():
            memo[id(parameter)] = torch.nn.Parameter(
                whole[name].clone(), requires_grad=parameter.requires_grad
            )
        with self._suspend():
            return copy.deepcopy(self._model, memo)

    def _reduce(self, protocol: int) -> Any:
        return (_itself, (self._deepcopy({}),))

    def _apply(self, fn: Callable[[torch.Tensor], Any], *args: Any) -> Any:
        parameter = next(self._model.parameters())
        probe = torch.empty(0, dtype=parameter.dtype, device=parameter.device)
        changed = fn(probe)
        if changed.dtype == probe.dtype and changed.device == probe.device:
            return self._model
        raise RuntimeError(
            f"the model is sharded and its parameters cannot move from "
            f"{probe.dtype} on {probe.device} to {changed.dtype} on "
            f"{changed.device}; do it before fts.Scheduler is made (precision "
            "and mp_policy say what is computed in which dtype)"
        )


@contextlib.contextmanager
def detached(parts: list[Any]) -> Iterator[None]:
    """Takes hooks and methods off the model for a while."""
    for part in reversed(parts):
        part.detach()
    try:
        yield
    finally:
        for part in parts:
            part.attach()
