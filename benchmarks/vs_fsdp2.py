# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The engine beside torch's fully_shard: host time, step time, memory.

    tools/bazel run --config=opt //benchmarks:vs_fsdp2 -- \
        [--models T,S] [--rounds 3] [--steps 20] [--json FILE]

One thread a rank, fp32, the same shapes, batches and phases on both sides,
every configuration once in each round, so that what else the machine does
falls on all of them. A figure is the median step of a round, the least of the
rounds; the first steps of a phase are left out. CPU time is what the process
had of the CPUs: on a machine that does other things, that is the better figure
where nobody waits. "world 2" is what a user gets who asks for nothing; memory
is proportional (a page that two ranks share counts half), the peak over two
whole steps. Each budget stands beside its figure.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile

# Of the program that runs: an imported file is found beside its source, where
# nothing is built.
HERE = os.path.dirname(os.path.abspath(sys.argv[0]))
PEER = [sys.executable, os.path.join(HERE, "fsdp2_peer.py")]
OURS = [os.path.join(HERE, "train_steps")]
PHASES = range(3)


def run(argv, world, together=True):
    """JSON of `world` processes; not together: ranks that never meet."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        processes = []
        for rank in range(world):
            env = dict(os.environ, OMP_NUM_THREADS="1")
            if together:
                env.update(RANK=str(rank), WORLD_SIZE=str(world),
                           LOCAL_RANK=str(rank), LOCAL_WORLD_SIZE=str(world),
                           MASTER_ADDR="127.0.0.1", MASTER_PORT=port,
                           STORE=os.path.join(folder, "store"))
            processes.append(subprocess.Popen(argv, env=env,
                                              stdout=subprocess.PIPE))
        results = [p.communicate()[0] for p in processes]
        if any(p.returncode for p in processes):
            raise SystemExit("failed: " + " ".join(argv))
        return [json.loads(r.decode().strip().splitlines()[-1])
                for r in results]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return str(s.getsockname()[1])


def configurations(model, steps):
    ours = lambda kind, *more: OURS + [kind, model, str(steps), *more]
    peer = lambda kind: PEER + ["steps", kind, model, str(steps)]
    return {
        "unsharded": (ours("plain"), 1, True),
        "world 1": (ours("session"), 1, True),
        "floor": (ours("plain"), 2, False),
        "world 2": (ours("session"), 2, True),
        "world 2, sharded": (ours("session", "binding: off"), 2, True),
        "world 2, rest sharded": (
            ours("session", "binding: off", "unplanned: shard"), 2, True),
        "world 2, restore": (ours("restore"), 2, True),
        "torch unsharded": (peer("plain"), 1, True),
        "FSDP2 world 1": (peer("fsdp2"), 1, True),
        "FSDP2 world 2": (peer("fsdp2"), 2, True),
    }


def measure(configurations, rounds):
    """Per configuration and phase: milliseconds, and the most memory."""
    found = {}
    for _ in range(rounds):
        for name, (argv, world, together) in configurations.items():
            results = run(argv, world, together)
            entry = found.setdefault(name, [
                dict(ms=[], cpu_ms=[], transition_ms=[], peak_mib=0.0,
                     ledger_mib=0.0, gathered_mib=0.0) for _ in PHASES])
            for phase in PHASES:
                # The slowest rank; the first steps warm up.
                of = [r["phases"][phase] for r in results]
                for key in ("ms", "cpu_ms"):
                    entry[phase][key].append(max(
                        statistics.median(p[key][2:]) for p in of))
                entry[phase]["transition_ms"].append(
                    max(p.get("transition_ms", 0.0) for p in of))
                for key in ("peak_mib", "ledger_mib", "gathered_mib"):
                    entry[phase][key] = max(
                        [entry[phase][key]] + [p.get(key, 0.0) for p in of])
    for entry in found.values():
        for phase in entry:
            for key in ("ms", "cpu_ms", "transition_ms"):
                phase["all_" + key] = phase[key]
                phase[key] = min(phase[key])
    return found


def row(label, numbers, budget=None, least=False, form="%8.2f"):
    text = "%-38s" % label + " ".join(form % n for n in numbers)
    if budget is not None:
        met = all(n >= budget if least else n <= budget for n in numbers)
        text += "   budget %s %g: %s" % (
            ">=" if least else "<=", budget, "met" if met else "MISSED")
    print(text)


def show(model, found):
    thin = model == "T"
    print("\n%s, ms per step in phases 0, 1, 2; CPU ms" % model)
    for name, entry in found.items():
        row(name, [p["ms"] for p in entry] + [p["cpu_ms"] for p in entry])
    ratio = lambda a, b, key="ms": [found[a][p][key] / found[b][p][key]
                                    for p in PHASES]
    print("ratios")
    row("world 1 / unsharded", ratio("world 1", "unsharded"), 1.05)
    row("world 1 / unsharded, CPU", ratio("world 1", "unsharded", "cpu_ms"))
    row("FSDP2 world 1 / torch unsharded",
        ratio("FSDP2 world 1", "torch unsharded"))
    row("world 2 / floor", ratio("world 2", "floor"), 1.15 if thin else 1.05)
    row("world 2, sharded / floor", ratio("world 2, sharded", "floor"))
    row("FSDP2 world 2 / floor", ratio("FSDP2 world 2", "floor"))
    row("world 2 / FSDP2 world 2", ratio("world 2", "FSDP2 world 2"),
        0.35 if thin else None)
    row("world 2, sharded / FSDP2 world 2",
        ratio("world 2, sharded", "FSDP2 world 2"))
    compute, step = [found[name][2]["ms"] / found[name][0]["ms"]
                     for name in ("unsharded", "world 2")]
    row("phase 2 / phase 0, of compute's", [step / compute], 0.9, least=True)
    print("transition into phases 1, 2, in steps of the phase before")
    for name, budget in (("world 2", 1), ("world 2, sharded", 1),
                         ("world 2, restore", 3)):
        row(name, [found[name][p]["transition_ms"] / found[name][p - 1]["ms"]
                   for p in (1, 2)], budget)
    print("peak MiB per rank beyond the imports, in phases 0, 1, 2")
    for name in ("unsharded", "world 2", "world 2, sharded",
                 "world 2, rest sharded", "FSDP2 world 2"):
        row(name, [p["peak_mib"] for p in found[name]], form="%8.1f")
    row("ledger, world 2, rest sharded",
        [p["ledger_mib"] for p in found["world 2, rest sharded"]],
        form="%8.1f")
    for name in ("world 2", "world 2, rest sharded"):
        row(name + " / unsharded", ratio(name, "unsharded", "peak_mib"),
            None if thin else 0.75)


def host_time():
    ours = json.loads(subprocess.run(
        [os.path.join(HERE, "host_time"), "200", "--json"], check=True,
        stdout=subprocess.PIPE).stdout)
    theirs = run(PEER + ["host", "50"], 1)[0]
    print("CPU time, us per unit and pass, 9 parameters a unit, fake ranks")
    for key in ("forward", "backward"):
        name = key + "_us_per_unit"
        row(key, [ours[name]], 50)
        row(key + ", FSDP2", [theirs[name]])
        row(key + ", ratio", [ours[name] / theirs[name]])
    return dict(ours=ours, fsdp2=theirs)


def benchmark(configurations, show, facts=dict):
    """The command line of a comparison of training programs: measures and shows
    each model. `facts()`: more for the JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", default="T,S")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--json")
    args = parser.parse_args()
    result = dict(cpus=os.cpu_count(), load=os.getloadavg(), **facts(),
                  models={})
    print("load average %.1f on %d CPUs" % (result["load"][0],
                                            result["cpus"]))
    for model in args.models.split(","):
        # A step of S takes a second.
        steps = args.steps if model == "T" else max(4, args.steps // 4)
        result["models"][model] = measure(configurations(model, steps),
                                          args.rounds)
        show(model, result["models"][model])
    if args.json:
        path = os.path.join(os.environ.get("BUILD_WORKING_DIRECTORY", "."),
                            args.json)
        with open(path, "w", encoding="utf-8") as f:
            json.dump(result, f, indent=1)


if __name__ == "__main__":
    benchmark(configurations, show, lambda: dict(host=host_time()))
