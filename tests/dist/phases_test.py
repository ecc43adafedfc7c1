# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Phases of a real run on two ranks: limits in steps, tokens and time, rates
per group, new optimizers and learning-rate schedulers, thresholds, generated
schedules. Values are compared in tests/parity.
"""

import unittest

import harness
from harness import CONFIG, SCHEDULE, SHARDED

# A phase ends after two epochs, or one where an earlier phase had a result.
STOP_EARLY = "early_stopping: {patience: 1, min_delta: 1000}\n"
STEP_TOKENS = 2 * 2 * 32


class PhasesTest(harness.FitTestCase):

    def run_schedule(self, schedule, *args, more=""):
        """The events of a run of SHARDED under `schedule`, by kind."""
        self.write("s.yaml", schedule)
        self.write("c.yaml", SHARDED.replace(SCHEDULE, "s.yaml") + more)
        self.fit("--config", "c.yaml", "output_dir=out", *args)
        return self.events(kind="train_step"), self.events(kind="phase")

    def places(self, phases):
        return [(p["phase"], p["epoch"], p["step"]) for p in phases]

    def test_limits_in_steps_tokens_and_time(self):
        steps, phases = self.run_schedule("""\
0: {params: [model.output.weight], max_transition_step: 2}
1:
  params: ['model.layers.3.*']
  freeze: [model.output.weight]
  max_transition_tokens: %d
2: {params: ['model.layers.2.*'], lr: 0.5, max_transition_time: 0.000001}
3: {params: [model.norm.weight, model.output.weight]}
""" % (5 * STEP_TOKENS - 1))
        # Three steps an epoch. Time has passed, but a phase takes one step.
        self.assertEqual(self.places(phases),
                         [(0, 0, 0), (1, 0, 2), (2, 1, 5), (3, 2, 6)])
        self.assertEqual([p["reason"] for p in phases], [
            "the run starts", "max_transition_step 2 of phase 0 reached",
            "max_transition_tokens 639 of phase 1 reached",
            "max_transition_time 1e-06 of phase 2 reached"])
        self.assertEqual([p.get("frozen") for p in phases],
                         [None, ["model.output.weight"], None, None])
        self.assertEqual([s["phase"] for s in steps],
                         [0, 0, 1, 1, 1, 2] + [3] * 6)
        self.assertEqual(steps[-1]["lr"], [1e-3, 1e-3, 0.5, 1e-3])
        # What each phase moved, mid-epoch too: reduced bytes are a multiple.
        measured = [p["measured"] for p in phases[1:]]
        self.assertEqual([m["phase"] for m in measured], [0, 1, 2])
        head = 256 * 32 * 4
        self.assertEqual(measured[0]["bytes_reduced"], 2 * head)
        self.assertEqual(measured[0]["moment_bytes"], head)
        layer = (phases[1]["trainable_params"]) * 4
        self.assertEqual(measured[1]["bytes_reduced"], 3 * layer)
        self.assertEqual(measured[1]["gradient_bytes"], layer // 2)
        self.assertEqual(measured[2]["bytes_reduced"], 2 * layer)

    def test_rates_follow_what_each_phase_says(self):
        steps, _ = self.run_schedule("""\
0: {params: [model.output.weight, model.norm.weight], max_transition_epoch: 1}
1:
  params: ['model.layers.[23].*']
  lr: 0.01
  lr_decay: 0.5
  max_transition_epoch: 2
  new_optimizer:
    optimizer_init: {class_path: torch.optim.RMSprop, init_args: {lr: 0.002}}
2:
  params: ['model.layers.1.*']
  lr: 0.003
  max_transition_epoch: 3
  new_lr_scheduler:
    lr_scheduler_init:
      class_path: torch.optim.lr_scheduler.ExponentialLR
      init_args: {gamma: 0.5}
    pl_lrs_cfg: {interval: step, frequency: 2}
    init_pg_lrs: [0.4, 0.2, 0.1]
3: {params: ['model.layers.0.*'], lr: 0.007}
""", more="lr_scheduler: {name: step_lr, step_size: 1, gamma: 0.5}\n")
        self.assertEqual([s["lr"] for s in steps], [
            [1e-3], [1e-3], [1e-3],
            # The rate in force stays, also under the new optimizer.
            [5e-4, 0.01, 0.005], [5e-4, 0.01, 0.005], [5e-4, 0.01, 0.005],
            # Every second step of an epoch.
            [0.4, 0.2, 0.1, 0.003], [0.4, 0.2, 0.1, 0.003],
            [0.2, 0.1, 0.05, 0.0015],
            [0.2, 0.1, 0.05, 0.0015, 0.007], [0.2, 0.1, 0.05, 0.0015, 0.007],
            [0.1, 0.05, 0.025, 0.00075, 0.0035]])

    def test_reinit_at_every_transition_of_a_generated_schedule(self):
        self.write("c.yaml", CONFIG.replace(SCHEDULE, "{generate: depth}") +
                   STOP_EARLY + """\
lr_scheduler: {name: step_lr, step_size: 1, gamma: 0.5}
""")
        self.fit("--config", "c.yaml", "output_dir=out",
                 "scheduler.reinit_optim_cfg={optimizer_init: {class_path: "
                 "torch.optim.SGD, init_args: {lr: 0.02}}}",
                 "scheduler.reinit_lr_cfg={lr_scheduler_init: {class_path: "
                 "torch.optim.lr_scheduler.StepLR, init_args: {step_size: 1, "
                 "gamma: 0.5}}}")
        # The head alone, then layer by layer; two epochs, one, one.
        phases = self.events(kind="phase")
        self.assertEqual(self.places(phases),
                         [(0, 0, 0), (1, 2, 6), (2, 3, 9)])
        self.assertEqual(phases[0]["thawed"],
                         ["model.norm.weight", "model.output.weight"])
        self.assertTrue(all(name.startswith("model.layers.3.")
                            for name in phases[1]["thawed"]))
        rates = [s["lr"] for s in self.events(kind="train_step")][::3]
        self.assertEqual(rates, [[1e-3], [5e-4], [0.02, 1e-3],
                                 [0.02, 1e-3, 1e-3]])
        text = harness.read(self.path("out", "llama_ft_schedule.yaml"))
        self.assertEqual(text.count("params:"), 6)

    def test_one_group_without_phase_0_enforcement(self):
        self.write("c.yaml", CONFIG)
        run = self.fit("--config", "c.yaml", "output_dir=out",
                       "scheduler.enforce_phase0_params=false",
                       "optimizer.no_decay=[norm]")
        self.assertEqual(run.err, "")
        self.assertEqual([s["lr"] for s in self.events(kind="train_step")],
                         [[1e-3, 1e-3]] * 12)
        phases = self.events(kind="phase")
        self.assertEqual(phases[2]["trainable_params"],
                         phases[2]["total_params"])

    def test_thresholds_end_the_run_in_any_phase(self):
        for key, value in (("stopping_threshold", 100),
                           ("divergence_threshold", 0.001)):
            out = "out_" + key
            self.write("c.yaml", CONFIG)
            self.fit("--config", "c.yaml", "output_dir=" + out,
                     "early_stopping.%s=%s" % (key, value))
            end = self.events(out, "run_end")[0]
            self.assertEqual(end["steps"], 3)
            self.assertIn(key, end["reason"])
            self.assertIn("phases 1 and 2 never ran", end["reason"])

    def test_early_stopping_of_a_phase(self):
        # Without results of its own no phase could wait two validations.
        schedule = """\
0: {params: [model.output.weight], patience: 1}
1: {params: ['model.layers.3.*'], patience: 2}
2: {params: ['model.layers.2.*']}
"""
        for best, epochs in (("global", [0, 2, 4]), ("per_phase", [0, 2, 5])):
            out = "out_" + best
            self.write("s.yaml", schedule)
            self.write("c.yaml", CONFIG.replace(SCHEDULE, "s.yaml"))
            self.fit("--config", "c.yaml", "output_dir=" + out,
                     "early_stopping={min_delta: 1000, best_score: %s}" % best,
                     "trainer.max_epochs=7")
            self.assertEqual([p["epoch"] for p in self.events(out, "phase")],
                             epochs)


if __name__ == "__main__":
    unittest.main()
