# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""A LightningModule of one's own, thawed in three phases by its Trainer.

    python examples/python/lightning_finetune.py
    python examples/python/lightning_finetune.py --package finetuning_scheduler

The second line runs the same script with finetuning-scheduler's callbacks: only
the import differs. Prints one line an epoch. Needs the wheel of
//bindings/python:wheel and Lightning (pip install lightning).
"""

import argparse
import importlib
import tempfile

import lightning.pytorch as pl
import torch

SCHEDULE = {
    0: {"params": ["head.*"], "max_transition_epoch": 2},
    1: {"params": ["blocks.1.*"], "max_transition_epoch": 4, "lr": 3e-3},
    2: {"params": ["blocks.0.*", "embed.*"], "lr": 1e-3},
}


def rows(seed, count):
    """Eight numbers each, and where the largest is."""
    x = torch.randn(count, 8, generator=torch.Generator().manual_seed(seed))
    return torch.utils.data.TensorDataset(x, x.argmax(1))


class Model(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Linear(8, 32)
        self.blocks = torch.nn.ModuleList(
            torch.nn.Sequential(torch.nn.Linear(32, 32), torch.nn.GELU())
            for _ in range(2)
        )
        self.head = torch.nn.Linear(32, 8)
        # As with finetuning-scheduler: no weight decay for names with these.
        self.no_decay = ["bias"]

    def forward(self, x):
        x = self.embed(x)
        for block in self.blocks:
            x = x + block(x)
        return self.head(x)

    def loss(self, batch):
        x, y = batch
        return torch.nn.functional.cross_entropy(self(x), y)

    def training_step(self, batch, _):
        return self.loss(batch)

    def validation_step(self, batch, _):
        self.log("val_loss", self.loss(batch), sync_dist=True)

    def configure_optimizers(self):
        optimizer = torch.optim.AdamW(self.parameters(), lr=1e-2, weight_decay=0.01)
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.9)]


class Report(pl.Callback):
    """After FinetuningScheduler in the list, so that the phase has begun."""

    def __init__(self, scheduler):
        self.scheduler = scheduler

    def on_train_epoch_start(self, trainer, pl_module):
        trained = sum(p.requires_grad for p in pl_module.parameters())
        rates = [f"{g['lr']:.17g}" for g in trainer.optimizers[0].param_groups]
        print(f"epoch {trainer.current_epoch} phase {self.scheduler.curr_depth}: "
              f"{trained} tensors train at {' '.join(rates)}", flush=True)

    def on_validation_end(self, trainer, pl_module):
        print(f"  val_loss {float(trainer.callback_metrics['val_loss']):.6f}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--package", default="fts.lightning",
                        help="where the three callbacks come from")
    parser.add_argument("--epochs", type=int, default=6)
    args = parser.parse_args()
    # from fts.lightning import FinetuningScheduler, FTSCheckpoint, FTSEarlyStopping
    fts = importlib.import_module(args.package)

    pl.seed_everything(0, verbose=False)
    with tempfile.TemporaryDirectory() as folder:
        scheduler = fts.FinetuningScheduler(ft_schedule=SCHEDULE, log_dir=folder)
        trainer = pl.Trainer(
            max_epochs=args.epochs,
            accelerator="cpu",
            devices=1,
            logger=False,
            default_root_dir=folder,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            callbacks=[
                scheduler,
                fts.FTSEarlyStopping(monitor="val_loss", patience=3),
                fts.FTSCheckpoint(monitor="val_loss", dirpath=folder, save_top_k=1),
                Report(scheduler),
            ],
        )
        trainer.fit(
            Model(),
            torch.utils.data.DataLoader(rows(1, 640), batch_size=32),
            torch.utils.data.DataLoader(rows(2, 256), batch_size=256),
        )


if __name__ == "__main__":
    main()
