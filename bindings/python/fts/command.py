# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The command ``fts`` that this package carries, for shells and for fts.fit.

It is a program of its own, linked against torch's libraries, which it finds in
the torch of the Python that runs this. Imports neither torch nor the rest of
this package.
"""

from __future__ import annotations

import importlib.util
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def command_path() -> str:
    """The program. FTS_COMMAND names another one. Raises FileNotFoundError."""
    named = os.environ.get("FTS_COMMAND")
    path = named or os.path.join(_HERE, "bin", "fts")
    if not os.path.exists(path):
        raise FileNotFoundError(
            f"the command fts is missing: {path}; install the wheel of "
            "//bindings/python:wheel, or let FTS_COMMAND name the program"
        )
    return path


def torch_library_folder() -> str:
    """Where torch keeps its shared libraries. Raises ImportError."""
    spec = importlib.util.find_spec("torch")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError(
            "fts needs PyTorch, which this Python does not have: pip install torch"
        )
    return os.path.join(list(spec.submodule_search_locations)[0], "lib")


def environment() -> dict[str, str]:
    """This process's, with the folders that the program's libraries are in."""
    folders = [os.path.join(_HERE, "lib"), torch_library_folder()]
    before = os.environ.get("LD_LIBRARY_PATH")
    return {
        **os.environ,
        "LD_LIBRARY_PATH": ":".join(folders + ([before] if before else [])),
    }


def main() -> int:
    """The entry point ``fts``: becomes the program."""
    try:
        path, env = command_path(), environment()
    except (FileNotFoundError, ImportError) as error:
        print(f"fts: error: {error}", file=sys.stderr)
        return 1
    os.execve(path, ["fts", *sys.argv[1:]], env)
    return 0
