# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Whole runs, epoch by epoch, by us and by finetuning-scheduler itself.

Both get the same schedule, options and metric; at the start of every epoch
depth, trainable tensors, optimizer class and the rate of each group must agree
(rates to 1e-12 of themselves), and both runs must end after the same epoch.
By hand: FTS_TRACE=path/to/fts_trace python3 this file.
"""

import copy
import json
import os
import subprocess
import tempfile
import unittest

import yaml

import fts_trace_reference
import trace_cases

TRACE = os.environ.get("FTS_TRACE") or os.path.join(
    os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"],
    "tests/parity/fts_trace")
TOLERANCE = 1e-12

COMPARED = ("depth", "thawed", "groups", "optimizer")


def run_config(folder, case):
    """The case as a config file for `fts fit`."""
    config = {
        "model": {"arch": "llama", "config": {}},  # replaced by the program
        "data": {"train": {"path": "text"}, "val": {"path": "text"},
                 "seq_len": 8, "batch_size": 1},
        "trainer": {"max_epochs": case["max_epochs"], "device": "cpu",
                    "steps_per_epoch": case["steps"]},
        "schedule": case.get("schedule", "implicit"),
        "optimizer": case["optimizer"],
    }
    for key in ("lr_scheduler", "scheduler", "early_stopping"):
        if case.get(key):
            config[key] = case[key]
    with open(os.path.join(folder, "text"), "w", encoding="utf-8") as file:
        file.write("some bytes to train on " * 40)
    handle, path = tempfile.mkstemp(dir=folder, suffix=".yaml")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        # A copy: equal parts would become anchors.
        yaml.dump(json.loads(json.dumps(config), object_hook=_int_keys), file,
                  sort_keys=False)
    return path


def _int_keys(mapping):
    return {int(k) if k.isdigit() else k: v for k, v in mapping.items()}


def ours(cases):
    """name -> {"epochs", "end"} or {"errors"}, by one process."""
    with tempfile.TemporaryDirectory(prefix="fts_trace_") as folder:
        args = []
        for case in cases.values():
            args += [run_config(folder, case),
                     ",".join(map(repr, case["metrics"]))]
        run = subprocess.run([TRACE] + args, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, check=False,
                             universal_newlines=True)
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    if len(lines) != len(cases):
        raise AssertionError("%d of %d runs:\n%s" % (len(lines), len(cases),
                                                     run.stderr))
    for line in lines:
        line["stderr"] = run.stderr
    return dict(zip(cases, lines))


def same_rates(got, want):
    return len(got) == len(want) and all(
        abs(a - b) <= TOLERANCE * max(abs(a), abs(b))
        for a, b in zip(got, want))


def compare(got, want, keys=COMPARED):
    """What differs, in words; empty when nothing does."""
    if "epochs" not in got:
        return "ours did not run: %s" % (got.get("errors") or got["stderr"])
    found = []
    for i, (a, b) in enumerate(zip(got["epochs"], want)):
        if [a[k] for k in keys] != [b[k] for k in keys] or (
                not same_rates(a["lr"], b["lr"])):
            found.append("epoch %d: ours %s\n         FTS  %s" % (i, a, b))
    if len(got["epochs"]) != len(want):
        found.append("ours has %d epochs (%s), FTS %d" % (
            len(got["epochs"]), got["end"], len(want)))
    return "\n".join(found)


class FtsTraceTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.theirs = {name: fts_trace_reference.trace(copy.deepcopy(case))
                      for name, case in trace_cases.CASES.items()}

    def test_reference_is_as_its_own_tests_say(self):
        for name, case in trace_cases.CASES.items():
            for epoch, wanted in case.get("wanted", {}).items():
                got = self.theirs[name][epoch]
                if isinstance(wanted, list):
                    for a, b in zip(got["lr"], wanted, strict=True):
                        self.assertAlmostEqual(1, a / b, 9, (name, epoch))
                else:
                    self.assertEqual(wanted, got["depth"], (name, epoch))

    def test_traces_agree(self):
        results = ours(trace_cases.CASES)
        wrong, epochs = [], 0
        for name, want in self.theirs.items():
            text = compare(results[name], want,
                           trace_cases.CASES[name].get("compared", COMPARED))
            epochs += len(want)
            if text:
                wrong.append("%s:\n%s" % (name, text))
        print("%d runs, %d epochs" % (len(results), epochs))
        self.assertEqual("", "\n".join(wrong))

    def test_where_fts_goes_wrong(self):
        rows = trace_cases.OTHERWISE
        results = ours({name: row[0] for name, row in rows.items()})
        for name, (case, error, same, _) in rows.items():
            self.assertEqual("", compare(results[name], self.theirs[same],
                                         COMPARED[:-1]), name)
            if error is None:
                self.assertNotEqual("", compare(
                    results[name], fts_trace_reference.trace(case)), name)
                continue
            with self.assertRaises(Exception) as raised:
                fts_trace_reference.trace(case)
            self.assertEqual(error, type(raised.exception).__name__, name)

    def test_a_mistake_shows(self):
        """Other rules must not pass for the same."""
        case = trace_cases.CASES["24 diverging metric"]
        for key, value in (
                ("lr_scheduler", dict(case["lr_scheduler"], gamma=0.7000001)),
                ("early_stopping", {"patience": 2}),
                ("optimizer", {"name": "adamw", "lr": 1e-3}),
                ("scheduler", {"base_max_lr": 2e-5})):
            other = ours({"": dict(case, **{key: value})})[""]
            self.assertIn("epochs", other)
            self.assertNotEqual(
                "", compare(other, self.theirs["24 diverging metric"]), key)


if __name__ == "__main__":
    unittest.main()
