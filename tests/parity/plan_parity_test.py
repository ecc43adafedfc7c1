# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Sharding plans and checkpointing change where things are, not what is learnt.

Every plan here trains as plain PyTorch does, moves every thawed tensor and
leaves every other one as it was, bit for bit; checkpointing changes no bit of
a run. More plans, against `fully_shard`: fsdp_parity_test.py.
"""

import unittest

import fit_runs
import reference_training as reference

LAYERS = r"model.layers.\d*$"
PLAN = {"model.output": {}, LAYERS: {}}
STEPS = 4
# The first layer stays frozen, though gradients pass through it at the end.
REST = [r"model\.layers\.[12]\..*", r"model\.embed_tokens\.weight"]
SCHEDULE = {
    0: {"params": ["model.output.weight", "model.norm.*"],
        "max_transition_epoch": 1},
    1: {"params": [r"model.layers.3\..*"], "max_transition_epoch": 2},
    2: {"params": [r"model.layers.[12]\..*", "model.tok_embeddings.weight"]},
}


def adapter(plan=None, **defaults):
    return {"fsdp_plan": plan or PLAN, "fsdp_default_kwargs": defaults}


class PlanParityTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.bench = fit_runs.Bench()
        cls.wanted = cls.reference()
        cls.thawed = set().union(*(p["thawed"] for p in cls.wanted.phases))
        # What checkpointing must not change a bit of.
        cls.plain = {world: cls.fit(adapter(reshard_after_forward=True), world)
                     for world in (1, 2)}

    @classmethod
    def reference(cls, **changes):
        return reference.train(cls.bench.settings(
            steps_per_epoch=STEPS, phases=[
                reference.Phase(fit_runs.HEAD, until_epoch=1),
                reference.Phase(fit_runs.LAST_LAYER, until_epoch=2),
                reference.Phase(REST)], **changes))

    @classmethod
    def fit(cls, adapter, world=2):
        config = cls.bench.config()
        config["trainer"]["steps_per_epoch"] = STEPS
        config["schedule"] = SCHEDULE
        if adapter is None:
            del config["strategy_adapter_cfg"]
        else:
            config["strategy_adapter_cfg"] = adapter
        return cls.bench.fit(config, world)

    def assert_agrees(self, label, run):
        fit_runs.assert_agree(run, self.wanted, label + ":")
        self.assertEqual(self.thawed, fit_runs.moved(run, self.wanted.start))

    def check(self, label, adapter):
        self.assert_agrees(label, self.fit(adapter))

    def test_no_checkpointing(self):
        self.assertEqual({name for name in self.wanted.start
                          if ".layers.0." not in name}, self.thawed)
        for world, run in self.plain.items():
            self.assert_agrees("no checkpointing, world %d" % world, run)

    def test_a_mistake_does_not_pass(self):
        wrong = self.reference(weight_decay=0.0)
        with self.assertRaises(AssertionError):
            fit_runs.assert_agree(self.plain[2], wrong, "no weight decay:")

    def test_no_plan(self):
        self.check("no plan", None)

    def test_unplanned_shard(self):
        self.check("unplanned shard", dict(
            adapter(reshard_after_forward=True, act_ckpt=["composable"]),
            unplanned="shard"))

    def test_model_as_root(self):
        self.check("root", adapter(dict(PLAN, model={}),
                                   act_ckpt=["composable"]))

    # FTS's own form of this plan trains next to nothing.
    def test_reshard_not_given(self):
        self.check("reshard not given", adapter())

    def test_no_resharding(self):
        self.check("no resharding", adapter(
            reshard_after_forward=False, act_ckpt=["composable"]))

    def test_parts_of_a_layer(self):
        self.check("parts", adapter({
            r"model.layers.[02].attention$": {},
            r"model.layers.[13].feed_forward$": {"act_ckpt": ["composable"]},
            "model.tok_embeddings": {},
            "model.norm": {"reshard_after_forward": False},
        }, reshard_after_forward=True))

    # ---- Checkpointing -----------------------------------------------------

    def assert_same_bits(self, layers, world=2, default=None):
        run = self.fit(adapter(
            dict({"model.output": {}}, **layers), reshard_after_forward=True,
            act_ckpt=default), world)
        plain = self.plain[world]
        self.assertEqual(plain.losses(), run.losses())
        self.assertEqual([s["grad_norm"] for s in plain.steps],
                         [s["grad_norm"] for s in run.steps])
        self.assertEqual([v["val_loss"] for v in plain.validations],
                         [v["val_loss"] for v in run.validations])
        self.assertEqual(set(), fit_runs.moved(run, plain.weights))

    def test_a_mode_for_each_layer(self):
        for world in (1, 2):
            self.assert_same_bits({
                "model.layers.0": {"act_ckpt": ["composable"]},
                "model.layers.1": {
                    "act_ckpt": ["wrapped", {"early_stop": False}]},
                "model.layers.2": {"act_ckpt": "wrapped_offload"},
                "model.layers.3": {"act_ckpt": [
                    "composable", {"save": ["matmul", "attention"]}]},
            }, world, default="composable")

    def test_one_operator_saved_in_each_layer(self):
        self.assert_same_bits({
            r"model.layers.[01]$": {
                "act_ckpt": ["composable", {"save": ["matmul"]}]},
            r"model.layers.[23]$": {
                "act_ckpt": ["composable", {"save": ["attention"]}]}})

    def test_every_second_layer(self):
        self.assert_same_bits({LAYERS: {
            "act_ckpt": ["composable", {"every": 2}]}}, default="composable")

    def test_off_for_one_entry(self):
        self.assert_same_bits({LAYERS: {"act_ckpt": None}},
                              default="wrapped_offload")


class TiedTest(unittest.TestCase):

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
