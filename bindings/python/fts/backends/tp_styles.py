# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The rules of a tp_plan around the modules of a torch model, each on the
instance's own ``forward``: inside of whatever hooks the module has, and of
activation checkpointing.

A rule converts what comes in to what the module works on, and what it makes to
what leaves. Linear and Embedding in rowwise style are computed here: the bias is
added once, after the sum, and rows of other ranks are left out.

One gather for several readers: a module whose input is prepared hands its body a
replicated tensor with a replicated gradient, right for whatever the body does
with it. While the body runs, colwise modules that get that very tensor, unchanged,
take another one in its place, whose gradient is one term of a sum. So q_proj, k_proj
and v_proj cost one gather and one reduction together.

Random numbers: dropout in sequence style works on other tokens on each rank, so
it draws from a stream of the rank's own, made from the common one, which goes on
as if one number had been drawn. Everywhere else ranks along tp draw the same.
"""

from __future__ import annotations

import contextlib
import functools
import re
import threading
from typing import Any, Callable, Iterator

import torch

from fts import _fts
from fts.errors import PlanError

# (placement of the value, of its gradient)
_Layout = tuple[str, str]
_REPLICATED: _Layout = ("replicate", "replicate")
# Whole everywhere; each rank goes on with its own part of the weights.
_SHARED: _Layout = ("replicate", "partial")

# Prepared tensors of the calls under way on a thread, innermost last: each with
# its version when it was handed out, and what colwise readers take instead.
# Changed in place since then, it is no longer what was prepared.
_under_way = threading.local()


def _prepared() -> list[tuple[torch.Tensor, int, torch.Tensor]]:
    if not hasattr(_under_way, "tensors"):
        _under_way.tensors = []
    return _under_way.tensors


def _layout(placement: str) -> _Layout:
    return placement, "replicate" if placement == "partial" else placement


def dim_of(placement: str | None) -> int | None:
    """1 of "shard(1)"; None for what is not split.

    >>> dim_of("shard(-1)"), dim_of("replicate")
    (-1, None)
    """
    found = re.fullmatch(r"shard\((-?\d+)\)", placement or "")
    return None if found is None else int(found.group(1))


class StyledForward:
    """One rule on one module; ``name`` is the module's. Threads: as the module's
    calls."""

    def __init__(
        self, mesh: _fts.Mesh, rule: dict[str, Any], module: torch.nn.Module
    ) -> None:
        self._mesh = mesh
        self._rank, self._size = mesh.dim("tp")
        self._name: str = rule["module"]
        self._style: str = rule["style"]
        self._inputs: list[tuple[str | None, str | None]] = rule["inputs"]
        self._outputs: list[tuple[str | None, str | None]] = rule["outputs"]
        self._whole: int = rule["whole"]
        self._uneven = self._whole % self._size != 0
        self._module = module
        self._table = isinstance(module, torch.nn.Embedding)
        self._dropout = self._style == "sequence" and "Dropout" in rule["class"]
        #: Whether it was called under grad mode since somebody set this False.
        self.called = False
        #: Names of the module's own parameters.
        self.parameters = [
            f"{self._name}.{name}" if self._name else name
            for name, parameter in module._parameters.items()
            if parameter is not None
        ]
        self._forward: Any = None
        self._own: Any = None
        self.attach()

    def attach(self) -> None:
        self._own = self._module.__dict__.get("forward")
        self._forward = self._module.forward

        @functools.wraps(self._forward)
        def forward(*args: Any, **kwargs: Any) -> Any:
            return self._call(*args, **kwargs)

        self._module.forward = forward  # type: ignore[method-assign]

    def detach(self) -> None:
        del self._module.forward
        if self._own is not None:
            self._module.forward = self._own  # type: ignore[method-assign]

    @property
    def name(self) -> str:
        return self._name

    def _call(self, *args: Any, **kwargs: Any) -> Any:
        if torch.is_grad_enabled():
            self.called = True
        prepared = _prepared()
        depth = len(prepared)
        try:
            args, kwargs = self._take(args, kwargs)
            return self._hand_on(self._run(args, kwargs))
        finally:
            del prepared[depth:]

    @torch.compiler.disable
    def _to(self, x: torch.Tensor, source: _Layout, to: _Layout) -> torch.Tensor:
        if source == to:
            return x
        whole = 0
        if self._uneven and any(
            dim_of(layout[0]) in (-1, x.dim() - 1) for layout in (source, to)
        ):
            # Features and vocabulary may be shared unevenly, a sequence may not.
            whole = self._whole
        return _fts.tp_convert(self._mesh, x, source, to, self._name, whole)

    # ---- What comes in -------------------------------------------------------

    def _take(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Tensor arguments in order, those by name after the others."""
        rest = iter(self._inputs)

        def one(value: Any) -> Any:
            if not isinstance(value, torch.Tensor):
                return value
            comes, works = next(rest, (None, None))
            if comes is None or works is None:
                return value
            return self._taken(value, _layout(comes), _layout(works))

        args = tuple(one(value) for value in args)
        return args, {name: one(value) for name, value in kwargs.items()}

    def _taken(self, x: torch.Tensor, comes: _Layout, works: _Layout) -> torch.Tensor:
        if not x.is_floating_point():
            return self._to(x, comes, works)  # ids have no gradient
        if self._style == "colwise":
            if comes == _REPLICATED:
                for handed, version, shared in reversed(_prepared()):
                    if handed is x and x._version == version:
                        return shared
            return self._to(x, comes, _SHARED)
        if works == _REPLICATED and self._style.startswith("prepare_input"):
            return self._prepare(x, comes)
        return self._to(x, comes, works)

    @torch.compiler.disable
    def _prepare(self, x: torch.Tensor, comes: _Layout) -> torch.Tensor:
        handed, shared = _fts.tp_convert_for_readers(
            self._mesh, x, comes, self._name
        )
        if handed is not shared:  # there is a graph
            _prepared().append((handed, handed._version, shared))
        return handed

    # ---- What it computes ----------------------------------------------------

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._style == "rowwise":
            (x,) = [*args, *kwargs.values()]
            return self._rows_of(x) if self._table else torch.nn.functional.linear(
                x, self._module.weight
            )
        if self._dropout and self._module.training:
            x = next(v for v in [*args, *kwargs.values()] if torch.is_tensor(v))
            with _own_stream(x.device, self._rank):
                return self._forward(*args, **kwargs)
        return self._forward(*args, **kwargs)

    @torch.compiler.disable
    def _rows_of(self, ids: torch.Tensor) -> torch.Tensor:
        weight: Any = self._module.weight
        rows = _fts.tp_embedding(self._mesh, ids, weight, self._whole)
        padding = self._module.padding_idx
        if padding is None or not rows.requires_grad:
            return rows
        # Its row has no gradient.
        return torch.where((ids == padding).unsqueeze(-1), rows.detach(), rows)

    # ---- What leaves ---------------------------------------------------------

    def _hand_on(self, made: Any) -> Any:
        rest = iter(self._outputs)

        def one(value: Any) -> Any:
            if not isinstance(value, torch.Tensor):
                return value
            before, after = next(rest, (None, None))
            if before is not None and after is not None:
                value = self._to(value, _layout(before), _layout(after))
            bias: Any = getattr(self._module, "bias", None)
            if self._style == "rowwise" and bias is not None:
                value = value + bias.to(value.dtype)
            return value

        if not self._outputs and not isinstance(made, (torch.Tensor, tuple, list)):
            return made
        return each_result(made, one, self._name)


def each_result(made: Any, one: Callable[[Any], Any], name: str) -> Any:
    """``one`` applied to what a module has returned: a tensor, or those of a tuple,
    a list or a named tuple. Raises TypeError for anything else, naming it."""
    if isinstance(made, torch.Tensor):
        return one(made)
    if isinstance(made, (tuple, list)):
        changed = [one(value) for value in made]
        if hasattr(made, "_fields"):  # a named tuple
            return type(made)(*changed)
        return type(made)(changed)
    raise TypeError(
        f"the tp_plan has a layout for what '{name}' returns, which is a "
        f"{type(made).__name__}; a module with one must return a tensor, or a tuple "
        "or list of tensors"
    )


def check_rule(rule: dict[str, Any], module: torch.nn.Module) -> None:
    """Raises PlanError for a module that the style would compute wrongly."""
    if rule["style"] not in ("colwise", "rowwise"):
        return
    name, table = rule["module"], isinstance(module, torch.nn.Embedding)
    kind: Any = torch.nn.Embedding if table else torch.nn.Linear
    what = None
    if not isinstance(module, kind) or "weight" not in module._parameters:
        what = "is no torch.nn.Linear or Embedding with a weight of its own"
    elif rule["style"] == "rowwise" and (
        type(module).forward is not kind.forward or "forward" in module.__dict__
    ):
        what = f"has a forward that is not torch.nn.{kind.__name__}'s"
    elif table and module.max_norm is not None:
        what = "has max_norm, which needs whole rows and writes to them"
    elif table and module.scale_grad_by_freq:
        what = "has scale_grad_by_freq"
    elif table and module.sparse:
        what = "has sparse gradients"
    if what is not None:
        raise PlanError(
            f"tp_plan: '{name}' {what}, so it cannot be {rule['style']}; leave it "
            "out of the tp_plan, and it stays whole on every rank"
        )


@contextlib.contextmanager
def _own_stream(device: torch.device, rank: int) -> Iterator[None]:
    """See the module about random numbers."""
    # An odd multiplier keeps the streams of different ranks apart.
    apart = 0x9E3779B97F4A7C15 * (rank + 1)
    if device.type == "cpu":
        # One stream: a number of it seeds the rank's.
        generator = torch.default_generator
        drawn = int(torch.randint(2**62, (), generator=generator))
        common = generator.get_state()
        generator.manual_seed((drawn + apart) % 2**63)
        try:
            yield
        finally:
            generator.set_state(common)
        return
    # A device's has a seed and an offset, and only the seed changes.
    generator = torch.cuda.default_generators[
        torch.cuda.current_device() if device.index is None else device.index
    ]
    seed, offset = generator.initial_seed(), generator.get_offset()
    generator.manual_seed((seed + apart) % 2**63)
    generator.set_offset(offset)
    try:
        yield
    finally:
        offset = generator.get_offset()
        generator.manual_seed(seed)
        generator.set_offset(offset)
