# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The interface against its frozen self, and that the proofs see a change.

abidiff compares the headers with baseline.xml, a compiler compares the structs
with same_layout.h. Each kind of change is then made to a copy of the headers,
and both must tell what may be from what may not.
"""

import os
import re
import shutil
import tempfile
import unittest

from fts.capi.abi import interface

ROOT = os.path.join(os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"])
ABI = os.path.join(ROOT, "fts", "capi", "abi")
BASELINE = os.path.join(ABI, "baseline.xml")


class Copy:
    """The headers in a folder of their own, to be changed."""

    def __init__(self, folder):
        self.root = folder
        os.makedirs(os.path.join(folder, "fts", "capi", "abi"))
        for path in interface.headers(ROOT):
            shutil.copy(path, os.path.join(folder, "fts", "capi"))
        for name in os.listdir(ABI):
            if name.endswith(".h"):
                shutil.copy(
                    os.path.join(ABI, name),
                    os.path.join(folder, "fts", "capi", "abi"),
                )

    def change(self, header, old, new):
        path = os.path.join(self.root, "fts", "capi", header)
        with open(path) as f:
            text = f.read()
        if text.count(old) != 1:
            raise ValueError("%s: '%s' is there %d times" % (header, old, text.count(old)))
        os.chmod(path, 0o644)
        with open(path, "w") as f:
            f.write(text.replace(old, new))

    def abidiff(self):
        """"" or what is broken."""
        library = os.path.join(self.root, "libfts.so.1")
        interface.build_stub(self.root, library)
        return interface.compare(BASELINE, library, interface.all_growing(self.root))

    def layout_compiles(self):
        done = interface.run(
            *["g++", "-std=c++17", "-fsyntax-only", "-I", self.root],
            *["-include", "fts/capi/abi/same_layout.h", "-x", "c++", "/dev/null"],
            check=False,
        )
        return done.returncode == 0, done.stdout


class BaselineTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.copy = Copy(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def test_todays_headers_agree_with_the_baseline(self):
        self.assertEqual(self.copy.abidiff(), "")

    def test_the_baseline_knows_every_function(self):
        declared = [
            name
            for header in interface.headers(ROOT)
            for name, _ in interface.declarations(header)
        ]
        self.assertEqual(
            sorted(interface.symbols_of_baseline(BASELINE)),
            sorted(declared),
            "run tools/bazel run //fts/capi:make_baseline",
        )

    def test_every_struct_has_a_frozen_copy(self):
        with open(os.path.join(ABI, "same_layout.h")) as f:
            compared = f.read()
        for header in interface.headers(ROOT):
            for name, body in re.findall(
                r"typedef struct (\w+) \{([^}]*)\}", interface.text_of(header)
            ):
                self.assertRegex(compared, r"FTS_SAME_FIELD\(\s*v[\w:]+, %s," % name)
                if name not in interface.growing_structs(header):
                    self.assertRegex(compared, r"FTS_SAME_SIZE\([\w:]+, %s\)" % name)

    # ---- What may be ---------------------------------------------------------

    def passes(self):
        self.assertEqual(self.copy.abidiff(), "")
        compiles, errors = self.copy.layout_compiles()
        self.assertTrue(compiles, errors)

    def test_an_option_appended_passes_both(self):
        self.copy.change(
            "schedule.h",
            "} fts_schedule_options;",
            "  int64_t appended;\n  fts_string another;\n} fts_schedule_options;",
        )
        self.passes()
        # abidiff sees it, and it is let through.
        library = os.path.join(self.copy.root, "libfts.so.1")
        self.assertNotEqual(interface.compare(BASELINE, library, may_grow=[]), "")

    def test_a_callback_appended_passes_both(self):
        self.copy.change(
            "scheduler.h",
            "} fts_scheduler_callbacks;",
            "  fts_phase_fn appended;\n} fts_scheduler_callbacks;",
        )
        self.passes()

    def test_a_new_function_passes_both(self):
        self.copy.change(
            "version.h",
            "FTS_EXTERN_C_END",
            "FTS_API int fts_new(void) FTS_NOEXCEPT;\nFTS_EXTERN_C_END",
        )
        self.passes()

    # ---- What may not --------------------------------------------------------

    def fails(self, layout=True):
        self.assertNotEqual(self.copy.abidiff(), "")
        if layout:
            compiles, _ = self.copy.layout_compiles()
            self.assertFalse(compiles)

    def test_an_option_of_another_type_fails_both(self):
        self.copy.change(
            "schedule.h", "  int64_t max_epochs;", "  uint64_t max_epochs;"
        )
        self.fails()

    def test_an_appended_option_hides_no_other_change(self):
        self.copy.change(
            "schedule.h",
            "} fts_schedule_options;",
            "  int64_t appended;\n} fts_schedule_options;",
        )
        self.copy.change("schedule.h", "double base_max_lr;", "float base_max_lr;")
        self.fails()

    def test_options_in_another_order_fail_both(self):
        first, second = "int32_t epoch_transitions_only;", "int32_t max_depth;"
        self.copy.change("schedule.h", first, "FIRST")
        self.copy.change("schedule.h", second, first)
        self.copy.change("schedule.h", "FIRST", second)
        self.fails()

    def test_an_option_in_the_middle_fails_both(self):
        self.copy.change(
            "schedule.h",
            "  double base_max_lr;",
            "  double in_between;\n  double base_max_lr;",
        )
        self.fails()

    def test_a_field_in_the_padding_fails(self):
        # A program built before has what it likes there.
        self.copy.change(
            "scheduler.h",
            "  int32_t phase;\n  int64_t epoch;",
            "  int32_t phase;\n  int32_t in_between;\n  int64_t epoch;",
        )
        self.fails(layout=False)

    def test_an_option_taken_away_fails_both(self):
        self.copy.change("scheduler.h", "  double min_delta;\n", "")
        self.fails()

    def test_a_struct_that_does_not_say_its_size_must_not_grow(self):
        self.copy.change(
            "diagnostics.h",
            "} fts_diagnostic;",
            "  int64_t appended;\n} fts_diagnostic;",
        )
        self.fails()

    def test_a_function_of_another_type_fails(self):
        self.copy.change(
            "schedule.h",
            "FTS_API int64_t fts_schedule_max_epochs",
            "FTS_API int32_t fts_schedule_max_epochs",
        )
        self.fails(layout=False)

    def test_a_function_with_one_more_argument_fails(self):
        self.copy.change(
            "buffer.h",
            "(const fts_buffer* buffer)",
            "(const fts_buffer* buffer, int more)",
        )
        self.fails(layout=False)

    def test_a_function_taken_away_fails(self):
        self.copy.change(
            "buffer.h",
            "FTS_API void fts_buffer_retain(fts_buffer* buffer) FTS_NOEXCEPT;",
            "",
        )
        self.fails(layout=False)


if __name__ == "__main__":
    unittest.main()
