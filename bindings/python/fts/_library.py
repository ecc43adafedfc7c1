# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Loads libfts.so.1 beside this package, after torch, whose libraries it uses."""

from __future__ import annotations

import ctypes
import os

import torch

_FOLDER = os.path.dirname(os.path.abspath(__file__))
LIBRARY = os.path.join(_FOLDER, "lib", "libfts.so.1")


def load() -> None:
    """Raises ImportError that says what is missing, or what does not fit."""
    if not os.path.exists(LIBRARY):
        raise ImportError(
            f"fts was installed without its library: {LIBRARY} is missing; "
            "install the wheel that `bazel build //bindings/python:wheel` makes"
        )
    try:
        # Of a wheel: what the library needs beside torch, each after those that
        # it needs itself.
        order = os.path.join(_FOLDER, "lib", "order.txt")
        if os.path.exists(order):
            with open(order, encoding="utf-8") as names:
                for name in names.read().split():
                    ctypes.CDLL(os.path.join(_FOLDER, "lib", name))
        ctypes.CDLL(LIBRARY, mode=ctypes.RTLD_GLOBAL)
    except OSError as error:
        raise ImportError(
            f"{LIBRARY} cannot be loaded beside torch {torch.__version__} from "
            f"{os.path.dirname(torch.__file__)}: {error}; fts and torch must be "
            "of one version: install the torch that fts was built for"
        ) from error


def check_torch(built_for: str) -> None:
    """``built_for``: the tag of the LibTorch that the extension was built with."""
    abi = int(torch.compiled_with_cxx11_abi())
    here = f"{torch.__version__.split('+')[0]}/cxx11abi={abi}"
    if here != built_for:
        raise ImportError(
            f"fts was built for torch {built_for}, and torch {here} is imported; "
            "install the torch that fts was built for, or build fts for yours"
        )
