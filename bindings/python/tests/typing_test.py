# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""What the package says about itself: the stub of the extension is that of the
extension, types hold, examples in docstrings run."""

import doctest
import importlib
import os
import pkgutil
import tempfile
import unittest

import make_stub
import torch
from mypy import api

import fts
from fts import _fts

_HERE = os.path.dirname(os.path.abspath(__file__))
# They import what may not be installed.
_OPTIONAL = ("lightning", "hf", "huggingface", "framework")


class TypingTest(unittest.TestCase):
    def test_the_stub_is_the_extension_s(self):
        path = os.path.join(os.path.dirname(fts.__file__), "_fts.pyi")
        with open(path, encoding="utf-8") as file:
            self.assertEqual(
                file.read(), make_stub.stub(_fts),
                "run bindings/python/packaging/make_stub.py")  # fmt: skip

    def test_types_hold(self):
        os.environ["MYPYPATH"] = os.path.dirname(os.path.dirname(fts.__file__))
        with tempfile.TemporaryDirectory() as cache:
            text, errors, code = api.run([
                "--config-file", os.path.join(_HERE, "mypy.ini"),
                "--cache-dir", cache, "-p", "fts"])  # fmt: skip
        self.assertEqual(code, 0, text + errors)

    def test_examples_in_docstrings_run(self):
        ran = 0
        for found in pkgutil.walk_packages(fts.__path__, "fts."):
            name = found.name.rpartition(".")[2]
            if name == "_fts" or name.startswith(_OPTIONAL):
                continue
            module = importlib.import_module(found.name)
            result = doctest.testmod(
                module, extraglobs={"torch": torch, "fts": fts})
            self.assertEqual(result.failed, 0, found.name)
            ran += result.attempted
        self.assertGreater(ran, 8)


if __name__ == "__main__":
    unittest.main()
