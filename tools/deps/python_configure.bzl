# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The Python that runs py_test: FTS_PYTHON (the one that has torch).

Emits the toolchain, and :headers, its C headers.
"""

_BUILD = """
package(default_visibility = ["//visibility:public"])

load("@bazel_tools//tools/python:toolchain.bzl", "py_runtime_pair")

py_runtime(
    name = "py3",
    interpreter_path = "{python}",
    python_version = "PY3",
    # Debian has no `python`, which is what Bazel's stub asks for.
    stub_shebang = "#!/usr/bin/env python3",
)

py_runtime_pair(
    name = "pair",
    py3_runtime = ":py3",
)

toolchain(
    name = "toolchain",
    toolchain = ":pair",
    toolchain_type = "@bazel_tools//tools/python:toolchain_type",
)

cc_library(
    name = "headers",
    hdrs = glob(["include/**/*.h"]),
    includes = ["include"],
)
"""

def _python_configure_impl(ctx):
    python = ctx.os.environ.get("FTS_PYTHON", "") or ctx.which("python3")
    if not python or not ctx.path(str(python)).exists:
        fail("no Python at %s; run `tools/setup`, or set FTS_PYTHON." %
             (python or "FTS_PYTHON or in PATH"))
    found = ctx.execute([
        str(python),
        "-c",
        "import sysconfig; print(sysconfig.get_paths()['include'])",
    ])
    include = found.stdout.strip()
    if found.return_code != 0 or not ctx.path(include + "/Python.h").exists:
        fail("no Python.h in %s; run `tools/setup`, or install python3-dev." %
             (include or found.stderr))
    ctx.symlink(include, "include")
    ctx.file("BUILD.bazel", _BUILD.format(python = python))

python_configure = repository_rule(
    implementation = _python_configure_impl,
    configure = True,
    environ = ["FTS_PYTHON"],
    local = True,
)
