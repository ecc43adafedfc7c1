#!/usr/bin/env python3
# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Writes optimizer_golden.inc: parameters after a few steps of torch.optim.

Needs torch. Usage: optimizer_golden.py > optimizer_golden.inc
The values and gradients are exact in fp32, so that the test can make the same.
"""
import torch

SIZES = [5, 3, 7]
STEPS = 6
UNUSED = {(1, 2), (1, 3)}  # (parameter, step)


def grid(parameter, element, step):
    return ((element * 37 + step * 11 + parameter * 5) % 17 - 8) / 8.0


def run(make):
    params = [torch.nn.Parameter(torch.tensor(
        [grid(p, i, 100) for i in range(n)])) for p, n in enumerate(SIZES)]
    optimizer = make([
        {"params": params[:2], "weight_decay": 0.1},
        {"params": params[2:], "weight_decay": 0.0},
    ])
    for step in range(STEPS):
        for p, param in enumerate(params):
            if (p, step) in UNUSED:
                param.grad = None
            else:
                param.grad = torch.tensor(
                    [grid(p, i, step) for i in range(SIZES[p])])
        optimizer.step()
    return torch.cat([p.detach() for p in params])


def emit(name, make):
    values = ", ".join(float(v).hex() for v in run(make))
    print(f"inline constexpr float k{name}[] = {{{values}}};")


print("// Written by optimizer_golden.py; do not edit.")
plain = {"foreach": False, "fused": False}
emit("AdamW", lambda g: torch.optim.AdamW(
    g, lr=0.01, betas=(0.8, 0.95), eps=1e-6, **plain))
emit("Adam", lambda g: torch.optim.Adam(
    g, lr=0.01, betas=(0.8, 0.95), eps=1e-6, **plain))
emit("Sgd", lambda g: torch.optim.SGD(g, lr=0.01, **plain))
emit("SgdMomentum", lambda g: torch.optim.SGD(
    g, lr=0.01, momentum=0.9, dampening=0.1, **plain))
emit("SgdNesterov", lambda g: torch.optim.SGD(
    g, lr=0.01, momentum=0.9, nesterov=True, **plain))
emit("SgdMaximize", lambda g: torch.optim.SGD(
    g, lr=0.01, momentum=0.9, maximize=True, **plain))
emit("AdamWAmsgrad", lambda g: torch.optim.AdamW(
    g, lr=0.01, betas=(0.8, 0.6), eps=1e-6, amsgrad=True, **plain))
emit("AdamWMaximize", lambda g: torch.optim.AdamW(
    g, lr=0.01, betas=(0.8, 0.95), eps=1e-6, maximize=True, **plain))
emit("AdamAmsgradMaximize", lambda g: torch.optim.Adam(
    g, lr=0.01, betas=(0.8, 0.6), eps=1e-6, amsgrad=True, maximize=True,
    **plain))
emit("Adagrad", lambda g: torch.optim.Adagrad(g, lr=0.01, **plain))
emit("AdagradDecay", lambda g: torch.optim.Adagrad(
    g, lr=0.05, lr_decay=0.1, initial_accumulator_value=0.25, eps=1e-3,
    **plain))
emit("AdagradMaximize", lambda g: torch.optim.Adagrad(
    g, lr=0.01, maximize=True, **plain))
emit("RmsProp", lambda g: torch.optim.RMSprop(g, lr=0.01, foreach=False))
emit("RmsPropMomentum", lambda g: torch.optim.RMSprop(
    g, lr=0.01, alpha=0.9, momentum=0.8, eps=1e-4, foreach=False))
emit("RmsPropCentered", lambda g: torch.optim.RMSprop(
    g, lr=0.01, alpha=0.9, centered=True, eps=1e-2, foreach=False))
emit("RmsPropAll", lambda g: torch.optim.RMSprop(
    g, lr=0.01, alpha=0.8, momentum=0.5, centered=True, eps=1e-2,
    maximize=True, foreach=False))
