# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Schedules resolved by us and by finetuning-scheduler 2.14.1 itself.

Every schedule must give the same phases (names in order, rates, epochs),
depth and max_epochs, or be refused by both, for the same reason where FTS
names one. What differs on purpose stands in DIFFERENCES; nothing else may.
By hand, with a binary of one's own: FTS_DEVICE_FREE=path python3 this file.
"""

import collections
import json
import os
import subprocess
import tempfile
import unittest

import fts_models
import fts_reference
import schedule_cases

FTS = os.environ.get("FTS_DEVICE_FREE") or os.path.join(
    os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"],
    "fts/cli/fts_device_free")
GENERATED = 50  # per model
SEED = 2141

# What differs on purpose: name -> (what FTS does, our code when we refuse it or
# None when we accept it, why). FTS accepts, or raises the named exception.
ACCEPTS = "accepts"
DIFFERENCES = {
    "mapping as a list": (
        ACCEPTS, "bad_type", "FTS takes the mapping's keys for entries"),
    "text as a list of characters": (
        ACCEPTS, "bad_type", "FTS takes every character for an entry"),
    "empty entry": (
        "accepts or is not disjoint", "empty_entry",
        "an empty pattern selects everything, hardly what was meant"),
    "number as an entry": (
        ACCEPTS, "bad_type",
        "FTS takes an unquoted number for a pattern, never for the name"),
    "phase keys that pass by chance": (
        ACCEPTS, "negative_phase",
        "FTS counts the keys only; it dies when it looks for phase 1"),
    "true as a phase key": (
        ACCEPTS, "bad_phase_key", "true is 1 in Python"),
    "colliding phase keys": (
        ACCEPTS, "colliding_phases or duplicate_key",
        "the later phase replaces the earlier one; FTS then dies at the "
        "transition to a depth that no phase has"),
    "impossible lr": (
        ACCEPTS, "bad_lr", "negative, infinite or no number at all"),
    "true as a number": (
        ACCEPTS, "bad_type or bad_lr", "true is 1 in Python"),
    "null where FTS does not look": (
        ACCEPTS, "bad_type", "a null lr is an error in every other phase"),
    "fractional epoch": (
        ACCEPTS, "bad_type", "epochs are whole; .inf is better left out"),
    "epoch that fails at the first transition": (
        ACCEPTS, "bad_type", "FTS dies after the first epoch"),
    "last epoch without max_epochs": (
        "TypeError", None, "FTS dies comparing it with the trainer's None"),
    "pattern that we refuse by name": (
        ACCEPTS, "bad_pattern",
        "case folding of letters beyond ASCII is not Python's in PCRE2"),
    "arguments of a class": (
        "MisconfigurationException", None,
        "FTS builds one to try; `schedule resolve` knows no optimizer, `fit` "
        "checks them before it starts"),
    "depth below -1": (
        ACCEPTS, "out_of_range", "FTS is in the final phase at once"),
}


# FTS's reason, where ours names the mistake itself.
BETTER_REASONS = {
    "unmatched_entry": {"bad_type"},  # it tried 'None', or single letters
    "phases_not_contiguous": {"negative_phase", "bad_value"},
}


class Ours:
    """The device-free binary on one model."""

    def __init__(self, folder, model_json, flags=()):
        self.folder = folder
        self.model = os.path.join(folder, "model.json")
        self.flags = list(flags)
        with open(self.model, "w", encoding="utf-8") as file:
            file.write(model_json)

    def _run(self, *args):
        env = {k: v for k, v in os.environ.items()
               if k != "BUILD_WORKING_DIRECTORY"}
        run = subprocess.run(
            [FTS, "schedule"] + list(args) + ["--model", self.model, "--json"],
            cwd=self.folder, env=env, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, check=False)
        if run.returncode not in (0, 2):
            raise AssertionError("%s died with %d:\n%s" % (
                args, run.returncode, run.stderr.decode()))
        return json.loads(run.stdout)

    def generate(self):
        return self._run("generate")

    def resolve(self, path, max_depth=None, base_max_lr=1e-5,
                epoch_transitions_only=False, max_epochs=100):
        args = ["--schedule", path] + self.flags
        if max_depth is not None:
            args += ["--max-depth=%d" % max_depth]
        if base_max_lr != 1e-5:
            args += ["--base-max-lr",
                     "none" if base_max_lr is None else repr(base_max_lr)]
        if epoch_transitions_only:
            args += ["--epoch-transitions-only"]
        if max_epochs is not None:
            args += ["--max-epochs", str(max_epochs)]
        return self._run("resolve", *args)


def phases_of(ours):
    return [(p["params"], p["max_transition_epoch"], p["lr"])
            for p in ours["phases"]]


def compare(ours, theirs, max_epochs):
    """What differs, in words; empty when nothing does."""
    codes = [e["code"] for e in ours.get("errors", [])]
    if theirs.accepted and codes:
        return "FTS accepts, we refuse: %s" % ours["errors"]
    if not theirs.accepted and not codes:
        return "FTS refuses, we accept: %s" % theirs
    if codes:
        wanted = {theirs.reason} | BETTER_REASONS.get(theirs.reason, set())
        if theirs.reason and not wanted & set(codes):
            return "other reasons: FTS %s, ours %s" % (theirs, ours["errors"])
        return ""
    got = (phases_of(ours), ours["max_depth"], ours["max_epochs"])
    want = (theirs.phases, theirs.max_depth,
            theirs.max_epochs if max_epochs is not None else None)
    return "" if got == want else "ours %s\nFTS  %s" % (got, want)


class Bench:
    """All models and cases, with what both sides say."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="fts_schedule_")
        self.models = {}  # name -> (parameter names, model.json)
        for name, make in fts_models.ALL.items():
            model = make()
            self.models[name] = ([n for n, _ in model.named_parameters()],
                                 fts_models.describe(model))
        self._theirs = {}

    def cases(self, model):
        names, _ = self.models[model]
        turn = list(self.models).index(model)
        yield from schedule_cases.hand_written(model, names, turn)
        yield from schedule_cases.generated(model, names, SEED, GENERATED)

    def ours(self, model, flags=()):
        folder = tempfile.mkdtemp(dir=self.folder.name)
        return Ours(folder, self.models[model][1], flags)

    def write(self, case):
        path = os.path.join(self.folder.name, "schedule.yaml")
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(case.text)
        return path

    def theirs(self, case):
        key = (case.model, case.name)
        if key not in self._theirs:
            self._theirs[key] = fts_reference.resolve(
                fts_models.ALL[case.model](), self.folder.name,
                self.write(case), **case.options)
        return self._theirs[key]

    def differences(self, model, flags=()):
        """(case, FTS's outcome, our output, text) of the cases that differ."""
        ours = self.ours(model, flags)
        for case in self.cases(model):
            theirs = self.theirs(case)
            output = ours.resolve(self.write(case), **case.options)
            text = compare(output, theirs,
                           case.options.get("max_epochs", 100))
            yield case, theirs, output, text


class FtsScheduleTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.bench = Bench()
        cls.addClassCleanup(cls.bench.folder.cleanup)

    def test_version(self):
        self.assertEqual("2.14.1", fts_reference.VERSION)

    def test_explicit(self):
        counts = collections.Counter()
        seen, wrong = collections.Counter(), []
        for model in fts_models.ALL:
            for case, theirs, output, text in self.bench.differences(model):
                counts["cases"] += 1
                counts["accepted" if theirs.accepted else
                       "raw" if theirs.raw else "refused"] += 1
                if case.difference:
                    text = self.explain(case, theirs, output, text)
                    seen[case.difference] += 1
                if text:
                    wrong.append("%s, %s:\n%s\n%s" % (
                        model, case.name, case.text, text))
        print("%(cases)d schedules x models: FTS accepts %(accepted)d, refuses "
              "%(refused)d, dies of a raw exception in %(raw)d" % counts)
        print("on purpose: %s" % dict(seen))
        self.assertEqual("", "\n\n".join(wrong))
        self.assertEqual(set(DIFFERENCES), set(seen), "rows without a case")
        # Neither side gets off with refusing.
        self.assertGreater(counts["accepted"], 300)
        self.assertGreater(counts["refused"] + counts["raw"], 300)

    def explain(self, case, theirs, output, text):
        """Holds a difference on purpose to its row of the table."""
        wanted, code, _ = DIFFERENCES[case.difference]
        if not text and wanted == ACCEPTS:
            return "no difference any more; take it off the table"
        if wanted == ACCEPTS and not theirs.accepted:
            return "FTS should accept: %s" % theirs
        if code is None:
            if "errors" in output:
                return "no difference any more; take it off the table"
            return "" if wanted == theirs.kind else "FTS: %s" % theirs
        codes = {e["code"] for e in output.get("errors", [])}
        if not codes & set((code or "").split(" or ")):
            return "our codes are %s, not %s" % (codes, code)
        return ""

    def test_implicit(self):
        for model, (names, _) in self.bench.models.items():
            theirs = fts_reference.resolve(fts_models.ALL[model](),
                                           self.bench.folder.name)
            ours = self.bench.ours(model)
            for output in (ours.generate(), ours.resolve("implicit")):
                self.assertEqual(theirs.phases, phases_of(output), model)
                self.assertEqual(theirs.max_depth, output["max_depth"])
            self.assertEqual((len(names) + 1) // 2, len(theirs.phases))

    def test_a_mistake_shows(self):
        """Another rule for patterns must not pass for FTS's."""
        wrong = [case for case, _, _, text in
                 self.bench.differences("numbered", ["--full-match"])
                 if text and not case.difference]
        self.assertGreater(len(wrong), 10)


if __name__ == "__main__":
    unittest.main()
