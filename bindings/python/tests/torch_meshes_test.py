# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Meshes of more than one dimension, under the torch backend and under ours: every
one gives the curve of plain training. Runs itself as four ranks."""

import unittest
import warnings

import torch
import two_ranks as toy
from two_ranks import RANK, RANKS, Net

import fts

BLOCKS = {r"blocks\.\d+$": {}}
TP = {r"blocks\.\d+\.up$": "colwise", r"blocks\.\d+\.down$": "rowwise"}
# plan, mesh, data-parallel size, backend
CASES = {
    "tensor parallel inside units": (
        {"fsdp_plan": BLOCKS, "tp_plan": TP}, {"tp": 2}, 2, "torch"),
    "everything in units": (
        {"fsdp_plan": BLOCKS, "tp_plan": TP, "unplanned": "shard"}, {"tp": 2}, 2,
        "torch"),
    "tensor parallel alone": ({"tp_plan": TP}, {"tp": 2}, 2, "torch"),
    "replicas": ({"fsdp_plan": BLOCKS}, {"dp_replicate": 2}, 4, "torch"),
    "resharded to a part": (
        {"fsdp_plan": {**BLOCKS, "head": {"reshard_after_forward": 2}}}, None, 4,
        "torch"),
    "tensor parallel inside units, natively": (
        {"fsdp_plan": BLOCKS, "tp_plan": TP}, {"tp": 2}, 2, "native"),
    "tensor parallel in replicas, natively": (
        {"fsdp_plan": BLOCKS, "tp_plan": TP, "binding": "off"},
        {"tp": 2, "dp_replicate": 2}, 2, "native"),
    "replicas, natively": ({"fsdp_plan": BLOCKS}, {"dp_replicate": 2}, 4, "native"),
}  # fmt: skip


def losses_of(plan, mesh, parts, backend):
    model = Net()
    scheduler = fts.Scheduler(
        model, schedule=toy.SCHEDULE, strategy_adapter_cfg=plan, mesh=mesh,
        optimizer=torch.optim.AdamW(model.parameters(), lr=toy.LR),
        backend=backend, max_epochs=toy.EPOCHS)  # fmt: skip
    part = RANK * parts // RANKS  # tensor-parallel peers see the same rows
    losses = []
    for epoch in scheduler.epochs():
        pairs = [toy.batch(10 * epoch + step) for step in range(toy.STEPS)]
        for pair in scheduler.steps([tuple(t[part::parts] for t in p) for p in pairs]):
            loss = toy.loss_of(model, pair)
            loss.backward()
            scheduler.clip_grad_norm_(0.5)
            scheduler.optimizer.step()
            scheduler.optimizer.zero_grad()
            losses.append(scheduler.backend.mean([loss.item()])[0])
        scheduler.validation_end({"val_loss": float(-epoch)})
    return losses


class MeshesTest(unittest.TestCase):
    @unittest.skipIf(RANKS == 1, "needs ranks")
    def test_every_mesh_gives_the_curve_of_one_process(self):
        wanted, _ = toy.plain_training(clip=0.5)
        for name, case in CASES.items():
            with self.subTest(name):
                for one, other in zip(losses_of(*case), wanted):
                    self.assertAlmostEqual(one, other, delta=1e-6 * other)

    @unittest.skipIf(RANKS > 1, "this is a rank")
    def test_four_ranks(self):
        toy.run_two_ranks(self, __file__, count=4)


if __name__ == "__main__":
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", fts.FtsWarning)
    if RANKS > 1:
        torch.distributed.init_process_group("gloo")
    unittest.main()
