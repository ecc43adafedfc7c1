# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Stand-ins for what Bazel 4 would download to load its own tools.

Bazel 4's embedded tools load @rules_cc and friends, and every test asks for
@remote_coverage_tools. None of them is used by our targets, so thin aliases of
the native rules are enough; `bazel coverage` is then not available. Newer
Bazels bring their own, and there this does nothing.
"""

_NATIVE = {
    "rules_cc": ("cc", [
        "cc_binary",
        "cc_import",
        "cc_library",
        "cc_proto_library",
        "cc_test",
        "cc_toolchain",
        "cc_toolchain_suite",
        "objc_library",
    ]),
    "rules_java": ("java", [
        "java_binary",
        "java_import",
        "java_library",
        "java_proto_library",
        "java_runtime",
        "java_test",
        "java_toolchain",
    ]),
}

def _aliases_impl(ctx):
    folder, rules = _NATIVE[ctx.attr.rule_set]
    lines = ["%s = native.%s" % (rule, rule) for rule in rules]
    ctx.file("BUILD.bazel", "")
    ctx.file(folder + "/BUILD.bazel", "")
    ctx.file(folder + "/defs.bzl", "\n".join(lines) + "\n")

_aliases = repository_rule(
    implementation = _aliases_impl,
    attrs = {"rule_set": attr.string(mandatory = True)},
)

def _coverage_stub_impl(ctx):
    ctx.file("BUILD.bazel", """
package(default_visibility = ["//visibility:public"])

filegroup(name = "coverage_report_generator")

filegroup(name = "lcov_merger")
""")

_coverage_stub = repository_rule(implementation = _coverage_stub_impl)

def offline_rule_sets():
    """Declares the stand-ins on Bazel 4; Debian's reports an empty version."""
    version = native.bazel_version
    if version and not version.startswith("4.") and version != "no_version":
        return
    for rule_set in ["rules_cc", "rules_java"]:
        _aliases(name = rule_set, rule_set = rule_set)
    _coverage_stub(name = "remote_coverage_tools")
