# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Packs the Python package, the extension, libfts.so.1 and the command fts into
a wheel, with the system libraries they need beside torch's and the C library's.

No path of this machine goes in: binaries look beside themselves, and find
torch's libraries because torch was imported first (the package) or by
LD_LIBRARY_PATH (the command). By the Python that has torch, which the wheel is
then for.
"""

import argparse
import base64
import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import zipfile

import elf

# Of the C and C++ run time: every machine that has torch has them.
_SYSTEM = re.compile(
    r"^(libc|libm|libdl|librt|libpthread|libgcc_s|libstdc\+\+)\.so|^ld-linux")
_FOLDERS = ["/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu", "/usr/lib64",
            "/lib64", "/usr/lib", "/usr/local/lib"]
_EPOCH = (2020, 1, 1, 0, 0, 0)  # equal inputs give an equal wheel


def torch_facts():
    """(folder of its libraries, version) without importing it."""
    root = list(importlib.util.find_spec("torch").submodule_search_locations)[0]
    text = open(os.path.join(root, "version.py"), encoding="utf-8").read()
    version = re.search(r"__version__ = '([^'+]+)", text).group(1)
    return os.path.join(root, "lib"), version


def bundled(files, torch_lib):
    """{name: bytes} of libraries to carry, in an order in which each comes after
    those it needs."""
    found, order = {}, []

    def visit(name):
        if name in found or _SYSTEM.match(name) or name == "libfts.so.1":
            return
        if os.path.exists(os.path.join(torch_lib, name)):
            return
        paths = [os.path.join(f, name) for f in _FOLDERS]
        path = next((p for p in paths if os.path.exists(p)), None)
        if path is None:
            raise SystemExit("make_wheel: %s is needed and is not in %s" % (
                name, ", ".join(_FOLDERS)))
        with open(path, "rb") as file:
            found[name] = file.read()
        for other in elf.Elf(found[name], name).needed():
            visit(other)
        order.append(name)

    for data, path in files:
        for name in elf.Elf(data, path).needed():
            visit(name)
    return {name: found[name] for name in order}


class Wheel:
    """A zip file and its RECORD."""

    def __init__(self, path):
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
        self._record = []

    def add(self, name, data, executable=False):
        data = bytes(data)
        info = zipfile.ZipInfo(name, _EPOCH)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = (0o100755 if executable else 0o100644) << 16
        self._zip.writestr(info, data)
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
        self._record.append("%s,sha256=%s,%d" % (
            name, digest.rstrip(b"=").decode(), len(data)))

    def close(self, folder):
        self._record.append(folder + "/RECORD,,")
        info = zipfile.ZipInfo(folder + "/RECORD", _EPOCH)
        self._zip.writestr(info, "\n".join(self._record) + "\n")
        self._zip.close()


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    parser.add_argument("--extension", required=True)
    parser.add_argument("--library", required=True)
    parser.add_argument("--command", required=True)
    parser.add_argument("--script", required=True)
    parser.add_argument("--license", required=True)
    parser.add_argument("--readme", required=True)
    parser.add_argument("sources", nargs="+")
    args = parser.parse_args()

    version = json.loads(subprocess.check_output(
        [args.command, "version", "--json"]))["version"]
    if "-%s-" % version not in os.path.basename(args.out):
        raise SystemExit("make_wheel: the version is %s, the wheel is to be %s; "
                         "change its name in bindings/python/BUILD.bazel"
                         % (version, os.path.basename(args.out)))
    torch_lib, torch_version = torch_facts()
    python = "cp%d%d" % sys.version_info[:2]

    if "-%s-%s-" % (python, python) not in os.path.basename(args.out):
        raise SystemExit("make_wheel: this is Python %d.%d, the wheel is to be %s; "
                         "build with Python 3.11 (FTS_PYTHON), or change its name "
                         "in bindings/python/BUILD.bazel"
                         % (*sys.version_info[:2], os.path.basename(args.out)))

    wheel = Wheel(args.out)
    for path in sorted(args.sources):
        wheel.add(path[path.index("bindings/python/fts/") + 16:], read(path))
    binaries = [
        ("fts/_fts.so", args.extension, "$ORIGIN/lib"),
        ("fts/lib/libfts.so.1", args.library, "$ORIGIN"),
        ("fts/bin/fts", args.command, "$ORIGIN/../lib"),
    ]
    for name, path, search in binaries:
        binary = elf.Elf(read(path), path)
        binary.set_search_path(search)
        wheel.add(name, binary.data, executable=name.endswith("fts"))
    carried = bundled([(read(path), path) for _, path, _ in binaries], torch_lib)
    for name, data in carried.items():
        wheel.add("fts/lib/" + name, data)
    wheel.add("fts/lib/order.txt", "".join(n + "\n" for n in carried).encode())

    data_folder = "fts-%s.data/scripts/fts" % version
    wheel.add(data_folder, read(args.script), executable=True)
    info = "fts-%s.dist-info" % version
    wheel.add(info + "/METADATA", (
        "Metadata-Version: 2.1\nName: fts\nVersion: %s\n"
        "Summary: Scheduled fine-tuning of sharded models\n"
        "License: Apache-2.0\nRequires-Python: ==%d.%d.*\n"
        "Requires-Dist: torch==%s\n"
        "Description-Content-Type: text/markdown\n\n%s" % (
            version, *sys.version_info[:2], torch_version,
            read(args.readme).decode())).encode())
    wheel.add(info + "/WHEEL", (
        "Wheel-Version: 1.0\nGenerator: fts\nRoot-Is-Purelib: false\n"
        "Tag: %s-%s-linux_x86_64\n" % (python, python)).encode())
    wheel.add(info + "/LICENSE", read(args.license))
    wheel.close(info)


if __name__ == "__main__":
    main()
