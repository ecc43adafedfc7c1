# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""See README.md. curve.py BACKEND SCHEDULE PLAN"""

import os
import sys

import torch
import torch.distributed as dist

import fts


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.up = torch.nn.Linear(16, 32)
        self.down = torch.nn.Linear(32, 16)

    def forward(self, x):
        return x + self.down(torch.tanh(self.up(x)))


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Linear(4, 16)
        self.blocks = torch.nn.ModuleList(Block() for _ in range(3))
        self.head = torch.nn.Linear(16, 2)
        with torch.no_grad():
            for k, parameter in enumerate(self.parameters()):
                i = torch.arange(parameter.numel())
                value = ((7919 * i + 104729 * k) % 2003).double() / 2003 - 0.5
                parameter.copy_((0.5 * value).view_as(parameter))

    def forward(self, x):
        x = self.embed(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def batch(step):
    j = torch.arange(32)
    x = ((31337 * j + 7177 * step) % 1009).double() / 1009 - 0.5
    x = x.view(8, 4)
    y = torch.stack([x.sum(1), x[:, 0] * x[:, 3]], 1)
    return x.float(), y.float()


def train(backend, schedule, plan):
    ranks, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    if backend == "torch" and ranks > 1:
        dist.init_process_group("gloo")
    model = Net()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.0)
    scheduler = fts.Scheduler(
        model,
        schedule=schedule,
        optimizer=optimizer,
        strategy_adapter_cfg=plan,
        backend=backend,
        epoch_transitions_only=True,
        has_validation=False,
        restore_best=False,
        max_epochs=3,
    )
    step = 0
    for _ in scheduler.epochs():
        for _ in scheduler.steps(range(4)):
            x, y = batch(step)
            step += 1
            loss = (model(x[rank::ranks]) - y[rank::ranks]).square().mean()
            loss.backward()
            scheduler.clip_grad_norm_(1.0)
            optimizer.step()
            optimizer.zero_grad()
            whole = scheduler.backend.mean([loss.item()])[0]
            if rank == 0:
                print(f"{whole:.10g}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    train(*sys.argv[1:])
