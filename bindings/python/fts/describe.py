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


# Names of attention's projections, and the attributes that count their heads: of
# the attention itself, or of the config that models of transformers give it.
_QUERIES = ("q_proj", "query", "wq", "o_proj", "out_proj", "wo")
_KEYS = ("k_proj", "key", "wk", "v_proj", "value", "wv")
_HEADS = ("num_attention_heads", "n_heads", "num_heads")
_KV_HEADS = ("num_key_value_heads", "n_kv_heads", "num_kv_heads")


def _heads(parent: Any, name: str, module: torch.nn.Module) -> int:
    """How many attention heads make up the dimension of a projection that tensor
    parallelism splits; 0 where that is not known."""
    last = name.rpartition(".")[2]
    if not isinstance(module, torch.nn.Linear) or last not in _QUERIES + _KEYS:
        return 0
    wanted = _HEADS if last in _QUERIES else _KV_HEADS + _HEADS
    for attribute in wanted:
        for holder in (parent, getattr(parent, "config", None)):
            count = getattr(holder, attribute, None)
            if isinstance(count, int) and count > 0:
                out = last in ("o_proj", "out_proj", "wo")
                size = module.in_features if out else module.out_features
                return count if size % count == 0 else 0
    return 0


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
    named = {clean_name(name): module for name, module in model.named_modules()}
    for name, module in model.named_modules():
        name = clean_name(name)
        if name in seen:
            continue
        seen.add(name)
        one = {
            "name": name,
            "class": type(module).__name__,
            "container": isinstance(module, _CONTAINERS),
        }
        heads = _heads(named.get(name.rpartition(".")[0]), name, module)
        if heads:
            one["heads"] = heads
        modules.append(one)
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
