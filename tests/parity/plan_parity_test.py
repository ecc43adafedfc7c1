# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Sharding plans change where things are, not what is learnt.

Every plan here trains as plain PyTorch does, moves every thawed tensor and
leaves every frozen one as it was, bit for bit.
"""

import re
import unittest

import fit_runs
import reference_training as reference

LAYERS = r"model.layers.\d*$"
STEPS = 4


class PlanParityTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.bench = fit_runs.Bench()
        cls.wanted = reference.train(
            cls.bench.settings(steps_per_epoch=STEPS))
        phases = cls.bench.settings().phases
        cls.frozen_at_the_end = {
            name for name in cls.wanted.start
            if any(re.fullmatch(p, name) for p in phases[2].patterns)}

    def config(self, adapter):
        config = self.bench.config()
        config["trainer"]["steps_per_epoch"] = STEPS
        if adapter is None:
            del config["strategy_adapter_cfg"]
        else:
            config["strategy_adapter_cfg"] = adapter
        return config

    def check(self, label, adapter):
        run = self.bench.fit(self.config(adapter), 2)
        fit_runs.assert_agree(run, self.wanted, label + ":")
        self.assertEqual(set(self.wanted.start),
                         fit_runs.moved(run, self.wanted.start))
        return run

    def check_frozen(self, label, adapter):
        """Phases 0 and 1 alone: the rest must stay as it was."""
        config = self.config(adapter)
        config["scheduler"]["max_depth"] = 1
        config["trainer"]["max_epochs"] = 2
        run = self.bench.fit(config, 2)
        self.assertEqual(set(self.wanted.start) - self.frozen_at_the_end,
                         fit_runs.moved(run, self.wanted.start), label)
        for got, wanted in zip(run.steps, self.wanted.steps):
            self.assertLess(
                fit_runs.relative(got["loss"], wanted["loss"]), 1e-6)

    def test_no_plan(self):
        self.check("no plan", None)
        self.check_frozen("no plan", None)

    def test_unplanned_shard(self):
        adapter = {
            "fsdp_default_kwargs": {"reshard_after_forward": True,
                                    "act_ckpt": ["composable"]},
            "fsdp_plan": {"model.output": {}, LAYERS: {}},
            "unplanned": "shard",
        }
        self.check("unplanned shard", adapter)
        self.check_frozen("unplanned shard", adapter)

    def test_seed_plan_leaves_frozen_tensors(self):
        self.check_frozen(
            "seed plan", self.bench.config()["strategy_adapter_cfg"])

    def test_model_as_root(self):
        self.check("root", {
            "fsdp_default_kwargs": {"act_ckpt": ["composable"]},
            "fsdp_plan": {"model.output": {}, LAYERS: {}, "model": {}},
        })

    def test_model_alone(self):
        run = self.check("one unit", {"fsdp_plan": {"model": {}}})
        wrong = reference.train(self.bench.settings(
            steps_per_epoch=STEPS, weight_decay=0.0))
        with self.assertRaises(AssertionError):
            fit_runs.assert_agree(run, wrong, "no weight decay:")

    # FTS's own form of this plan trains next to nothing.
    def test_reshard_not_given(self):
        adapter = {"fsdp_plan": {"model.output": {}, LAYERS: {}}}
        self.check("reshard not given", adapter)
        self.check_frozen("reshard not given", adapter)

    def test_reshard_not_given_checkpointed(self):
        self.check("reshard not given, checkpointed", {
            "fsdp_default_kwargs": {"act_ckpt": ["composable"]},
            "fsdp_plan": {"model.output": {}, LAYERS: {}},
        })

    def test_no_resharding(self):
        self.check("no resharding", {
            "fsdp_default_kwargs": {"reshard_after_forward": False,
                                    "act_ckpt": ["composable"]},
            "fsdp_plan": {"model.output": {}, LAYERS: {}},
        })

    def test_no_checkpointing(self):
        self.check("no checkpointing", {
            "fsdp_default_kwargs": {"reshard_after_forward": True},
            "fsdp_plan": {"model.output": {}, LAYERS: {}},
        })

    def test_parts_of_a_layer(self):
        self.check("parts", {
            "fsdp_default_kwargs": {"reshard_after_forward": True},
            "fsdp_plan": {
                r"model.layers.[02].attention$": {},
                r"model.layers.[13].feed_forward$":
                    {"act_ckpt": ["composable"]},
                "model.tok_embeddings": {},
                "model.norm": {"reshard_after_forward": False},
            },
        })

    def test_tied_embeddings(self):
        bench = fit_runs.Bench(tied=True)
        config = bench.config()
        config["trainer"]["steps_per_epoch"] = STEPS
        # Phase 1 thaws what both ends of the network use.
        config["schedule"] = {
            0: {"params": ["model.norm.*", r"model.layers.3\..*"],
                "max_transition_epoch": 1},
            1: {"params": ["model.tok_embeddings.weight"],
                "max_transition_epoch": 2},
            2: {"params": [r"model.layers.[0-2]\..*"]},
        }
        wanted = reference.train(bench.settings(
            steps_per_epoch=STEPS, phases=[
                reference.Phase([r"model\.norm\.weight"] +
                                fit_runs.LAST_LAYER, until_epoch=1),
                reference.Phase(fit_runs.REST[1:], until_epoch=2),
                reference.Phase(fit_runs.REST[:1])]))
        for unplanned in ("replicate", "shard"):
            config["strategy_adapter_cfg"]["unplanned"] = unplanned
            run = bench.fit(config, 2)
            fit_runs.assert_agree(run, wanted, "tied, %s:" % unplanned)
            self.assertEqual(set(wanted.start),
                             fit_runs.moved(run, wanted.start))


if __name__ == "__main__":
    unittest.main()
