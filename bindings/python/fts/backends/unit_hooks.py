# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The boundary of one module of a sharding unit: torch's forward hooks, which
hand the module's tensors to the engine before and after its forward.

Activation checkpointing stands inside the boundary, on the instance's own
``forward``: a recomputation finds the weights already gathered for the
backward, and no name in the model changes.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from typing import Any, Callable

import torch
from torch.utils import _pytree as pytree
from torch.utils import checkpoint as torch_checkpoint

from fts.backends.selective import saving

_DTYPES = {
    (2, 32, 1): torch.float32,
    (2, 64, 1): torch.float64,
    (2, 16, 1): torch.float16,
    (4, 16, 1): torch.bfloat16,
}


def tensors_in(value: Any) -> list[torch.Tensor]:
    """Every tensor in nested containers, dataclasses and plain objects."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, (tuple, list)) and all(
        isinstance(item, torch.Tensor) for item in value
    ):
        return list(value)
    found = []
    for leaf in pytree.tree_leaves(value):
        if isinstance(leaf, torch.Tensor):
            found.append(leaf)
        elif dataclasses.is_dataclass(leaf) and not isinstance(leaf, type):
            for field in dataclasses.fields(leaf):
                found.extend(tensors_in(getattr(leaf, field.name)))
        elif hasattr(leaf, "__dict__") and not callable(leaf):
            for item in vars(leaf).values():
                if isinstance(item, (torch.Tensor, tuple, list, dict)):
                    found.extend(tensors_in(item))
    return found


def _cast(value: Any, dtype: torch.dtype) -> Any:
    def one(leaf: Any) -> Any:
        if isinstance(leaf, torch.Tensor) and leaf.is_floating_point():
            return leaf.to(dtype)
        return leaf

    return pytree.tree_map(one, value)


class Hook:
    """A hook that a copied or pickled model does not take along."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def __call__(self, *args: Any) -> Any:
        return self._call(*args)

    def __deepcopy__(self, memo: Any) -> Hook:
        return Hook(_nothing)

    def __reduce__(self) -> Any:
        return (Hook, (_nothing,))


def _nothing(*args: Any) -> None:
    return None


class UnitBoundary:
    """Hooks around one module. ``which``: its place among the unit's modules."""

    def __init__(
        self,
        session: Any,
        unit: int,
        which: int,
        module: torch.nn.Module,
        info: dict[str, Any],
    ) -> None:
        self._session = session
        self._unit = unit
        self._which = which
        self._module = module
        self._inputs = _DTYPES.get(info["input_dtype"])
        self._outputs = _DTYPES.get(info["output_dtype"])
        self._act_ckpt = info["act_ckpt"]
        self._kwargs = json.loads(info["act_ckpt_kwargs"] or "{}")
        self._forward: Any = None
        self._handles: list[Any] = []
        self.attach()

    def attach(self) -> None:
        """First before, and last after, whatever hooks the module has."""
        module = self._module
        if self._act_ckpt:
            self._forward = module.__dict__.get("forward")
            module.forward = _checkpointed(  # type: ignore[method-assign]
                module.forward, self._act_ckpt, self._kwargs
            )
        self._handles = [
            module.register_forward_pre_hook(
                Hook(self._pre), with_kwargs=True, prepend=False
            ),
            module.register_forward_hook(Hook(self._post), prepend=True),
        ]

    def detach(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []
        if self._act_ckpt:
            del self._module.forward
            if self._forward is not None:
                self._module.forward = self._forward  # type: ignore[method-assign]

    # The engine must see plain calls: a compiled module breaks its graph here
    # and compiles what lies between.
    @torch.compiler.disable
    def _pre(self, module: Any, args: Any, kwargs: Any) -> Any:
        changed = None
        if self._inputs is not None:
            args, kwargs = changed = _cast((args, kwargs), self._inputs)
        self._session.pre_forward(
            self._unit, tensors_in((args, kwargs) if kwargs else args)
        )
        return changed

    @torch.compiler.disable
    def _post(self, module: Any, args: Any, output: Any) -> Any:
        tensors = tensors_in(output)
        if not tensors and output is not None:
            raise TypeError(
                f"{type(module).__name__} returned a {type(output).__name__} in "
                "which no tensor was found, so its unit could not tell when its "
                "backward is over; return tensors, containers or a dataclass"
            )
        self._session.post_forward(self._unit, self._which, tensors)
        if self._outputs is None:
            return None
        return _cast(output, self._outputs)


def _checkpointed(
    forward: Callable[..., Any], mode: str, kwargs: dict[str, Any]
) -> Callable[..., Any]:
    """``forward`` under a mode of the plan's ``act_ckpt``."""
    if mode == "wrapped_offload":

        @functools.wraps(forward)
        def offloaded(*args: Any, **kw: Any) -> Any:
            # Activations wait in host memory; nothing is computed twice.
            with torch.autograd.graph.save_on_cpu(pin_memory=False):
                return forward(*args, **kw)

        return offloaded
    options = {"use_reentrant": False, **kwargs}
    # A resolved plan has act_ckpt null for the units that `every` leaves out.
    options.pop("every", None)
    # As in C++: the engine's units stand outside of checkpoints that do not nest
    # graphs.
    options["use_reentrant"] = False
    save = options.pop("save", None)
    if save:
        options["context_fn"] = saving(save)

    @functools.wraps(forward)
    def recomputed(*args: Any, **kw: Any) -> Any:
        if not torch.is_grad_enabled():
            return forward(*args, **kw)
        return torch_checkpoint.checkpoint(forward, *args, **options, **kw)

    return recomputed
