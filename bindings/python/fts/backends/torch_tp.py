# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""A resolved tp_plan applied with torch's own parallelize_module, and the loss
over logits that it leaves split."""

from __future__ import annotations

from typing import Any, Mapping

import torch
from torch.distributed.tensor import DTensor, Replicate, Shard
from torch.distributed.tensor import parallel as tp

from fts.backends.tp_styles import dim_of, each_result
from fts.errors import PlanError


def _placement(text: str | None) -> Any:
    """"replicate", "shard(1)" or None, as a plan's rules have them."""
    if text is None:
        return None
    dim = dim_of(text)
    return Replicate() if dim is None else Shard(dim)


class _Prepare(tp.ParallelStyle):
    """torch's PrepareModuleInputOutput for tensor arguments in order, whether they
    come by place or by name, and for as many of them as the plan speaks of."""

    def __init__(
        self, name: str, inputs: list[Any], outputs: list[Any], use_local_output: bool
    ) -> None:
        super().__init__()
        self._name = name
        self._inputs = [tuple(map(_placement, pair)) for pair in inputs]
        self._outputs = [tuple(map(_placement, pair)) for pair in outputs]
        self._local = use_local_output

    def _apply(self, module: torch.nn.Module, device_mesh: Any) -> torch.nn.Module:
        def one(value: Any, rest: Any, local: bool) -> Any:
            if not isinstance(value, torch.Tensor):
                return value
            before, after = next(rest, (None, None))
            if before is None or after is None:
                return value
            if not isinstance(value, DTensor):
                value = DTensor.from_local(
                    value, device_mesh, (before,), run_check=False
                )
            value = value.redistribute(placements=(after,))
            return value.to_local() if local else value

        def take(_: Any, args: Any, kwargs: Any) -> Any:
            rest = iter(self._inputs)
            args = tuple(one(v, rest, self._local) for v in args)
            return args, {k: one(v, rest, self._local) for k, v in kwargs.items()}

        def hand_on(_: Any, args: Any, made: Any) -> Any:
            rest = iter(self._outputs)
            return each_result(made, lambda v: one(v, rest, True), self._name)

        if self._inputs:
            module.register_forward_pre_hook(take, with_kwargs=True)
        if self._outputs:
            module.register_forward_hook(hand_on)
        return module


def style_of(rule: Mapping[str, Any], keeps_logits: bool = False) -> tp.ParallelStyle:
    """torch's style of a plan's rule. ``keeps_logits``: what leaves stays a
    DTensor, for :func:`token_loss`."""
    comes, works = (rule["inputs"] or [(None, None)])[0]
    leaves = _placement(rule["outputs"][0][1]) if rule["outputs"] else None
    local = rule["use_local_output"] and not keeps_logits
    if rule["style"] == "colwise":
        return tp.ColwiseParallel(
            input_layouts=_placement(comes), output_layouts=leaves,
            use_local_output=local,
        )  # fmt: skip
    if rule["style"] == "rowwise":
        return tp.RowwiseParallel(
            input_layouts=_placement(comes), output_layouts=leaves,
            use_local_output=local,
        )  # fmt: skip
    if rule["style"] == "sequence":
        return tp.SequenceParallel(
            sequence_dim=dim_of(works) or 0, use_local_output=local
        )
    return _Prepare(rule["module"], rule["inputs"], rule["outputs"], local)


def parallelize(
    model: torch.nn.Module,
    modules: Mapping[str, torch.nn.Module],
    plan: Mapping[str, Any],
    mesh: Any,
) -> None:
    """``plan``: of fts.Plan.tp. ``modules`` by the names in it. A parameter that
    modules share stays one. Raises PlanError for a module that torch cannot split.
    """
    shared: dict[int, list[tuple[torch.nn.Module, str]]] = {}
    for module in model.modules():
        for name, parameter in module._parameters.items():
            if parameter is not None:
                shared.setdefault(id(parameter), []).append((module, name))
    for rule in plan["rules"]:
        split = rule["style"] in ("colwise", "rowwise")
        if split and not isinstance(
            modules[rule["module"]], (torch.nn.Linear, torch.nn.Embedding)
        ):
            raise PlanError(
                f"tp_plan: '{rule['module']}' is no torch.nn.Linear or Embedding, so it "
                f"cannot be {rule['style']}; leave it out of the tp_plan, and it stays "
                "whole on every rank"
            )
        keeps = plan["loss_parallel"] and rule["module"] == plan["loss_module"]
        tp.parallelize_module(modules[rule["module"]], mesh, style_of(rule, keeps))
    for first, *others in shared.values():
        for module, name in others:
            module._parameters[name] = first[0]._parameters[first[1]]


def token_loss(
    logits: torch.Tensor, labels: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """(sum, count) as Backend.token_loss, of logits that may be a DTensor split
    over the vocabulary: torch's loss_parallel, whose backward needs no context of
    the caller's here."""
    labels = labels.reshape(-1)
    count = (labels != -100).sum()
    if isinstance(logits, DTensor):
        return _SplitLoss.apply(logits, labels), count
    rows = logits.reshape(-1, logits.shape[-1]).float()
    return torch.nn.functional.cross_entropy(rows, labels, reduction="sum"), count


class _SplitLoss(torch.autograd.Function):
    """The gradient is made in forward, where loss_parallel is in force: its
    backward would only have to run within it too."""

    @staticmethod
    def forward(ctx: Any, logits: DTensor, labels: torch.Tensor) -> torch.Tensor:
        needed = ctx.needs_input_grad[0]
        with torch.set_grad_enabled(needed), tp.loss_parallel():
            leaf = logits.detach().requires_grad_(needed)
            rows = leaf.flatten(0, -2).float()
            loss = torch.nn.functional.cross_entropy(rows, labels, reduction="sum")
            if needed:
                (gradient,) = torch.autograd.grad(loss, leaf)
                ctx.save_for_backward(gradient)
        loss = loss.detach()
        return loss.full_tensor() if isinstance(loss, DTensor) else loss

    @staticmethod
    @torch.autograd.function.once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, grad: torch.Tensor) -> Any:
        (gradient,) = ctx.saved_tensors
        scaled = gradient.to_local() * grad
        return DTensor.from_local(
            scaled.to(gradient.dtype), gradient.device_mesh, gradient.placements,
            run_check=False, shape=gradient.shape, stride=gradient.stride(),
        ), None  # fmt: skip
