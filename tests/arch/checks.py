# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""One function per rule: from {path: text} to a list of violations.

Paths are relative to the repository root. A violation is one readable line
that names the file, what is wrong, and what to do instead.
"""

import ast
import os
import posixpath
import re

import rules

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
_BACKEND_IF = re.compile(
    r"^[ \t]*#[ \t]*(?:el)?if.*\b(USE_C10D\w*|USE_CUDA|USE_NCCL|FTS_CUDA|FTS_WITH\w*)",
    re.M,
)
_CODE = re.compile(r'constexpr\s+char\s+k\w+\[\]\s*=\s*"([^"]*)"')
_DOC_ENTRY = re.compile(r"^- `([^`]+)`: ", re.M)
_SOURCES = (".h", ".cc", ".py", ".pyi", ".sh", ".bzl", ".rs", ".c")
_LICENCE = "SPDX-License-Identifier: Apache-2.0"


def read_tree(root):
    """All text files of a checkout, without Bazel's links and Git's folder."""
    files = {}
    for folder, names, file_names in os.walk(root):
        names[:] = [
            n
            for n in names
            if n not in (".git", "__pycache__", "target")
            and not (folder == root and n.startswith("bazel-"))
        ]
        for name in file_names:
            path = os.path.join(folder, name)
            if os.path.islink(path) or os.path.getsize(path) > 2_000_000:
                continue
            try:
                with open(path, encoding="utf-8") as file:
                    text = file.read()
            except UnicodeDecodeError:
                continue
            files[os.path.relpath(path, root).replace(os.sep, "/")] = text
    return files


def module_of(path):
    """The longest module folder of rules.ALLOWED that holds the path, or None."""
    folder = posixpath.dirname(path)
    while folder:
        if folder in rules.ALLOWED:
            return folder
        folder = posixpath.dirname(folder)
    return None


def _is_cc(path):
    return path.endswith((".h", ".cc", ".c"))


def _is_test(path):
    return bool(re.search(r"_(test|testutil|benchmark|fuzzer)\.(cc|h|c)$", path))


def _includes(files, under=""):
    """(path, line, target, is_angle) of every include in C and C++ files."""
    for path in sorted(files):
        if not _is_cc(path) or not path.startswith(under):
            continue
        text = files[path]
        for match in _INCLUDE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield path, line, match.group(2), match.group(1) == "<"


def check_dependencies(files):
    """Includes follow the direction of rules.py."""
    found = []
    for path, line, target, _ in _includes(files):
        source = module_of(path)
        if not target.startswith(("fts/", "examples/", "bindings/")):
            continue
        wanted = module_of(target)
        if path.startswith("fts/") and source is None:
            found.append(f"{path}:{line}: not in a module that rules.py names")
            continue
        if source is None or wanted == source:
            continue
        if wanted is None:
            found.append(f"{path}:{line}: {target} is in no module of rules.py")
            continue
        allowed = list(rules.ALLOWED[source])
        if _is_test(path) and source not in rules.RING:
            allowed.append(rules.TEST_ONLY)
        if wanted not in allowed:
            names = ", ".join(sorted(allowed)) or "nothing"
            found.append(f"{path}:{line}: {source} includes {target}, may use only: {names}")
    return found


def check_backends(files):
    """A communicator's backend is included by session (and tests) only."""
    return [
        f"{path}:{line}: {target} is for {', '.join(rules.BACKEND_USERS)} only; use communicator.h"
        for path, line, target, _ in _includes(files)
        if target in rules.BACKEND_HEADERS
        and module_of(path) is not None
        and module_of(path) not in rules.BACKEND_USERS
        and not _is_test(path)
    ]


def check_ring_includes(files):
    """No torch header in the ring, not even in its tests."""
    return [
        f"{path}:{line}: <{target}> above the torch line"
        for path, line, target, _ in _includes(files)
        if module_of(path) in rules.RING and target.split("/")[0] in rules.TORCH_FOLDERS
    ]


def check_umbrella_headers(files):
    """No header that pulls in all of torch outside of tests."""
    return [
        f"{path}:{line}: <{target}> outside a _test.cc; include the headers that are used"
        for path, line, target, _ in _includes(files)
        if target in rules.UMBRELLA_HEADERS and not path.endswith("_test.cc")
    ]


def check_backend_ifs(files):
    """No #if on a backend in an engine: sibling files, chosen by the build."""
    found = []
    for path in sorted(files):
        if _is_cc(path) and path.startswith("fts/"):
            for match in _BACKEND_IF.finditer(files[path]):
                line = files[path].count("\n", 0, match.start()) + 1
                found.append(
                    f"{path}:{line}: #if on {match.group(1)}; write a sibling file (no_x.cc) instead"
                )
    return found


def check_readmes(files):
    """Every folder with sources has a README.md."""
    tops = ("fts", "bindings", "examples", "tests", "benchmarks", "tools")
    folders = set()
    for path in files:
        folder = posixpath.dirname(path)
        parts = folder.split("/")
        if (
            path.endswith(_SOURCES)
            and parts[0] in tops
            and not any(part in rules.README_EXEMPT for part in parts)
        ):
            folders.add(folder)
    return [
        f"{folder}: no README.md (what, entry file, who may depend on it, how to test it)"
        for folder in sorted(folders)
        if folder + "/README.md" not in files
    ]


def check_diagnostics(files, doc="docs/diagnostics.md"):
    """codes.h and docs/diagnostics.md list the same codes, each with an example."""
    found = []
    where = {}
    for path in sorted(files):
        if path.startswith("fts/") and posixpath.basename(path) == "codes.h":
            for match in _CODE.finditer(files[path]):
                code = match.group(1)
                if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", code):
                    found.append(f"{path}: code '{code}' is not snake_case")
                if code in where:
                    found.append(f"{path}: code '{code}' stands in {where[code]} too")
                where.setdefault(code, path)
    text = files.get(doc, "")
    entries = list(_DOC_ENTRY.finditer(text))
    documented = set()
    for index, match in enumerate(entries):
        code = match.group(1)
        line = text.count("\n", 0, match.start()) + 1
        if code in documented:
            found.append(f"{doc}:{line}: '{code}' is listed twice")
        documented.add(code)
        if code not in where:
            found.append(f"{doc}:{line}: '{code}' is in no codes.h")
        end = entries[index + 1].start() if index + 1 < len(entries) else len(text)
        body = text[match.start() : end].split("\n\n")[0]
        if "Example:" not in body:
            found.append(f"{doc}:{line}: '{code}' has no 'Example: ...'")
    for code in sorted(set(where) - documented):
        found.append(f"{where[code]}: '{code}' is not in {doc}; add '- `{code}`: meaning. Example: ...'")
    return found


def check_packages(files, listing="tests/arch/packages.bzl"):
    """Every package of fts/core is listed, on its side of the torch line."""
    found = []
    listed = {}
    for node in ast.parse(files[listing]).body:
        if isinstance(node, ast.Assign):
            listed[node.targets[0].id] = ast.literal_eval(node.value)
    for path in sorted(files):
        if not path.startswith("fts/") or posixpath.basename(path) != "BUILD.bazel":
            continue
        package = posixpath.dirname(path)
        if package.startswith("fts/core/"):
            side = "RING" if module_of(path) in rules.RING else "ENGINES"
            if package not in listed[side]:
                found.append(f"{path}: add '{package}' to {side} in {listing}")
        if not files[path].rstrip().endswith("fts_arch_manifest()"):
            found.append(f"{path}: the last line must be fts_arch_manifest()")
    for side, packages in sorted(listed.items()):
        for package in packages:
            if package + "/BUILD.bazel" not in files:
                found.append(f"{listing}: {side} lists '{package}', which has no BUILD.bazel")
    return found


def check_visibility(files):
    """Nothing in fts/ is visible outside this repository by default."""
    found = []
    for path in sorted(files):
        if path.startswith("fts/") and posixpath.basename(path) == "BUILD.bazel":
            if "//visibility:public" in files[path]:
                found.append(f"{path}: //visibility:public; use //:ring, //:engines or //:everyone")
    return found


def check_licence(files):
    """Every source starts with the licence line."""
    return [
        f"{path}: no '{_LICENCE}' in its first three lines"
        for path in sorted(files)
        if path.endswith(_SOURCES)
        and "testdata" not in path.split("/")
        and files[path].strip()
        and _LICENCE not in "\n".join(files[path].split("\n")[:3])
    ]


ALL = [
    check_dependencies,
    check_backends,
    check_ring_includes,
    check_umbrella_headers,
    check_backend_ifs,
    check_readmes,
    check_diagnostics,
    check_packages,
    check_visibility,
    check_licence,
]
