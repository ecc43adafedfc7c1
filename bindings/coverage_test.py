# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Every function of the C interface is used by each binding, or its reason
stands in coverage.py."""

import os
import unittest

import coverage

_ROOT = os.path.join(os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"])


class CoverageTest(unittest.TestCase):
    def test_bindings(self):
        for binding, found in coverage.check(_ROOT).items():
            self.assertEqual(found, [], binding)

    def test_sources_are_there(self):
        self.assertGreater(len(coverage.exports(_ROOT)), 150)
        for binding, (patterns, unused) in coverage.BINDINGS.items():
            used = coverage.words(_ROOT, patterns)
            self.assertGreater(len(used), 100, binding)
            self.assertTrue(all(unused.values()), binding)

    def test_what_is_wrong_is_told(self):
        found = coverage.problems(["a", "b", "c"], {"a", "c"}, {"c": "x", "d": "y"})
        self.assertEqual(
            found,
            [
                "b is not used: use it, or list it with a reason",
                "c is used now: take it off the list",
                "d is listed, and not exported",
            ],
        )


if __name__ == "__main__":
    unittest.main()
