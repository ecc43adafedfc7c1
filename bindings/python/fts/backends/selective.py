# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""``act_ckpt``'s ``save``: operators whose outputs a checkpoint keeps."""

from __future__ import annotations

from typing import Any, Callable

import torch
from torch.utils.checkpoint import (
    CheckpointPolicy,
    create_selective_checkpoint_contexts,
)


def saving(save: list[str]) -> Callable[[], Any]:
    """context_fn of a checkpoint that keeps the outputs of some operators."""

    aten = torch.ops.aten
    ops = {
        "matmul": [aten.mm, aten.addmm, aten.bmm, aten.baddbmm],
        "attention": [
            aten._scaled_dot_product_flash_attention,
            aten._scaled_dot_product_flash_attention_for_cpu,
            aten._scaled_dot_product_efficient_attention,
            aten._scaled_dot_product_cudnn_attention,
        ],
    }
    kept = {packet for name in save for packet in ops[name]}

    def policy(ctx: Any, op: Any, *args: Any, **kwargs: Any) -> CheckpointPolicy:
        if getattr(op, "overloadpacket", op) in kept:
            return CheckpointPolicy.MUST_SAVE
        return CheckpointPolicy.PREFER_RECOMPUTE

    return lambda: create_selective_checkpoint_contexts(policy)
