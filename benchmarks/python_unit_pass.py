# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Host time that sharding adds to a unit's forward and backward in Python:
our engine under module hooks against torch's fully_shard, in one process each,
one rank, one thread, with a model whose own work is small.

    tools/bazel run --config=opt //benchmarks:python_unit_pass

Prints, per unit and pass (forward + backward), the median step of each minus
that of the plain model, and their ratio. Sides take turns, so that a machine
that slows down slows all of them.
"""

import argparse
import statistics
import sys
import time

import torch
import torch.distributed as dist
from torch.distributed.fsdp import fully_shard

import fts
from fts import _fts
from fts.backends.native import NativeBackend


class Unit(torch.nn.Module):
    """Nine parameters, as a Llama block has."""

    def __init__(self, width):
        super().__init__()
        self.layers = torch.nn.ModuleList(
            torch.nn.Linear(width, width, bias=False) for _ in range(9)
        )

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Model(torch.nn.Module):
    def __init__(self, units, width):
        super().__init__()
        torch.manual_seed(0)
        self.units = torch.nn.ModuleList(Unit(width) for _ in range(units))

    def forward(self, x):
        for unit in self.units:
            x = unit(x)
        return x


def timed(step, count):
    times = []
    for _ in range(count):
        start = time.process_time()
        step()
        times.append(time.process_time() - start)
    return times


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--units", type=int, default=18)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--steps", type=int, default=10)
    options = parser.parse_args()
    if not _fts.OPTIMIZED:
        sys.exit("figures are for opt builds: tools/bazel run --config=opt ...")
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", store=dist.HashStore(), rank=0, world_size=1
    )
    x = torch.randn(4, options.width)

    def plain():
        model = Model(options.units, options.width)
        parameters = list(model.parameters())

        def step():
            model(x).sum().backward()
            for parameter in parameters:
                parameter.grad = None

        return step

    def torchs():
        model = Model(options.units, options.width)
        for unit in model.units:
            fully_shard(unit)
        fully_shard(model)
        parameters = list(model.parameters())

        def step():
            model(x).sum().backward()
            for parameter in parameters:
                parameter.grad = None

        return step

    def ours():
        model = Model(options.units, options.width)
        description = fts.describe(model)
        schedule = fts.Schedule({0: {"params": [".*"]}}, description, max_epochs=1)
        plan = fts.Plan(
            {"fsdp_plan": {r"units\.\d+$": {}}, "binding": "off"},
            description,
            schedule,
        )
        backend = NativeBackend(model, schedule.handle, plan.handle)
        backend.thaw(0, schedule[0].params)

        def step():
            model(x).sum().backward()
            backend.complete_gradients()
            backend.session.begin_update()  # nothing is updated on any side
            backend.session.finish_update()

        return step

    sides = {"plain": plain(), "fully_shard": torchs(), "fts": ours()}
    times = {name: [] for name in sides}
    for round_ in range(options.rounds + 1):
        for name, step in sides.items():
            found = timed(step, options.steps)
            if round_ > 0:  # the first one warms up
                times[name] += found
    median = {name: statistics.median(found) for name, found in times.items()}
    per_unit = {
        name: (median[name] - median["plain"]) / options.units * 1e6
        for name in ("fully_shard", "fts")
    }
    print(f"plain model            {median['plain'] / options.units * 1e6:8.1f} us")
    for name, value in per_unit.items():
        print(f"{name:<12} adds       {value:8.1f} us per unit, forward + backward")
    print(f"ratio                  {per_unit['fts'] / per_unit['fully_shard']:8.3f}")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
