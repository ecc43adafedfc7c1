# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""fts.Scheduler in one process: what phases do to optimizer groups and rates (the
numbers are those of finetuning-scheduler 2.14.1), events, state and errors."""

import gc
import os
import tempfile
import unittest
import warnings
import weakref

import torch
import two_ranks as toy
from torch.optim import lr_scheduler as lrs
from two_ranks import Net

import fts

PHASES = {
    0: {"params": ["head.*"], "max_transition_epoch": 1},
    1: {"params": [r"blocks\.1\..*"], "max_transition_epoch": 2, "lr": 1e-6},
    2: {"params": [r"blocks\.0\..*"]},
}
HEAD = ["head.weight", "head.bias"]


def scheduler_of(model=None, kind=torch.optim.SGD, lr=1e-3, step=None, **options):
    """step: makes a learning-rate scheduler of an optimizer."""
    model = Net() if model is None else model
    optimizer = options.pop("optimizer", None) or kind(model.parameters(), lr=lr)
    options.setdefault("schedule", PHASES)
    options.setdefault("max_epochs", 4)
    if step is not None:
        options["lr_scheduler"] = step(optimizer)
    return fts.Scheduler(model, optimizer=optimizer, **options)


def train(scheduler, metric=lambda epoch: -float(epoch), steps=1):
    """Rates in force in each epoch."""
    rates = []
    for epoch in scheduler.epochs():
        rates.append(scheduler.learning_rates())
        for pair in scheduler.steps([toy.batch(epoch)] * steps):
            toy.loss_of(scheduler.model, pair).backward()
            scheduler.optimizer.step()
            scheduler.optimizer.zero_grad()
        scheduler.validation_end({"val_loss": metric(epoch)})
    return rates


class GroupsTest(unittest.TestCase):
    def assertRates(self, got, wanted):
        self.assertEqual([len(r) for r in got], [len(r) for r in wanted], got)
        for one, other in zip(got, wanted):
            for a, b in zip(one, other):
                self.assertAlmostEqual(a, b, delta=1e-9 * b)

    def test_a_phase_adds_a_group_at_its_rate(self):
        wanted = [[1e-3], [7e-4, 1e-6], [4.9e-4, 7e-7, 1e-5], [3.43e-4, 4.9e-7, 7e-6]]
        for backend in ("torch", "native"):
            scheduler = scheduler_of(
                step=lambda o: lrs.StepLR(o, 1, gamma=0.7), backend=backend)  # fmt: skip
            self.assertRates(train(scheduler), wanted)
        spec = {"name": "step_lr", "step_size": 1, "gamma": 0.7}
        for backend in ("torch", "native"):
            scheduler = scheduler_of(
                optimizer={"name": "sgd", "lr": 1e-3}, lr_scheduler=spec,
                backend=backend)  # fmt: skip
            self.assertRates(train(scheduler), wanted)

    def test_no_decay_makes_two(self):
        model = Net()
        model.no_decay = ["bias", "norm"]
        scheduler = scheduler_of(model, kind=torch.optim.AdamW)
        train(scheduler)
        groups = scheduler.optimizer.param_groups
        self.assertEqual([g["weight_decay"] for g in groups], [0.01, 0.0] * 3)
        self.assertEqual([len(g["params"]) for g in groups], [1, 1, 2, 1, 2, 1])

    def test_an_optimizer_of_phase_0_keeps_its_groups(self):
        model = Net()
        groups = [{"params": [model.head.weight], "lr": 0.1, "weight_decay": 0.3},
                  {"params": [model.head.bias]}]  # fmt: skip
        scheduler = scheduler_of(model, optimizer=torch.optim.AdamW(groups, lr=0.2))
        rates = train(scheduler)
        self.assertRates(rates[:2], [[0.1, 0.2], [0.1, 0.2, 1e-6]])
        self.assertEqual(scheduler.optimizer.param_groups[0]["weight_decay"], 0.3)

    def test_without_enforcement_the_optimizer_stays(self):
        with self.assertWarnsRegex(fts.FtsWarning, "phase0_differs"):
            scheduler = scheduler_of(enforce_phase0_params=False)
            rates = train(scheduler)
        self.assertRates(rates, [[1e-3]] * 4)
        names = scheduler._groups.group_names[0]
        self.assertEqual(len(names), 8)

    def test_named_parameters_keep_their_names(self):
        model = Net()
        optimizer = torch.optim.SGD(model.named_parameters(), lr=0.1)
        train(scheduler_of(model, optimizer=optimizer))
        self.assertEqual(optimizer.param_groups[0]["param_names"], HEAD)

    def test_new_optimizer_and_new_lr_scheduler(self):
        adam = {"class_path": "torch.optim.Adam", "init_args": {"lr": 2.2e-4}}
        step = {"class_path": "torch.optim.lr_scheduler.StepLR",
                "init_args": {"step_size": 1, "gamma": 0.5}}  # fmt: skip
        phases = {
            **PHASES,
            1: {**PHASES[1], "new_optimizer": {"optimizer_init": adam}},
            2: {**PHASES[2], "lr": 3e-6, "new_lr_scheduler": {
                "lr_scheduler_init": step, "pl_lrs_cfg": {"interval": "epoch"},
                "init_pg_lrs": [1e-6, 2e-6]}},
        }  # fmt: skip
        first = torch.optim.SGD((model := Net()).parameters(), lr=1e-3)
        scheduler = scheduler_of(model, optimizer=first, schedule=phases,
                                 lr_scheduler=lrs.StepLR(first, 1, gamma=0.7))  # fmt: skip
        rates = train(scheduler)
        self.assertRates(
            rates,
            [[1e-3], [7e-4, 1e-6], [1e-6, 2e-6, 3e-6], [5e-7, 1e-6, 1.5e-6]])  # fmt: skip
        self.assertIs(type(scheduler.optimizer), torch.optim.Adam)
        self.assertEqual(scheduler.optimizer.param_groups[0]["initial_lr"], 1e-6)
        with self.assertRaisesRegex(fts.StateError, "replaced by a Adam in phase 1"):
            first.step()

    def test_reinit_arguments_are_those_of_every_transition(self):
        adam = {"optimizer_init": {
            "class_path": "torch.optim.Adam", "init_args": {"lr": 2.2e-4}}}  # fmt: skip
        step = {"lr_scheduler_init": {
            "class_path": "torch.optim.lr_scheduler.StepLR",
            "init_args": {"step_size": 1, "gamma": 0.7}}}  # fmt: skip
        scheduler = scheduler_of(
            step=lambda o: lrs.StepLR(o, 1, gamma=0.7), reinit_optim_cfg=adam)
        self.assertRates(train(scheduler)[1:2], [[7e-4, 1e-6]])
        self.assertIs(type(scheduler.optimizer), torch.optim.Adam)
        scheduler = scheduler_of(
            step=lambda o: lrs.StepLR(o, 1, gamma=0.7), reinit_lr_cfg=step)
        self.assertRates(train(scheduler)[:3], [[1e-3], [1e-3, 1e-6], [1e-3, 1e-6, 1e-5]])

    def test_lambdas_of_new_groups(self):
        for apply, wanted in ((True, 1e-6 * 0.5), (False, 1e-6)):
            scheduler = scheduler_of(
                step=lambda o: lrs.LambdaLR(o, lambda e: min(1.0, (e + 1) / 4)),
                apply_lambdas_new_pgs=apply)  # fmt: skip
            self.assertRates(train(scheduler)[:2], [[2.5e-4], [5e-4, wanted]])

    def test_a_plateau_is_measured_by_its_metric(self):
        scheduler = scheduler_of(
            step=lambda o: lrs.ReduceLROnPlateau(o, patience=0, factor=0.1),
            early_stopping=False)  # fmt: skip
        rates = train(scheduler, metric=lambda epoch: float(epoch))
        self.assertRates(rates[:3], [[1e-3], [1e-3, 1e-6], [1e-4, 1e-7, 1e-5]])

    def test_schedulers_of_schedulers(self):
        def chain(o):
            warm = lrs.LinearLR(o, start_factor=0.5, total_iters=1)
            return lrs.SequentialLR(o, [warm, lrs.StepLR(o, 1, gamma=0.1)], [1])

        rates = train(scheduler_of(step=chain))
        self.assertRates(rates[:2], [[5e-4], [1e-3, 1e-6]])

    def test_what_freezes_leaves_its_group(self):
        phases = {**PHASES, 2: {**PHASES[2], "freeze": ["head.weight"]}}
        for backend in ("torch", "native"):
            scheduler = scheduler_of(
                kind=torch.optim.AdamW, schedule=phases, backend=backend)  # fmt: skip
            train(scheduler)
            self.assertEqual(scheduler._groups.group_names[0], ["head.bias"])
            self.assertEqual(len(scheduler.optimizer.param_groups[0]["params"]), 1)
            self.assertEqual(len(scheduler.optimizer.state), 7)
            self.assertNotIn("head.weight", scheduler.trainable())

    def test_rates_by_layer(self):
        phases = {0: {"params": ["head.*"], "max_transition_epoch": 1},
                  1: {"params": [r"blocks\..*"], "lr": 1e-4, "lr_decay": 0.5,
                      "weight_decay": 0.3, "max_transition_step": 9}}  # fmt: skip
        curves = []
        for backend, optimizer in (
            ("torch", None), ("native", None), ("native", {"name": "sgd", "lr": 1e-3}),
        ):  # fmt: skip
            scheduler = scheduler_of(
                schedule=phases, backend=backend, optimizer=optimizer, max_epochs=2)
            self.assertRates(train(scheduler), [[1e-3], [1e-3, 1e-4, 5e-5]])
            self.assertEqual(
                [g["weight_decay"] for g in scheduler.optimizer.param_groups],
                [0, 0.3, 0.3])  # fmt: skip
            curves.append(scheduler.backend.full_state_dict())
        for name, value in curves[0].items():
            torch.testing.assert_close(curves[1][name], value)
            torch.testing.assert_close(curves[2][name], value)
        again = scheduler.schedule.with_reinit(scheduler.model, {
            "optimizer_init": {"class_path": "torch.optim.Adam"}})  # fmt: skip
        self.assertEqual([w.code for w in again.warnings], ["final_transition_limit"])
        self.assertEqual(len(again.settings(1)["groups"]), 2)
        self.assertIn("until step 9", repr(again))

    def test_interval_step(self):
        scheduler = scheduler_of(
            optimizer={"name": "sgd", "lr": 1.0}, schedule={0: {"params": ["head.*"]}},
            lr_scheduler={"name": "exponential_lr", "gamma": 0.5, "interval": "step"},
            max_epochs=2)  # fmt: skip
        self.assertRates(train(scheduler, steps=3), [[1.0], [0.125]])


class EventsTest(unittest.TestCase):
    def test_early_stopping_ends_phases_and_the_run(self):
        phases = {0: {"params": ["head.*"]}, 1: {"params": ["norm.*"]}}
        scheduler = scheduler_of(
            schedule=phases, max_epochs=20, early_stopping={"patience": 1})
        seen = []
        for epoch in scheduler.epochs():
            seen.append(scheduler.phase)
            scheduler.validation_end({"val_loss": 1.0})
        self.assertEqual(seen, [0, 0, 1])
        self.assertIn("early stopping", scheduler.finish_reason)
        self.assertTrue(scheduler.finished)

    def test_a_phase_without_an_end_of_its_own_lasts(self):
        phases = {0: {"params": ["head.*"]}}
        scheduler = scheduler_of(
            schedule=phases, early_stopping=False, restore_best=False)
        self.assertEqual(len(train(scheduler, metric=lambda e: float("nan"))), 4)

    def test_steps_end_phases_in_mid_epoch(self):
        phases = {0: {"params": ["head.*"], "max_transition_step": 2},
                  1: {"params": ["norm.*"], "max_transition_tokens": 50},
                  2: {"params": ["embed.*"]}}  # fmt: skip
        scheduler = scheduler_of(schedule=phases, max_epochs=None, max_steps=6)
        seen = []
        for _ in scheduler.epochs():
            for pair in scheduler.steps([toy.batch(0)] * 9, tokens=lambda b: 10):
                seen.append(scheduler.phase)
                toy.loss_of(scheduler.model, pair).backward()
                scheduler.optimizer.step()
            scheduler.validation_end({"val_loss": 1.0})
        self.assertEqual(seen, [0, 0, 1, 1, 1, 2])
        self.assertIn("max_steps 6", scheduler.finish_reason)

    def test_outcomes_say_what_was_done(self):
        scheduler = scheduler_of()
        begun = scheduler.run_start()
        self.assertEqual([e.kind for e in begun], ["thaw", "add_group", "phase"])
        self.assertEqual(begun.phase.phase, 0)
        scheduler.validation_end({"val_loss": 9.0}, baseline=True)
        scheduler.epoch_start()
        kept = scheduler.validation_end({"val_loss": 1.0})
        self.assertEqual(kept[0].kind, "save_best")
        scheduler.epoch_end()
        self.assertEqual(scheduler.epoch_start()[0].best, (0, 0, 1.0))
        self.assertIn("phase 1 of 2", repr(scheduler))
        self.assertIn("<table>", scheduler._repr_html_())
        self.assertIn("<table>", scheduler.plan._repr_html_())

    def test_clipping_is_the_phase_s(self):
        phases = {0: {"params": ["head.*"], "clip_grad_norm": 0.01}}
        scheduler = scheduler_of(schedule=phases)
        scheduler.epoch_start()
        toy.loss_of(scheduler.model, toy.batch(0)).backward()
        before = scheduler.clip_grad_norm_(100.0)
        self.assertGreater(before, 0.01)
        self.assertAlmostEqual(scheduler.clip_grad_norm_(), 0.01, delta=1e-5)

    def test_frozen_batch_norm_may_stand_still(self):
        def net():
            torch.manual_seed(0)
            model = torch.nn.Sequential(
                torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2))
            return model

        phases = {0: {"params": ["2.*"], "max_transition_epoch": 1},
                  1: {"params": ["1.*", "0.*"]}}  # fmt: skip
        for track, wanted in ((True, [2, 4]), (False, [0, 2])):
            scheduler = scheduler_of(
                net(), schedule=phases, frozen_bn_track_running_stats=track,
                max_epochs=2, restore_best=False)  # fmt: skip
            counts = []
            for _ in scheduler.epochs():
                for x, y in scheduler.steps([toy.batch(0)] * 2):
                    (scheduler.model(x) - y).square().mean().backward()
                    scheduler.optimizer.step()
                counts.append(int(scheduler.model[1].num_batches_tracked))
                scheduler.validation_end({"val_loss": 1.0})
            self.assertEqual(counts, wanted)


    def test_compiled_models(self):
        eager = scheduler_of(kind=torch.optim.AdamW)
        train(eager)
        wanted = eager.backend.full_state_dict()
        for backend in ("torch", "native"):
            blocks = Net()
            for block in blocks.blocks:
                block.compile(backend="eager")
            scheduler = scheduler_of(
                blocks, kind=torch.optim.AdamW, backend=backend,
                strategy_adapter_cfg={"fsdp_plan": {r"blocks\.\d+$": {}}})  # fmt: skip
            train(scheduler)
            for name, value in scheduler.backend.full_state_dict().items():
                torch.testing.assert_close(value, wanted[name])
        whole = torch.compile(Net(), backend="eager")
        scheduler = scheduler_of(whole, kind=torch.optim.AdamW)
        train(scheduler)
        for name, value in scheduler.backend.full_state_dict().items():
            torch.testing.assert_close(value, wanted[name])
        with self.assertRaisesRegex(TypeError, "compile its blocks instead"):
            scheduler_of(torch.compile(Net(), backend="eager"), backend="native")


class StateTest(unittest.TestCase):
    def test_a_run_resumes(self):
        for backend in ("torch", "native"):
            options = {
                "kind": torch.optim.AdamW, "restore_best": False, "backend": backend,
                "step": lambda o: lrs.StepLR(o, 1, gamma=0.7),
                "strategy_adapter_cfg": {"fsdp_plan": {r"blocks\.\d+$": {}}},
            }  # fmt: skip
            whole = scheduler_of(**options)
            train(whole)
            half = scheduler_of(**options)
            path = os.path.join(tempfile.mkdtemp(), "half")
            for epoch in half.epochs():
                for pair in half.steps([toy.batch(epoch)]):
                    toy.loss_of(half.model, pair).backward()
                    half.optimizer.step()
                    half.optimizer.zero_grad()
                half.validation_end({"val_loss": -float(epoch)})
                if epoch == 1:
                    half.epoch_end()
                    half.save_checkpoint(path)
                    break
            again = scheduler_of(**options)
            again.load_checkpoint(path)
            self.assertEqual((again.phase, again.epoch), (1, 1))
            train(again)
            values = whole.backend.full_state_dict()
            for name, value in again.backend.full_state_dict().items():
                self.assertTrue(torch.equal(value, values[name]), (backend, name))
            self.assertEqual(again.learning_rates(), whole.learning_rates())

    def test_a_best_of_before_is_missed_aloud(self):
        first = scheduler_of()
        first.epoch_start()
        first.validation_end({"val_loss": 1.0})
        first.epoch_end()
        state = first.state_dict()
        second = scheduler_of()
        second.load_state_dict(state)
        with self.assertWarnsRegex(fts.FtsWarning, "best_not_restored"):
            second.epoch_start()
        self.assertEqual(second.phase, 1)

    def test_schedulers_go_when_they_are_let_go(self):
        for backend in ("torch", "native"):
            scheduler = scheduler_of(backend=backend)
            train(scheduler)
            scheduler.detach()
            alive = weakref.ref(scheduler)
            del scheduler
            gc.collect()
            self.assertIsNone(alive(), backend)


class ErrorsTest(unittest.TestCase):
    def test_schedules_and_plans_say_where(self):
        text = "0:\n  params: [head.*]\n1:\n  params: [nope.*]\n"
        with self.assertRaisesRegex(fts.InvalidScheduleError, "nope") as seen:
            scheduler_of(schedule=text)
        self.assertEqual(seen.exception.details["line"], "4")
        self.assertEqual(seen.exception.diagnostics[0].code, "unmatched_entry")
        self.assertIsInstance(seen.exception, ValueError)
        with self.assertRaisesRegex(fts.PlanError, "nope"):
            scheduler_of(strategy_adapter_cfg={"fsdp_plan": {"nope": {}}})
        with self.assertRaisesRegex(TypeError, r"schedule.0.params is a set"):
            scheduler_of(schedule={0: {"params": {"head.weight"}}})

    def test_arguments(self):
        model = Net()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        cases = [
            (fts.InputError, "torch or native", {"backend": "jax"}),
            (fts.InputError, "max_epochs or max_steps", {"max_epochs": None}),
            (ValueError, "no key 'patiense'", {"early_stopping": {"patiense": 1}}),
            (fts.InputError, "interval is 'day'", {"lr_scheduler": {
                "name": "step_lr", "step_size": 1, "interval": "day"}}),
            (fts.InputError, "no torch.optim.lr_scheduler.nope",
             {"lr_scheduler": {"name": "nope"}}),
            (TypeError, "optimizer is a int", {"optimizer": 3}),
        ]  # fmt: skip
        for kind, text, options in cases:
            with self.assertRaisesRegex(kind, text):
                fts.Scheduler(
                    Net(), **{"optimizer": optimizer, "max_epochs": 1, **options})

    def test_order_of_events(self):
        scheduler = scheduler_of()
        with self.assertRaisesRegex(fts.StateError, "no epoch is in progress"):
            scheduler.run_start()
            scheduler.step_end()
        scheduler.epoch_start()
        with self.assertRaisesRegex(fts.StateError, "validation_end"):
            scheduler.epoch_end()
        with self.assertRaisesRegex(fts.StateError, "before the first epoch"):
            scheduler.load_state_dict({})

    def test_what_a_callback_raises_is_the_cause(self):
        scheduler = scheduler_of()
        scheduler.epoch_start()
        with self.assertRaisesRegex(fts.Error, "'val_loss'") as seen:
            scheduler.validation_end({"accuracy": 1.0})
        self.assertIsInstance(seen.exception.__cause__, fts.InputError)
        scheduler = scheduler_of()
        scheduler.epoch_start()

        def full(optimizer):
            raise OSError("no space")

        scheduler.backend.save_best = full
        with self.assertRaises(fts.Error) as seen:
            scheduler.validation_end({"val_loss": 1.0})
        self.assertIsInstance(seen.exception.__cause__, OSError)
        with self.assertRaisesRegex(fts.Error, "no space"):
            scheduler.epoch_end()

    def test_shape_dependent_optimizers_are_refused_by_name(self):
        model = Net()
        with self.assertRaisesRegex(TypeError, "Muon orthogonalizes whole matrices"):
            scheduler_of(
                model, backend="native",
                optimizer=torch.optim.Muon([model.head.weight]))  # fmt: skip
        with self.assertRaisesRegex(TypeError, "Adafactor factors"):
            scheduler_of(model, kind=torch.optim.Adafactor, backend="native")


if __name__ == "__main__":
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", fts.FtsWarning)
    unittest.main()
