# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""What a scheduler asks of whoever holds weights and gradients."""

from __future__ import annotations

import abc
from typing import Any, Callable, Iterable

import torch


class Backend(abc.ABC):
    """Holds a model's weights and gradients for a :class:`fts.Scheduler`.

    Made by the scheduler. Every rank makes the same calls in the same order.
    Threads: confined to the training thread.
    """

    #: "native" or "torch".
    name: str

    @property
    @abc.abstractmethod
    def rank(self) -> int:
        """This process's rank, from 0."""

    @property
    @abc.abstractmethod
    def world_size(self) -> int:
        """How many ranks train together."""

    #: How many ranks share the work of layers and see the same batches.
    tp_size: int = 1

    @property
    def dp_rank(self) -> int:
        """This rank among those that have batches of their own, from 0."""
        return self.rank // self.tp_size

    @property
    def dp_size(self) -> int:
        """How many have batches of their own."""
        return self.world_size // self.tp_size

    def token_loss(
        self, logits: torch.Tensor, labels: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(sum, count) of token cross entropy in float32; labels of -100 are left
        out."""
        labels = labels.reshape(-1)
        total = torch.nn.functional.cross_entropy(
            logits.reshape(-1, logits.shape[-1]).float(), labels, reduction="sum"
        )
        return total, (labels != -100).sum()

    @abc.abstractmethod
    def thaw(self, phase: int, names: list[str]) -> None:
        """The parameters that begin to train in ``phase``."""

    @abc.abstractmethod
    def freeze(self, phase: int, names: list[str]) -> None:
        """The parameters that stop in ``phase``: no gradient, no state."""

    @abc.abstractmethod
    def tensors(self, names: Iterable[str]) -> list[torch.Tensor]:
        """What an optimizer updates for parameters that train now, in order."""

    @abc.abstractmethod
    def attach_optimizer(self, optimizer: torch.optim.Optimizer) -> None:
        """From here on this optimizer's steps update the model."""

    @abc.abstractmethod
    def clip_grad_norm_(self, max_norm: float) -> float:
        """Clips the gradients of the step by their global L2 norm over all
        ranks, which it returns."""

    def check_optimizer(self, optimizer: torch.optim.Optimizer) -> None:
        """Raises TypeError for an optimizer that cannot update what
        :meth:`tensors` gives. Before anything is thawed."""

    def begin_micro_step(self, last: bool) -> None:
        """Before the forward of one of several backwards of a step."""

    def sync_gradients(self) -> None:
        """Completes the step's gradients over the ranks, once per step."""

    def optimizer_replaced(self) -> None:
        """A new_optimizer: the state kept by :meth:`save_best` is void."""

    @abc.abstractmethod
    def save_best(self, optimizer: Any) -> None:
        """Keeps values and optimizer state, in host memory."""

    @abc.abstractmethod
    def restore_best(self, optimizer: Any) -> None:
        """Brings back what :meth:`save_best` kept; learning rates stay."""

    @abc.abstractmethod
    def mean(self, numbers: list[float]) -> list[float]:
        """Each number's mean over the ranks, the same bits everywhere."""

    def from_rank0(self, number: float) -> float:
        """Rank 0's number, on every rank."""
        if self.world_size == 1:
            return number
        mine = number if self.rank == 0 else 0.0
        return self.mean([mine])[0] * self.world_size

    @abc.abstractmethod
    def full_state_dict(self) -> dict[str, torch.Tensor]:
        """Every parameter whole, on the CPU, on every rank. Collective."""

    @abc.abstractmethod
    def detach(self) -> None:
        """Takes off hooks; the model is left with whole, ordinary weights."""


def before_update(
    args: Any,
    kwargs: Any,
    ready: Callable[[], None],
    begin: Callable[[], None] = lambda: None,
) -> Any:
    """What an optimizer's step pre-hook returns so that ``ready()`` runs when the
    step's gradients are there: now, or after the closure that makes them, before
    which ``begin()`` runs. ``args`` begins with the optimizer, as torch has it.
    """
    closure = kwargs.get("closure") or (args[1] if len(args) > 1 else None)
    if closure is None:
        ready()
        return None

    def completed() -> Any:
        begin()
        loss = closure()
        ready()
        return loss

    return (args[0], completed), {k: v for k, v in kwargs.items() if k != "closure"}
