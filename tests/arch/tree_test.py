# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Runs every check over the checkout itself.

The whole tree is read, not a list of inputs, so a new folder can't be
forgotten; therefore the test is tagged external (never cached) and local.
"""

import os
import unittest

import checks


def checkout():
    # The runfiles hold links into the checkout.
    here = os.path.join(os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"])
    return os.path.dirname(os.path.realpath(os.path.join(here, "WORKSPACE")))


class TreeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.files = checks.read_tree(checkout())

    def test_tree_was_read(self):
        self.assertIn("fts/core/base/status.h", self.files)
        self.assertIn("tests/arch/rules.py", self.files)

    def test_rules(self):
        for check in checks.ALL:
            with self.subTest(check.__name__):
                found = check(self.files)
                if found:
                    self.fail("%s\n  %s" % (check.__doc__, "\n  ".join(found)))


if __name__ == "__main__":
    unittest.main()
