# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""What our schedules say beyond FTS's, against plain PyTorch: freezing, rates
per layer, weight decay and clipping per phase, a new optimizer and a new
learning-rate scheduler, phases that begin in mid-epoch.
"""

import copy
import unittest

import torch

import fit_runs
import reference_training as reference

SCHEDULE = {
    0: {"params": ["model.output.weight", "model.norm.*"],
        "max_transition_step": 4},
    1: {"params": [r"model.layers.[23]\..*"], "freeze": ["model.norm.*"],
        "lr": 5e-4, "lr_decay": 0.5, "weight_decay": 0.3,
        "clip_grad_norm": 0.4, "max_transition_epoch": 1},
    2: {"params": [r"model.layers.[01]\..*", "model.norm.*"],
        "freeze": [r"model.layers.3\..*"], "lr": 0.02,
        "new_optimizer": {"optimizer_init": {
            "class_path": "torch.optim.SGD",
            "init_args": {"lr": 0.03, "momentum": 0.9}}},
        "new_lr_scheduler": {
            "lr_scheduler_init": {
                "class_path": "torch.optim.lr_scheduler.StepLR",
                "init_args": {"step_size": 2, "gamma": 0.8}},
            "pl_lrs_cfg": {"interval": "step"}},
        "max_transition_step": 15},
    3: {"params": [r"model.layers.3\..*", "model.tok_embeddings.weight"],
        "lr": 0.01, "weight_decay": 0.05},
}


def phases(**changes):
    """The same for the reference; `changes`: fields of some phase by number,
    such as phase1=dict(clip=None)."""
    settings = [
        dict(patterns=["lm_head.weight", "model.norm.weight"], until_step=4),
        dict(patterns=[r"model\.layers\.[23]\..*"],
             freeze=("model.norm.weight",), lr=5e-4,
             groups=[(r"model\.layers\.3\..*", 1.0),
                     (r"model\.layers\.2\..*", 0.5)],
             weight_decay=0.3, clip=0.4, until_epoch=1),
        dict(patterns=[r"model\.layers\.[01]\..*", "model.norm.weight"],
             freeze=(r"model\.layers\.3\..*",), lr=0.02,
             new_optimizer=lambda groups: torch.optim.SGD(
                 groups, lr=0.03, momentum=0.9),
             new_lr_scheduler=lambda optimizer:
                 torch.optim.lr_scheduler.StepLR(optimizer, 2, gamma=0.8),
             until_step=15),
        dict(patterns=[r"model\.layers\.3\..*",
                       r"model\.embed_tokens\.weight"],
             lr=0.01, weight_decay=0.05),
    ]
    for name, change in changes.items():
        settings[int(name[-1])].update(change)
    return [reference.Phase(**fields) for fields in settings]


class PhasesParityTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.bench = fit_runs.Bench()
        cls.settings = dict(epochs=4, steps_per_epoch=6)
        cls.wanted = cls.reference()
        config = cls.bench.config()
        config["trainer"].update(max_epochs=4, steps_per_epoch=6)
        config["schedule"] = SCHEDULE
        cls.runs = {world: cls.bench.fit(config, world) for world in (1, 2)}
        cls.config = config

    @classmethod
    def reference(cls, **changes):
        return reference.train(cls.bench.settings(
            phases=phases(**changes), **cls.settings))

    def test_phases_begin_where_they_should(self):
        for run in self.runs.values():
            self.assertEqual([(0, 0), (4, 0), (6, 1), (15, 2)],
                             [(p["step"], p["epoch"]) for p in run.phases])
            for mine, theirs in zip(run.phases, self.wanted.phases):
                self.assertEqual(theirs["step"], mine["step"])
                for key in ("thawed", "frozen"):
                    self.assertEqual({fit_runs.native_name(name)
                                      for name in theirs[key]},
                                     set(mine.get(key, ())))
            self.assertNotIn("frozen", run.phases[3])
            # Emptied groups keep their place.
            self.assertEqual([1] * 4 + [3] * 2 + [4] * 9 + [5] * 9,
                             [len(step["lr"]) for step in run.steps])

    def test_agrees_with_pytorch(self):
        for world, run in self.runs.items():
            fit_runs.assert_agree(run, self.wanted, "world %d:" % world)
        norms = [s["grad_norm"] for s in self.wanted.steps if s["phase"] == 1]
        self.assertGreater(min(norms), 0.4)  # the phase's clipping bites

    def test_under_a_sharded_root(self):
        # Gradients reach the layers through the root's frozen norm.
        config = copy.deepcopy(self.config)
        config["strategy_adapter_cfg"]["unplanned"] = "shard"
        fit_runs.assert_agree(self.bench.fit(config, 2), self.wanted, "root:")

    def test_what_is_frozen_costs_nothing(self):
        measured = [p.get("measured") for p in self.runs[2].phases]
        first, second = measured[1], measured[2]
        # Phase 1 holds the head and two layers, but no norm.
        layer = sum(t.numel() for name, t in self.wanted.weights.items()
                    if ".layers.2." in name)
        head = self.wanted.weights["lm_head.weight"].numel()
        norm = self.wanted.weights["model.norm.weight"].numel()
        self.assertEqual(first["moment_bytes"], 8 * (head // 2 + norm))
        self.assertEqual(second["moment_bytes"], 8 * (2 * layer + head) // 2)
        self.assertEqual(second["gradient_bytes"],
                         4 * (2 * layer + head) // 2)

    def test_one_mistake_is_seen(self):
        mistakes = {
            "not frozen": dict(phase1=dict(freeze=()), phase2=dict(
                patterns=[r"model\.layers\.[01]\..*"])),
            "the trainer's clipping": dict(phase1=dict(clip=None)),
            "one rate for all layers": dict(phase1=dict(groups=[
                (r"model\.layers\.3\..*", 1.0),
                (r"model\.layers\.2\..*", 1.0)])),
            "the optimizer's decay": dict(phase1=dict(weight_decay=None)),
            "a step late": dict(phase2=dict(until_step=16)),
            "another momentum": dict(phase2=dict(
                new_optimizer=lambda groups: torch.optim.SGD(
                    groups, lr=0.03, momentum=0.8))),
        }
        for label, mistake in mistakes.items():
            with self.subTest(label), self.assertRaises(AssertionError):
                fit_runs.assert_agree(self.runs[2],
                                      self.reference(**mistake), label + ":")


if __name__ == "__main__":
    unittest.main()
