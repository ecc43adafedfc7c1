# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""`fts fit` against torch's `fully_shard`: same weights, batches and plan.

Three phases of seven steps under each plan variant. What is compared: losses,
gradient norms and validation losses of every step, the weights at the end,
and the gradients of one step. The peer shards its root on top of each plan,
because torch reduces nothing that no unit holds; a run of the plan as it
stands is one of the deliberate mistakes that must not pass.
"""

import dataclasses
import unittest

import torch

import fit_runs
import fsdp_reference as peer

STEPS = 7
LAYERS = r"model.layers.\d*$"
PLAN = {"lm_head": {}, LAYERS: {}}
SEED = dict(reshard_after_forward=True, act_ckpt=["composable"],
            cpu_offload_policy={})
NESTED = {
    r"model.layers.\d.self_attn$": {}, r"model.layers.\d.mlp$": {},
    LAYERS: {}, "lm_head": {}, "model": {},
}
EVERY_MODULE = {
    r"model.layers.\d.self_attn.[qkvo]_proj$": {},
    r"model.layers.\d.mlp.(gate|up|down)_proj$": {},
    r"model.layers.\d.(input|post_attention)_layernorm$": {},
    "model.embed_tokens": {}, "model.norm": {}, "lm_head": {},
}


# assertEqual's own for fp32 are tighter than ours for what follows training.
FP32 = dict(fit_runs.TOLERANCES, gradients=1e-6)
# What upstream's tests allow between bf16 tensors.
BF16 = dict(loss=1.6e-2, val_loss=1.6e-2, grad_norm=1.6e-2, weights=1.6e-2,
            lr=1e-12, gradients=1.6e-2)


@dataclasses.dataclass
class Variant:
    plan: dict = dataclasses.field(default_factory=lambda: dict(PLAN))
    defaults: dict = dataclasses.field(
        default_factory=lambda: dict(reshard_after_forward=True))
    adapter: dict = dataclasses.field(default_factory=dict)  # ours only
    accumulate: int = 1
    sync_each: bool = True  # of the peer
    precision: str = "32-true"
    replicate: int = 1  # HSDP: so many replicas of the shards
    tolerance: dict = dataclasses.field(default_factory=lambda: FP32)


VARIANTS = {
    "seed_plan": Variant(defaults=SEED),  # checkpointed, offloaded
    "nested": Variant(plan=NESTED, defaults={}),
    "every_module": Variant(plan=EVERY_MODULE),
    "reshard_false": Variant(defaults=dict(reshard_after_forward=False)),
    "one_root": Variant(plan={"model": {}}),
    "sharded_rest": Variant(adapter=dict(unplanned="shard")),
    "accumulated": Variant(accumulate=2, sync_each=False),
    "bf16_mixed": Variant(precision="bf16-mixed", tolerance=BF16),
}


def schedule():
    return {
        0: {"params": fit_runs.HEAD, "max_transition_epoch": 1},
        1: {"params": fit_runs.LAST_LAYER, "max_transition_epoch": 2},
        2: {"params": fit_runs.REST},
    }


def job(bench, variant, **changes):
    files = {name: "%s/%s.txt" % (bench.folder, name)
             for name in ("train", "val")}
    return peer.Job(
        settings=dict(
            model=bench.model, seq_len=fit_runs.SEQ_LEN,
            global_batch=fit_runs.GLOBAL_BATCH, epochs=3,
            steps_per_epoch=STEPS, clip=fit_runs.CLIP, step_lr_gamma=0.7,
            phases=[dict(patterns=fit_runs.HEAD, until_epoch=1),
                    dict(patterns=fit_runs.LAST_LAYER, until_epoch=2),
                    dict(patterns=fit_runs.REST)], **files),
        plan=variant.plan, defaults=variant.defaults,
        accumulate=variant.accumulate, sync_each=variant.sync_each,
        precision=variant.precision, replicate=variant.replicate, **changes)


def config(bench, variant):
    config = bench.config()
    config["model"]["names"] = "hf"
    config["schedule"] = schedule()
    config["trainer"]["steps_per_epoch"] = STEPS
    config["trainer"]["accumulate"] = variant.accumulate
    config["precision"] = variant.precision
    if variant.replicate > 1:
        config["mesh"] = {"dp_replicate": variant.replicate, "dp_shard": -1}
    config["strategy_adapter_cfg"] = dict(
        variant.adapter, fsdp_plan=variant.plan,
        fsdp_default_kwargs=variant.defaults)
    return config


# So much larger than any weight that the weights after a step of plain SGD are
# the gradients, and a power of two, so that they are so to the last bit.
HUGE = 2.0 ** 40


def gradients(bench, variant, world):
    """Of the first step of `fts fit` with everything trainable."""
    one = config(bench, variant)
    for key in ("schedule", "scheduler", "early_stopping", "lr_scheduler"):
        del one[key]
    del one["data"]["val"]
    del one["trainer"]["clip_grad_norm"]
    one["trainer"].update(max_epochs=1, steps_per_epoch=1)
    one["optimizer"] = {"name": "sgd", "lr": HUGE}
    run = bench.fit(one, world)
    return {name: tensor / -HUGE for name, tensor in run.weights.items()}


def worst_gradient(got, wanted):
    """Largest ||a - b|| / ||b|| of a tensor, and its name."""
    assert set(got) == set(wanted), set(got) ^ set(wanted)
    return max(
        ((got[name].double() - tensor.double()).norm().item() /
         tensor.double().norm().item(), name)
        for name, tensor in wanted.items())


class Peers:
    """One run of the peer's ranks for all variants of a test case."""

    @classmethod
    def setUpClass(cls):
        cls.bench = fit_runs.Bench()
        jobs = {name: job(cls.bench, variant)
                for name, variant in cls.VARIANTS.items()}
        for mistake in cls.MISTAKES:
            jobs[mistake] = job(cls.bench, Variant(), mistake=mistake)
        cls.wanted = peer.run_jobs(jobs, cls.WORLD, cls.bench.folder)

    def check(self, name):
        variant = self.VARIANTS[name]
        run = self.bench.fit(config(self.bench, variant), self.WORLD)
        self.assertGreaterEqual(len(run.steps), 20)
        wanted, wanted_gradients = self.wanted[name]
        tolerance = dict(variant.tolerance)
        limit = tolerance.pop("gradients")
        fit_runs.assert_agree(run, wanted, name + ":", **tolerance)
        worst, where = worst_gradient(
            gradients(self.bench, variant, self.WORLD), wanted_gradients)
        print("%s: gradients %.1e (%s)" % (name, worst, where), flush=True)
        self.assertLessEqual(worst, limit)


class FsdpParityTest(Peers, unittest.TestCase):
    WORLD = 2
    VARIANTS = VARIANTS
    MISTAKES = ("no_root", "same_batch")

    def test_a_mistake_does_not_pass(self):
        run = self.bench.fit(config(self.bench, Variant()), self.WORLD)
        for mistake in self.MISTAKES:
            with self.assertRaises(AssertionError, msg=mistake):
                fit_runs.assert_agree(run, self.wanted[mistake][0],
                                      mistake + ":")
        got = gradients(self.bench, Variant(), self.WORLD)
        wanted = dict(self.wanted["seed_plan"][1])
        name = "model.norm.weight"
        wanted[name] = wanted[name] * (1 + 1e-5)
        self.assertGreater(worst_gradient(got, wanted)[0], 1e-6)


class FourRanksTest(Peers, unittest.TestCase):
    """Replicas, and units that stay in groups between the passes."""

    WORLD = 4
    VARIANTS = {
        "hsdp": Variant(replicate=2),
        "hsdp_accumulated": Variant(replicate=2, accumulate=2,
                                    sync_each=False),
        "groups_of_two": Variant(defaults=dict(reshard_after_forward=2)),
    }
    MISTAKES = ()


for _case in (FsdpParityTest, FourRanksTest):
    for _name in _case.VARIANTS:
        setattr(_case, "test_" + _name,
                lambda self, name=_name: self.check(name))


if __name__ == "__main__":
    unittest.main()
