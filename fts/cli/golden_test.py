# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Runs the commands as a user would and compares all that they print."""

import json
import os
import subprocess
import tempfile
import unittest

FTS = os.path.join(os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"],
                   "fts/cli/fts_device_free")

MODEL = {
    "format": "fts-model/1",
    "modules": [
        {"name": name, "class": "M", "container": container}
        for name, container in [("", False), ("layers", True),
                                ("layers.0", False), ("layers.1", False),
                                ("head", False)]
    ],
    "parameters": [
        {"name": name, "shape": [2, 3], "dtype": "float32", "shared_with": None}
        for name in ["layers.0.w", "layers.0.b", "layers.1.w", "layers.1.b",
                     "head.w"]
    ],
}

SCHEDULE = """\
0:
  params: [head.w]
  max_transition_epoch: 1
1:
  params: ['layers.1.*']
  max_transition_epoch: 3
2:
  params: ['layers.0.*']
  lr: 1e-06
"""


class GoldenTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=os.environ["TEST_TMPDIR"])
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.write("model.json", json.dumps(MODEL))
        self.write("s.yaml", SCHEDULE)

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as f:
            f.write(text)

    def fts(self, *args, typed_in=None):
        """Exit code, standard output, standard error; the folder is `$`."""
        env = dict(os.environ)
        env.pop("BUILD_WORKING_DIRECTORY", None)
        cwd = self.folder
        if typed_in:  # as under `bazel run`: started elsewhere
            env["BUILD_WORKING_DIRECTORY"], cwd = typed_in, "/"
        run = subprocess.run([FTS] + list(args), cwd=cwd, env=env,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             universal_newlines=True, check=False)
        return (run.returncode, run.stdout.replace(self.folder, "$"),
                run.stderr.replace(self.folder, "$"))

    def errors(self, *args):
        """Runs with --json; checks that both streams tell the same."""
        code, out, err = self.fts(*args, "--json")
        self.assertEqual(code, 2, err)
        self.assertEqual(out.count("\n"), 1)
        errors = json.loads(out)["errors"]
        lines = []
        for e in errors:
            self.assertEqual(list(e),
                             ["code", "message", "file", "line", "column"])
            place = "".join("%s:" % e[k] for k in ("file", "line", "column")
                            if e[k] is not None)
            lines.append("%serror: %s [%s]\n" % (place and place + " ",
                                                 e["message"], e["code"]))
        self.assertEqual("".join(lines), "".join(
            line + "\n" for line in err.splitlines() if "error:" in line))
        return "".join(lines)

    def test_needs_no_torch(self):
        with open(os.path.join(os.path.dirname(FTS),
                               "device_free_torch_deps.txt")) as f:
            self.assertEqual(f.read().strip(), "")

    # schedule resolve ------------------------------------------------------

    def test_schedule_resolve_json(self):
        code, out, err = self.fts("schedule", "resolve", "--model",
                                  "model.json", "--schedule", "s.yaml",
                                  "--json")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(
            out, '{"phases":['
            '{"phase":0,"params":["head.w"],"max_transition_epoch":1,'
            '"lr":null},'
            '{"phase":1,"params":["layers.1.w","layers.1.b"],'
            '"max_transition_epoch":3,"lr":1e-05},'
            '{"phase":2,"params":["layers.0.w","layers.0.b"],'
            '"max_transition_epoch":-1,"lr":1e-06}],'
            '"max_depth":2,"max_epochs":null,"warnings":[]}\n')

    def test_schedule_resolve_options(self):
        code, out, err = self.fts("schedule", "resolve", "--model",
                                  "model.json", "--schedule", "s.yaml",
                                  "--max-depth", "1", "--base-max-lr", "2e-3",
                                  "--max-epochs", "7", "--json")
        self.assertEqual((code, err), (0, ""))
        got = json.loads(out)
        self.assertEqual([p["lr"] for p in got["phases"]], [None, 2e-3, 1e-6])
        self.assertEqual((got["max_depth"], got["max_epochs"]), (1, 7))

    def test_schedule_resolve_text(self):
        self.assertEqual(
            self.fts("schedule", "resolve", "--model", "model.json",
                     "--schedule", "s.yaml"),
            (0, "phase 0: 1 parameter, ends by epoch 1\n  head.w\n"
             "phase 1: 2 parameters, lr 1.0e-05, ends by epoch 3\n"
             "  layers.1.w\n  layers.1.b\n"
             "phase 2: 2 parameters, lr 1.0e-06\n"
             "  layers.0.w\n  layers.0.b\n"
             "max_depth: 2\n", ""))

    def test_schedule_resolve_errors(self):
        base = ["schedule", "resolve", "--model", "model.json", "--schedule"]
        self.assertEqual(
            self.errors("schedule", "resolve", "--model", "no.json",
                        "--schedule", "no.yaml").splitlines()[-1],
            "error: cannot read 'no.yaml': no such file [missing_file]")
        self.assertEqual(
            self.errors(*base, "s.yaml", "--max-depth", "-2", "--base-max-lr",
                        "fast", "--max-epochs", "0"),
            "error: --max-depth is -2; it must be at least -1 [out_of_range]\n"
            "error: --max-epochs is 0; it must be at least 1 [out_of_range]\n"
            "error: --base-max-lr is 'fast'; it must be a number of at least "
            "0, or none [out_of_range]\n")
        self.write("bad.yaml", "0: {params: [head.w]}\n0: {params: [x]}\n")
        self.assertEqual(
            self.errors(*base, "bad.yaml"),
            "bad.yaml:2:1: error: duplicate key '0', first at bad.yaml:1:1; "
            "remove one of the two [duplicate_key]\n")
        self.write("none.yaml", "0: {params: [head.w]}\n1: {params: [haed]}\n")
        self.assertIn("none.yaml:2:14: error: ",
                      self.errors(*base, "none.yaml"))

    def test_usage_errors(self):
        self.assertEqual(
            self.errors("schedule", "resolve", "--schedule", "s.yaml"),
            "error: --model is required; `fts schedule resolve --help` lists "
            "the options [usage]\n")
        self.assertEqual(
            self.errors("schedule", "resolve", "--model", "model.json",
                        "--schedule", "s.yaml", "--epoch-transition-only"),
            "error: unknown option '--epoch-transition-only'; did you mean "
            "'--epoch-transitions-only'? [usage]\n")
        self.assertEqual(
            self.errors("schedule", "prune"),
            "error: unknown command 'schedule prune'; 'schedule' goes with "
            "resolve, generate, lint [usage]\n")
        self.assertEqual(self.fts("schedul", "resolve"), (
            2, "", "error: unknown command 'schedul'; did you mean 'schedule "
            "resolve'? [usage]\n"))

    # schedule generate -----------------------------------------------------

    def test_schedule_generate(self):
        code, out, err = self.fts("schedule", "generate", "--model",
                                  "model.json", "--json")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(
            out, '{"phases":['
            '{"phase":0,"params":["head.w","layers.1.b"],'
            '"max_transition_epoch":-1,"lr":null},'
            '{"phase":1,"params":["layers.1.w","layers.0.b"],'
            '"max_transition_epoch":-1,"lr":1e-05},'
            '{"phase":2,"params":["layers.0.w"],'
            '"max_transition_epoch":-1,"lr":1e-05}],'
            '"max_depth":2,"max_epochs":null,"warnings":[]}\n')

    def test_generated_yaml_resolves_to_the_same(self):
        for by in (["--by", "pairs"], ["--by", "blocks", "--phases", "2"],
                   ["--by", "depth"]):
            args = ["schedule", "generate", "--model", "model.json"] + by
            code, out, err = self.fts(*args)
            self.assertEqual((code, err), (0, ""))
            self.write("made.yaml", out)
            self.assertEqual(
                self.fts("schedule", "resolve", "--model", "model.json",
                         "--schedule", "made.yaml", "--json"),
                self.fts(*args, "--json"))

    def test_schedule_generate_errors(self):
        base = ["schedule", "generate", "--model", "model.json"]
        self.assertEqual(
            self.errors(*base, "--by", "block"),
            "error: --by is 'block'; it must be pairs, blocks or depth; did you "
            "mean 'blocks'? [usage]\n")
        self.assertEqual(self.errors(*base, "--by", "blocks"),
                         "error: --by blocks needs --phases N [usage]\n")
        self.assertEqual(
            self.errors(*base, "--phases", "2"),
            "error: --phases goes with --by blocks; leave it out, or add --by "
            "blocks [usage]\n")
        self.assertIn("out_of_range",
                      self.errors(*base, "--by", "blocks", "--phases", "99"))

    def test_schedule_generate_by_depth(self):
        code, out, err = self.fts("schedule", "generate", "--model",
                                  "model.json", "--by", "depth")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(
            out.splitlines()[0],
            "# A fine-tuning schedule, fts schedule generate --by depth.")
        self.assertEqual(
            out[out.index("# phase 0"):],
            "# phase 0: 1 tensors, 6 elements (20.0 % of the model)\n"
            "0:\n  params:\n    - head.w\n"
            "  # max_transition_epoch: 1\n"
            "# phase 1: 2 tensors, 12 elements (40.0 % of the model)\n"
            "1:\n  params:\n    - layers.1.w\n    - layers.1.b\n"
            "  # lr: 1.0e-05\n  # max_transition_epoch: 2\n"
            "# phase 2: 2 tensors, 12 elements (40.0 % of the model)\n"
            "2:\n  params:\n    - layers.0.w\n    - layers.0.b\n"
            "  # lr: 1.0e-05\n")

    # schedule lint ---------------------------------------------------------

    LINT = ["schedule", "lint", "--model", "model.json", "--schedule"]

    def test_schedule_lint(self):
        self.assertEqual(
            self.fts(*self.LINT, "s.yaml", "--max-epochs", "5"),
            (0, """\
phase  begins        thaws  parameters  trains    share  lr     ends by
0      at once           1           6       6   20.0 %  own    early stopping (patience 3), epoch 1
1      from epoch 1      2          12      18   60.0 %  1e-05  early stopping (patience 3), epoch 3
2      from epoch 3      2          12      30  100.0 %  1e-06  run: early stopping (patience 3),
                                                                max_epochs 5

per rank, world size 1, 32-true, adamw:
phase  parameters  masters  gradients  moments  total  largest gather
0           192 B      0 B       64 B    128 B  384 B             0 B
1           192 B      0 B      128 B    256 B  576 B             0 B
2           192 B      0 B      192 B    384 B  768 B             0 B
""", ""))

    def test_schedule_lint_warns(self):
        self.write("w.yaml", "0: {params: [head]}\n1: {params: ['layers.1.*']}\n")
        warning = ("w.yaml:1:1: %s: 2 of 5 tensors (40.0 %% of the "
                   "parameters) stay frozen for the whole run: layers.0 (2); "
                   "add them to a phase if they should train "
                   "[frozen_forever]\n")
        code, out, err = self.fts(*self.LINT, "w.yaml")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(out.split("\nphase  begins")[0],
                         warning % "warning")
        code, out, err = self.fts(*self.LINT, "w.yaml", "--json")
        self.assertEqual((code, err), (0, warning % "warning"))
        got = json.loads(out)
        self.assertEqual(list(got), ["warnings", "timeline"])
        self.assertEqual(
            [(w["code"], w["line"]) for w in got["warnings"]],
            [("frozen_forever", 1)])
        self.assertEqual([p["thaws"]["tensors"]
                          for p in got["timeline"]["phases"]], [1, 2])
        self.assertEqual(self.errors(*self.LINT, "w.yaml", "--strict"),
                         warning % "error")

    def test_schedule_lint_tells_bytes_per_rank(self):
        self.write("p.yaml", "fsdp_plan: {head: {}, 'layers.\\d$': {}}\n")
        code, out, err = self.fts(
            *self.LINT, "s.yaml", "--plan", "p.yaml", "--world-size", "2",
            "--precision", "bf16-mixed", "--optimizer", "sgd", "--json")
        self.assertEqual((code, err), (0, ""))
        got = json.loads(out)["timeline"]
        self.assertEqual((got["world_size"], got["param_dtype"],
                          got["master_dtype"]), (2, "bfloat16", "float32"))
        # Segments of 6, 12 and 12 elements, each 16 on either rank; the frozen
        # one of them stays gathered.
        self.assertEqual(
            got["phases"][1]["bytes"],
            {"frozen_sharded": 0, "frozen_replicated": 0,
             "trainable_sharded": 0, "trainable_replicated": 0,
             "kept_gathered": 32 * 2, "masters": 3 * 16 * 4,
             "gradients": 2 * 16 * 4, "moments": 0, "unreduced": 0,
             "total": 5 * 16 * 4 + 32 * 2, "largest_gather": 32 * 2})

    def test_schedule_lint_of_a_config(self):
        self.write("r.yaml", "model: {arch: llama, config: {}}\n"
                   "data: {train: {path: t.txt}}\n"
                   "trainer: {max_epochs: 2, cpu_ranks: 2}\n"
                   "optimizer: {name: adamw, lr: 1.0e-3}\n"
                   "schedule: s.yaml\n"
                   "scheduler: {epoch_transitions_only: true}\n")
        base = ["schedule", "lint", "--config", "r.yaml", "--model",
                "model.json", "schedule.2.max_transition_epoch=4"]
        code, out, err = self.fts(*base, "trainer.max_epochs=5")
        self.assertEqual((code, err), (0, ""))
        self.assertIn("0      at once           1           6       6   20.0 %"
                      "  0.001  epoch 1\n", out)
        self.assertIn("per rank, world size 2, 32-true, adamw:\n", out)
        code, out, err = self.fts(*base, "--world-size", "4", "--json")
        self.assertEqual(code, 0)
        got = json.loads(out)
        self.assertEqual(got["timeline"]["world_size"], 4)
        self.assertEqual([w["code"] for w in got["warnings"]],
                         ["final_transition_epoch"])
        self.assertEqual(
            self.errors(*base[:4]),
            "error: this program cannot build the config's model; add --model "
            "FILE, or use `fts schedule lint` [usage]\n")
        self.assertIn("  --world-size N ",
                      self.fts("schedule", "lint", "--config", "r.yaml",
                               "--help")[1])

    def test_schedule_lint_holds_a_plan_against_its_ranks(self):
        plan = "{head: {reshard_after_forward: 3}}"
        error = ("%s: error: unit 'head': reshard_after_forward 3 does not "
                 "divide the 4 ranks of dp_shard; give a divisor, true or "
                 "false [reshard_group]\n")
        self.write("p.yaml", "fsdp_plan: %s\n" % plan)
        files = [*self.LINT, "s.yaml", "--plan", "p.yaml"]
        self.assertEqual(self.errors(*files, "--world-size", "4"),
                         error % "p.yaml:1:43")
        self.assertEqual(self.fts(*files, "--world-size", "6")[0], 0)
        self.assertEqual(self.fts(*files)[0], 0)  # on whatever ranks
        self.write("r.yaml", "model: {arch: llama, config: {}}\n"
                   "data: {train: {path: t.txt}}\n"
                   "trainer: {max_epochs: 5, cpu_ranks: 8}\n"
                   "optimizer: {name: adamw, lr: 1.0e-3}\n"
                   "schedule: s.yaml\n"
                   "mesh: {dp_replicate: 2}\n"
                   "strategy_adapter_cfg: {fsdp_plan: %s}\n" % plan)
        config = ["schedule", "lint", "--config", "r.yaml", "--model",
                  "model.json"]
        self.assertEqual(self.errors(*config), error % "r.yaml:7:66")
        self.assertEqual(self.fts(*config, "--world-size", "12")[0], 0)

    def test_schedule_lint_errors(self):
        self.assertEqual(
            self.errors(*self.LINT, "s.yaml", "--precision", "bf16",
                        "--optimizer", "adamv", "--world-size", "0"),
            "error: --world-size is '0'; it must be a number of ranks, from 1 "
            "to 1000000 [out_of_range]\n"
            "error: --precision is 'bf16'; it must be 32-true, bf16-mixed or "
            "bf16-true [usage]\n"
            "error: --optimizer is 'adamv'; it must be adamw, adam, sgd, "
            "adagrad or rmsprop; did you mean 'adamw'? [usage]\n")
        self.write("bad.yaml", "0: {params: [haed]}\n")
        self.assertIn("bad.yaml:1:14: error: ",
                      self.errors(*self.LINT, "bad.yaml"))
        self.write("p.yaml", "fsdp_plan: {hed: {}}\n")
        self.assertIn("p.yaml:1:13: error: ",
                      self.errors(*self.LINT, "s.yaml", "--plan", "p.yaml"))
        self.assertEqual(
            self.errors("schedule", "lint", "--schedule", "s.yaml"),
            "error: --model is required; `fts schedule lint --help` lists the "
            "options [usage]\n")
        self.assertEqual(
            self.errors("schedule", "lint", "--config", "no.yaml", "--model",
                        "model.json"),
            "error: cannot read 'no.yaml': no such file [missing_file]\n")

    # config print ----------------------------------------------------------

    def test_config_print(self):
        self.write("a.yaml", "seed: 1\nschedule: s.yaml\n"
                   "trainer: {max_epochs: 4}\n")
        self.write("b.yaml", "trainer: {accumulate: 2}\n")
        self.assertEqual(
            self.fts("config", "print", "--config", "a.yaml", "--config",
                     "b.yaml", "seed=2", "--trainer.max_epochs", "5"),
            (0, "seed: 2  # command line\n"
             "schedule:\n"
             "  0:\n"
             "    params:\n"
             "      - head.w  # s.yaml:2\n"
             "    max_transition_epoch: 1  # s.yaml:3\n"
             "  1:\n"
             "    params:\n"
             "      - layers.1.*  # s.yaml:5\n"
             "    max_transition_epoch: 3  # s.yaml:6\n"
             "  2:\n"
             "    params:\n"
             "      - layers.0.*  # s.yaml:8\n"
             "    lr: 1e-06  # s.yaml:9\n"
             "trainer:\n"
             "  max_epochs: 5  # command line\n"
             "  accumulate: 2  # b.yaml:1\n", ""))

    def test_config_print_output_reads_back_the_same(self):
        self.write("a.yaml", "schedule: s.yaml\noutput_dir: 'a # b'\n")
        values = []
        for name in ("a.yaml", "c.yaml"):
            code, out, err = self.fts("config", "print", "--config", name)
            self.assertEqual((code, err), (0, ""))
            self.write("c.yaml", out)
            values.append([line.split("  # ")[0] for line in out.splitlines()])
        self.assertEqual(values[0], values[1])

    def test_config_print_errors(self):
        self.write("a.yaml", "optimiser: {lr: 1}\ntrainer: {max_epochs: x}\n")
        code, out, err = self.fts("config", "print", "--config", "a.yaml")
        self.assertEqual((code, out), (2, ""))
        self.assertEqual(
            err,
            "a.yaml:2:23: error: trainer.max_epochs is string 'x'; it must be "
            "an integer [bad_type]\n"
            "a.yaml:1:1: error: unknown key 'optimiser'; did you mean "
            "'optimizer'? [unknown_key]\n")
        self.assertEqual(
            self.fts("config", "print"),
            (2, "", "error: --config is missing; write --config FILE "
             "[usage]\n"))

    def test_paths_follow_the_users_directory(self):
        os.mkdir(os.path.join(self.folder, "sub"))
        self.write("sub/a.yaml", "schedule: ../s.yaml\n")
        code, out, err = self.fts("config", "print", "--config", "sub/a.yaml",
                                  typed_in=self.folder)
        self.assertEqual((code, err), (0, ""))
        self.assertIn("      - head.w  # $/s.yaml:2\n", out)

    # plan resolve ----------------------------------------------------------

    def test_plan_resolve_json(self):
        self.write(
            "p.yaml", "fsdp_default_kwargs: {reshard_after_forward: true, "
            "act_ckpt: [composable], cpu_offload_policy: {}}\n"
            "fsdp_plan:\n"
            "  head: {reshard_after_forward: false}\n"
            "  'layers.\\d*$': {act_ckpt: null}\n")
        code, out, err = self.fts("plan", "resolve", "--model", "model.json",
                                  "--plan", "p.yaml", "--json")
        self.assertEqual((code, err), (0, ""))
        layer = {"reshard_after_forward": True, "act_ckpt": None,
                 "cpu_offload_policy": {}}
        self.assertEqual(out.count("\n"), 1)
        self.assertEqual(
            json.loads(out),
            {"units": [
                {"module": "head",
                 "options": {"reshard_after_forward": False,
                             "act_ckpt": {"mode": "composable", "kwargs": {}},
                             "cpu_offload_policy": {}}},
                {"module": "layers.0", "options": layer},
                {"module": "layers.1", "options": layer}],
             "skipped": [], "warnings": []})
        code, out, err = self.fts("plan", "resolve", "--model", "model.json",
                                  "--plan", "p.yaml")
        self.assertEqual((code, err), (0, ""))
        self.assertIn("layers.0", out)

    def test_plan_resolve_skips_and_warns(self):
        self.write("p.yaml", "fsdp_plan: {'': {}, head: {}, layers: {}}\n")
        code, out, err = self.fts("plan", "resolve", "--model", "model.json",
                                  "--plan", "p.yaml", "--json")
        self.assertEqual(code, 0)
        got = json.loads(out)
        self.assertEqual(got["units"], [{"module": "", "options": {}}])
        self.assertEqual(got["skipped"],
                         [{"module": "layers", "reason": "container"},
                          {"module": "head", "reason": "already_sharded"}])
        self.assertEqual(len(got["warnings"]), err.count("warning: "))
        for warning in got["warnings"]:
            self.assertEqual(warning["file"], "p.yaml")
            self.assertEqual(warning["line"], 1)
            self.assertIn(warning["message"], err)

    def test_plan_resolve_errors(self):
        base = ["plan", "resolve", "--model", "model.json", "--plan"]
        self.assertEqual(
            self.errors(*base, "p.yaml"),
            "error: cannot read 'p.yaml': no such file [missing_file]\n")
        self.write("p.yaml", "fsdp_plan:\n  hed: {}\n")
        self.assertIn("p.yaml:2:3: error: ", self.errors(*base, "p.yaml"))
        self.write("p.yaml", "fsdp_plna:\n  head: {}\n")
        self.assertIn("did you mean 'fsdp_plan'?",
                      self.errors(*base, "p.yaml"))

    # A plan for tensor parallel: an MLP of two Linears.
    def write_mlp(self):
        def module(name, kind):
            return {"name": name, "class": kind, "container": False}

        def weight(name, shape):
            return {"name": name, "shape": shape, "dtype": "float32",
                    "shared_with": None}

        self.write("mlp.json", json.dumps({
            "format": "fts-model/1",
            "modules": [module("", "Mlp"), module("up", "Linear"),
                        module("down", "Linear")],
            "parameters": [weight("up.weight", [8, 4]),
                           weight("down.weight", [4, 8])],
        }))
        return ["plan", "resolve", "--model", "mlp.json", "--plan", "p.yaml"]

    def test_plan_resolve_tp_json(self):
        base = self.write_mlp()
        self.write("p.yaml", "tp_plan: {up: colwise, down: rowwise}\n")
        code, out, err = self.fts(*base, "--tp", "2", "--json")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(out.count("\n"), 1)
        got = json.loads(out)
        self.assertEqual(list(got), ["units", "skipped", "tp", "warnings"])
        self.assertEqual(
            got["tp"],
            {"size": 2, "loss_parallel": False, "sequence_parallel": True,
             "loss_module": None,
             "rules": [
                 {"module": "up", "class": "Linear", "style": "colwise",
                  "input": ["Replicate()"], "compute": ["Replicate()"],
                  "output": ["Shard(-1)"], "result": ["Shard(-1)"],
                  "use_local_output": True, "whole": 8},
                 {"module": "down", "class": "Linear", "style": "rowwise",
                  "input": ["Shard(-1)"], "compute": ["Shard(-1)"],
                  "output": ["Partial()"], "result": ["Replicate()"],
                  "use_local_output": True, "whole": 8}],
             "parameters": {
                 "down.weight": {"placement": "Shard(1)",
                                 "partial_gradient": False},
                 "up.weight": {"placement": "Shard(0)",
                               "partial_gradient": False}}})

    def test_plan_resolve_tp_text(self):
        base = self.write_mlp()
        self.write("p.yaml", "tp_plan: {up: colwise, down: rowwise}\n")
        code, out, err = self.fts(*base, "--tp", "2")
        self.assertEqual((code, err), (0, ""))
        self.assertIn(
            "\ntensor parallel over 2 ranks\n"
            "module  number  style    input      output\n"
            "up           1  colwise  replicate  shard(-1)\n"
            "down         1  rowwise  shard(-1)  partial -> replicate\n"
            "\n"
            "parameter    number  held      gradient\n"
            "down.weight       1  shard(1)  its own\n"
            "up.weight         1  shard(0)  its own\n", out)

    def test_schedule_lint_tp(self):
        self.write_mlp()
        self.write("p.yaml", "tp_plan: {up: colwise, down: rowwise}\n")
        self.write("all.yaml", "0: {params: ['up|down']}\n")
        lint = ["schedule", "lint", "--model", "mlp.json", "--schedule",
                "all.yaml", "--plan", "p.yaml", "--tp", "2"]
        code, out, err = self.fts(*lint, "--world-size", "4")
        self.assertEqual((code, err), (0, ""))
        self.assertIn("per rank, world size 4, 2 along tp, 32-true, adamw:",
                      out)
        code, out, _ = self.fts(*lint, "--json")
        timeline = json.loads(out)["timeline"]
        self.assertEqual((code, timeline["world_size"], timeline["tp"]),
                         (0, 2, 2))
        self.assertEqual(
            self.errors(*lint, "--world-size", "3"),
            "error: --world-size is 3, which --tp 2 does not divide; give a "
            "multiple [usage]\n")

    def test_plan_resolve_tp_errors(self):
        base = self.write_mlp()
        self.write("p.yaml", "tp_plan:\n  up: colwise\n  down: rowise\n")
        self.assertEqual(
            self.errors(*base, "--tp", "2"),
            "p.yaml:3:9: error: tp_plan entry 'down': style is string "
            "'rowise'; it must be one of colwise, rowwise, sequence, "
            "prepare_input, prepare_output, prepare_input_output, or a "
            "mapping with one; did you mean 'rowwise'? [bad_value]\n")
        self.write("p.yaml", "tp_plan: {up: colwise}\n")
        self.assertIn("'up' leaves its result split, shard(-1), and nothing "
                      "in the plan takes it so", self.errors(*base))
        self.write("p.yaml", "tp_plan: {up: colwise, down: rowwise}\n")
        self.assertIn("'up' has 8 output features, which 9 ranks along tp",
                      self.errors(*base, "--tp", "9"))
        self.assertEqual(
            self.errors(*base, "--tp", "0"),
            "error: --tp is '0'; it must be a number of ranks, from 1 to "
            "1000000 [usage]\n")
        self.write("p.yaml", "fsdp_plan: {}\n")
        self.assertIn("[tp_plan_missing]", self.errors(*base, "--tp", "2"))

if __name__ == "__main__":
    unittest.main()
