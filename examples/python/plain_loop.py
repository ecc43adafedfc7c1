# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""A model and a loop of one's own, trained through three phases.

    python examples/python/plain_loop.py
    torchrun --nproc-per-node 2 examples/python/plain_loop.py --backend native

Prints one line an epoch. Needs the wheel of //bindings/python:wheel.
"""

import argparse

import fts
import torch

SCHEDULE = """
0: {params: [head.*], max_transition_epoch: 1}
1: {params: ['layers\\.1\\..*'], max_transition_epoch: 2, lr: 3.0e-3}
2: {params: ['layers\\.0\\..*', embed.*], lr: 1.0e-3}
"""
PLAN = {"fsdp_plan": {r"layers\.\d+$": {}, "head": {}}}


class Model(torch.nn.Module):
    """Reads eight numbers and tells where the largest is."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embed = torch.nn.Linear(8, 32)
        self.layers = torch.nn.ModuleList(
            torch.nn.Sequential(torch.nn.Linear(32, 32), torch.nn.GELU())
            for _ in range(2)
        )
        self.head = torch.nn.Linear(32, 8)

    def forward(self, x):
        x = self.embed(x)
        for layer in self.layers:
            x = x + layer(x)
        return self.head(x)


def batches(seed, rank, ranks, count=20, size=64):
    """Rank r's rows of each batch; together they are the same for any number of
    ranks."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(count):
        x = torch.randn(size, 8, generator=generator)
        yield x[rank::ranks], x.argmax(1)[rank::ranks]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--backend", default="torch", choices=["torch", "native"])
    parser.add_argument("--epochs", type=int, default=4)
    args = parser.parse_args()

    model = Model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    scheduler = fts.Scheduler(
        model,
        schedule=SCHEDULE,
        optimizer=optimizer,
        strategy_adapter_cfg=PLAN,
        backend=args.backend,
        max_epochs=args.epochs,
    )
    rank, ranks = scheduler.rank, scheduler.world_size
    loss_of = torch.nn.functional.cross_entropy

    for epoch in scheduler.epochs():
        for x, y in scheduler.steps(batches(epoch, rank, ranks)):
            loss = loss_of(model(x), y)
            loss.backward()
            scheduler.clip_grad_norm_(1.0)
            optimizer.step()
            optimizer.zero_grad()
        with torch.no_grad():
            losses = [loss_of(model(x), y) for x, y in batches(999, rank, ranks, 4)]
        (mean,) = scheduler.backend.mean([torch.stack(losses).mean().item()])
        scheduler.validation_end({"val_loss": mean}, reduce=False)
        if rank == 0:
            trained = len(scheduler.trainable())
            print(f"epoch {epoch} phase {scheduler.phase}: "
                  f"{trained} tensors train, val_loss {mean:.6f}", flush=True)
    if rank == 0:
        print(scheduler.finish_reason)


if __name__ == "__main__":
    main()
