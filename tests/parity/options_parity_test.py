# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Run options against plain PyTorch: names, data, rates, groups, engine."""

import unittest

import torch

import fit_runs
import reference_training as reference

STEPS = 4


class OptionsParityTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.bench = fit_runs.Bench()
        cls.base = cls.bench.fit(cls.make_config(), 2)
        cls.wanted = cls.reference()

    @classmethod
    def make_config(cls, **adapter):
        config = cls.bench.config()
        config["trainer"]["steps_per_epoch"] = STEPS
        config["strategy_adapter_cfg"].update(adapter)
        return config

    @classmethod
    def reference(cls, **changes):
        return reference.train(
            cls.bench.settings(steps_per_epoch=STEPS, **changes))

    def assert_same_bits(self, run):
        self.assertEqual(self.base.losses(), run.losses())
        self.assertEqual([v["val_loss"] for v in self.base.validations],
                         [v["val_loss"] for v in run.validations])
        self.assertEqual(set(), fit_runs.moved(run, self.base.weights))

    def test_base(self):
        fit_runs.assert_agree(self.base, self.wanted, "base:")

    def test_hugging_face_names_and_token_files(self):
        config = self.make_config()
        config["model"]["names"] = "hf"
        config["schedule"] = {
            0: {"params": ["lm_head.weight", "model.norm.*"],
                "max_transition_epoch": 1},
            1: {"params": ["model.layers.3.(mlp|post_attention_layernorm|"
                           "self_attn|input_layernorm).*"],
                "max_transition_epoch": 2},
            2: {"params": [r"model.layers.[0-2]\..*",
                           "model.embed_tokens.weight"]},
        }
        config["strategy_adapter_cfg"]["fsdp_plan"] = {
            "lm_head": {}, r"model.layers.\d*$": {}}
        for name, width in (("train", 2), ("val", 4)):
            config["data"][name] = {
                "path": self.bench.write_tokens(name, width),
                "format": "tokens", "dtype": "uint%d" % (8 * width)}
        run = self.bench.fit(config, 2)
        self.assert_same_bits(run)
        self.assertEqual({"lm_head.weight", "model.norm.weight"},
                         set(run.phases[0]["thawed"]))

    @staticmethod
    def gathered(run):
        """What each phase gathered, as far as it is told."""
        return {phase["measured"]["bytes_gathered"]
                for phase in run.phases + [run.end] if "measured" in phase}

    def test_weights_in_shared_memory(self):
        run = self.bench.fit(self.make_config(binding="auto"), 2)
        fit_runs.assert_agree(run, self.wanted, "binding:")
        self.assertEqual({0}, self.gathered(run))
        self.assertNotIn(0, self.gathered(self.base))

    def test_unsharded_accumulation(self):
        config = self.make_config(accumulation="unsharded")
        self.assertEqual(2, config["trainer"]["accumulate"])
        fit_runs.assert_agree(self.bench.fit(config, 2), self.wanted,
                              "unsharded:")

    def test_engine_choices(self):
        """When weights are gathered, and where they live, changes no bit."""
        for adapter, entry in (
                ({"prefetch": "off", "frozen_placement": "resident",
                  "find_nonfinite": True}, {}),
                ({"frozen_placement": "sharded"},
                 {"reshard_after_forward": False,
                  "reshard_after_backward": False})):
            config = self.make_config(**adapter)
            plan = config["strategy_adapter_cfg"]["fsdp_plan"]
            for key in plan:
                plan[key] = dict(plan[key] or {}, **entry)
            with self.subTest(adapter=adapter, entry=entry):
                self.assert_same_bits(self.bench.fit(config, 2))

    def test_rates_per_step_and_no_decay(self):
        config = self.make_config()
        config["optimizer"]["no_decay"] = ["norm", "tok_embeddings"]
        config["lr_scheduler"] = {"name": "cosine_annealing_lr", "T_max": 16,
                                  "interval": "step"}
        rates = dict(
            lr_interval="step",
            lr_scheduler=lambda optimizer:
                torch.optim.lr_scheduler.CosineAnnealingLR(
                    optimizer, T_max=16))
        wanted = self.reference(no_decay=("norm", "embed_tokens"), **rates)
        self.assertEqual([2, 4, 6], sorted({len(s["lr"])
                                            for s in wanted.steps}))
        fit_runs.assert_agree(self.bench.fit(config, 2), wanted,
                              "cosine, no_decay:")
        # With decay the losses would differ visibly.
        decayed = self.reference(**rates)
        self.assertGreater(
            max(fit_runs.relative(a["loss"], b["loss"])
                for a, b in zip(decayed.steps, wanted.steps)), 1e-5)

    def test_rates_on_plateau_in_file_order_by_batch_size(self):
        config = self.make_config()
        config["data"]["shuffle"] = False
        del config["data"]["global_batch_size"]
        config["data"]["batch_size"] = 1
        config["trainer"]["accumulate"] = 4
        config["lr_scheduler"] = {
            "name": "reduce_lr_on_plateau", "factor": 0.5, "patience": 0,
            "threshold": 1.0, "threshold_mode": "abs", "monitor": "val_loss"}
        wanted = self.reference(
            shuffle=False, lr_interval="metric",
            lr_scheduler=lambda optimizer:
                torch.optim.lr_scheduler.ReduceLROnPlateau(
                    optimizer, factor=0.5, patience=0, threshold=1.0,
                    threshold_mode="abs"))
        self.assertNotEqual(wanted.steps[0]["lr"][0],
                            wanted.steps[-1]["lr"][0])
        fit_runs.assert_agree(self.bench.fit(config, 2), wanted,
                              "plateau, file order:")


if __name__ == "__main__":
    unittest.main()
