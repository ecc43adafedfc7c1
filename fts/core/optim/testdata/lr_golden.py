#!/usr/bin/env python3
# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Writes lr_golden.inc: 200 steps of torch.optim.lr_scheduler.

Needs torch. Usage: lr_golden.py > lr_golden.inc
A second group comes at step 30, the way a thaw adds it. Rows hold the step,
the first group's rate and the second's (0 before it is there); every step up
to 60, then every fifth.
"""
import warnings

import torch
from torch.optim import lr_scheduler as lrs

warnings.simplefilter("ignore")
STEPS, THAW = 200, 30


def metric(step):
    """Falls, stalls, and falls again."""
    return 1.0 / (1 + min(step, 40) + max(step - 90, 0) // 7)


CASES = [
    ("step", lambda o: lrs.StepLR(o, 7, 0.9)),
    ("step_1", lambda o: lrs.StepLR(o, 1, 0.97)),
    ("multi_step", lambda o: lrs.MultiStepLR(o, [3, 35, 35, 120], 0.5)),
    ("exponential", lambda o: lrs.ExponentialLR(o, 0.985)),
    ("constant", lambda o: lrs.ConstantLR(o, 0.25, 33)),
    ("linear", lambda o: lrs.LinearLR(o, 0.1, 0.9, 50)),
    ("linear_default", lambda o: lrs.LinearLR(o)),
    ("cosine", lambda o: lrs.CosineAnnealingLR(o, 23, 1e-4)),
    ("cosine_long", lambda o: lrs.CosineAnnealingLR(o, 500)),
    ("restarts", lambda o: lrs.CosineAnnealingWarmRestarts(o, 9)),
    ("restarts_2", lambda o: lrs.CosineAnnealingWarmRestarts(o, 10, 2, 1e-5)),
    ("plateau", lambda o: lrs.ReduceLROnPlateau(
        o, factor=0.5, patience=3, cooldown=2, min_lr=1e-4)),
    ("plateau_max", lambda o: lrs.ReduceLROnPlateau(
        o, mode="max", threshold=0.01, threshold_mode="abs", patience=5)),
]

print("// Written by lr_golden.py; do not edit.")
print("// {case, step, first group's rate, second group's rate}")
for name, make in CASES:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler = make(optimizer)
    plateau = isinstance(scheduler, lrs.ReduceLROnPlateau)
    for step in range(STEPS + 1):
        if step == THAW:
            optimizer.add_param_group({
                "params": [torch.nn.Parameter(torch.zeros(1))],
                "lr": 0.02, "initial_lr": 0.02})
            if plateau:
                scheduler.min_lrs.append(scheduler.min_lrs[0])
            else:
                scheduler.base_lrs.append(0.02)
        rates = [g["lr"] for g in optimizer.param_groups] + [0.0]
        if step <= 60 or step % 5 == 0:
            print(f'{{"{name}", {step}, {rates[0]!r}, {rates[1]!r}}},')
        optimizer.step()
        if plateau:
            scheduler.step(metric(step))
        else:
            scheduler.step()
