# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Options of plan entries through `fts fit` on two ranks: those that change
where things are leave the losses alone; mp_policy moves half the bytes.
"""

import unittest

import harness
from harness import CONFIG, SHARDED

BLOCKS = "'model.layers.\\d*$': "
FEW = ("trainer.max_epochs=2", "trainer.steps_per_epoch=2")


class PlanOptionsTest(harness.FitTestCase):

    def run_with(self, name, options, strategy=""):
        """The losses, and the phase events, of a short run."""
        config = SHARDED.replace(BLOCKS + "{}", BLOCKS + options) + strategy
        self.assertIn(options, config)
        self.write(name + ".yaml", config)
        self.fit("--config", name + ".yaml", "output_dir=" + name, *FEW)
        return ([e["loss"] for e in self.events(name, "train_step")],
                self.events(name, "phase"))

    def test_options_of_units(self):
        losses, phases = self.run_with("plain", "{}")
        self.assertEqual(len(losses), 4)
        for name, options, strategy in (
                ("ignored", "{ignored_params: ['.*norm.weight'], "
                 "offload_policy: {pin_memory: false}}", ""),
                ("divided", "{cpu_offload_policy: {}}",
                 "  gradient_divide_factor: 1\n")):
            got, _ = self.run_with(name, options, strategy)
            for mine, want in zip(got, losses):
                self.assertAlmostEqual(mine, want, delta=1e-5 * want)

        got, half = self.run_with(
            "half", "{mp_policy: {param_dtype: bfloat16, reduce_dtype: "
            "float32, output_dtype: float32}}")
        self.assertNotEqual(got, losses)
        for mine, want in zip(got, losses):
            self.assertAlmostEqual(mine, want, delta=0.02 * want)
        # Of phase 0, as the event of the next phase tells.
        self.assertLess(half[1]["measured"]["bytes_gathered"],
                        phases[1]["measured"]["bytes_gathered"])

    def test_a_bad_factor(self):
        self.write("c.yaml", CONFIG + "  gradient_divide_factor: 0\n")
        run = self.fit("--config", "c.yaml", "output_dir=out", code=2)
        self.assertEqual(
            run.err,
            "c.yaml:18:27: error: gradient_divide_factor is integer 0; it must "
            "be a number above 0, or null to divide by nothing: the loss "
            "already counts the tokens of all ranks [out_of_range]\n")


if __name__ == "__main__":
    unittest.main()
