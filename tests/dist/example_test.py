# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The examples: those on the bundled model, shortened, a real pre-trained model
on real text in several phases on two ranks; and a module of the user's own.
"""

import json
import os
import re
import unittest

import harness

PROGRAMS = os.environ.get("EXAMPLES", os.path.join(harness.ROOT, "examples"))

ATTACH = os.environ.get(
    "ATTACH", os.path.join(PROGRAMS, "attach_torch_module"))


class AttachTest(harness.FitTestCase):

    def train(self, ranks):
        """(phase, train_loss, accuracy) per epoch."""
        harness.FTS, fts = ATTACH, harness.FTS
        self.addCleanup(setattr, harness, "FTS", fts)
        run = harness.Process(self.folder, [str(ranks)])
        self.addCleanup(run.clear)
        self.assertEqual(run.wait(), 0, run.err)
        self.assertEqual(run.err, "")
        self.assertEqual(run.alive(), {})
        lines = re.findall(r"^epoch (\d+)  phase (\d+)  train_loss ([\d.]+)  "
                           r"accuracy ([\d.]+)$", run.out, re.M)
        self.assertEqual([int(line[0]) for line in lines], list(range(8)))
        return [(int(p), float(l), float(a)) for _, p, l, a in lines]

    def test_a_module_of_ones_own_trains_alike_on_any_number_of_ranks(self):
        alone, two = self.train(1), self.train(2)
        self.assertEqual([epoch[0] for epoch in two], [0, 0, 1, 1, 2, 2, 2, 2])
        # The head alone, then one block, then everything: ever better.
        self.assertLess(two[1][2], two[3][2])
        self.assertLess(two[3][2], two[7][2])
        self.assertGreater(two[7][2], 0.95, two)
        for mine, wanted in zip(two, alone):
            self.assertEqual(mine[0], wanted[0])
            self.assertAlmostEqual(mine[1], wanted[1], delta=2e-3)


class ExampleTest(harness.FitTestCase):

    def check_llama(self, name, batch_size):
        """Each phase improves on the pre-trained model; four samples a step.
        Returns all losses."""
        harness.FTS, fts = os.path.join(PROGRAMS, name), harness.FTS
        self.addCleanup(setattr, harness, "FTS", fts)
        run = harness.Process(self.folder, [
            "--config", os.path.join(harness.EXAMPLES, name + ".yaml"),
            "output_dir=" + name, "trainer.steps_per_epoch=20",
            "trainer.limit_val_batches=8", "trainer.log_interval=1",
            "data.batch_size=%d" % batch_size])
        self.addCleanup(run.clear)
        self.assertEqual(run.wait(), 0, run.err)
        self.assertEqual(run.err, "")
        self.assertEqual(run.alive(), {})

        phases = self.events(name, "phase")
        self.assertEqual([p["phase"] for p in phases], [0, 1, 2])
        self.assertEqual([p["epoch"] for p in phases], [0, 1, 2])
        losses = [e["val_loss"] for e in self.events(name, "validation")]
        self.assertEqual(len(losses), 5)
        # Each phase clearly beats the one before; the first beats the model as
        # it came, which knows the letters of another text.
        best = [losses[0], losses[1], losses[2], min(losses[3:])]
        for before, after in zip(best, best[1:]):
            self.assertLess(after, before - 0.05, losses)
        self.assertEqual(self.events(name, "run_end")[0]["best"],
                         min(losses[1:]))
        config = json.loads(harness.read(
            self.path(name, "export", "config.json")))
        self.assertEqual(config["model_type"], "llama")
        shapes = {tensor: shape for tensor, (_, shape, _) in
                  harness.read_safetensors(self.path(
                      name, "export", "model.safetensors")).items()}
        self.assertEqual(len(shapes), 39)
        self.assertEqual(shapes["lm_head.weight"], [256, 128])
        return losses + [e["loss"] for e in self.events(name, "train_step")]

    def test_the_bundled_model_improves_in_each_phase_on_every_mesh(self):
        wanted = self.check_llama("llama_fsdp_auto", 2)
        for name, batch_size in (("llama_tp_plan", 4), ("llama_2d", 2)):
            losses = self.check_llama(name, batch_size)
            self.assertEqual(len(losses), len(wanted))
            for loss, want in zip(losses, wanted):
                self.assertAlmostEqual(loss, want, delta=1e-4 * want)

    def test_a_rotating_schedule_trains_every_part_in_turn(self):
        run = self.fit(
            "--config", os.path.join(harness.EXAMPLES, "rotating.yaml"),
            "output_dir=out", "trainer.steps_per_epoch=20",
            "trainer.limit_val_batches=8", "trainer.log_interval=1",
            "data.batch_size=2", "schedule.0.max_transition_step=10",
            "schedule.1.max_transition_tokens=15360")
        self.assertEqual(run.err, "")
        phases = self.events(kind="phase")
        self.assertEqual([(p["epoch"], p["step"]) for p in phases],
                         [(0, 0), (0, 10), (1, 30), (3, 60)])
        self.assertEqual([len(p.get("frozen", ())) for p in phases],
                         [0, 1, 18, 0])
        self.assertEqual(phases[1]["frozen"], ["model.output.weight"])
        # Groups that a freeze has emptied keep their place.
        rates = {e["phase"]: e["lr"] for e in self.events(kind="train_step")}
        self.assertEqual({p: len(lr) for p, lr in rates.items()},
                         {0: 1, 1: 3, 2: 6, 3: 9})
        self.assertEqual(rates[1], [1e-3, 1e-3, 0.7 * 1e-3])
        # Moments of what trains, and of nothing else.
        held = [p["measured"]["moment_bytes"] for p in phases[1:]]
        held.append(self.events(kind="run_end")[0]["measured"]["moment_bytes"])
        trainable = [p["trainable_params"] for p in phases]
        self.assertEqual(held[0], 8 * trainable[0] // 2)
        self.assertEqual(held[1], 8 * trainable[1] // 2)
        self.assertLess(held[2], held[3])
        losses = [e["val_loss"] for e in self.events(kind="validation")]
        for before, after in zip(losses, losses[1:]):
            self.assertLess(after, before, losses)


if __name__ == "__main__":
    unittest.main()
