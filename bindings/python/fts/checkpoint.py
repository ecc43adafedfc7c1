# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""A scheduler's checkpoint: a folder that any number of ranks can read.

    fts.json            progress, format, backend, ranks
    torch backend       torch's distributed checkpoint of model.<name>,
                        buffers.<name> and optimizer.<name>.<key>
    native backend      model.pt (whole values) and optimizer_<rank>.pt (ranges)
    groups.pt           optimizer groups and lr scheduler

Written under another name and renamed when all of it is there.
"""

from __future__ import annotations

import collections
import contextlib
import json
import math
import os
import shutil
import warnings
from typing import TYPE_CHECKING, Any, Iterator, Mapping

import torch

from fts.backends.tp_parts import Part
from fts.errors import InputError, StateError

if TYPE_CHECKING:
    from fts.scheduler import Scheduler

_FORMAT = "fts-python-checkpoint/1"


def save(scheduler: Scheduler, groups: Any, folder: str) -> None:
    """See Scheduler.save_checkpoint."""
    if os.path.exists(folder):
        raise StateError(
            f"save_checkpoint: {folder} exists; name a new folder, or remove it"
        )
    backend = scheduler.backend
    backend.mean([0.0])  # all have seen that it does not exist
    temporary = folder.rstrip("/") + ".tmp"
    if backend.rank == 0:
        shutil.rmtree(temporary, ignore_errors=True)
        os.makedirs(temporary)
    backend.mean([0.0])
    saved = groups.state_dict()
    buffers = {n: b.detach() for n, b in scheduler.model.named_buffers()}
    if backend.name == "torch":
        _write_torch(scheduler, saved["state"], buffers, temporary)
    else:
        _write_native(backend, saved["state"], buffers, temporary)
    if backend.rank == 0:
        rest = {"groups": saved["groups"], "lr_scheduler": saved["lr_scheduler"]}
        torch.save(rest, os.path.join(temporary, "groups.pt"))
        about = {
            "format": _FORMAT,
            "backend": backend.name,
            "world_size": backend.world_size,
            **{k: v for k, v in scheduler.progress().items() if k != "format"},
        }
        with open(os.path.join(temporary, "fts.json"), "w", encoding="utf-8") as file:
            json.dump(about, file, indent=1)
    backend.mean([0.0])
    if backend.rank == 0:
        os.rename(temporary, folder)
    backend.mean([0.0])


def load(scheduler: Scheduler, groups: Any, folder: str) -> None:
    """See Scheduler.load_checkpoint."""
    path = os.path.join(folder, "fts.json")
    try:
        with open(path, encoding="utf-8") as file:
            about = json.load(file)
    except (OSError, ValueError) as error:
        raise InputError(f"load_checkpoint: {path} cannot be read: {error}") from error
    backend = scheduler.backend
    if about.get("format") != _FORMAT:
        raise InputError(
            f"load_checkpoint: {path} has format {about.get('format')!r}; this "
            f"version reads {_FORMAT}"
        )
    if about["backend"] != backend.name:
        raise InputError(
            f"load_checkpoint: {folder} is of backend='{about['backend']}', and "
            f"this scheduler has backend='{backend.name}'; use the same one"
        )
    scheduler.resume_progress(about)
    with torch.serialization.safe_globals([collections.Counter]):
        rest = torch.load(os.path.join(folder, "groups.pt"), weights_only=True)
    if backend.name == "torch":
        state = _read_torch(scheduler, folder)
    else:
        state = _read_native(scheduler, about["world_size"], folder)
    groups.load_state_dict({"state": state, **rest})


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the remark that one process is one process."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="torch.distributed is disabled")
        yield


# ---- torch ---------------------------------------------------------------------


def _entries(scheduler: Scheduler) -> dict[str, Any]:
    # The sharded parameters, also of a unit that is gathered now.
    named = scheduler.backend.parameters()  # type: ignore[attr-defined]
    return {f"model.{name}": p.detach() for name, p in named.items()}


def _write_torch(
    scheduler: Scheduler,
    state: Mapping[str, Mapping[str, Any]],
    buffers: Mapping[str, torch.Tensor],
    folder: str,
) -> None:
    import torch.distributed.checkpoint as dcp

    entries = _entries(scheduler)
    entries.update({f"buffers.{name}": b for name, b in buffers.items()})
    for name, values in state.items():
        for key, value in values.items():
            entries[f"optimizer.{name}.{key}"] = value
    with _quiet():
        dcp.save(entries, checkpoint_id=folder, no_dist=scheduler.world_size == 1)


def _read_torch(scheduler: Scheduler, folder: str) -> dict[str, dict[str, Any]]:
    import torch.distributed.checkpoint as dcp

    known = dcp.FileSystemReader(folder).read_metadata().state_dict_metadata
    entries = _entries(scheduler)
    parameters = {name[len("model.") :]: p for name, p in entries.items()}
    for name, buffer in scheduler.model.named_buffers():
        entries[f"buffers.{name}"] = buffer.detach()
    state: dict[str, dict[str, Any]] = {}
    for name in scheduler.trainable():
        prefix = f"optimizer.{name}."
        for key, found in known.items():
            if not key.startswith(prefix) or "." in key[len(prefix) :]:
                continue
            size = getattr(found, "size", None)
            if size is None:
                value: Any = None
            elif size == parameters[name].shape:
                value = torch.zeros_like(parameters[name])
            else:
                value = torch.zeros(size, dtype=found.properties.dtype)  # type: ignore[union-attr]
            entries[key] = value
            state.setdefault(name, {})[key[len(prefix) :]] = key
    with _quiet():
        dcp.load(entries, checkpoint_id=folder, no_dist=scheduler.world_size == 1)
    return {
        name: {short: entries[key] for short, key in keys.items()}
        for name, keys in state.items()
    }


# ---- native ----------------------------------------------------------------------


def _write_native(
    backend: Any,
    state: Mapping[str, Mapping[str, Any]],
    buffers: Mapping[str, torch.Tensor],
    folder: str,
) -> None:
    whole = backend.full_state_dict()
    if backend.rank == 0:
        torch.save(
            {"model": whole, "buffers": {n: b.cpu() for n, b in buffers.items()}},
            os.path.join(folder, "model.pt"),
        )
    mine = {}
    for name, values in state.items():
        begin, size = backend.range_of(name)
        mine[name] = {"begin": begin, "size": size, "state": dict(values)}
        part = backend.part_of(name)
        if part is not None:
            # begin and size are within it.
            mine[name]["part"] = tuple(part)
    torch.save(mine, os.path.join(folder, f"optimizer_{backend.rank}.pt"))


def _read_native(
    scheduler: Scheduler, ranks: int, folder: str
) -> dict[str, dict[str, Any]]:
    backend: Any = scheduler.backend
    whole = torch.load(os.path.join(folder, "model.pt"), weights_only=True)
    backend.load_full(whole["model"])
    for name, buffer in scheduler.model.named_buffers():
        if name in whole["buffers"]:
            buffer.copy_(whole["buffers"][name])
    parts = [
        torch.load(os.path.join(folder, f"optimizer_{rank}.pt"), weights_only=True)
        for rank in range(ranks)
    ]
    state: dict[str, dict[str, Any]] = {}
    for name in scheduler.trainable():
        held = [part[name] for part in parts if name in part]
        if held:
            begin, size = backend.range_of(name)
            state[name] = _range(held, begin, size, backend.part_of(name))
    return state


def _range(
    held: list[dict[str, Any]], begin: int, size: int, part: Part | None
) -> dict[str, Any]:
    """State of elements [begin, begin + size), of ``part`` where there is one,
    from what the ranks held."""
    out: dict[str, Any] = {}
    split = part is not None or any("part" in other for other in held)
    for key, value in held[0]["state"].items():
        if not _per_element(value, held[0]["size"]):
            out[key] = value
            continue
        if split:
            whole = torch.zeros(_numel(held, part), dtype=value.dtype)
            for other in held:
                there = _places(other["begin"], other["size"], other.get("part"))
                whole[there] = other["state"][key]
            out[key] = whole[_places(begin, size, part)]
            continue
        target = torch.zeros(size, dtype=value.dtype)
        for other in held:
            low = max(begin, other["begin"])
            high = min(begin + size, other["begin"] + other["size"])
            if low < high:
                source = other["state"][key]
                target[low - begin : high - begin] = source[
                    low - other["begin"] : high - other["begin"]
                ]
        out[key] = target
    return out


def _places(begin: int, size: int, part: Any) -> torch.Tensor:
    """In the flattened whole parameter."""
    if part is None:
        return torch.arange(begin, begin + size)
    return Part(*part).places(begin, size)


def _numel(held: list[dict[str, Any]], part: Part | None) -> int:
    for given in [part, *(other.get("part") for other in held)]:
        if given is not None:
            return math.prod(Part(*given).shape)
    raise AssertionError("none is split")


def _per_element(value: Any, size: int) -> bool:
    return isinstance(value, torch.Tensor) and value.dim() == 1 and len(value) == size
