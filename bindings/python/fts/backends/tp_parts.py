# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Which part of a parameter a rank holds under a tp_plan."""

from __future__ import annotations

import math
from typing import Any, Mapping, NamedTuple, Sequence

import torch

from fts import _fts
from fts.backends.tp_styles import dim_of


class Part(NamedTuple):
    """Elements [begin, begin + size) of dimension ``dim`` of a tensor of
    ``shape``: a value, plain enough for a checkpoint."""

    shape: tuple[int, ...]
    dim: int
    begin: int
    size: int

    def of(self, whole: torch.Tensor) -> torch.Tensor:
        """That part of a whole tensor; a view.

        >>> Part((2, 4), 1, 2, 2).of(torch.arange(8).view(2, 4)).tolist()
        [[2, 3], [6, 7]]
        """
        return whole.narrow(self.dim, self.begin, self.size)

    def places(self, begin: int, size: int) -> torch.Tensor:
        """Where elements [begin, begin + size) of the flattened part stand in the
        flattened whole.

        >>> Part((2, 4), 1, 2, 2).places(1, 2).tolist()
        [3, 6]
        """
        inner = math.prod(self.shape[self.dim + 1 :])
        row = self.size * inner
        flat = torch.arange(begin, begin + size)
        return (
            flat // row * (self.shape[self.dim] * inner)
            + self.begin * inner
            + flat % row
        )


def parts_of(
    tp: Mapping[str, Any], shapes: Mapping[str, Sequence[int]], rank: int
) -> dict[str, Part]:
    """By name, of the parameters that ``tp`` (a plan's) splits; ``shapes`` are
    whole ones."""
    parts = {}
    for name, (placement, _) in tp["parameters"].items():
        dim = dim_of(placement)
        if dim is None or tp["size"] == 1:
            continue
        shape = tuple(shapes[name])
        dim %= len(shape)
        parts[name] = Part(shape, dim, *_fts.tp_chunk(shape[dim], tp["size"], rank))
    return parts
