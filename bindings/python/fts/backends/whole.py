# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Whole weights on every rank, in a loop that somebody else owns: Lightning or
the Hugging Face Trainer, on one device or under DDP, which averages gradients.
"""

from __future__ import annotations

from typing import Any, Iterable

import torch
import torch.distributed as dist

from fts import ddp
from fts.backends.base import Backend
from fts.describe import clean_name


class WholeBackend(Backend):
    """Parameters stay where they are; thawing sets ``requires_grad``.

    ``wrapper``: the DDP around the model, whose reducer follows what trains.
    """

    name = "torch"

    def __init__(
        self,
        model: torch.nn.Module,
        wrapper: torch.nn.parallel.DistributedDataParallel | None = None,
    ) -> None:
        self._model = model
        self._wrapper = wrapper
        self._trainable: list[str] = []
        self._best: dict[str, torch.Tensor] | None = None
        self._best_buffers: dict[str, torch.Tensor] = {}
        self._best_state: dict[str, dict[str, Any]] = {}

    @property
    def _parameters(self) -> dict[str, torch.nn.Parameter]:
        return {clean_name(n): p for n, p in self._model.named_parameters()}

    @property
    def rank(self) -> int:
        return dist.get_rank() if _distributed() else 0

    @property
    def world_size(self) -> int:
        return dist.get_world_size() if _distributed() else 1

    def thaw(self, phase: int, names: list[str]) -> None:
        parameters = self._parameters
        for name in names:
            parameters[name].requires_grad_(True)
            if self._best is not None and name not in self._best:
                # Frozen until now, so as it was at the best.
                self._best[name] = _copied(parameters[name])
        self._trainable += [n for n in names if n not in set(self._trainable)]
        self._changed()

    def freeze(self, phase: int, names: list[str]) -> None:
        parameters = self._parameters
        for name in names:
            parameters[name].requires_grad_(False)
            parameters[name].grad = None
            self._best_state.pop(name, None)
        self._trainable = [n for n in self._trainable if n not in set(names)]
        self._changed()

    def _changed(self) -> None:
        if self._wrapper is not None:
            ddp.rebuild(self._wrapper)
        if any(
            hasattr(m, "_orig_mod") or m._compiled_call_impl is not None
            for m in self._model.modules()
        ):
            # Graphs are compiled for what requires a gradient.
            torch._dynamo.reset()

    def tensors(self, names: Iterable[str]) -> list[torch.Tensor]:
        parameters = self._parameters
        return [parameters[name] for name in names]

    def attach_optimizer(self, optimizer: torch.optim.Optimizer) -> None:
        """Its parameters are the model's own."""

    def clip_grad_norm_(self, max_norm: float) -> float:
        parameters = self._parameters
        return float(
            torch.nn.utils.clip_grad_norm_(
                [parameters[name] for name in self._trainable], max_norm
            )
        )

    def save_best(self, optimizer: Any) -> None:
        parameters = self._parameters
        kept = [*self._trainable, *(self._best or {})]
        self._best = {name: _copied(parameters[name]) for name in kept}
        self._best_buffers = {
            name: _copied(buffer) for name, buffer in self._model.named_buffers()
        }
        self._best_state = {
            name: {k: _copied(v) for k, v in optimizer.state[p].items()}
            for name in self._trainable
            if (p := parameters[name]) in optimizer.state
        }

    def restore_best(self, optimizer: Any) -> None:
        if self._best is None:
            return
        parameters = self._parameters
        with torch.no_grad():
            for name, value in self._best.items():
                parameters[name].copy_(value)
            for name, buffer in self._model.named_buffers():
                if name in self._best_buffers:
                    buffer.copy_(self._best_buffers[name])
        for name in self._trainable:
            kept = self._best_state.get(name)
            if kept is None:
                optimizer.state.pop(parameters[name], None)
                continue
            # On the device where the state was.
            state = optimizer.state[parameters[name]]
            for key, value in kept.items():
                old = state.get(key)
                if isinstance(value, torch.Tensor) and isinstance(old, torch.Tensor):
                    value = value.to(old.device)
                state[key] = _copied(value, host=False)

    def optimizer_replaced(self) -> None:
        self._best_state = {}

    def mean(self, numbers: list[float]) -> list[float]:
        if self.world_size == 1:
            return [float(n) for n in numbers]
        device = "cuda" if dist.get_backend() == "nccl" else "cpu"
        total = torch.tensor(numbers, dtype=torch.float64, device=device)
        dist.all_reduce(total)
        return [float(n) / self.world_size for n in total.tolist()]

    def full_state_dict(self) -> dict[str, torch.Tensor]:
        return {name: _copied(p) for name, p in self._parameters.items()}

    def detach(self) -> None:
        """There is nothing to take off."""


def _distributed() -> bool:
    return dist.is_available() and dist.is_initialized()


def _copied(value: Any, host: bool = True) -> Any:
    if not isinstance(value, torch.Tensor):
        return value
    copy = value.detach().clone()
    return copy.cpu() if host else copy
