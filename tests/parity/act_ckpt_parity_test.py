# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Every form of activation checkpointing trains as none does, bit for bit.

And without any, the run agrees with plain PyTorch.
"""

import unittest

import fit_runs
import reference_training as reference

STEPS = 3
LAYERS = r"model.layers.\d*$"


class ActCkptParityTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.bench = fit_runs.Bench()
        cls.none = {world: cls.fit({}, {}, world) for world in (1, 2)}

    @classmethod
    def fit(cls, default, layers, world):
        config = cls.bench.config()
        config["trainer"]["steps_per_epoch"] = STEPS
        config["strategy_adapter_cfg"] = {
            "fsdp_default_kwargs": dict(reshard_after_forward=True, **default),
            "fsdp_plan": {"model.output": {}, LAYERS: layers},
        }
        return cls.bench.fit(config, world)

    def assert_same_bits(self, default, layers, world=2):
        base, run = self.none[world], self.fit(default, layers, world)
        self.assertEqual(base.losses(), run.losses())
        self.assertEqual([s["grad_norm"] for s in base.steps],
                         [s["grad_norm"] for s in run.steps])
        self.assertEqual([v["val_loss"] for v in base.validations],
                         [v["val_loss"] for v in run.validations])
        self.assertEqual(set(), fit_runs.moved(run, base.weights))

    def test_none_agrees_with_pytorch(self):
        wanted = reference.train(
            self.bench.settings(steps_per_epoch=STEPS))
        for world, run in self.none.items():
            fit_runs.assert_agree(run, wanted, "world %d:" % world)

    def test_composable(self):
        for world in (1, 2):
            self.assert_same_bits({"act_ckpt": ["composable"]}, {}, world)

    def test_wrapped(self):
        self.assert_same_bits(
            {}, {"act_ckpt": ["wrapped", {"early_stop": False}]})

    def test_wrapped_offload(self):
        for world in (1, 2):
            self.assert_same_bits({"act_ckpt": "wrapped_offload"}, {}, world)

    def test_save_lists(self):
        for world, save in ((1, ["matmul", "attention"]), (2, ["attention"]),
                            (2, ["matmul"])):
            self.assert_same_bits(
                {"act_ckpt": ["composable", {"save": save}]}, {}, world)

    def test_every_second_layer_and_off_for_one_entry(self):
        self.assert_same_bits(
            {"act_ckpt": "composable"},
            {"act_ckpt": ["composable", {"every": 2}]})
        self.assert_same_bits({"act_ckpt": "composable"}, {"act_ckpt": None})


if __name__ == "__main__":
    unittest.main()
