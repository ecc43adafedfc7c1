# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The ring reaches no torch target; the control below the line does."""

import os
import unittest


def lines(name):
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, name), encoding="utf-8") as file:
        return [line for line in file.read().splitlines() if line]


class RingQueryTest(unittest.TestCase):
    def test_ring_reaches_no_torch(self):
        self.assertEqual([], lines("ring_torch_deps.txt"))

    def test_control_engines_reach_torch(self):
        self.assertTrue(any(line.endswith("//:torch") for line in lines("engine_torch_deps.txt")))

    def test_control_ring_query_saw_the_ring(self):
        self.assertIn("//fts/core/base:status", lines("ring_deps.txt"))


if __name__ == "__main__":
    unittest.main()
