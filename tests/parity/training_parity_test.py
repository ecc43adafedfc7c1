# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""A scheduled fine-tune at world 1, 2 and 4 against plain PyTorch.

The example's schedule and sharding plan, in fp32: losses, gradient norms,
rates, validation and final weights agree with a reference that knows nothing of
sharding, and with each other; and do not with a reference that holds a mistake.
"""

import os
import unittest

import torch
import transformers

import fit_runs
import reference_training as reference

WORLDS = (1, 2, 4)


class SeedScheduleTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.bench = fit_runs.Bench()
        cls.wanted = reference.train(cls.bench.settings())
        # Two ranks as users have them, in memory that they share; four gather
        # and reduce unit by unit.
        cls.runs = {
            world: cls.bench.fit(cls.bench.config(), world,
                                 binding="auto" if world == 2 else "off")
            for world in WORLDS}

    def test_three_phases_of_twelve_steps(self):
        for run in self.runs.values():
            self.assertEqual(36, len(run.steps))
            self.assertEqual([0, 1, 2], [p["phase"] for p in run.phases])
            for mine, theirs in zip(run.phases, self.wanted.phases):
                self.assertEqual(theirs["epoch"], mine["epoch"])
                self.assertEqual(theirs["step"], mine["step"])
                self.assertEqual({fit_runs.native_name(name)
                                  for name in theirs["thawed"]},
                                 set(mine["thawed"]))
            self.assertEqual([1, 2, 3], sorted({len(s["lr"])
                                                for s in run.steps}))

    def test_agrees_with_pytorch(self):
        for world, run in self.runs.items():
            fit_runs.assert_agree(run, self.wanted, "world %d:" % world)

    def test_worlds_agree(self):
        for world in WORLDS[1:]:
            fit_runs.assert_agree(self.runs[world], self.runs[1],
                                  "world %d against 1:" % world)

    def test_it_learns_and_clips(self):
        run = self.runs[2]
        validations = [v["val_loss"] for v in run.validations]
        self.assertEqual(sorted(validations, reverse=True), validations)
        self.assertLess(validations[-1], 0.8 * validations[0])
        # Both sides of the clipping threshold were seen.
        norms = [step["grad_norm"] for step in run.steps]
        self.assertLess(min(norms), fit_runs.CLIP)
        self.assertGreater(max(norms), fit_runs.CLIP)
        self.assertEqual(set(self.wanted.start),
                         fit_runs.moved(run, self.wanted.start))

    def test_transformers_loads_the_export(self):
        tokens = torch.tensor([list(self.bench.val[:64])])
        for world, run in self.runs.items():
            model, info = transformers.LlamaForCausalLM.from_pretrained(
                os.path.join(run.folder, "export"), output_loading_info=True)
            for problems in info.values():
                self.assertFalse(problems, info)
            self.assertEqual(torch.float32, model.dtype)
            with torch.no_grad():
                torch.testing.assert_close(
                    model.eval()(tokens).logits,
                    self.wanted.model(tokens).logits,
                    rtol=1e-4, atol=1e-4, msg="world %d" % world)

    def test_one_mistake_is_seen(self):
        mistakes = {
            "no weight decay": dict(weight_decay=0.0),
            "rms eps": dict(rms_norm_eps=1e-6),
            "another shuffle": dict(seed=43),
            "no clipping": dict(clip=None),
            "a wrong first rate": dict(phases=[
                reference.Phase(fit_runs.HEAD, until_epoch=1),
                reference.Phase(fit_runs.LAST_LAYER, until_epoch=2, lr=9.9e-4),
                reference.Phase(fit_runs.REST)]),
            "a tensor left frozen": dict(phases=[
                reference.Phase(fit_runs.HEAD, until_epoch=1),
                reference.Phase(fit_runs.LAST_LAYER, until_epoch=2),
                reference.Phase(fit_runs.REST[:1])]),
        }
        for label, mistake in mistakes.items():
            wrong = reference.train(self.bench.settings(**mistake))
            with self.subTest(label), self.assertRaises(AssertionError):
                fit_runs.assert_agree(self.runs[2], wrong, label + ":")
            if label in ("no weight decay", "rms eps"):  # in the curve alone
                worst = fit_runs.deviations(self.runs[2], wrong)
                self.assertGreater(worst["loss"], 1e-5)


class RestoreBestTest(unittest.TestCase):
    """The best is the largest validation loss: it is the first epoch's, which
    every transition brings back, moments included."""

    @classmethod
    def setUpClass(cls):
        cls.bench = fit_runs.Bench()
        cls.settings = dict(
            epochs=6, steps_per_epoch=6, restore_best=True, clip=None,
            best_mode=max,
            phases=[reference.Phase(fit_runs.HEAD, until_epoch=2),
                    reference.Phase(fit_runs.LAST_LAYER, until_epoch=4,
                                    lr=5e-4),
                    reference.Phase(fit_runs.REST)])
        cls.wanted = reference.train(cls.bench.settings(**cls.settings))
        cls.runs = {world: cls.bench.fit(cls.config(), world)
                    for world in WORLDS[:2]}

    @classmethod
    def config(cls):
        config = cls.bench.config()
        config["trainer"].update(
            max_epochs=6, steps_per_epoch=6, accumulate=1,
            clip_grad_norm=None)
        config["scheduler"]["restore_best"] = True
        config["checkpoint"] = {"monitor": "val_loss", "mode": "max"}
        config["schedule"] = {
            0: {"params": ["model.output.weight", "model.norm.*"],
                "max_transition_epoch": 2},
            1: {"params": [r"model.layers.3\..*"],
                "max_transition_epoch": 4, "lr": 5e-4},
            2: {"params": [r"model.layers.[0-2]\..*",
                           "model.tok_embeddings.weight"]},
        }
        return config

    def test_worlds(self):
        validations = [v["val_loss"] for v in self.wanted.validations]
        self.assertEqual(validations[1], max(validations[1:]))
        for world, run in self.runs.items():
            fit_runs.assert_agree(run, self.wanted, "world %d:" % world)
            fit_runs.assert_agree(run, self.runs[1],
                                  "world %d against 1:" % world)
            self.assertLess(
                fit_runs.relative(run.end["best"], validations[1]), 1e-6)

    def test_early_stopping_moves_the_phases_on(self):
        settings = dict(self.settings, epochs=4, phases=[
            reference.Phase(fit_runs.HEAD, until_epoch=2),
            reference.Phase(fit_runs.LAST_LAYER, until_epoch=3, lr=5e-4),
            reference.Phase(fit_runs.REST)])
        config = self.config()
        config["early_stopping"].update(patience=1, mode="max")
        for phase in config["schedule"].values():
            phase.pop("max_transition_epoch", None)
        run = self.bench.fit(config, 2)
        fit_runs.assert_agree(
            run, reference.train(self.bench.settings(**settings)),
            "early stopping:")
        self.assertIn("early stopping", run.end["reason"])

    def test_not_restoring_is_seen(self):
        wrong = reference.train(self.bench.settings(
            **dict(self.settings, restore_best=False)))
        with self.assertRaises(AssertionError):
            fit_runs.assert_agree(self.runs[2], wrong, "not restored:")


if __name__ == "__main__":
    unittest.main()
