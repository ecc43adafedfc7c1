# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The programs of docs/c.md print what the page says they print."""

import os
import re
import subprocess
import tempfile
import unittest

ROOT = os.path.join(os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"])
LIBRARY = os.path.join(ROOT, "fts", "capi", "libfts.so.1")


class DocsTest(unittest.TestCase):
    def test_programs_print_what_the_page_says(self):
        with open(os.path.join(ROOT, "docs", "c.md")) as f:
            text = f.read()
        programs = re.findall(r"```c\n(.*?)```\n\nprints\n\n```\n(.*?)```", text, re.S)
        self.assertEqual(len(programs), text.count("```c\n"))
        self.assertGreater(len(programs), 2)
        for program, wanted in programs:
            with tempfile.TemporaryDirectory() as folder:
                source = os.path.join(folder, "program.c")
                with open(source, "w") as f:
                    f.write(program)
                built = os.path.join(folder, "program")
                subprocess.run(
                    ["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-I", ROOT]
                    + [source, "-o", built, LIBRARY]
                    + ["-Wl,-rpath," + os.path.dirname(LIBRARY)],
                    check=True,
                )
                done = subprocess.run(
                    [built], stdout=subprocess.PIPE, universal_newlines=True
                )
                self.assertEqual(done.stdout, wanted, program)


if __name__ == "__main__":
    unittest.main()
