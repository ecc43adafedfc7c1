# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""`fts fit` on four ranks that share the model in every way the config knows:
each curve is that of one rank with the same global batch.
"""

import unittest

import harness
from harness import SHARDED

PLAN = "  fsdp_plan: {'model.output': {}, 'model.layers.\\d*$': {}}\n"
ONE = ["trainer.cpu_ranks=1", "data.batch_size=8"]
FOUR = ["trainer.cpu_ranks=4", "data.batch_size=2"]
HSDP = ["mesh.dp_replicate=2", "mesh.dp_shard=2"]


class MeshTest(harness.FitTestCase):

    def curve(self, name, *args, plan=PLAN, env=None):
        """(loss, gradient norm) of every step."""
        self.assertIn(PLAN, SHARDED)
        self.write(name + ".yaml", SHARDED.replace(PLAN, plan))
        self.fit("--config", name + ".yaml", "output_dir=" + name,
                 "trainer.clip_grad_norm=0.5", *args, env=env)
        return [(e["loss"], e["grad_norm"]) for e in harness.read_events(
            self.path(name, "metrics.jsonl")) if e["event"] == "train_step"]

    def check(self, curve, want):
        self.assertEqual(len(curve), 12)
        for (loss, norm), (want_loss, want_norm) in zip(curve, want):
            self.assertAlmostEqual(loss, want_loss, delta=1e-5 * want_loss)
            self.assertAlmostEqual(norm, want_norm, delta=1e-3 * want_norm)

    def test_the_curve_does_not_depend_on_the_mesh(self):
        want = self.curve("one", *ONE)
        for backend in "shm", "gloo":
            self.check(self.curve("hsdp_" + backend, *FOUR, *HSDP,
                                  env={"FTS_COMM": backend}), want)
        self.check(self.curve("hsdp_accumulate", *HSDP, "trainer.cpu_ranks=4",
                              "data.batch_size=1", "trainer.accumulate=2"),
                   want)
        self.check(self.curve("data_parallel", *FOUR, "mesh.dp_replicate=4",
                              "mesh.dp_shard=1"), want)
        self.check(self.curve("options", *FOUR, plan="""\
  fsdp_plan:
    'model.layers.\\d*$': {reshard_after_forward: 2}
    'model.norm|model.output': {one_unit: true}
    model.tok_embeddings: {shard_placement: {dim: -1}}
"""), want)


if __name__ == "__main__":
    unittest.main()
