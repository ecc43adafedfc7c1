# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""What a run does and leaves: files, metrics.jsonl, transitions, measurements.

Twelve steps of a tiny model on two ranks are most of the runs here.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import unittest

import harness
from harness import CONFIG, SCHEDULE, SHARDED

STEP_KEYS = ["event", "step", "epoch", "phase", "loss", "grad_norm", "lr",
             "tokens_per_s", "step_ms", "mem_mib"]
VALIDATION_KEYS = ["event", "step", "epoch", "phase", "val_loss"]
PHASE_KEYS = ["event", "phase", "epoch", "step", "reason", "thawed",
              "trainable_params", "total_params", "transition_ms"]
END_KEYS = ["event", "reason", "steps", "best"]
MEASURED_KEYS = ["phase", "bytes_gathered", "bytes_reduced", "gradient_bytes",
                 "moment_bytes", "peak_bytes"]

# A phase ends after two epochs, or one where an earlier phase had a result,
# whatever the numbers are.
STOP_EARLY = "early_stopping: {patience: 1, min_delta: 1000}\n"


def of_kind(events, kind):
    return [e for e in events if e["event"] == kind]


def measured(events):
    """What each phase measured, from the events after it."""
    return [e["measured"] for e in events if "measured" in e]


class ThreePhasesTest(unittest.TestCase):
    """One run of the schedule and plan of the examples, looked at closely."""

    maxDiff = None
    folder = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="fts_dist_")
        with open(os.path.join(cls.folder, "c.yaml"), "w",
                  encoding="utf-8") as file:
            file.write(SHARDED)
        cls.run_ = harness.Process(
            cls.folder, ["fit", "--config", "c.yaml", "output_dir=out"])
        if cls.run_.wait() != 0:
            raise AssertionError(cls.run_.out + cls.run_.err)
        cls.all = harness.read_events(cls.path("metrics.jsonl"))
        with open(cls.path("plan.json"), encoding="utf-8") as file:
            cls.plan = json.load(file)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    @classmethod
    def path(cls, *parts):
        return os.path.join(cls.folder, "out", *parts)

    def test_files(self):
        self.assertEqual(sorted(os.listdir(self.path())), [
            "config.yaml", "export", "llama_ft_schedule.yaml", "metrics.jsonl",
            "plan.json", "rank_0.log", "rank_1.log"])
        self.assertIn("model.safetensors", os.listdir(self.path("export")))
        self.assertEqual(self.run_.err, "")
        for rank in (0, 1):
            self.assertEqual(
                harness.read(self.path("rank_%d.log" % rank)), "")

    def test_left_config_says_the_same(self):
        def printed(config):
            text = subprocess.run(
                [harness.FTS, "config", "print", "--config", config],
                stdout=subprocess.PIPE, universal_newlines=True,
                cwd=self.folder, check=True).stdout
            return re.sub(r" *#.*", "", text).replace(
                "output_dir: out\n", "").split("\n")
        self.assertEqual(sorted(printed("out/config.yaml")),
                         sorted(printed("c.yaml")))

    def test_order_of_events(self):
        seen = [(e["event"], e.get("epoch"), e.get("step")) for e in self.all]
        expected = [("validation", -1, -1)]
        for epoch in range(4):
            if epoch < 3:
                expected.append(("phase", epoch, 3 * epoch))
            expected += [("train_step", epoch, 3 * epoch + i)
                         for i in range(3)]
            expected.append(("validation", epoch, 3 * epoch + 2))
        self.assertEqual(seen, expected + [("run_end", None, None)])

    def test_schema(self):
        for event in self.all:
            keys = [k for k in event if k != "measured"]
            self.assertEqual(keys, {
                "train_step": STEP_KEYS, "validation": VALIDATION_KEYS,
                "phase": PHASE_KEYS, "run_end": END_KEYS}[event["event"]])
            if "measured" in event:
                self.assertEqual(list(event["measured"]), MEASURED_KEYS)
        for event in of_kind(self.all, "train_step"):
            self.assertEqual(event["phase"], min(event["epoch"], 2))
            # One group per phase.
            self.assertEqual(event["lr"], [1e-3] * (event["phase"] + 1))
            for key in ("grad_norm", "tokens_per_s", "step_ms", "mem_mib"):
                self.assertGreater(event[key], 0)
            self.assertTrue(4 < event["loss"] < 8, event)

    def test_phases(self):
        phases = of_kind(self.all, "phase")
        self.assertEqual([p["reason"] for p in phases], [
            "the run starts", "max_transition_epoch 1 of phase 0 reached",
            "max_transition_epoch 2 of phase 1 reached"])
        self.assertEqual(phases[0]["thawed"],
                         ["model.output.weight", "model.norm.weight"])
        self.assertEqual(len(phases[1]["thawed"]), 9)
        self.assertEqual(len(phases[2]["thawed"]), 28)
        by_phase = {phase: 0 for phase in range(3)}
        for segment in self.segments():
            by_phase[segment["phase"]] += segment["numel"]
        self.assertEqual([p["trainable_params"] for p in phases],
                         [by_phase[0], by_phase[0] + by_phase[1],
                          sum(by_phase.values())])
        self.assertEqual({p["total_params"] for p in phases},
                         {sum(by_phase.values())})

    def test_end(self):
        end = self.all[-1]
        self.assertEqual(end["reason"], "max_epochs 4 reached in phase 2, the "
                         "last phase")
        self.assertEqual(end["steps"], 12)
        self.assertEqual(end["best"], min(
            e["val_loss"] for e in of_kind(self.all, "validation")
            if e["epoch"] >= 0))

    def segments(self):
        units = self.plan["units"] + [self.plan["remainder"]]
        return [segment for unit in units for segment in unit["segments"]]

    def test_measured_bytes(self):
        """Frozen parameters have no gradients, moments or reductions, and
        their units are gathered once in the run and kept until they thaw,
        also across a transition that brings the best state back: with two
        ranks that makes no phase larger than the last one."""
        ranks, size = 2, 4
        order = ["model.layers.%d" % i for i in range(4)] + ["model.output"]
        units = {u["module"]: u for u in self.plan["units"]}
        unit_bytes = {m: sum(s["numel"] for s in units[m]["segments"]) * size
                      for m in order}
        # The lowest unit that a backward enters, and epochs, of each phase.
        for phase, (lowest, epochs) in enumerate([(4, 1), (3, 1), (0, 2)]):
            own = [s for s in self.segments() if s["phase"] <= phase]
            sharded = sum(s["numel"] for s in own if not s["replicated"]) * size
            whole = sum(s["numel"] for s in own if s["replicated"]) * size
            steps = 3 * epochs
            forwards = steps + 2 * epochs + (2 if phase == 0 else 0)
            with self.subTest(phase=phase):
                got = measured(self.all)[phase]
                self.assertEqual(got["phase"], phase)
                self.assertEqual(got["gradient_bytes"],
                                 sharded // ranks + whole)
                self.assertEqual(got["moment_bytes"],
                                 2 * (sharded // ranks + whole))
                self.assertEqual(got["bytes_reduced"],
                                 steps * (sharded + whole))
                frozen = (sum(unit_bytes[m] for m in order[:lowest])
                          if phase == 0 else 0)
                self.assertEqual(
                    got["bytes_gathered"],
                    frozen + (forwards + steps) *
                    sum(unit_bytes[m] for m in order[lowest:]))
                held = got["gradient_bytes"] + got["moment_bytes"]
                self.assertGreater(got["peak_bytes"], held)

    def test_progress(self):
        out = self.run_.out
        # First what is going to happen, then what does.
        self.assertRegex(out, r"\Aphase +begins +thaws .*\n0 +at once +2 ")
        self.assertRegex(out,
                         r"(?m)^validation before training: val_loss 6\.")
        self.assertIn("\nweights and gradients: gathered and reduced unit by "
                      "unit, because binding is off\n", out)
        for phase in range(3):
            self.assertRegex(out, r"(?m)^phase %d begins at epoch %d, step %d "
                             r"\(.*\): \d+ parameters thawed, \d+ of 53536 "
                             r"elements trainable" % (phase, phase, 3 * phase))
            self.assertRegex(out, r"(?m)^phase %d measured, per rank: gathered "
                             r".*, reduced .*, gradients .*, moments .*, peak "
                             % phase)
        self.assertRegex(out, r"(?m)^phase 0  epoch 0/4  step 0  loss \d.*  "
                         r"grad_norm .*  lr 1.00e-03  tok/s \d+  mem \d+\.\d MiB$")
        self.assertRegex(out, r"(?m)^done after 12 steps \(max_epochs 4 ")
        self.assertNotIn("\x1b", out)
        self.assertNotIn("\r", out)


class RunTest(harness.FitTestCase):

    def lr0_phases(self, *lines):
        """A schedule of two phases whose second moves nothing."""
        self.write("s.yaml", """\
0: {params: [model.output.weight, model.norm.weight]}
1: {params: ['model.layers.3.*'], lr: 0.0}
""")
        return CONFIG.replace(SCHEDULE, "s.yaml") + "".join(lines)

    def test_intervals_files_and_overrides(self):
        self.write("c.yaml", CONFIG)
        self.write("more.yaml", """\
trainer: {log_interval: 100, val_interval: 2}
optimizer: {lr: 0.002}
""")
        run = self.fit("--config", "c.yaml", "--config", "more.yaml",
                       "trainer.log_interval=4", "--trainer.max_steps", "10")
        self.assertEqual(run.err, "")
        # output_dir has a default.
        found = os.listdir(self.path("runs"))
        self.assertEqual(len(found), 1)
        self.assertRegex(found[0], r"^llama-\d{8}-\d{6}$")
        out = os.path.join("runs", found[0])
        steps = self.events(out, "train_step")
        self.assertEqual([e["step"] for e in steps], [0, 4, 8])
        self.assertEqual([e["lr"] for e in steps],
                         [[0.002], [0.002, 0.001], [0.002, 0.001, 0.001]])
        self.assertEqual([(e["epoch"], e["step"])
                          for e in self.events(out, "validation")],
                         [(-1, -1), (1, 5), (3, 9)])
        end = self.events(out, "run_end")[0]
        self.assertEqual(end["steps"], 10)
        self.assertRegex(end["reason"], "^max_steps 10 reached")

    def test_early_stopping_ends_phases(self):
        text = harness.read(SCHEDULE)
        self.write("s.yaml", re.sub(r"\n  max_transition_epoch.*", "", text))
        self.write("c.yaml", CONFIG.replace(SCHEDULE, "s.yaml") + STOP_EARLY)
        self.fit("--config", "c.yaml", "output_dir=out",
                 "trainer.max_epochs=50")
        phases = self.events(kind="phase")
        self.assertEqual([(p["phase"], p["epoch"], p["step"]) for p in phases],
                         [(0, 0, 0), (1, 2, 6), (2, 3, 9)])
        for phase in phases[1:]:
            self.assertRegex(phase["reason"], "^early stopping: .*val_loss")
        end = self.events(kind="run_end")[0]
        self.assertEqual(end["steps"], 12)
        self.assertRegex(end["reason"], "early stopping: .*val_loss")

    def test_restore_best(self):
        # The best is the *largest* loss: epoch 0, and not the last epoch. From
        # epoch 2 on all rates are 0, so what is validated is what was restored.
        self.write("c.yaml", self.lr0_phases(
            STOP_EARLY, "checkpoint: {mode: max}\n",
            "lr_scheduler: {name: step_lr, step_size: 2, gamma: 0.0}\n"))
        for restore in (True, False):
            out = "out_%s" % restore
            self.fit("--config", "c.yaml", "output_dir=" + out,
                     "scheduler.restore_best=%s" % restore,
                     "trainer.max_epochs=3")
            losses = [e["val_loss"] for e in self.events(out, "validation")]
            self.assertEqual(len(losses), 4)
            _, first, second, after = losses
            self.assertGreater(first, second)
            self.assertEqual([p["epoch"] for p in self.events(out, "phase")],
                             [0, 2])
            self.assertEqual(after, first if restore else second)

    def test_epoch_transitions_only_from_an_export(self):
        self.write("first.yaml", CONFIG)
        self.fit("--config", "first.yaml", "output_dir=first",
                 "trainer.max_epochs=1", "scheduler.max_depth=0")
        self.write("s.yaml", """\
0: {params: [model.output.weight], max_transition_epoch: 2}
1: {params: ['model.layers.3.*'], max_transition_epoch: 3}
""")
        self.write("c.yaml", CONFIG.replace(SCHEDULE, "s.yaml").replace(
            harness.MODEL, "model: {arch: llama, path: first/export}\n") +
                   STOP_EARLY)
        run = self.fit("--config", "c.yaml", "output_dir=out",
                       "scheduler.epoch_transitions_only=true")
        self.assertEqual(re.findall(r"(?m)^(\S+): (\w+): .*\[(\w+)\]$",
                                    run.err), [
            ("s.yaml:2:35", "warning", "final_transition_epoch"),
            ("c.yaml:14:17", "warning", "early_stopping_ignored"),
            ("s.yaml:1:1", "warning", "frozen_forever")])
        self.assertEqual([p["epoch"] for p in self.events(kind="phase")],
                         [0, 2])
        # It starts from where the other ended.
        self.assertEqual(self.events(kind="validation")[0]["val_loss"],
                         self.events("first", "validation")[-1]["val_loss"])
        # What is frozen to the end leaves as it came, to the bit.
        before, after = [
            harness.read_safetensors(
                self.path(d, "export", "model.safetensors"))
            for d in ("first", "out")]
        self.assertEqual(list(before), list(after))
        moved = {name for name in before if before[name] != after[name]}
        self.assertEqual(moved, {name for name in before if
                                 name.startswith("model.layers.3.") or
                                 name == "lm_head.weight"})

    def test_implicit_schedule_under_hf_names(self):
        self.write("c.yaml", CONFIG.replace(SCHEDULE, "implicit").replace(
            "model.output", "lm_head") + STOP_EARLY)
        run = self.fit("--config", "c.yaml", "output_dir=out",
                       "model.names=hf", "trainer.max_epochs=3")
        self.assertRegex(run.err, r"\Awarning: phases 2 to 19 can never begin: "
                         r".* \[unreachable_phase\]\n\Z")
        phases = self.events(kind="phase")
        self.assertEqual([p["thawed"] for p in phases], [
            ["lm_head.weight", "model.norm.weight"],
            ["model.layers.3.post_attention_layernorm.weight",
             "model.layers.3.input_layernorm.weight"]])
        plan = json.loads(harness.read(self.path("out", "plan.json")))
        self.assertEqual([u["module"] for u in plan["units"]],
                         ["lm_head"] + ["model.layers.%d" % i
                                        for i in range(4)])
        export = harness.read_safetensors(
            self.path("out", "export", "model.safetensors"))
        self.assertIn("model.layers.3.self_attn.q_proj.weight", export)
        self.assertIn("    - model.layers.3.input_layernorm.weight\n",
                      harness.read(self.path("out", "llama_ft_schedule.yaml")))

    def test_blocks_on_one_rank(self):
        self.write("c.yaml", CONFIG.replace(
            SCHEDULE, "{generate: blocks, phases: 3}") + STOP_EARLY)
        run = self.fit("--config", "c.yaml", "output_dir=out",
                       "trainer.cpu_ranks=1")
        self.assertEqual(run.err, "")
        phases = self.events(kind="phase")
        self.assertEqual([p["epoch"] for p in phases], [0, 2, 3])
        self.assertEqual(phases[2]["trainable_params"],
                         phases[2]["total_params"])
        self.assertTrue(os.path.exists(
            self.path("out", "llama_ft_schedule.yaml")))
        # The schedule that it left says the same.
        self.write("again.yaml", CONFIG.replace(
            SCHEDULE, "out/llama_ft_schedule.yaml") + STOP_EARLY)
        self.fit("--config", "again.yaml", "output_dir=again",
                 "trainer.cpu_ranks=1", "trainer.max_steps=1")
        self.assertEqual(self.events("again", "phase")[0]["thawed"],
                         phases[0]["thawed"])

    def test_no_schedule_plan_or_validation(self):
        text = CONFIG.replace("  val: {path: %s}\n" % harness.VAL_TEXT, "")
        self.write("c.yaml", text[:text.index("schedule:")])
        self.fit("--config", "c.yaml", "output_dir=out", "trainer.max_epochs=1",
                 "optimizer.no_decay=[norm]",
                 "strategy_adapter_cfg.binding=off")
        self.assertEqual(self.events(kind="validation"), [])
        phases = self.events(kind="phase")
        self.assertEqual(len(phases), 1)
        self.assertEqual(phases[0]["trainable_params"], 53536)
        # Two groups per phase: with weight decay, and without.
        self.assertEqual([e["lr"] for e in self.events(kind="train_step")],
                         [[1e-3, 1e-3]] * 3)
        end = self.events(kind="run_end")[0]
        self.assertIsNone(end["best"])
        self.assertEqual(
            {k: end["measured"][k] for k in MEASURED_KEYS[:-1]},
            {"phase": 0, "bytes_gathered": 0, "bytes_reduced": 3 * 53536 * 4,
             "gradient_bytes": 53536 * 4, "moment_bytes": 2 * 53536 * 4})
        self.assertFalse(os.path.exists(
            self.path("out", "llama_ft_schedule.yaml")))

    def test_weights_in_shared_memory(self):
        """Nothing moves; gradients are whole, weights and moments shared."""
        self.write("c.yaml", CONFIG)
        run = self.fit("--config", "c.yaml", "output_dir=out")
        self.assertIn("\nweights and gradients: in memory that the ranks "
                      "share\n", run.out)
        self.assertRegex(run.out, r"(?m)^2 +104\.6 KiB +0 B +209\.1 KiB "
                         r"+209\.1 KiB +522\.8 KiB +0 B$")
        trained = [p["trainable_params"] for p in self.events(kind="phase")]
        for phase, got in enumerate(measured(self.events())):
            with self.subTest(phase=phase):
                self.assertEqual(
                    {k: got[k] for k in MEASURED_KEYS},
                    {"phase": phase, "bytes_gathered": 0, "bytes_reduced": 0,
                     "gradient_bytes": 4 * trained[phase],
                     # Two moments of half of them.
                     "moment_bytes": 4 * trained[phase],
                     "peak_bytes": 4 * (53536 // 2 + 2 * trained[phase])})

    def test_outside_launcher(self):
        self.write("c.yaml", CONFIG)
        ours = self.fit("--config", "c.yaml", "output_dir=ours",
                        "trainer.max_epochs=2")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        ranks = [self.start(
            "--config", "c.yaml", "output_dir=out", "trainer.max_epochs=2",
            # Ranks are counted by the launcher, not by us.
            "trainer.cpu_ranks=7",
            env={"RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_RANK": str(rank),
                 "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port})
                 for rank in (0, 1)]
        for process in ranks:
            self.assertEqual(process.wait(), 0, process.err)
        # max_epochs leaves out the last phase; it is said once.
        self.assertRegex(ranks[0].err, r"\A\S+: warning: phase 2 can never "
                         r"begin: .* \[unreachable_phase\]\n\Z")
        self.assertEqual((ranks[1].out, ranks[1].err), ("", ""))
        self.assertEqual(len(ranks[0].out.split("\n")),
                         len(ours.out.split("\n")))
        for kind, key in (("train_step", "loss"), ("validation", "val_loss")):
            self.assertEqual([e[key] for e in self.events(kind=kind)],
                             [e[key] for e in self.events("ours", kind)])


if __name__ == "__main__":
    unittest.main()
