# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""What a scheduler asks of whoever holds weights and gradients."""

from __future__ import annotations

import abc
from typing import Any, Iterable

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

    @abc.abstractmethod
    def save_best(self, optimizer: Any) -> None:
        """Keeps values and optimizer state, in host memory."""

    @abc.abstractmethod
    def restore_best(self, optimizer: Any) -> None:
        """Brings back what :meth:`save_best` kept; learning rates stay."""

    @abc.abstractmethod
    def mean(self, numbers: list[float]) -> list[float]:
        """Each number's mean over the ranks, the same bits everywhere."""

    @abc.abstractmethod
    def full_state_dict(self) -> dict[str, torch.Tensor]:
        """Every parameter whole, on the CPU, on every rank. Collective."""

    @abc.abstractmethod
    def detach(self) -> None:
        """Takes off hooks; the model is left with whole, ordinary weights."""
