# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Choosing between sibling files by what this machine's LibTorch has.

Apart from build_defs.bzl so that the torch-free half of the repository
builds without a LibTorch.
"""

load("@torch//:info.bzl", "HAS_CUDA", "HAS_NCCL")

def if_cuda(then, otherwise = []):
    """`then` when LibTorch has CUDA and --define=fts_cuda=off is not given."""
    return select({
        "//:cuda_off": otherwise,
        "//conditions:default": then if HAS_CUDA else otherwise,
    })

def if_nccl(then, otherwise = []):
    """`then` when ProcessGroupNCCL.hpp compiles here and CUDA is not off."""
    return select({
        "//:cuda_off": otherwise,
        "//conditions:default": then if HAS_NCCL else otherwise,
    })
