# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The only place where native rules are named.

BUILD files load these macros, so a later move to @rules_cc and @rules_python
is one edit here. Everything links statically inside the repository: with a
shared library per target the linker drops libraries that only another target
needs.
"""

_COPTS = [
    "-std=c++17",
    "-Wall",
    "-Wextra",
]

def fts_cc_library(name, copts = [], **kwargs):
    """A library of one header (or one noun). Takes cc_library's attributes."""
    native.cc_library(
        name = name,
        copts = _COPTS + copts,
        linkstatic = True,
        **kwargs
    )

def fts_cc_binary(name, copts = [], **kwargs):
    """A program. Takes cc_binary's attributes."""
    native.cc_binary(
        name = name,
        copts = _COPTS + copts,
        linkstatic = True,
        **kwargs
    )

def fts_cc_shared_library(name, version_script, **kwargs):
    """A shared library whose name is its file and its SONAME ("libfts.so.1").

    Exports what `version_script` says.
    """
    native.cc_binary(
        name = name,
        linkshared = True,
        linkstatic = True,
        additional_linker_inputs = [version_script],
        linkopts = [
            "-Wl,-soname," + name,
            "-Wl,--version-script,$(location " + version_script + ")",
        ],
        **kwargs
    )

def fts_py_extension(name, copts = [], **kwargs):
    """A Python extension module, name.so. Takes cc_binary's attributes."""
    native.cc_binary(
        name = name + ".so",
        copts = _COPTS + ["-fvisibility=hidden"] + copts,
        linkshared = True,
        linkstatic = True,
        **kwargs
    )

_C_COPTS = [
    "-std=c11",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-pedantic",
]

def fts_c_binary(name, **kwargs):
    """A program in C11. Takes cc_binary's attributes."""
    native.cc_binary(
        name = name,
        copts = _C_COPTS,
        linkstatic = True,
        **kwargs
    )

def fts_c_test(name, size = "small", **kwargs):
    """A test in C11: exits 0 when it passed. Takes cc_test's attributes."""
    native.cc_test(
        name = name,
        size = size,
        copts = _C_COPTS,
        linkstatic = True,
        **kwargs
    )

def fts_cc_test(name, deps = [], copts = [], size = "small", gtest_main = True, **kwargs):
    """A gtest. Takes cc_test's attributes; gtest (and its main) come by themselves."""
    native.cc_test(
        name = name,
        size = size,
        copts = _COPTS + copts,
        linkstatic = True,
        deps = deps + [
            "@system//:gtest_main" if gtest_main else "@system//:gtest",
        ],
        **kwargs
    )

def fts_py_library(name, **kwargs):
    """A Python library for tests and tools. Takes py_library's attributes."""
    native.py_library(
        name = name,
        srcs_version = "PY3",
        **kwargs
    )

def fts_py_binary(name, **kwargs):
    """A Python tool, run by the interpreter that has torch."""
    native.py_binary(
        name = name,
        python_version = "PY3",
        srcs_version = "PY3",
        **kwargs
    )

def fts_py_test(name, size = "small", **kwargs):
    """A Python test, run by the interpreter that has torch and transformers."""
    native.py_test(
        name = name,
        size = size,
        python_version = "PY3",
        srcs_version = "PY3",
        **kwargs
    )

def fts_sh_test(name, size = "small", **kwargs):
    """A shell test. Takes sh_test's attributes."""
    native.sh_test(
        name = name,
        size = size,
        **kwargs
    )

def fts_arch_manifest():
    """Last line of every BUILD file: lists the package's libraries.

    Emits filegroup "arch" over every cc_library so far that is not testonly,
    which the queries in //tests/arch start from.
    """
    libraries = []
    for name, rule in native.existing_rules().items():
        if rule["kind"] == "cc_library" and not rule.get("testonly", False):
            libraries.append(":" + name)
    native.filegroup(
        name = "arch",
        srcs = sorted(libraries),
        visibility = ["//tests/arch:__pkg__"],
    )
