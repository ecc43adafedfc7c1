# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The fts binary itself: its table of commands, and its build facts."""

import json
import os
import subprocess
import tempfile
import unittest

FTS = os.path.join(os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"],
                   "fts/cli/fts")


def fts(*args):
    run = subprocess.run([FTS] + list(args), stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, universal_newlines=True,
                         check=False)
    return run.returncode, run.stdout, run.stderr


class BinaryTest(unittest.TestCase):

    def test_version(self):
        code, out, err = fts("version", "--json")
        self.assertEqual((code, err), (0, ""))
        facts = json.loads(out)
        self.assertEqual(list(facts), ["version", "commit", "mode", "torch",
                                       "cuda", "nccl", "gloo"])
        self.assertIn(facts["mode"], ["opt", "fastbuild", "dbg"])
        self.assertRegex(facts["torch"], r"^2\.1[1-4]\.\d+")
        self.assertRegex(facts["commit"],
                         r"^([0-9a-f]{12}(\+changes)?|unknown)$")
        self.assertIsInstance(facts["gloo"], bool)
        for key in ("cuda", "nccl"):
            if facts[key] is not None:
                self.assertRegex(facts[key], r"^\d+\.\d+")
        self.assertIn("torch %s\n" % facts["torch"], fts("version")[1])

    def test_help_names_every_command(self):
        code, out, _ = fts("--help")
        self.assertEqual(code, 0)
        for name in ("schedule resolve", "schedule generate", "schedule lint", "plan resolve",
                     "config print", "version"):
            self.assertIn("\n  %s " % name, out)

    def test_a_config_is_linted_without_its_models_values(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "run.yaml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(
                    "model: {arch: llama, config: {vocab_size: 128256, dim: "
                    "8192, n_layers: 80, n_heads: 64, n_kv_heads: 8, "
                    "hidden_dim: 28672, max_seq_len: 8192}}\n"
                    "data: {train: {path: t.txt}, val: {path: v.txt}}\n"
                    "trainer: {max_epochs: 9}\n"
                    "schedule: {0: {params: [model.output, model.layers.7]}}\n"
                    "strategy_adapter_cfg: {fsdp_plan: {'model.layers.\\d*$': "
                    "{}}}\n")
            code, out, err = fts("schedule", "lint", "--config", path,
                                 "--world-size", "64", "--json")
            self.assertEqual(code, 0, err)
            got = json.loads(out)
            self.assertEqual([w["code"] for w in got["warnings"]],
                             ["prefix_match", "frozen_forever"])
            self.assertIn("also selects 90 parameters where a number goes on "
                          "(model.layers.70, model.layers.71, ", err)
            self.assertEqual(got["timeline"]["total_parameters"], 70553706496)

    def test_no_command_is_bad_input(self):
        code, out, err = fts()
        self.assertEqual((code, out), (2, ""))
        self.assertIn("Usage: fts COMMAND", err)


if __name__ == "__main__":
    unittest.main()
