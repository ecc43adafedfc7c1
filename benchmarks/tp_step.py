# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""A tp_plan beside torch's parallelize_module: step time on 1 x 2 ranks.

    tools/bazel run --config=opt //benchmarks:tp_step -- \
        [--models T,S] [--rounds 3] [--steps 20] [--json FILE]

Sequence and loss parallel on both sides, one thread a rank, fp32, the same
shapes, batches and phases. Figures are made as in vs_fsdp2.py: the median step
of a round, the least of the rounds. "unsharded" is one process with one thread;
"tp 2, gloo" is ours over torch's transport.
"""

import os
import sys

from vs_fsdp2 import HERE, OURS, PHASES, benchmark, row

PEER = [sys.executable, os.path.join(HERE, "tp_peer.py")]
PLAN = ["tp_plan: llama", "loss_parallel: true"]


def configurations(model, steps):
    ours = OURS + ["session", model, str(steps), "tp=2", *PLAN]
    return {
        "unsharded": (OURS + ["plain", model, str(steps)], 1, True),
        "tp 2": (ours, 2, True),
        "tp 2, gloo": (["env", "FTS_COMM=gloo"] + ours, 2, True),
        "torch tp 2": (PEER + [model, str(steps)], 2, True),
    }


def show(model, found):
    print("\n%s, ms per step in phases 0, 1, 2; CPU ms" % model)
    for name, entry in found.items():
        row(name, [p["ms"] for p in entry] + [p["cpu_ms"] for p in entry])
    print("ratios")
    for a, b, budget in (("tp 2", "torch tp 2", 0.5 if model == "T" else None),
                         ("tp 2, gloo", "torch tp 2", None),
                         ("tp 2", "unsharded", None),
                         ("torch tp 2", "unsharded", None)):
        row("%s / %s" % (a, b), [found[a][p]["ms"] / found[b][p]["ms"]
                                 for p in PHASES], budget)
    row("tp 2 / torch tp 2, CPU",
        [found["tp 2"][p]["cpu_ms"] / found["torch tp 2"][p]["cpu_ms"]
         for p in PHASES])


if __name__ == "__main__":
    benchmark(configurations, show)
