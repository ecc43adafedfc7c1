# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The C interface as its headers declare it, and what compilers make of it.

abidiff compares types through debug information. An interface in C is all in
its headers: a library of empty functions made from them has the same types and
symbols as the real one (whose definitions the compiler holds against the same
declarations, and whose exports abi_test compares with the list), and is built
in a second, without LibTorch and in any mode.
"""

import glob
import os
import re
import subprocess


def headers(root):
    """Paths of the public headers under a source root, sorted; tests' headers in
    a source tree are none."""
    found = sorted(glob.glob(os.path.join(root, "fts", "capi", "*.h")))
    return [path for path in found if "FTS_EXTERN_C_BEGIN" in _read(path)]


def _read(path):
    with open(path) as f:
        return f.read()


def text_of(header):
    """A header without comments and preprocessor lines."""
    with open(header) as f:
        text = re.sub(r"//[^\n]*", "", f.read())
    return re.sub(r"^#(.*\\\n)*.*$", "", text, flags=re.M)


def declarations(header):
    """[(name, declaration without FTS_API and the like)] of what it exports."""
    found = []
    for match in re.finditer(r"FTS_API\s([^;]*?);", text_of(header)):
        text = re.sub(r"\bFTS_(API|NODISCARD|NOEXCEPT)\b", "", match.group(1))
        text = " ".join(text.split())
        found.append((re.search(r"\b(fts_\w+)\(", text).group(1), text))
    return found


def constants(header):
    """[(name, value)] of its enumerators; each has a value of its own."""
    found = []
    for body in re.findall(r"\benum\s*\{([^}]*)\}", text_of(header)):
        for item in body.split(","):
            if item.strip():
                name, _, value = item.partition("=")
                found.append((name.strip(), value.strip()))
    return found


def growing_structs(header):
    """Names of the structs that say their own size, so that they may grow: the
    library reads no more of them than its caller has."""
    return re.findall(
        r"typedef struct \w+ \{\s*size_t struct_size;[^}]*\} (\w+);",
        text_of(header),
    )


def run(*command, check=True, cwd=None):
    done = subprocess.run(
        command,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    if check and done.returncode != 0:
        raise RuntimeError("%s\n%s" % (" ".join(command), done.stdout))
    return done


def build_stub(root, out):
    """Compiles the headers under `root` into a library of empty functions."""
    folder = os.path.dirname(os.path.abspath(out))
    # A name of its own, as it is part of what abidw writes.
    with open(os.path.join(folder, "headers.c"), "w") as f:
        for header in headers(root):
            f.write('#include "fts/capi/%s"\n' % os.path.basename(header))
        for header in headers(root):
            for _, text in declarations(header):
                f.write("%s { __builtin_trap(); }\n" % text)
    run(
        *["gcc", "-std=c11", "-g", "-O0", "-fPIC", "-shared", "-w"],
        *["-Wl,-soname,libfts.so.1", "-I", os.path.abspath(root)],
        *["headers.c", "-o", os.path.abspath(out)],
        cwd=folder,
    )


def write_baseline(library, out):
    run(
        *["abidw", "--no-corpus-path", "--no-comp-dir-path", "--no-show-locs"],
        *["--type-id-style", "hash", "--out-file", out, library],
    )


def compare(baseline, library, may_grow):
    """abidiff's report of what programs built then would trip over today, or "".

    New functions are no change, nor are fields at the end of the structs in
    `may_grow`. (abidiff's own suppression for that, a [suppress_type] with
    has_data_member_inserted_at = end, passes any change of such a struct.)
    """
    report = run(
        *["abidiff", "--no-added-syms", "--leaf-changes-only", baseline, library],
        check=False,
    ).stdout
    return "" if report.strip() == "" or _only_grows(report, may_grow) else report


_ZERO = r"summary: 0 Removed, 0 Changed, 0 Added "
_GREW = re.compile(
    r"'struct (\w+)(?: at [^']*)?' changed:\n"
    r"  type size changed from (\d+) to \d+ \(in bits\)\n"
    r"  \d+ data member insertions?:\n"
    r"((?:    '[^']*', at offset \d+ \(in bits\)[^\n]*\n)+)\s*"
)


def _only_grows(report, may_grow):
    """Whether all of a report are structs of `may_grow` with more at the end."""
    head, _, rest = report.partition("\n\n")
    leaves = re.search(r"Changed leaf types summary: (\d+) leaf types? changed", head)
    if leaves is None or len(re.findall(_ZERO, head)) != 2:
        return False
    grown = 0
    while rest:
        match = _GREW.match(rest)
        if match is None or match.group(1) not in may_grow:
            return False
        offsets = re.findall(r"at offset (\d+) ", match.group(3))
        if any(int(offset) < int(match.group(2)) for offset in offsets):
            return False
        rest = rest[match.end() :]
        grown += 1
    return grown == int(leaves.group(1))


def symbols_of_baseline(baseline):
    with open(baseline) as f:
        return re.findall(r"<elf-symbol name='(\w+)'", f.read())


def all_growing(root):
    return {name for header in headers(root) for name in growing_structs(header)}


def all_constants(root):
    """{name: value} of every header under a source root."""
    return dict(item for header in headers(root) for item in constants(header))


def read_constants(path):
    with open(path) as f:
        return dict(line.split() for line in f if line[0] != "#")
