# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The C example trains through its phases, on any number of ranks alike."""

import os
import re
import subprocess
import unittest

PROGRAM = os.path.join(
    os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"], "examples", "c", "train"
)


def train(*arguments, **environment):
    """[(phase, loss, val_loss)] by epoch."""
    done = subprocess.run(
        [PROGRAM, *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    if done.returncode != 0:
        raise AssertionError(done.stdout)
    lines = re.findall(
        r"^epoch (\d+) phase (\d+) loss ([\d.]+) val_loss ([\d.]+)$", done.stdout, re.M
    )
    if len(lines) != len(done.stdout.splitlines()):
        raise AssertionError("it prints more than its lines:\n" + done.stdout)
    if [int(line[0]) for line in lines] != list(range(6)):
        raise AssertionError(done.stdout)
    return [(int(p), float(loss), float(val)) for _, p, loss, val in lines]


class TrainTest(unittest.TestCase):
    def test_it_trains_through_three_phases_on_any_number_of_ranks(self):
        alone = train()
        self.assertEqual([phase for phase, _, _ in alone], [0, 0, 1, 1, 2, 2])
        losses = [loss for _, loss, _ in alone]
        self.assertLess(losses[-1], 0.8 * losses[0])
        self.assertLess(alone[-1][2], 0.8 * alone[0][2])
        for ranks, comm in (("2", "shm"), ("2", "gloo")):
            several = train("--ranks", ranks, FTS_COMM=comm)
            for one, other in zip(alone, several):
                self.assertEqual(one[0], other[0])
                self.assertAlmostEqual(one[1], other[1], delta=2e-6)
                self.assertAlmostEqual(one[2], other[2], delta=2e-6)


if __name__ == "__main__":
    unittest.main()
