# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Whole runs of finetuning-scheduler itself, with the metric given.

`trace` trains fts.md's model A for real (Trainer.fit on the CPU), logs the
values it is given as val_loss, and writes down each epoch as it starts: depth,
thawed tensors, optimizer groups and their rates. Uses nothing of ours.
"""

import copy
import functools
import os
import tempfile

import fts_models
import fts_reference
import finetuning_scheduler
import lightning.pytorch as pl
import torch

_NAMES = {
    "sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "adagrad": "Adagrad",
    "rmsprop": "RMSprop"}


def scheduler_class(name):
    """StepLR for step_lr, and so on."""
    for known in dir(torch.optim.lr_scheduler):
        if known.lower() == name.replace("_", "").lower():
            return getattr(torch.optim.lr_scheduler, known)
    raise ValueError(name)


def with_lambdas(value):
    """A copy in which each lr_lambda's text is the function it stands for."""
    if isinstance(value, dict):
        return {k: eval("lambda epoch: " + v)  # pylint: disable=eval-used
                if k == "lr_lambda" else with_lambdas(v)
                for k, v in value.items()}
    return copy.deepcopy(value)


class _Model(fts_models.ALL["linears"]):
    """Model A with a loss, and the run's optimizer and scheduler."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        if config["optimizer"].get("no_decay"):
            self.no_decay = config["optimizer"]["no_decay"]

    def training_step(self, batch, _):
        return self.model(batch).square().mean()

    def validation_step(self, *_):
        self.log("val_loss", float(self.config["metrics"][self.current_epoch]))

    def configure_optimizers(self):
        args = {k: v for k, v in self.config["optimizer"].items()
                if k not in ("name", "no_decay")}
        make = getattr(torch.optim, _NAMES[self.config["optimizer"]["name"]])
        optimizer = make(self.parameters() if self.config.get("all_parameters")
                         else [p for p in self.parameters()
                               if p.requires_grad], **args)
        scheduler = self.config.get("lr_scheduler")
        if scheduler is None:
            return optimizer
        args = {k: v for k, v in scheduler.items()
                if k not in ("name", "interval", "frequency", "monitor")}
        made = {"scheduler": scheduler_class(scheduler["name"])(
            optimizer, **with_lambdas(args))}
        made.update((k, v) for k, v in scheduler.items()
                    if k in ("interval", "frequency", "monitor"))
        return [optimizer], [made]

    def train_dataloader(self):
        torch.manual_seed(1)
        return torch.utils.data.DataLoader(
            torch.rand(self.config.get("steps", 1), 2), batch_size=1)

    def val_dataloader(self):
        return torch.utils.data.DataLoader(torch.zeros(1, 2))


@functools.lru_cache(None)
def _traced(package):
    """The package's callback, which writes down each epoch that begins and, if
    asked to, the rates of each step."""

    class Traced(package.FinetuningScheduler):
        epochs = ()

        def on_train_epoch_start(self, trainer, pl_module):
            super().on_train_epoch_start(trainer, pl_module)
            groups = trainer.optimizers[0].param_groups
            self.epochs = list(self.epochs) + [{
                "depth": self.curr_depth,
                "thawed": sum(p.requires_grad for p in pl_module.parameters()),
                "groups": [len(g["params"]) for g in groups],
                "lr": [float(g["lr"]) for g in groups],
                "optimizer": type(trainer.optimizers[0]).__name__,
                "best_depth": trainer.checkpoint_callback.best_ckpt_depth,
                "names": [n for n, p in pl_module.named_parameters()
                          if p.requires_grad],
                "values": [float(p.detach().double().sum())
                           for p in pl_module.parameters()],
                "steps": [],
            }]

        def on_before_optimizer_step(self, trainer, pl_module, optimizer):
            super().on_before_optimizer_step(trainer, pl_module, optimizer)
            self.epochs[-1]["steps"].append(
                [float(g["lr"]) for g in optimizer.param_groups])

    return Traced


@fts_reference.quiet
def trace(config, package=finetuning_scheduler):
    """One entry per epoch that began, in order. ``package``: where callbacks of
    finetuning-scheduler's names come from."""
    options = with_lambdas(config["scheduler"])
    schedule = config.get("schedule")
    with tempfile.TemporaryDirectory(prefix="fts_trace_") as folder:
        torch.manual_seed(1)
        callback = _traced(package)(
            ft_schedule=schedule and with_lambdas(schedule), log_dir=folder,
            **options)
        callbacks = [callback]
        best = dict(monitor="val_loss", mode="min")
        if not options.get("epoch_transitions_only"):
            callbacks.append(package.FTSEarlyStopping(
                monitor="val_loss", **config["early_stopping"]))
        callbacks.append(package.FTSCheckpoint(
            dirpath=os.path.join(folder, "best"), save_top_k=1, **best))
        trainer = pl.Trainer(
            max_epochs=config["max_epochs"], accelerator="cpu", devices=1,
            logger=False, callbacks=callbacks, default_root_dir=folder,
            enable_progress_bar=False, enable_model_summary=False,
            num_sanity_val_steps=0)
        trainer.fit(_Model(config))
        return callback.epochs
