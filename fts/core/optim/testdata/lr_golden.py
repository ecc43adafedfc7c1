#!/usr/bin/env python3
# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Writes lr_golden.inc: 200 steps of torch.optim.lr_scheduler.

Needs torch. Usage: lr_golden.py > lr_golden.inc
A case is a class and its keywords, as a run config writes them; nested
schedulers are {class_path, init_args}, lr_lambdas are text. A second group
comes at step 30 and a third at step 60, the way finetuning-scheduler adds them:
base_lrs extended by the group's lr, lr_lambdas by the last one, min_lrs by the
first; with "apply_lambdas" the group's lr and initial_lr are multiplied by the
last lambda of the present epoch. Rows hold the step and the groups' rates (0
before a group is there): every step up to 70, then every tenth.
"""
import copy
import json
import math
import warnings

import torch
from torch.optim import lr_scheduler as lrs

warnings.simplefilter("ignore")
STEPS, THAWS = 200, {30: 0.02, 60: 3e-5}


def metric(step):
    """Falls, stalls, and falls again."""
    return 1.0 / (1 + min(step, 40) + max(step - 90, 0) // 7)


def sub(name, **args):
    return {"class_path": "torch.optim.lr_scheduler." + name, "init_args": args}


CASES = [
    ("StepLR", dict(step_size=7, gamma=0.9)),
    ("StepLR", dict(step_size=1, gamma=0.97)),
    ("StepLR", dict(step_size=30)),
    ("StepLR", dict(step_size=1000)),
    ("MultiStepLR", dict(milestones=[3, 35, 35, 120], gamma=0.5)),
    ("MultiStepLR", dict(milestones=[120, 30, 1], gamma=0.9)),
    ("MultiStepLR", dict(milestones=[])),
    ("MultiStepLR", dict(milestones=[0, 61], gamma=0.3)),
    ("ExponentialLR", dict(gamma=0.985)),
    ("ExponentialLR", dict(gamma=1.01)),
    ("ExponentialLR", dict(gamma=0.5)),
    ("ConstantLR", dict(factor=0.25, total_iters=33)),
    ("ConstantLR", dict()),
    ("ConstantLR", dict(factor=0.1, total_iters=0)),
    ("ConstantLR", dict(factor=1.0, total_iters=30)),
    ("LinearLR", dict(start_factor=0.1, end_factor=0.9, total_iters=50)),
    ("LinearLR", dict()),
    ("LinearLR", dict(start_factor=1.0, end_factor=0.0, total_iters=60)),
    ("LinearLR", dict(start_factor=1e-6, total_iters=199)),
    ("LinearLR", dict(start_factor=0.5, total_iters=0)),
    ("PolynomialLR", dict()),
    ("PolynomialLR", dict(total_iters=150, power=2.0)),
    ("PolynomialLR", dict(total_iters=200, power=0.5)),
    ("PolynomialLR", dict(total_iters=45, power=1.0)),
    ("PolynomialLR", dict(total_iters=0)),
    ("CosineAnnealingLR", dict(T_max=23, eta_min=1e-4)),
    ("CosineAnnealingLR", dict(T_max=500)),
    ("CosineAnnealingLR", dict(T_max=1)),
    ("CosineAnnealingLR", dict(T_max=30, eta_min=1e-5)),
    ("CosineAnnealingLR", dict(T_max=100)),
    ("CosineAnnealingWarmRestarts", dict(T_0=9)),
    ("CosineAnnealingWarmRestarts", dict(T_0=10, T_mult=2, eta_min=1e-5)),
    ("CosineAnnealingWarmRestarts", dict(T_0=1, T_mult=3)),
    ("CosineAnnealingWarmRestarts", dict(T_0=1)),
    ("ReduceLROnPlateau", dict(factor=0.5, patience=3, cooldown=2, min_lr=1e-4)),
    ("ReduceLROnPlateau", dict(mode="max", threshold=0.01, threshold_mode="abs",
                               patience=5)),
    ("ReduceLROnPlateau", dict(patience=0, factor=0.9, eps=1e-5)),
    ("ReduceLROnPlateau", dict(patience=2, min_lr=[1e-3], threshold=0.2)),
    ("LambdaLR", dict(lr_lambda="0.97 ** epoch")),
    ("LambdaLR", dict(lr_lambda="lambda e: min(1.0, (e + 1) / 100)")),
    ("LambdaLR", dict(lr_lambda=["0.5 * (1 + math.cos(math.pi * epoch / 200))"])),
    ("LambdaLR", dict(lr_lambda="epoch / 20 if epoch < 20 else 0.1 ** (epoch // 60)")),
    ("LambdaLR", dict(lr_lambda="lambda e: min(1.0, (e + 1) / 100)"), "apply_lambdas"),
    ("LambdaLR", dict(lr_lambda="0.9 ** (epoch // 10)"), "apply_lambdas"),
    ("MultiplicativeLR", dict(lr_lambda="0.95")),
    ("MultiplicativeLR", dict(lr_lambda="1 - 1 / (epoch + 9)")),
    ("MultiplicativeLR", dict(lr_lambda=["0.5 if epoch % 30 == 0 else 1"])),
    ("MultiplicativeLR", dict(lr_lambda="0.5 if epoch % 30 == 0 else 1"), "apply_lambdas"),
    # Warm-up, then a cosine.
    ("SequentialLR", dict(schedulers=[sub("LinearLR", start_factor=0.01, total_iters=20),
                                      sub("CosineAnnealingLR", T_max=180)],
                          milestones=[20])),
    ("SequentialLR", dict(schedulers=[sub("LinearLR", start_factor=0.1, total_iters=30),
                                      sub("CosineAnnealingLR", T_max=50, eta_min=1e-5)],
                          milestones=[30])),
    ("SequentialLR", dict(schedulers=[sub("ConstantLR", factor=0.1, total_iters=40),
                                      sub("ExponentialLR", gamma=0.9),
                                      sub("StepLR", step_size=9, gamma=0.5),
                                      sub("PolynomialLR", total_iters=60)],
                          milestones=[20, 50, 100])),
    ("SequentialLR", dict(schedulers=[sub("ExponentialLR", gamma=0.9),
                                      sub("LambdaLR", lr_lambda="0.97 ** epoch"),
                                      sub("MultiplicativeLR", lr_lambda="0.99"),
                                      sub("CosineAnnealingWarmRestarts", T_0=12, T_mult=2)],
                          milestones=[10, 45, 90])),
    ("SequentialLR", dict(schedulers=[sub("CosineAnnealingWarmRestarts", T_0=7),
                                      sub("MultiStepLR", milestones=[0, 5], gamma=0.5),
                                      sub("ConstantLR", factor=0.5, total_iters=0),
                                      sub("LinearLR", start_factor=0.3, total_iters=10)],
                          milestones=[25, 60, 61])),
    ("SequentialLR", dict(schedulers=[sub("StepLR", step_size=3)], milestones=[])),
    ("SequentialLR", dict(schedulers=[sub("ExponentialLR", gamma=0.9),
                                      sub("ExponentialLR", gamma=0.99)],
                          milestones=[0])),
    ("SequentialLR", dict(schedulers=[sub("ExponentialLR", gamma=0.9),
                                      sub("StepLR", step_size=2),
                                      sub("LinearLR", total_iters=50)],
                          milestones=[30, 30])),
    ("SequentialLR", dict(schedulers=[sub("ConstantLR", factor=0.1, total_iters=9),
                                      sub("LambdaLR", lr_lambda="1 / (epoch + 1)")],
                          milestones=[20]), "apply_lambdas"),
    # Nested: what comes first is stepped once more at the start.
    ("SequentialLR", dict(schedulers=[
        sub("SequentialLR", schedulers=[sub("LinearLR", total_iters=10),
                                        sub("ExponentialLR", gamma=0.95)],
            milestones=[10]),
        sub("CosineAnnealingLR", T_max=100)], milestones=[50])),
    ("SequentialLR", dict(schedulers=[
        sub("ChainedScheduler", schedulers=[sub("ConstantLR", factor=0.5, total_iters=10),
                                            sub("ExponentialLR", gamma=0.95),
                                            sub("CosineAnnealingWarmRestarts", T_0=8)]),
        sub("ExponentialLR", gamma=0.9)], milestones=[40])),
    ("SequentialLR", dict(schedulers=[
        sub("ChainedScheduler", schedulers=[sub("ExponentialLR", gamma=0.95),
                                            sub("CosineAnnealingLR", T_max=20)]),
        sub("LambdaLR", lr_lambda="0.98 ** epoch")], milestones=[40])),
    ("ChainedScheduler", dict(schedulers=[sub("ConstantLR", factor=0.1, total_iters=2),
                                          sub("ExponentialLR", gamma=0.99)])),
    ("ChainedScheduler", dict(schedulers=[sub("LinearLR", start_factor=0.1, total_iters=40),
                                          sub("StepLR", step_size=30, gamma=0.5),
                                          sub("MultiStepLR", milestones=[30, 60], gamma=0.9)])),
    ("ChainedScheduler", dict(schedulers=[sub("CosineAnnealingLR", T_max=60, eta_min=1e-4),
                                          sub("PolynomialLR", total_iters=150)])),
    ("ChainedScheduler", dict(schedulers=[sub("LambdaLR", lr_lambda="0.99 ** epoch"),
                                          sub("MultiplicativeLR", lr_lambda="0.9 if epoch % 5 == 0 else 1")]),
     "apply_lambdas"),
    ("ChainedScheduler", dict(schedulers=[sub("ConstantLR", factor=0.3, total_iters=20),
                                          sub("SequentialLR", schedulers=[
                                              sub("LinearLR", total_iters=15),
                                              sub("ExponentialLR", gamma=0.97)],
                                              milestones=[15])])),
]


def function(text):
    names = {"math": math}
    return eval(text if text.startswith("lambda") else "lambda epoch: " + text, names)


def build(optimizer, name, args):
    args = copy.deepcopy(args)
    if "lr_lambda" in args:
        given = args["lr_lambda"]
        args["lr_lambda"] = ([function(g) for g in given] if isinstance(given, list)
                             else function(given))
    if "schedulers" in args:
        args["schedulers"] = [
            build(optimizer, s["class_path"].rsplit(".", 1)[1], s["init_args"])
            for s in args["schedulers"]]
    if name == "ChainedScheduler":
        return lrs.ChainedScheduler(args["schedulers"], optimizer)
    return getattr(lrs, name)(optimizer, **args)


def leaves(scheduler):
    parts = getattr(scheduler, "_schedulers", None)
    return [scheduler] if parts is None else [x for p in parts for x in leaves(p)]


def factor(scheduler):
    """What apply_lambdas multiplies by: of the part in force, of all in a chain."""
    if isinstance(scheduler, lrs.SequentialLR):
        passed = sum(m <= scheduler.last_epoch for m in scheduler._milestones)
        return factor(scheduler._schedulers[passed])
    if isinstance(scheduler, lrs.ChainedScheduler):
        return math.prod(factor(s) for s in scheduler._schedulers)
    lambdas = getattr(scheduler, "lr_lambdas", None)
    return lambdas[-1](scheduler.last_epoch) if lambdas else 1.0


def thaw(optimizer, scheduler, lr, apply_lambdas):
    new_lr = lr * factor(scheduler) if apply_lambdas else lr
    optimizer.add_param_group({
        "params": [torch.nn.Parameter(torch.zeros(1))],
        "lr": new_lr, "initial_lr": new_lr})
    for leaf in leaves(scheduler):
        if isinstance(leaf, lrs.ReduceLROnPlateau):
            leaf.min_lrs.append(leaf.min_lrs[0])
        else:
            leaf.base_lrs.append(lr)
        if hasattr(leaf, "lr_lambdas"):
            leaf.lr_lambdas.append(leaf.lr_lambdas[-1])


def main():
    print("// Written by lr_golden.py; do not edit.")
    print("// {class, keywords, apply_lambdas, {step, rates of three groups}…}")
    for name, args, *flags in CASES:
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
        scheduler = build(optimizer, name, args)
        apply_lambdas = "apply_lambdas" in flags
        print('{"%s",\n R"yaml(%s)yaml",\n %s,\n {' % (
            name, json.dumps(args), "true" if apply_lambdas else "false"))
        for step in range(STEPS + 1):
            if step in THAWS:
                thaw(optimizer, scheduler, THAWS[step], apply_lambdas)
            rates = ([g["lr"] for g in optimizer.param_groups] + [0.0, 0.0])[:3]
            if step <= 70 or step % 10 == 0:
                print("  {%d, %s}," % (step, ", ".join(repr(float(r)) for r in rates)))
            optimizer.step()
            if isinstance(scheduler, lrs.ReduceLROnPlateau):
                scheduler.step(metric(step))
            else:
                scheduler.step()
        print(" }},")


main()
