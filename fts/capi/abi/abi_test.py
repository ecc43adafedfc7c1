# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""What libfts.so is from outside: its exports, its SONAME, its headers in C."""

import os
import re
import subprocess
import tempfile
import unittest

HERE = os.path.join(
    os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"], "fts", "capi"
)
LIBRARY = os.path.join(HERE, "libfts.so.1")
HEADERS = sorted(f for f in os.listdir(HERE) if f.endswith(".h"))


def run(*command):
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, universal_newlines=True
    ).stdout


def declared(header):
    """The functions a header exports, in order."""
    with open(os.path.join(HERE, header)) as f:
        text = re.sub(r"//[^\n]*", "", f.read())
    return re.findall(r"FTS_API\s+[^;]*?\b(fts_\w+)\(", text)


class AbiTest(unittest.TestCase):
    def test_exports_are_those_on_the_list(self):
        symbols = [
            line.split()[-1].split("@")[0]
            for line in run("nm", "-D", "--defined-only", LIBRARY).splitlines()
        ]
        with open(os.path.join(HERE, "abi", "exported_symbols.txt")) as f:
            listed = [l.strip() for l in f if l.strip() and l[0] != "#"]
        self.assertEqual(sorted(symbols), listed)

    def test_every_export_is_declared_once(self):
        names = [name for header in HEADERS for name in declared(header)]
        self.assertGreater(len(names), 60)
        self.assertEqual(len(names), len(set(names)))
        with open(os.path.join(HERE, "abi", "exported_symbols.txt")) as f:
            listed = [l.strip() for l in f if l.strip() and l[0] != "#"]
        self.assertEqual(sorted(names), listed)

    def test_every_function_says_since_when(self):
        for header in HEADERS:
            with open(os.path.join(HERE, header)) as f:
                text = f.read()
            self.assertEqual(
                text.count("\\since "), len(declared(header)), header
            )

    def test_soname_is_the_major_version(self):
        self.assertIn("[libfts.so.1]", run("readelf", "-d", LIBRARY))

    def test_each_header_compiles_alone_as_c(self):
        root = os.path.dirname(os.path.dirname(HERE))
        for header in HEADERS:
            with tempfile.NamedTemporaryFile("w", suffix=".c") as f:
                f.write('#include "fts/capi/%s"\nint fts_dummy;\n' % header)
                f.flush()
                for language in (
                    ["-x", "c", "-std=c11"],
                    ["-x", "c++", "-std=c++17"],
                ):
                    done = subprocess.run(
                        ["gcc"] + language
                        + ["-pedantic", "-Wall", "-Wextra", "-Werror"]
                        + ["-fsyntax-only", "-I", root, f.name],
                        stderr=subprocess.PIPE,
                        universal_newlines=True,
                    )
                    self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
