# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""A small model, its data and its plain training; and the running test file once
more as two ranks. Uses nothing of fts."""

import os
import socket
import subprocess
import sys

import torch

RANKS = int(os.environ.get("WORLD_SIZE", "1"))
RANK = int(os.environ.get("RANK", "0"))

SCHEDULE = {
    0: {"params": ["head.*"], "max_transition_epoch": 1},
    1: {"params": [r"blocks\.1\..*"], "max_transition_epoch": 2, "lr": 0.02},
    2: {"params": [r"blocks\.0\..*", "norm.*", "embed.*"], "lr": 0.01},
}
EPOCHS, STEPS, LR = 3, 3, 0.05


class Block(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.up = torch.nn.Linear(width, 2 * width)
        self.down = torch.nn.Linear(2 * width, width, bias=False)

    def forward(self, x):
        return x + self.down(torch.tanh(self.up(x)))


class Net(torch.nn.Module):
    """embed, blocks.0, blocks.1, norm, head: 11 parameters."""

    def __init__(self, width=6):
        super().__init__()
        torch.manual_seed(3)
        self.embed = torch.nn.Linear(3, width)
        self.blocks = torch.nn.ModuleList(Block(width) for _ in range(2))
        self.norm = torch.nn.LayerNorm(width)
        self.head = torch.nn.Linear(width, 2)

    def forward(self, x):
        x = self.embed(x)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def batch(step, size=8):
    """(x, y) of a step, the same on every rank."""
    generator = torch.Generator().manual_seed(step)
    x = torch.randn(size, 3, generator=generator)
    return x, torch.stack([x.sum(1), x.prod(1)], 1)


def mine(pair):
    """This rank's rows."""
    return tuple(tensor[RANK::RANKS] for tensor in pair)


def loss_of(model, pair):
    x, y = pair
    return (model(x) - y).square().mean()


def plain_training(kind=torch.optim.AdamW, clip=None, frozen_after=None):
    """(losses, final values) of three phases over whole batches, by hand."""
    model = Net()
    named = dict(model.named_parameters())
    phases = [["head."], ["blocks.1."], ["blocks.0.", "norm.", "embed."]]
    for parameter in named.values():
        parameter.requires_grad_(False)
    optimizer, losses = None, []
    for epoch in range(EPOCHS):
        group = [
            parameter.requires_grad_(True)
            for name, parameter in named.items()
            if any(name.startswith(prefix) for prefix in phases[epoch])
        ]
        if optimizer is None:
            optimizer = kind(group, lr=LR)
        else:
            optimizer.add_param_group({"params": group, "lr": SCHEDULE[epoch]["lr"]})
        for step in range(STEPS):
            loss = loss_of(model, batch(10 * epoch + step))
            loss.backward()
            if clip is not None:
                torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
    return losses, {name: p.detach().clone() for name, p in named.items()}


def scheduled_training(scheduler, clip=None, data=None):
    """The same under a scheduler, this rank's rows; losses are means over ranks."""
    losses = []
    for epoch in scheduler.epochs():
        pairs = data or [mine(batch(10 * epoch + step)) for step in range(STEPS)]
        for pair in scheduler.steps(pairs):
            loss = loss_of(scheduler.model, pair)
            loss.backward()
            if clip is not None:
                scheduler.clip_grad_norm_(clip)
            scheduler.optimizer.step()
            scheduler.optimizer.zero_grad()
            losses.append(scheduler.backend.mean([loss.item()])[0])
        scheduler.validation_end({"val_loss": float(-epoch)})
    return losses


def run_two_ranks(test, file, count=2):
    """Runs a test file as two ranks, or more, and fails with the output of one
    that does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    ranks = []
    for rank in range(count):
        environment = {
            **os.environ, "RANK": str(rank), "WORLD_SIZE": str(count),
            "LOCAL_RANK": str(rank), "LOCAL_WORLD_SIZE": str(count),
            "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
            "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path),
        }  # fmt: skip
        ranks.append(
            subprocess.Popen(
                [sys.executable, os.path.abspath(file)],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    for rank, process in enumerate(ranks):
        output, _ = process.communicate()
        test.assertEqual(process.returncode, 0, f"rank {rank}:\n{output}")
