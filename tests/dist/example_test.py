# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The example that README shows, shortened: a real pre-trained model on real
text, three phases on two ranks.
"""

import json
import os
import unittest

import harness

EXAMPLE = os.environ.get(
    "EXAMPLE", os.path.join(harness.ROOT, "examples/llama_fsdp_auto"))


class ExampleTest(harness.FitTestCase):

    def test_each_phase_improves_on_the_pre_trained_model(self):
        harness.FTS, fts = EXAMPLE, harness.FTS
        self.addCleanup(setattr, harness, "FTS", fts)
        run = harness.Process(self.folder, [
            "--config", os.path.join(harness.EXAMPLES, "llama_fsdp_auto.yaml"),
            "output_dir=out", "trainer.steps_per_epoch=20",
            "trainer.limit_val_batches=8", "trainer.log_interval=1",
            "data.batch_size=2"])
        self.addCleanup(run.clear)
        self.assertEqual(run.wait(), 0, run.err)
        self.assertEqual(run.err, "")
        self.assertEqual(run.alive(), {})

        phases = self.events(kind="phase")
        self.assertEqual([p["phase"] for p in phases], [0, 1, 2])
        self.assertEqual([p["epoch"] for p in phases], [0, 1, 2])
        losses = [e["val_loss"] for e in self.events(kind="validation")]
        self.assertEqual(len(losses), 5)
        # Each phase clearly beats the one before; the first beats the model as
        # it came, which knows the letters of another text.
        best = [losses[0], losses[1], losses[2], min(losses[3:])]
        for before, after in zip(best, best[1:]):
            self.assertLess(after, before - 0.05, losses)
        self.assertEqual(self.events(kind="run_end")[0]["best"],
                         min(losses[1:]))
        config = json.loads(harness.read(
            self.path("out", "export", "config.json")))
        self.assertEqual(config["model_type"], "llama")


if __name__ == "__main__":
    unittest.main()
