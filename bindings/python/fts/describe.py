# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""What schedules and plans know of a model: names, shapes, dtypes and ties."""

from __future__ import annotations

import json
from typing import Any

import torch

from fts import _fts

# Of torch.utils.compile and of torch's checkpoint wrappers, which schedules
# and plans never name.
_WRAPPERS = ("_orig_mod.", "_checkpoint_wrapped_module.")
_CONTAINERS = (
    torch.nn.ModuleList,
    torch.nn.ModuleDict,
    torch.nn.ParameterList,
    torch.nn.ParameterDict,
)


def clean_name(name: str) -> str:
    """A name without the wrappers that stand in it.

    >>> clean_name("layers.0._checkpoint_wrapped_module.attention.weight")
    'layers.0.attention.weight'
    """
    for wrapper in _WRAPPERS:
        name = name.replace(wrapper, "")
        if name == wrapper[:-1] or name.endswith("." + wrapper[:-1]):
            name = name[: -len(wrapper)].rstrip(".")
    return name


class Model:
    """A model's description. Immutable."""

    def __init__(self, handle: _fts.Model) -> None:
        self._handle = handle

    @property
    def handle(self) -> _fts.Model:
        """For the rest of this package."""
        return self._handle

    @property
    def modules(self) -> list[tuple[str, str, bool]]:
        """(name, class, whether it is a container), parents first."""
        return self._handle.modules()

    @property
    def parameters(self) -> list[tuple[str, tuple[int, ...], str, str | None]]:
        """(name, shape, dtype, tied to), in registration order."""
        return self._handle.parameters()

    def to_json(self) -> str:
        """Format fts-model/1, which the command line reads too."""
        return self._handle.to_json()

    def __repr__(self) -> str:
        modules, parameters = self.modules, self.parameters
        return (
            f"fts.Model({modules[0][1]}: {len(modules)} modules, "
            f"{len(parameters)} parameters)"
        )


def describe(model: torch.nn.Module | str | Model) -> Model:
    """The description of a module, or of fts-model/1 JSON. Reads no values, so
    a model on the meta device will do.

    >>> describe(torch.nn.Linear(2, 3)).parameters
    [('weight', (3, 2), 'float32', None), ('bias', (3,), 'float32', None)]
    """
    if isinstance(model, Model):
        return model
    if isinstance(model, str):
        return Model(_fts.Model(model))
    modules: list[dict[str, Any]] = []
    seen = set()
    for name, module in model.named_modules():
        name = clean_name(name)
        if name in seen:
            continue
        seen.add(name)
        modules.append(
            {
                "name": name,
                "class": type(module).__name__,
                "container": isinstance(module, _CONTAINERS),
            }
        )
    parameters: list[dict[str, Any]] = []
    first: dict[int, str] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        name = clean_name(name)
        parameters.append(
            {
                "name": name,
                "shape": list(parameter.shape),
                "dtype": str(parameter.dtype).removeprefix("torch."),
                "shared_with": first.get(id(parameter)),
            }
        )
        first.setdefault(id(parameter), name)
    text = json.dumps(
        {"format": "fts-model/1", "modules": modules, "parameters": parameters}
    )
    return Model(_fts.Model(text, type(model).__name__))
