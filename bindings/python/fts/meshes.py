# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""What a mesh, in any form in which a scheduler takes one, says of its ranks."""

from __future__ import annotations

from typing import Any, Mapping

import torch

from fts import _fts
from fts.errors import InputError

#: Names of a DeviceMesh's tensor-parallel dimension.
TP_NAMES = ("tp", "tensor_parallel")


def tp_size_of(mesh: Any, model: torch.nn.Module | None = None) -> int:
    """Ranks that share the work of layers, for a plan: 1 where ``model`` has been
    given to a DeviceMesh's ranks by hand.

    >>> tp_size_of({"tp": 2}), tp_size_of(None)
    (2, 1)
    """
    if mesh is None:
        return 1
    if isinstance(mesh, Mapping):
        size = mesh.get("tp", 1)
        if not isinstance(size, int) or size < 1:
            raise InputError(f"mesh: tp is {size!r}; it must be a number of ranks")
        return size
    if isinstance(mesh, _fts.Mesh):
        return mesh.dim("tp")[1]
    if model is not None and any(
        type(parameter).__name__ == "DTensor" or hasattr(parameter, "device_mesh")
        for parameter in model.parameters()
    ):
        return 1
    names = getattr(mesh, "mesh_dim_names", None) or ()
    for name in names:
        if name in TP_NAMES:
            return mesh[name].size() if len(names) > 1 else mesh.size()
    return 1
