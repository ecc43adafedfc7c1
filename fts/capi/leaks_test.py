# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""valgrind over the C programs, and that these call all that there is."""

import os
import re
import subprocess
import unittest

from fts.capi.abi import interface

HERE = os.path.join(
    os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"], "fts", "capi"
)
# Headers behind which LibTorch stands: valgrind would spend its time there.
TORCH = ["communicator", "event", "mesh", "optimizer", "session", "tensor", "torch", "tp"]


class LeaksTest(unittest.TestCase):
    def test_the_program_calls_every_function(self):
        with open(os.path.join(HERE, "leaks_program.c")) as f:
            called = set(re.findall(r"\b(fts_\w+)\b", f.read()))
        for header in interface.headers(os.path.dirname(os.path.dirname(HERE))):
            if os.path.basename(header)[: -len(".h")] in TORCH:
                continue
            for name, _ in interface.declarations(header):
                self.assertIn(name, called, os.path.basename(header))

    def test_valgrind_finds_nothing(self):
        for program in ("leaks_program", "c_program"):
            done = subprocess.run(
                ["valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full"]
                + ["--errors-for-leak-kinds=definite,indirect,possible"]
                + [os.path.join(HERE, program)],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                universal_newlines=True,
            )
            self.assertEqual(done.returncode, 0, program + "\n" + done.stdout)


if __name__ == "__main__":
    unittest.main()
