# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""One schedule resolved by us and by finetuning-scheduler, and the ratio.

    tools/bazel run --config=opt //benchmarks:schedule_resolve_vs_fts -- [NAMES PHASES]

Both start from the parsed YAML and end with full names in disjoint phases. Of
FTS only that part runs (`_parse_phase` and `_validate_phases_disjoint`), so
model, trainer and imports are not in its time.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))


def ours(names, phases):
    """Milliseconds of ResolveSchedule, the median of five runs."""
    run = subprocess.run(
        [os.path.join(HERE, "schedule_resolve_benchmark"),
         "--benchmark_filter=BM_Resolve/names:%d/phases:%d$" % (names, phases),
         "--benchmark_repetitions=5", "--benchmark_format=json"],
        stdout=subprocess.PIPE, check=True)
    for result in json.loads(run.stdout)["benchmarks"]:
        if result.get("aggregate_name") == "median":
            return result["real_time"]
    raise SystemExit("schedule_resolve_benchmark has no such case; it has "
                     "10000 names with 1, 10, 50, 200 or 1000 phases")


def theirs(names, schedule):
    """Milliseconds of FTS's expansion, the median of five runs."""
    from finetuning_scheduler.fts_supporters import ScheduleParsingMixin

    class Expansion(ScheduleParsingMixin):
        """The mixin with what these two methods read, and nothing else."""

        base_max_lr = 1e-5
        epoch_transitions_only = False

    keys = dict.fromkeys(names).keys()
    times = []
    for _ in range(5):
        expansion = Expansion()
        expansion.ft_schedule = {depth: dict(phase)
                                 for depth, phase in schedule.items()}
        start = time.perf_counter()
        for depth in expansion.ft_schedule:
            expansion._parse_phase(depth, keys, ([], set()))
        expansion._validate_phases_disjoint()
        times.append(1e3 * (time.perf_counter() - start))
        taken = sum(len(p["params"]) for p in expansion.ft_schedule.values())
        if taken != len(names):
            raise SystemExit("FTS selected %d of %d names" % (taken, len(names)))
    return statistics.median(times)


def main(args):
    names, phases = (int(a) for a in args) if args else (10000, 200)
    fast = ours(names, phases)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([os.path.join(HERE, "write_schedule_input"), str(names),
                        str(phases), folder], check=True)
        with open(os.path.join(folder, "names.txt"), encoding="utf-8") as file:
            listed = file.read().split()
        with open(os.path.join(folder, "schedule.yaml"),
                  encoding="utf-8") as file:
            schedule = yaml.safe_load(file)
    slow = theirs(listed, schedule)
    print("%d names, %d phases, %d patterns" % (
        names, phases, sum(len(p["params"]) for p in schedule.values())))
    print("fts                  %9.1f ms" % fast)
    print("finetuning-scheduler %9.1f ms" % slow)
    print("ratio                %9.3f" % (fast / slow))


if __name__ == "__main__":
    main(sys.argv[1:])
