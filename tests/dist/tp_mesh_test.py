# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""`fts fit` with ranks that share layers: metrics.jsonl says what that of one
rank says, over both transports, whatever the mesh; a rank that is killed ends
all; and what cannot be split is refused before anything starts.

Whether the numbers are right: tests/parity/tp_parity_test.py.
"""

import os
import signal
import unittest

import harness
from harness import CONFIG

# Two phases that overlap and one that freezes, with limits in tokens and steps,
# the best weights restored at each. A step has 8 samples on every mesh.
SCHEDULE = """\
0: {params: [model.output.weight, model.norm.weight], max_transition_tokens: %d}
1:
  freeze: [model.output.weight]
  params: ['model.layers.[23].*']
  max_transition_step: 7
2: {params: ['model.layers.[01].*', model.tok_embeddings.weight]}
""" % (4 * 8 * 32)
PLAIN = CONFIG.replace(harness.SCHEDULE, "s.yaml")
TP = PLAIN + """\
  tp_plan: llama
  loss_parallel: true
"""
PAIR = ["trainer.cpu_ranks=2", "mesh.tp=2"]


class TpMeshTest(harness.FitTestCase):

    def setUp(self):
        super().setUp()
        self.write("s.yaml", SCHEDULE)

    def events_of(self, name, *args, config=TP, env=None):
        self.write(name + ".yaml", config)
        run = self.fit("--config", name + ".yaml", "output_dir=" + name,
                       "trainer.clip_grad_norm=0.5", *args, env=env)
        self.assertEqual(run.err, "")
        return self.events(name)

    def check(self, events, want):
        """Numbers to rounding, everything else to the letter."""
        self.assertEqual(len(events), len(want))
        for event, wanted in zip(events, want):
            self.assertEqual(list(event), list(wanted))
            for key, value in wanted.items():
                if key in ("loss", "grad_norm", "val_loss", "best"):
                    self.assertAlmostEqual(event[key], value, msg=wanted,
                                           delta=1e-5 * value)
                elif key not in ("tokens_per_s", "step_ms", "mem_mib",
                                 "transition_ms", "measured"):
                    self.assertEqual(event[key], value, wanted)

    def test_what_a_run_says_does_not_depend_on_the_mesh(self):
        want = self.events_of("one", "trainer.cpu_ranks=1", "data.batch_size=8",
                              config=PLAIN)
        phases = [e for e in want if e["event"] == "phase"]
        self.assertEqual([p["step"] for p in phases], [0, 4, 7])
        for backend in "shm", "gloo":
            events = self.events_of("pair_" + backend, *PAIR,
                                    "data.batch_size=8",
                                    env={"FTS_COMM": backend})
            self.check(events, want)
        # Half of each tensor but the norms on each rank, also while training.
        held = [e["measured"]["moment_bytes"] for e in events
                if "measured" in e]
        self.assertEqual(held[0], 2 * 4 * (256 * 32 // 2 + 32))
        whole = [e["measured"]["moment_bytes"] for e in want
                 if "measured" in e]
        self.assertEqual(held[2], whole[2] // 2 + 2 * 4 * 9 * 32 // 2)
        self.check(self.events_of(
            "square", "trainer.cpu_ranks=4", "mesh.tp=2", "mesh.dp_shard=2",
            "data.batch_size=2", "trainer.accumulate=2",
            "trainer.limit_val_batches=4",
            "strategy_adapter_cfg.loss_parallel=false"), want)

    def test_a_killed_rank_ends_all(self):
        self.write("c.yaml", TP)
        run = self.start("--config", "c.yaml", "output_dir=out", *PAIR,
                         "trainer.max_epochs=1000000",
                         "early_stopping.patience=1000000")

        def trains():
            self.assertIsNone(run.popen.poll(), run.out + run.err)
            return self.events(kind="train_step")

        harness.wait_until("a train_step line", trains)
        os.kill(run.alive()[1], signal.SIGKILL)
        self.assertEqual(run.wait(), 1)
        harness.wait_until("no process left", lambda: not run.alive())
        self.assertIn("error: rank 1 was killed by signal 9 (SIGKILL)",
                      run.err)

    def refuse(self, message, config=TP, more=()):
        """Exit 2 with the message alone, and nothing was started."""
        self.write("c.yaml", config)
        run = self.fit("--config", "c.yaml", "output_dir=out", *PAIR, *more,
                       code=2)
        self.assertEqual(run.out, "")
        self.assertEqual(run.err, message + "\n")
        self.assertFalse(os.path.exists(self.path("out")))

    def test_what_cannot_be_split_is_refused(self):
        self.refuse("c.yaml:16:3: error: mesh.tp is 2, but there is no tp_plan "
                    "to say how 2 ranks share the layers; write "
                    "strategy_adapter_cfg.tp_plan (llama, or a mapping {module "
                    "pattern: style}), or set mesh.tp to 1 [tp_plan_missing]",
                    PLAIN)
        self.refuse("c.yaml:18:12: error: tp_plan 'llama': "
                    "'model.layers.0.attention.wk' (and 7 more) has 1 key and "
                    "value head for 4 query heads, which 2 ranks along tp "
                    "cannot share: a head is never cut; the largest mesh.tp "
                    "below it that works for all heads of the plan is 1 [tp_size]",
                    TP.replace("n_kv_heads: 2", "n_kv_heads: 1"))
        self.refuse("c.yaml:9:12: error: data.seq_len 31 does not divide by 2: "
                    "under this tp_plan each of the 2 ranks along mesh.tp works "
                    "on its part of every sequence between layers; use a "
                    "multiple of 2, or sequence_parallel: false [out_of_range]",
                    TP.replace("seq_len: 32", "seq_len: 31"))
        self.refuse("error: mesh {dp_replicate: 1, dp_shard: -1, tp: 2}: "
                    "trainer.cpu_ranks is 3, which is not a multiple of "
                    "dp_replicate x tp = 2; set trainer.cpu_ranks to a "
                    "multiple of 2, or change the mesh [mesh_size]",
                    more=["trainer.cpu_ranks=3"])


if __name__ == "__main__":
    unittest.main()
