# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""fts.lightning in the place of finetuning_scheduler: whole Lightning runs, with
nothing but the import changed.

Both train the same LightningModule under the same Trainer, schedule, options and
metric. Phase, thawed names, groups, optimizer class and every weight must agree
at the start of each epoch, learning rates at each step (to 1e-12 of themselves),
and both runs must end after the same epoch.
"""

import copy
import unittest

import fts.lightning
import fts_trace_reference
import trace_cases

TOLERANCE = 1e-12
COMPARED = ("depth", "thawed", "groups", "optimizer", "names")


def same_numbers(got, want, tolerance):
    return len(got) == len(want) and all(
        abs(a - b) <= tolerance * max(abs(a), abs(b)) for a, b in zip(got, want))


def compare(got, want, keys=COMPARED, values=True):
    """What differs, in words; empty when nothing does."""
    found = []
    for i, (a, b) in enumerate(zip(got, want)):
        same = [a[k] for k in keys] == [b[k] for k in keys] and len(
            a["steps"]) == len(b["steps"]) and all(
                same_numbers(x, y, TOLERANCE)
                for x, y in zip([a["lr"], *a["steps"]], [b["lr"], *b["steps"]]))
        if values:
            same = same and same_numbers(a["values"], b["values"], 1e-6)
        if not same:
            found.append("epoch %d: ours %s\n         FTS  %s" % (i, a, b))
    if len(got) != len(want):
        found.append("ours has %d epochs, FTS %d" % (len(got), len(want)))
    return "\n".join(found)


# Of the generated runs the first few: each is trained twice here.
GENERATED = 4


def cases():
    for name, case in trace_cases.CASES.items():
        kind, _, number = name.partition(" ")
        if kind != "generated" or int(number) < GENERATED:
            yield name, case


class LightningTraceTest(unittest.TestCase):
    maxDiff = None

    def test_only_the_import_changes(self):
        wrong, epochs, steps = [], 0, 0
        for name, case in cases():
            theirs = fts_trace_reference.trace(copy.deepcopy(case))
            ours = fts_trace_reference.trace(copy.deepcopy(case), fts.lightning)
            text = compare(ours, theirs, case.get("compared", COMPARED))
            epochs += len(theirs)
            steps += sum(len(e["steps"]) for e in theirs)
            if text:
                wrong.append("%s:\n%s" % (name, text))
        print("%d runs, %d epochs, %d steps" % (
            len(list(cases())), epochs, steps))
        self.assertEqual("", "\n".join(wrong))

    def test_where_fts_goes_wrong(self):
        """Where finetuning-scheduler dies of a raw exception ours goes on."""
        for name, (case, _, same, _) in trace_cases.OTHERWISE.items():
            ours = fts_trace_reference.trace(copy.deepcopy(case), fts.lightning)
            other = fts_trace_reference.trace(
                copy.deepcopy(trace_cases.CASES[same]))
            self.assertEqual("", compare(ours, other, COMPARED[:-2], False), name)

    def test_a_mistake_shows(self):
        case = trace_cases.CASES["24 diverging metric"]
        theirs = fts_trace_reference.trace(copy.deepcopy(case))
        for key, value in (
                ("lr_scheduler", dict(case["lr_scheduler"], gamma=0.7000001)),
                ("early_stopping", {"patience": 2}),
                ("scheduler", {"base_max_lr": 2e-5})):
            other = fts_trace_reference.trace(
                copy.deepcopy(dict(case, **{key: value})), fts.lightning)
            self.assertNotEqual("", compare(other, theirs), key)


if __name__ == "__main__":
    unittest.main()
