# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Our schedule and plan over torch's fully_shard and its kin, against plain
training and against our own engine. Runs itself again as two ranks."""

import os
import shutil
import tempfile
import unittest
import warnings

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
import two_ranks as toy
from torch.distributed.checkpoint import state_dict as dcp_state
from torch.distributed.tensor import DTensor
from two_ranks import RANK, RANKS, Net, scheduled_training

import fts

BLOCKS = {r"blocks\.\d+$": {}}
PLANS = {
    "nothing": None,
    "no root": {"fsdp_plan": {**BLOCKS, "head": {}}},
    "root": {"fsdp_plan": {**BLOCKS, "": {}}},
    "unplanned": {"fsdp_plan": BLOCKS, "unplanned": "shard"},
    "kept": {"fsdp_default_kwargs": {"reshard_after_forward": False},
             "fsdp_plan": {**BLOCKS, "head": {}}},
    "checkpointed": {"fsdp_default_kwargs": {"act_ckpt": ["composable"]},
                     "fsdp_plan": {**BLOCKS, "head": {"act_ckpt": None}}},
    "wrapped": {"fsdp_plan": {r"blocks\.\d+$": {"act_ckpt": ["wrapped"]}}},
    "wrapped, saving": {"fsdp_plan": {r"blocks\.\d+$": {
        "act_ckpt": ["wrapped", {"save": ["matmul"]}]}}},
    "offloaded": {"fsdp_plan": {r"blocks\.\d+$": {
        "act_ckpt": ["wrapped_offload"], "cpu_offload_policy": {}}}},
    "other dim": {"fsdp_plan": {r"blocks\.\d+\.down$": {
        "shard_placement": {"dim": 1}}}},
    "ignored": {"fsdp_plan": {r"blocks\.\d+$": {
        "ignored_params": [r"blocks\.\d+\.up\.bias"]}}},
}  # fmt: skip


def scheduler_of(plan, model=None, **options):
    model = Net() if model is None else model
    options.setdefault("optimizer", torch.optim.AdamW(model.parameters(), lr=toy.LR))
    options.setdefault("schedule", toy.SCHEDULE)
    return fts.Scheduler(
        model, strategy_adapter_cfg=plan, backend=options.pop("backend", "torch"),
        max_epochs=toy.EPOCHS, **options)  # fmt: skip


class TorchBackendTest(unittest.TestCase):
    def assertClose(self, got, wanted, rtol=1e-6):
        torch.testing.assert_close(
            torch.tensor(got, dtype=torch.float64),
            torch.tensor(wanted, dtype=torch.float64),
            rtol=rtol, atol=0)  # fmt: skip

    def test_every_plan_trains_as_one_process_does(self):
        wanted, values = toy.plain_training(clip=0.5)
        for name, plan in PLANS.items():
            with self.subTest(name):
                scheduler = scheduler_of(plan)
                losses = scheduled_training(scheduler, clip=0.5)
                self.assertClose(losses, wanted)
                whole = scheduler.backend.full_state_dict()
                self.assertEqual(list(whole), list(values))
                start = dict(Net().named_parameters())
                for parameter, value in values.items():
                    torch.testing.assert_close(
                        whole[parameter], value, rtol=1e-4, atol=1e-6)  # fmt: skip
                    self.assertFalse(torch.equal(whole[parameter], start[parameter]))
                self.assertClose(scheduler.learning_rates(), [0.05, 0.02, 0.01])

    def test_native_and_torch_give_one_curve(self):
        plan = {"fsdp_plan": {**BLOCKS, "head": {}}}
        curves = [
            scheduled_training(scheduler_of(plan, backend=backend))
            for backend in ("torch", "native")
        ]
        self.assertClose(curves[0], curves[1])

    def test_what_is_sharded_is_what_the_plan_says(self):
        scheduler = scheduler_of(PLANS["ignored"])
        sharded = {
            n for n, p in scheduler.named_parameters() if isinstance(p, DTensor)
        }
        wanted = {f"blocks.{i}.{n}" for i in (0, 1) for n in ("up.weight", "down.weight")}
        self.assertEqual(sharded, wanted)
        wrapped = scheduler_of(PLANS["wrapped"])
        self.assertEqual(
            [n for n, _ in wrapped.named_parameters()],
            [n for n, _ in Net().named_parameters()])  # fmt: skip

    def test_the_remainder_is_averaged_and_unused_parameters_stay(self):
        model = Net()
        model.unused = torch.nn.Linear(2, 2)
        model.sometimes = torch.nn.Parameter(torch.ones(2))
        schedule = {0: {"params": ["norm.*", "unused.*", "sometimes"]}}
        scheduler = scheduler_of(None, model, schedule=schedule)
        for _ in scheduler.epochs():
            for pair in scheduler.steps([toy.mine(toy.batch(1))]):
                loss = toy.loss_of(model, pair)
                if RANK == 0:
                    loss = loss + model.sometimes.sum()
                loss.backward()
                scheduler.sync_gradients()
                self.assertIsNone(model.unused.weight.grad)
                expected = 1.0 / RANKS
                self.assertEqual(model.sometimes.grad.tolist(), [expected] * 2)
                reference = Net()
                toy.loss_of(reference, toy.batch(1)).backward()
                torch.testing.assert_close(
                    model.norm.weight.grad, reference.norm.weight.grad)  # fmt: skip
                norm = scheduler.clip_grad_norm_(1e9)
                parts = [reference.norm.weight.grad, reference.norm.bias.grad,
                         model.sometimes.grad]  # fmt: skip
                whole = torch.cat([g.reshape(-1) for g in parts]).norm().item()
                self.assertAlmostEqual(norm, whole, delta=1e-6 * whole)
                scheduler.optimizer.step()
            scheduler.validation_end({"val_loss": 1.0})
            break
        self.assertTrue(torch.equal(model.unused.weight, model.unused.weight))

    def test_accumulation_is_one_large_batch(self):
        wanted = scheduled_training(scheduler_of(PLANS["no root"]))
        scheduler = scheduler_of(PLANS["no root"])
        losses = []
        for epoch in scheduler.epochs():
            halves = []
            for step in range(toy.STEPS):
                x, y = toy.mine(toy.batch(10 * epoch + step))
                half = len(x) // 2
                halves += [(x[:half], y[:half]), (x[half:], y[half:])]
            seen = 0.0
            for i, pair in enumerate(scheduler.steps(halves, accumulate=2)):
                loss = toy.loss_of(scheduler.model, pair) / 2
                loss.backward()
                seen += loss.item()
                if i % 2 == 1:
                    scheduler.optimizer.step()
                    scheduler.optimizer.zero_grad()
                    losses.append(scheduler.backend.mean([seen])[0])
                    seen = 0.0
            scheduler.validation_end({"val_loss": float(-epoch)})
        self.assertClose(losses, wanted)
        self.assertEqual(scheduler.step, toy.EPOCHS * toy.STEPS)

    def test_the_best_state_comes_back(self):
        for plan in (PLANS["no root"], PLANS["unplanned"]):
            scheduler = scheduler_of(plan)
            kept = {}
            for epoch in scheduler.epochs():
                if epoch == 1:
                    # Phase 1 begins from the values of the validation after
                    # epoch 0; so does phase 2, since epoch 1 was worse.
                    kept = scheduler.backend.full_state_dict()
                if epoch == 2:
                    again = scheduler.backend.full_state_dict()
                    for name, value in kept.items():
                        self.assertTrue(torch.equal(value, again[name]), name)
                    state = scheduler.optimizer.state
                    named = scheduler.backend.parameters()
                    self.assertIn(named["head.weight"], state)
                    self.assertNotIn(named["blocks.1.up.weight"], state)
                for step in range(2):
                    scheduler.step_start()
                    toy.loss_of(scheduler.model, toy.mine(toy.batch(step))).backward()
                    scheduler.optimizer.step()
                    scheduler.optimizer.zero_grad()
                    scheduler.step_end()
                scheduler.validation_end({"val_loss": float(epoch)})
            self.assertEqual(scheduler.phase, 2)

    def test_a_unit_frozen_at_first_trains_in_mixed_precision(self):
        plan = {"fsdp_plan": BLOCKS, "unplanned": "shard"}
        scheduler = scheduler_of(plan, precision="bf16-mixed")
        before = scheduler.backend.full_state_dict()
        losses = scheduled_training(scheduler)
        self.assertClose(losses, toy.plain_training()[0], rtol=0.05)
        for name, value in scheduler.backend.full_state_dict().items():
            self.assertEqual(value.dtype, torch.float32)
            self.assertFalse(torch.equal(value, before[name]), name)

    def test_a_checkpoint_resumes(self):
        wanted = scheduled_training(scheduler_of(PLANS["no root"], restore_best=False))
        folder = [tempfile.mkdtemp() if RANK == 0 else None]
        if RANKS > 1:
            dist.broadcast_object_list(folder)
        path = os.path.join(folder[0], "epoch_1")
        first = scheduler_of(PLANS["no root"], restore_best=False)
        losses = []
        for epoch in first.epochs():
            for pair in first.steps(
                [toy.mine(toy.batch(10 * epoch + s)) for s in range(toy.STEPS)]
            ):
                loss = toy.loss_of(first.model, pair)
                loss.backward()
                first.optimizer.step()
                first.optimizer.zero_grad()
                losses.append(first.backend.mean([loss.item()])[0])
            first.validation_end({"val_loss": float(-epoch)})
            if epoch == 1:
                first.epoch_end()
                first.save_checkpoint(path)
                break
        with torch.random.fork_rng():
            model = Net()
        for parameter in model.parameters():
            parameter.data.zero_()
        # Another plan reads it too: what is stored does not depend on it.
        second = scheduler_of(PLANS["unplanned"], model, restore_best=False)
        second.load_checkpoint(path)
        self.assertEqual((second.phase, second.epoch, second.step), (1, 1, 6))
        losses += scheduled_training(second)
        self.assertClose(losses, wanted)
        with self.assertRaisesRegex(fts.StateError, "before the first epoch"):
            second.load_checkpoint(path)
        with self.assertRaisesRegex(fts.StateError, "exists"):
            second.save_checkpoint(path)
        with self.assertRaisesRegex(fts.InputError, "backend='torch'"):
            scheduler_of(None, backend="native").load_checkpoint(path)
        self.assertTrue(os.path.exists(os.path.join(path, ".metadata")))
        second.backend.mean([0.0])
        if RANK == 0:
            shutil.rmtree(folder[0])

    def test_torch_s_own_state_dict_functions_work(self):
        scheduler = scheduler_of(PLANS["no root"])
        scheduled_training(scheduler)
        whole = scheduler.backend.full_state_dict()
        options = dcp_state.StateDictOptions(full_state_dict=True, cpu_offload=True)
        model, optimizer = dcp_state.get_state_dict(
            scheduler.model, scheduler.optimizer, options=options)  # fmt: skip
        if RANK == 0:
            for name, value in model.items():
                self.assertTrue(torch.equal(value, whole[name]))
            self.assertEqual(
                set(optimizer["state"]), set(scheduler.trainable()))  # fmt: skip
        folder = [tempfile.mkdtemp() if RANK == 0 else None]
        if RANKS > 1:
            dist.broadcast_object_list(folder)
        saved = {"model": dcp_state.get_model_state_dict(scheduler.model),
                 "scheduler": scheduler.state_dict()["optimizer"]["state"]}  # fmt: skip
        dcp.save(saved, checkpoint_id=folder[0])
        for value in saved["model"].values():
            torch.nn.init.zeros_(value)
        dcp.load(saved, checkpoint_id=folder[0])
        dcp_state.set_model_state_dict(scheduler.model, saved["model"])
        for name, value in scheduler.backend.full_state_dict().items():
            self.assertTrue(torch.equal(value, whole[name]), name)
        scheduler.backend.mean([0.0])
        if RANK == 0:
            shutil.rmtree(folder[0])

    def test_tensor_parallel_before_fully_shard(self):
        wanted, _ = toy.plain_training(clip=0.5)
        plan = {
            "fsdp_plan": BLOCKS,
            "tp_plan": {r"blocks\.\d+\.up$": "colwise",
                        r"blocks\.\d+\.down$": {"style": "rowwise"}},
        }  # fmt: skip
        scheduler = scheduler_of(plan, mesh={"tp": RANKS})
        if RANKS > 1:
            weight = dict(scheduler.named_parameters())["blocks.0.up.weight"]
            self.assertEqual(weight.device_mesh.mesh_dim_names, ("dp_shard", "tp"))
            self.assertEqual(weight.to_local().shape, (12 // RANKS, 6))
            # All ranks see all rows: the data-parallel size is 1.
            data = [
                [toy.batch(10 * epoch + step) for step in range(toy.STEPS)]
                for epoch in range(toy.EPOCHS)
            ]
            losses = []
            for epoch in scheduler.epochs():
                for pair in scheduler.steps(data[epoch]):
                    loss = toy.loss_of(scheduler.model, pair)
                    loss.backward()
                    scheduler.clip_grad_norm_(0.5)
                    scheduler.optimizer.step()
                    scheduler.optimizer.zero_grad()
                    losses.append(loss.item())
                scheduler.validation_end({"val_loss": float(-epoch)})
            self.assertClose(losses, wanted)

    def test_what_it_cannot_do_is_refused(self):
        with self.assertRaisesRegex(fts.PlanError, "unplanned: shard"):
            scheduler_of({"fsdp_plan": BLOCKS}, precision="bf16-mixed")
        with self.assertRaisesRegex(fts.InputError, "not the world of"):
            scheduler_of(None, mesh={"dp_shard": 3})
        model = Net()
        model.second = torch.nn.Linear(6, 2)
        model.second.weight = model.head.weight
        with self.assertRaisesRegex(fts.PlanError, "tied to"):
            scheduler_of({"fsdp_plan": {"head": {}, "": {}}}, model)

    def test_mixed_groups_take_plain_kernels(self):
        model = Net()
        schedule = {0: {"params": ["head.*", "norm.*"]}}
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            scheduler = scheduler_of(
                {"fsdp_plan": {"head": {}}}, model, schedule=schedule,
                optimizer=torch.optim.AdamW(model.parameters(), fused=True))  # fmt: skip
            scheduler.run_start()
        self.assertIn("mixed_optimizer_group", str([str(w.message) for w in seen]))
        toy.loss_of(model, toy.mine(toy.batch(0))).backward()
        scheduler.optimizer.step()

    def test_ranks_hold_the_same_and_metrics_are_means(self):
        scheduler = scheduler_of(None)
        scheduler.run_start()
        scheduler.epoch_start()
        scheduler.step_start()
        scheduler.step_end()
        scheduler.validation_end({"val_loss": float(RANK)}, weight=RANK + 1.0)
        wanted = 2.0 / 3.0 if RANKS == 2 else 0.0
        self.assertAlmostEqual(scheduler._metrics["val_loss"], wanted)
        self.assertEqual((scheduler.rank, scheduler.world_size), (RANK, RANKS))


class TwoRanksTest(unittest.TestCase):
    @unittest.skipIf(RANKS > 1, "this is a rank")
    def test_the_same_on_two_ranks(self):
        toy.run_two_ranks(self, __file__)


if __name__ == "__main__":
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", fts.FtsWarning)
    if RANKS > 1:
        dist.init_process_group("gloo")
    unittest.main()
