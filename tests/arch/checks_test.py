# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Each check notices its violation, and accepts the code it should accept."""

import unittest

import checks
import rules


def include(target):
    return '#include "%s"\n' % target


class DependenciesTest(unittest.TestCase):
    def check(self, path, text):
        return checks.check_dependencies({path: text})

    def test_accepts_allowed_own_and_foreign_includes(self):
        text = include("fts/core/schedule/schedule.h") + include("fts/core/plan/plan.h")
        self.assertEqual([], self.check("fts/core/plan/plan.cc", text + "#include <vector>\n"))

    def test_base_includes_nothing(self):
        self.assertEqual(
            [
                "fts/core/base/a.cc:2: fts/core/base includes fts/core/config/yaml.h,"
                " may use only: nothing"
            ],
            self.check("fts/core/base/a.cc", "\n" + include("fts/core/config/yaml.h")),
        )

    def test_wrong_directions(self):
        for source, target in [
            ("fts/core/config/a.cc", "fts/core/schedule/schedule.h"),
            ("fts/core/match/a.h", "fts/core/config/yaml.h"),
            ("fts/core/plan/a.cc", "fts/core/scheduler/scheduler.h"),
            ("fts/core/scheduler/a.cc", "fts/core/shard/unit.h"),
            ("fts/core/shard/a.cc", "fts/core/scheduler/scheduler.h"),
            ("fts/core/shard/a.cc", "fts/core/session/session.h"),
            ("fts/core/comm/a.cc", "fts/core/nn/module.h"),
            ("fts/core/session/a.cc", "fts/train/trainer.h"),
            ("fts/models/llama/a.cc", "fts/core/shard/unit.h"),
            ("fts/train/a.cc", "fts/models/llama/llama.h"),
            ("fts/core/session/a.cc", "fts/capi/fts.h"),
            ("bindings/python/src/a.cc", "fts/core/base/status.h"),
            ("fts/core/nn/a.cc", "fts/core/testing/toy.h"),
            ("fts/core/base/a_test.cc", "fts/core/testing/toy.h"),
            ("fts/elsewhere/a.cc", "fts/core/base/status.h"),
            ("fts/core/base/a.cc", "fts/elsewhere/a.h"),
        ]:
            with self.subTest(source=source, target=target):
                self.assertEqual(1, len(self.check(source, include(target))))

    def test_testing_is_for_tests_below_the_line(self):
        self.assertEqual(
            [], self.check("fts/core/shard/a_test.cc", include("fts/core/testing/toy.h"))
        )

    def test_the_table_has_no_cycle_and_only_known_names(self):
        done = set()

        def visit(module, path):
            self.assertNotIn(module, path, "cycle")
            if module not in done:
                for other in rules.ALLOWED[module]:
                    visit(other, path + [module])
                done.add(module)

        for module in rules.ALLOWED:
            visit(module, [])

    def test_the_ring_never_leaves_the_ring(self):
        for module, allowed in rules.RING.items():
            self.assertLessEqual(set(allowed), set(rules.RING), module)


class BackendsTest(unittest.TestCase):
    def test_only_session_and_tests(self):
        gloo = include("fts/core/comm/gloo.h")
        self.assertEqual([], checks.check_backends({"fts/core/session/a.cc": gloo}))
        self.assertEqual([], checks.check_backends({"fts/core/comm/a.cc": gloo}))
        self.assertEqual([], checks.check_backends({"fts/core/shard/a_test.cc": gloo}))
        self.assertEqual(1, len(checks.check_backends({"fts/core/shard/a.cc": gloo})))
        self.assertEqual(1, len(checks.check_backends({"fts/train/a.cc": gloo})))


class HeadersTest(unittest.TestCase):
    def test_no_torch_in_the_ring(self):
        for header in ["torch/torch.h", "ATen/core/Tensor.h", "c10/util/Optional.h"]:
            text = "#  include <%s>\n" % header
            found = checks.check_ring_includes({"fts/core/plan/a_test.cc": text})
            self.assertEqual(1, len(found), header)
        self.assertEqual([], checks.check_ring_includes({"fts/core/nn/a.h": text}))

    def test_umbrella_headers(self):
        for header in rules.UMBRELLA_HEADERS:
            text = "#include <%s>\n" % header
            self.assertEqual(1, len(checks.check_umbrella_headers({"fts/core/nn/a.h": text})))
            self.assertEqual(1, len(checks.check_umbrella_headers({"examples/a.cc": text})))
            self.assertEqual([], checks.check_umbrella_headers({"fts/core/nn/a_test.cc": text}))
        text = "#include <ATen/core/Tensor.h>\n"
        self.assertEqual([], checks.check_umbrella_headers({"fts/core/nn/a.h": text}))

    def test_backend_ifs(self):
        for line in ["#ifdef USE_CUDA", "# if defined(USE_C10D_NCCL)", "#elif FTS_WITH_GLOO"]:
            found = checks.check_backend_ifs({"fts/core/comm/a.cc": "\n" + line + "\n"})
            self.assertEqual(1, len(found), line)
            self.assertTrue(found[0].startswith("fts/core/comm/a.cc:2: "))
        fine = "#ifndef FTS_CORE_COMM_NCCL_H_\n#if defined(__linux__)\n// USE_CUDA\n"
        self.assertEqual([], checks.check_backend_ifs({"fts/core/comm/a.h": fine}))


class ReadmesTest(unittest.TestCase):
    def test_missing(self):
        files = {
            "fts/core/base/a.h": "",
            "fts/core/base/README.md": "",
            "fts/core/nn/a.cc": "",
            "fts/core/nn/testdata/gen.py": "",
            "docs/conf.py": "",
        }
        self.assertEqual(1, len(checks.check_readmes(files)))
        self.assertTrue(checks.check_readmes(files)[0].startswith("fts/core/nn: "))


class DiagnosticsTest(unittest.TestCase):
    CODES = 'inline constexpr char kA[] = "bad_a";\ninline constexpr char kB[] =\n    "bad_b";\n'
    DOC = "# D\n\n- `bad_a`: A. Example:\n  x.\n- `bad_b`: B. Example: y.\n"

    def check(self, codes, doc):
        return checks.check_diagnostics({"fts/core/x/codes.h": codes, "docs/diagnostics.md": doc})

    def test_complete(self):
        self.assertEqual([], self.check(self.CODES, self.DOC))

    def test_undocumented(self):
        found = self.check(self.CODES, self.DOC.replace("- `bad_b`: B. Example: y.\n", ""))
        self.assertEqual(
            [
                "fts/core/x/codes.h: 'bad_b' is not in docs/diagnostics.md;"
                " add '- `bad_b`: meaning. Example: ...'"
            ],
            found,
        )

    def test_unknown_twice_without_example_and_badly_named(self):
        self.assertEqual(1, len(self.check(self.CODES, self.DOC + "- `gone`: G. Example: z.\n")))
        self.assertEqual(1, len(self.check(self.CODES, self.DOC + "- `bad_a`: A. Example: z.\n")))
        self.assertEqual(1, len(self.check(self.CODES, self.DOC.replace("Example: y", "y"))))
        self.assertEqual(
            2, len(self.check(self.CODES + 'constexpr char kC[] = "Bad-C";', self.DOC))
        )

    def test_one_code_in_two_modules(self):
        files = {
            "fts/core/x/codes.h": self.CODES,
            "fts/core/y/codes.h": 'constexpr char kA[] = "bad_a";',
            "docs/diagnostics.md": self.DOC,
        }
        self.assertEqual(1, len(checks.check_diagnostics(files)))


class PackagesTest(unittest.TestCase):
    LISTING = 'RING = ["fts/core/base"]\n\nENGINES = ["fts/core/nn"]\n'
    BUILD = "x()\n\nfts_arch_manifest()\n"

    def check(self, **builds):
        files = {"tests/arch/packages.bzl": self.LISTING}
        for package in ["base", "nn"]:
            files["fts/core/%s/BUILD.bazel" % package] = self.BUILD
        files.update({"fts/core/%s/BUILD.bazel" % k: v for k, v in builds.items()})
        return checks.check_packages(files)

    def test_complete(self):
        self.assertEqual([], self.check())

    def test_unlisted_on_either_side(self):
        self.assertIn("to RING", self.check(plan=self.BUILD)[0])
        self.assertIn("to ENGINES", self.check(optim=self.BUILD)[0])

    def test_no_manifest(self):
        self.assertEqual(1, len(self.check(base="x()\n")))

    def test_listed_but_gone(self):
        found = checks.check_packages(
            {
                "tests/arch/packages.bzl": self.LISTING,
                "fts/core/base/BUILD.bazel": self.BUILD,
            }
        )
        self.assertEqual(1, len(found))


class SmallRulesTest(unittest.TestCase):
    def test_visibility(self):
        text = 'visibility = ["//visibility:public"]'
        self.assertEqual(1, len(checks.check_visibility({"fts/core/nn/BUILD.bazel": text})))
        self.assertEqual([], checks.check_visibility({"examples/BUILD.bazel": text}))

    def test_licence(self):
        line = "Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0\n"
        self.assertEqual([], checks.check_licence({"tools/a.sh": "#!/bin/sh\n# " + line}))
        self.assertEqual([], checks.check_licence({"fts/a/testdata/b.py": "x\n"}))
        self.assertEqual(1, len(checks.check_licence({"fts/a.cc": "// one\n\n\n// " + line})))


if __name__ == "__main__":
    unittest.main()
