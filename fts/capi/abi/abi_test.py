# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""What libfts.so is from outside: its exports, its SONAME, its headers in C."""

import os
import re
import subprocess
import tempfile
import unittest

from fts.capi.abi import interface

ROOT = os.path.join(os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"])
HERE = os.path.join(ROOT, "fts", "capi")
LIBRARY = os.path.join(HERE, "libfts.so.1")
HEADERS = sorted(f for f in os.listdir(HERE) if f.endswith(".h"))


def run(*command):
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, universal_newlines=True
    ).stdout


def declared(header):
    """The functions a header exports, in order."""
    path = os.path.join(HERE, header)
    return [name for name, _ in interface.declarations(path)]


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

    def test_constants_have_the_numbers_on_the_list(self):
        listed = interface.read_constants(os.path.join(HERE, "abi", "constants.txt"))
        found = interface.all_constants(ROOT)
        self.assertEqual(
            found, listed, "a new one: tools/bazel run //fts/capi:make_baseline"
        )
        for header in interface.headers(ROOT):
            for name, value in interface.constants(header):
                self.assertRegex(value, r"^\d+$", name)  # written out

    def test_zero_is_unspecified(self):
        # Codes and DLPack's types are numbered as elsewhere.
        elsewhere = ("FTS_CODE_", "FTS_DTYPE_CODE_", "FTS_DEVICE_TYPE_")
        for header in interface.headers(ROOT):
            text = interface.text_of(header)
            for first in re.findall(r"\benum\s*\{\s*(\w+ = \d+)", text):
                if not first.startswith(elsewhere):
                    self.assertRegex(first, r"_UNSPECIFIED = 0$")

    def test_each_header_compiles_alone(self):
        # Each twice in one file, so that its guard is seen too.
        with tempfile.TemporaryDirectory() as folder:
            for header in HEADERS:
                with open(os.path.join(folder, header + ".c"), "w") as f:
                    f.write('#include "fts/capi/%s"\n' % header * 2)
                    f.write("int fts_dummy;\n")
            files = [os.path.join(folder, header + ".c") for header in HEADERS]
            for language in (
                ["-x", "c", "-std=c11", "-Wstrict-prototypes"],
                ["-x", "c", "-std=c17", "-Wc++-compat"],
                ["-x", "c++", "-std=c++11"],
                ["-x", "c++", "-std=c++20"],
            ):
                done = subprocess.run(
                    ["gcc"] + language
                    + ["-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
                    + ["-fsyntax-only", "-I", ROOT] + files,
                    stderr=subprocess.PIPE,
                    universal_newlines=True,
                )
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_init_macros_fill_every_field(self):
        # An initializer that is too short warns.
        lines = ['#include "fts/capi/%s"\n' % header for header in HEADERS]
        macros = 0
        for header in HEADERS:
            with open(os.path.join(HERE, header)) as f:
                text = f.read()
            for name in interface.growing_structs(os.path.join(HERE, header)):
                if "const void* next" not in re.search(
                    r"typedef struct %s \{([^}]*)" % name, text
                ).group(1):
                    continue  # the library fills it
                lines.append("%s a_%s = %s_INIT;\n" % (name, name, name.upper()))
                macros += 1
        self.assertGreater(macros, 4)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "init.c")
            with open(path, "w") as f:
                f.writelines(lines)
            done = subprocess.run(
                ["gcc", "-std=c11", "-Wmissing-field-initializers", "-Werror"]
                + ["-fsyntax-only", "-I", ROOT, path],
                stderr=subprocess.PIPE,
                universal_newlines=True,
            )
            self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
