# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""`fts fit` under a tp_plan: against the unsharded model, and against torch's
`parallelize_module`, `loss_parallel` and `fully_shard` on the same mesh.

Three phases of seven steps per variant. What is compared: losses, gradient
norms and validation losses of every step, every tensor of the export at the
end, logits of that export in transformers, and of some variants the gradients
of one step. References with one deliberate mistake must not pass.
"""

import functools
import os
import unittest

import torch
import transformers

import fit_runs
import reference_training as reference
import tp_cases
import tp_reference as peer
from tp_cases import FP32, VARIANTS, Variant, variant_named

# One step's gradients of these too.
GRADIENTS = ("1x2", "2x2", "2x1x2_by_hand")
# Of torch's runs, by their number of ranks: the run of ours and a mistake.
PEERS = {
    2: {"1x2": ("1x2", ""), **{m: ("1x2", m) for m in (
        "norms_not_summed", "norms_not_clipped", "batches_by_world_rank")}},
    4: {"2x2_whole": ("2x2_whole", ""), "2x2_bf16": ("2x2_bf16", "")},
}


def first_gradients(settings):
    """Of the first batch, everything trainable, unsharded."""
    trainer = reference.Trainer(settings)
    trainer.model.requires_grad_(True)
    samples = reference.Samples(settings.train, settings.seq_len)
    order = reference.permutation(settings.seed, 0, samples.count)
    reference.mean_loss(trainer.model, *samples.batch(
        order[:settings.global_batch])).backward()
    return {name: p.grad for name, p in trainer.named_parameters()}


def worst_norm(run, wanted):
    """The largest relative difference of a tensor's norms, and its name."""
    norm = lambda tensor: tensor.double().norm().item()
    return max((fit_runs.relative(norm(run.weights[name]), norm(tensor)), name)
               for name, tensor in wanted.weights.items())


def assert_agree(run, wanted, label, tolerance):
    tolerance = dict(tolerance)
    limit = tolerance.pop("norms")
    tolerance.pop("gradients")
    fit_runs.assert_agree(run, wanted, label, **tolerance)
    worst, where = worst_norm(run, wanted)
    if not worst <= limit:
        raise AssertionError("%s the norm of %s is off by %.1e" % (
            label, where, worst))


class TpParityTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.benches = {False: fit_runs.Bench(**tp_cases.SHAPE),
                       True: fit_runs.Bench(**tp_cases.TIED)}
        # First: they fork, which is not to be done after a backward.
        cls.torch = {}
        for world, jobs in PEERS.items():
            cls.torch.update(peer.run_jobs(
                {name: cls.job(variant_named(ours), mistake)
                 for name, (ours, mistake) in jobs.items()},
                world, cls.benches[False].folder))
        cls.unsharded = {
            tied: reference.train(tp_cases.settings(
                bench, Variant((1, 1, 1), tied=tied)))
            for tied, bench in cls.benches.items()}

    @classmethod
    def job(cls, variant, mistake):
        return peer.Job(
            settings=tp_cases.settings(cls.benches[variant.tied], variant),
            plan=tp_cases.HF_PLAN, defaults=variant.defaults,
            precision=variant.precision, replicate=variant.mesh[0],
            tp=variant.mesh[2], sequence_parallel=variant.sequence,
            loss_parallel=variant.loss, mistake=mistake)

    @classmethod
    @functools.lru_cache(maxsize=None)
    def run_of(cls, name):
        variant = variant_named(name)
        bench = cls.benches[variant.tied]
        # Some in the form that users get who ask for nothing.
        auto = name in ("1x2", "2x2", "2x1x2_whole")
        return bench.fit(tp_cases.config(bench, variant), variant.world,
                         binding="auto" if auto else "off")

    @classmethod
    @functools.lru_cache(maxsize=None)
    def gradients_of(cls, name):
        variant = VARIANTS[name]
        bench = cls.benches[variant.tied]
        return fit_runs.one_step_gradients(
            bench, tp_cases.config(bench, variant), variant.world)

    def check(self, name):
        """Against the unsharded model."""
        variant = VARIANTS[name]
        wanted = self.unsharded[variant.tied]
        run = self.run_of(name)
        self.assertGreaterEqual(len(run.steps), 20)
        self.assertEqual([0, 1, 2], [p["phase"] for p in run.phases])
        assert_agree(run, wanted, name + ":", variant.tolerance)
        self.assertEqual(set(wanted.start), fit_runs.moved(run, wanted.start))
        self.check_export(run, wanted, name)

    def check_export(self, run, wanted, label):
        model, info = transformers.LlamaForCausalLM.from_pretrained(
            os.path.join(run.folder, "export"), output_loading_info=True)
        for problems in info.values():
            self.assertFalse(problems, info)
        tokens = torch.tensor([list(self.benches[False].val[:64])])
        with torch.no_grad():
            torch.testing.assert_close(
                model.eval()(tokens).logits, wanted.model(tokens).logits,
                rtol=1e-4, atol=1e-4, msg=label)

    def assert_gradients(self, got, wanted, label):
        worst, where = fit_runs.worst_gradient(got, wanted)
        print("%s gradients %.1e (%s)" % (label, worst, where), flush=True)
        self.assertLessEqual(worst, FP32["gradients"])

    def test_gradients_of_one_step(self):
        wanted = {tied: first_gradients(tp_cases.settings(bench, Variant(
            (1, 1, 1), tied=tied))) for tied, bench in self.benches.items()}
        for name in GRADIENTS:
            self.assert_gradients(self.gradients_of(name),
                                  wanted[VARIANTS[name].tied], name + ":")
        self.assert_gradients(self.gradients_of("1x2"), self.torch["1x2"][1],
                              "1x2 against torch:")

    def test_agrees_with_parallelize_module_and_fully_shard(self):
        for jobs in PEERS.values():
            for name, (ours, mistake) in jobs.items():
                if not mistake:
                    assert_agree(self.run_of(ours), self.torch[name][0],
                                 name + " against torch:",
                                 variant_named(ours).tolerance)

    def test_bf16_computes_in_bf16(self):
        with self.assertRaises(AssertionError):
            assert_agree(self.run_of("2x2_bf16"), self.unsharded[False],
                         "bf16 against fp32:", FP32)
        run = self.run_of("2x2_bf16")
        self.assertEqual({torch.float32},  # masters, whatever computes
                         {t.dtype for t in run.weights.values()})

    def test_a_mistake_does_not_pass(self):
        run = self.run_of("1x2")
        for mistake in ("norms_not_summed", "norms_not_clipped",
                        "batches_by_world_rank"):
            wrong = self.torch[mistake][0]
            with self.subTest(mistake), self.assertRaises(AssertionError):
                assert_agree(run, wrong, mistake + ":", FP32)
            worst = fit_runs.deviations(run, wrong)
            self.assertGreater(worst["loss"], FP32["loss"], mistake)
        gradients = self.torch["norms_not_summed"][1]
        worst, where = fit_runs.worst_gradient(self.gradients_of("1x2"),
                                               gradients)
        self.assertGreater(worst, 0.1)
        self.assertIn("norm", where)
        wanted = dict(self.torch["1x2"][1])
        wanted["model.norm.weight"] = wanted["model.norm.weight"] * (1 + 1e-5)
        self.assertGreater(
            fit_runs.worst_gradient(self.gradients_of("1x2"), wanted)[0],
            FP32["gradients"])


for _name in VARIANTS:
    setattr(TpParityTest, "test_" + _name,
            lambda self, name=_name: self.check(name))


if __name__ == "__main__":
    unittest.main()
