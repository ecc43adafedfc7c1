# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The architecture as tables: modules, and which others each may include.

A module is a folder with everything below it that is not a module itself. A
module may include its own files and those of the modules named here, nothing
else; what is allowed is written out, not derived, so that a change of the
architecture is a change of this file.
"""

# Above the torch line.
RING = {
    "fts/core/base": [],
    "fts/core/config": ["fts/core/base"],
    "fts/core/safetensors": ["fts/core/base"],
    "fts/core/match": ["fts/core/base"],
    "fts/core/mesh": ["fts/core/base"],
    "fts/core/schedule": [
        "fts/core/base",
        "fts/core/config",
        "fts/core/match",
    ],
    "fts/core/plan": [
        "fts/core/base",
        "fts/core/config",
        "fts/core/match",
        "fts/core/mesh",
        "fts/core/schedule",
    ],
    "fts/core/scheduler": [
        "fts/core/base",
        "fts/core/config",
        "fts/core/match",
        "fts/core/mesh",
        "fts/core/plan",
        "fts/core/schedule",
    ],
}

# Engines see the ring's data, never the scheduler: that one sees them, as
# ports, and session alone joins the two.
_DATA = [module for module in RING if module != "fts/core/scheduler"]

# Below the torch line.
ENGINES = {
    "fts/core/comm": ["fts/core/base", "fts/core/mesh"],
    "fts/core/nn": ["fts/core/base", "fts/core/comm", "fts/core/match", "fts/core/mesh"],
    "fts/core/shard": _DATA + ["fts/core/comm", "fts/core/nn"],
    "fts/core/tp": _DATA + ["fts/core/comm", "fts/core/nn"],
    "fts/core/recompute": _DATA + ["fts/core/comm", "fts/core/nn"],
    "fts/core/optim": _DATA + ["fts/core/comm"],
    "fts/core/snapshot": _DATA + ["fts/core/comm"],
}
ENGINES["fts/core/session"] = list(RING) + list(ENGINES)
ENGINES["fts/core/testing"] = list(RING) + list(ENGINES)

_CORE = list(RING) + list(ENGINES)

# Above the core. train is generic over a model interface; only cli and
# examples name a concrete model.
_TRAIN = list(RING) + [
    "fts/core/comm",
    "fts/core/nn",
    "fts/core/optim",
    "fts/core/session",
]
OUTER = {
    "fts/capi": _CORE,
    "fts/models": [
        "fts/core/base",
        "fts/core/config",
        "fts/core/match",
        "fts/core/nn",
        "fts/core/safetensors",
    ],
    "fts/train": _TRAIN,
    "fts/cli": _TRAIN + ["fts/models", "fts/train"],
    # fts/cli for its model adapter alone.
    "examples": _TRAIN + ["fts/cli", "fts/models", "fts/train", "fts/capi"],
    "bindings": ["fts/capi"],
}

ALLOWED = {**RING, **ENGINES, **OUTER}

# Tests beside the code may use these as well, below the torch line.
TEST_ONLY = "fts/core/testing"

# A backend's header is for the folder itself, session, and tests.
BACKEND_HEADERS = [
    "fts/core/comm/%s.h" % name
    for name in ["fake", "gloo", "local", "nccl", "no_nccl", "shm/shm"]
]
BACKEND_USERS = ["fts/core/comm", "fts/core/session", "fts/core/testing"]

# The compiler pays 13 s and 5 s for each of these in every file.
UMBRELLA_HEADERS = ["torch/torch.h", "ATen/ATen.h"]

# First folders of <...> includes that are torch.
TORCH_FOLDERS = ["torch", "ATen", "c10", "caffe2"]

# Folders whose sources need no README of their own.
README_EXEMPT = ["testdata", "src", "internal", "data", "goldens"]
