# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The packages of fts/core, above and below the torch line.

ring_query_test starts from these; tree_test checks that none is missing. It
reads this file as Python, so only plain lists stand here.
"""

RING = [
    "fts/core/base",
    "fts/core/config",
    "fts/core/match",
    "fts/core/mesh",
    "fts/core/plan",
    "fts/core/safetensors",
    "fts/core/schedule",
    "fts/core/scheduler",
]

ENGINES = [
    "fts/core/comm",
    "fts/core/comm/shm",
    "fts/core/comm/testing",
    "fts/core/nn",
    "fts/core/optim",
    "fts/core/recompute",
    "fts/core/session",
    "fts/core/session/testing",
    "fts/core/shard",
    "fts/core/tp",
]
