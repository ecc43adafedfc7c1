# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Writes baseline.xml and constants.txt from today's headers.

  tools/bazel run //fts/capi:make_baseline [-- --break]

Run it when functions, structs or constants were added. It refuses when today's
headers do not hold what was there before, unless told to break with it: that is
for what no release has had yet, and for a new major version.
"""

import os
import sys
import tempfile

from fts.capi.abi import interface


def main():
    root = os.environ["BUILD_WORKSPACE_DIRECTORY"]
    abi = os.path.join(root, "fts", "capi", "abi")
    baseline = os.path.join(abi, "baseline.xml")
    constants = os.path.join(abi, "constants.txt")
    found = interface.all_constants(root)
    with tempfile.TemporaryDirectory() as folder:
        library = os.path.join(folder, "libfts.so.1")
        interface.build_stub(root, library)
        if "--break" not in sys.argv[1:] and os.path.exists(baseline):
            report = interface.compare(baseline, library, interface.all_growing(root))
            lost = interface.read_constants(constants).items() - found.items()
            if report or lost:
                print(report, "\n".join("%s %s" % item for item in sorted(lost)))
                sys.exit("make_baseline: this breaks programs; nothing was written")
        interface.write_baseline(library, baseline)
    with open(constants, "w") as f:
        f.write("# Constants of the headers; none ever changes. Written by make_baseline.\n")
        f.writelines("%s %s\n" % item for item in sorted(found.items()))


if __name__ == "__main__":
    main()
