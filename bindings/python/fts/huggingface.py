# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Scheduled fine-tuning as a callback of Hugging Face's Trainer:

    from fts.huggingface import FinetuningSchedulerCallback

    trainer = Trainer(model, args, train_dataset=..., eval_dataset=...,
                      callbacks=[FinetuningSchedulerCallback("schedule.yaml")])
    trainer.train()

Optimizer and learning-rate scheduler are the Trainer's own. One process, or
several under torchrun (DDP). docs/huggingface.md has the details.
"""

from __future__ import annotations

import logging
import os
from typing import Any, Mapping

import torch

try:
    from transformers import TrainerCallback
    from transformers.trainer_callback import ExportableState
except ImportError as error:
    raise ImportError(
        "fts.huggingface needs Hugging Face transformers and accelerate, which are "
        f"not installed beside fts ({error}); run `pip install transformers accelerate`"
    ) from error

from fts.backends.whole import WholeBackend
from fts.ddp import wrapper_of
from fts.describe import clean_name, describe
from fts.errors import InputError, NotSupportedError
from fts.framework_scheduler import FrameworkScheduler
from fts.huggingface_state import TrainerState
from fts.lr_config import LrConfig
from fts.schedule import Schedule
from fts.schedule_source import ScheduleSource

__all__ = ["FinetuningSchedulerCallback"]

log = logging.getLogger("fts")


class FinetuningSchedulerCallback(TrainerCallback, ExportableState):
    """Thaws the Trainer's model phase by phase.

    ``schedule``: a path, a mapping, or None for the implicit schedule, which is
    written to ``log_dir`` (the Trainer's output_dir). ``early_stopping``: a
    mapping as fts.Scheduler takes it; None for FTS's default rule on ``monitor``;
    False for none. ``monitor`` and ``mode``: what the best is judged by; else the
    Trainer's metric_for_best_model and greater_is_better, else eval_loss.
    ``no_decay``: substrings of names without weight decay; else the names that
    the Trainer's own optimizer keeps without. The rest as in fts.Scheduler.

    The best state is kept in host memory. Raises fts.Error in on_train_begin.
    """

    def __init__(
        self,
        schedule: str | os.PathLike[str] | Mapping[Any, Any] | None = None,
        *,
        max_depth: int = -1,
        base_max_lr: float | None = 1e-5,
        restore_best: bool = True,
        early_stopping: Mapping[str, Any] | bool | None = None,
        monitor: str | None = None,
        mode: str | None = None,
        epoch_transitions_only: bool = False,
        reinit_optim_cfg: Mapping[str, Any] | None = None,
        apply_lambdas_new_pgs: bool = False,
        enforce_phase0_params: bool = True,
        frozen_bn_track_running_stats: bool = True,
        no_decay: list[str] | None = None,
        match: str = "prefix",
        log_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        self._args: dict[str, Any] = {
            k: v for k, v in locals().items() if k not in ("self", "__class__")
        }
        self._given = schedule
        self._max_depth = max_depth
        self._base_max_lr = base_max_lr
        self._restore_best = restore_best
        self._early_stopping = early_stopping
        self._monitor = monitor
        self._mode = mode
        self._epochs_only = epoch_transitions_only
        self._reinit_optim_cfg = reinit_optim_cfg
        self._apply_lambdas = apply_lambdas_new_pgs
        self._enforce = enforce_phase0_params
        self._track_bn = frozen_bn_track_running_stats
        self._no_decay = no_decay
        self._match = match
        self._log_dir = log_dir
        self._scheduler: FrameworkScheduler | None = None
        self._state: TrainerState | None = None
        #: What the checkpoint that a run resumes from says; Trainer fills it.
        self.saved: Any = None

    # ---- What it tells -------------------------------------------------------

    @property
    def scheduler(self) -> FrameworkScheduler:
        """The fts.Scheduler of the run, from its start on."""
        if self._scheduler is None:
            raise InputError("the Trainer has not begun to train yet")
        return self._scheduler

    @property
    def phase(self) -> int:
        """The phase in force."""
        return 0 if self._scheduler is None else self._scheduler.phase

    @property
    def schedule(self) -> Schedule:
        return self.scheduler.schedule

    # ---- The run -------------------------------------------------------------

    def on_train_begin(
        self, args: Any, state: Any, control: Any, **kwargs: Any
    ) -> None:
        """Freezes all but phase 0; or goes on where a checkpoint stopped."""
        _refuse(args)
        model = kwargs["model"]
        # Accelerate's wrappers hold torch's objects.
        wrapper = kwargs["optimizer"]
        optimizer = getattr(wrapper, "optimizer", wrapper)
        lr = kwargs["lr_scheduler"]
        lr = getattr(lr, "scheduler", lr)
        description = describe(model)
        source = ScheduleSource(self._given, description, self._reinit_optim_cfg)
        endless = args.max_steps > 0
        schedule = source.resolve(
            description,
            epoch_transitions_only=self._epochs_only,
            max_depth=self._max_depth,
            base_max_lr=self._base_max_lr,
            max_epochs=None if endless else int(state.num_train_epochs),
            match=self._match,
        )
        if state.is_world_process_zero:
            folder = str(self._log_dir or args.output_dir)
            log.info("schedule written to %s", source.write(folder, type(model).__name__))
        for index in range(len(schedule)):
            if schedule.settings(index).get("new_lr_scheduler"):
                raise NotSupportedError(
                    f"phase {index} has new_lr_scheduler, and the Trainer steps one "
                    "scheduler for the whole run; leave it out here, or use fts.Scheduler "
                    "or Lightning"
                )
        monitor = _metric(self._monitor or args.metric_for_best_model or "loss")
        greater = bool(args.greater_is_better) if self._monitor is None else False
        mode = self._mode or ("max" if greater else "min")
        early = self._early_stopping
        if early is None or early is True:
            early = {"monitor": monitor, "mode": mode, "patience": 3}
        elif early:
            early = {"mode": mode, **early, "monitor": _metric(early.get("monitor", monitor))}
        self._state = TrainerState(model, optimizer, lr)
        self._scheduler = FrameworkScheduler(
            model,
            reinit=source.reinit,
            weight_decay=args.weight_decay,
            schedule=schedule,
            optimizer=optimizer,
            lr_scheduler=None if lr is None else LrConfig(lr, interval="step"),
            backend=WholeBackend(model, wrapper_of(model)),
            restore_best=self._restore_best,
            early_stopping=False if self._epochs_only else early,
            monitor=monitor,
            mode=mode,
            epoch_transitions_only=self._epochs_only,
            max_epochs=schedule.max_epochs,
            max_steps=args.max_steps if endless else None,
            has_validation=str(getattr(args.eval_strategy, "value", "")) != "no",
            apply_lambdas_new_pgs=self._apply_lambdas,
            enforce_phase0_params=self._enforce,
            frozen_bn_track_running_stats=self._track_bn,
            no_decay=self._names_without_decay(model, optimizer),
        )
        counted = args.include_num_input_tokens_seen not in (False, "no")
        if self._scheduler.counts_tokens and not counted:
            raise InputError(
                "the schedule has max_transition_tokens; let the Trainer count them with "
                "TrainingArguments(include_num_input_tokens_seen=True)"
            )
        self._wrapper = wrapper
        self._begin(state)
        self._adopt()

    def _begin(self, state: Any) -> None:
        assert self._scheduler is not None and self._state is not None
        saved = self.saved or _saved_in(state, type(self).__name__)
        self.saved = None
        if state.global_step > 0 and saved:
            self._scheduler.resume(saved["progress"])
            self._state.restore(saved["optimizer"])
        else:
            self._scheduler.begin(_epoch(state), state.global_step)

    def _names_without_decay(self, model: Any, optimizer: Any) -> list[str]:
        if self._no_decay is not None:
            return self._no_decay
        names = {id(p): clean_name(n) for n, p in model.named_parameters()}
        groups = optimizer.param_groups
        if not any(group.get("weight_decay") for group in groups):
            return []
        return [
            names[id(p)]
            for group in groups
            for p in group["params"]
            if not group.get("weight_decay") and id(p) in names
        ]

    def _adopt(self) -> None:
        """A phase's new optimizer, in Accelerate's wrapper."""
        assert self._scheduler is not None and self._state is not None
        optimizer = self._scheduler.optimizer
        if getattr(self._wrapper, "optimizer", optimizer) is not optimizer:
            self._wrapper.optimizer = optimizer
            self._state.replaced(optimizer)

    def on_epoch_begin(
        self, args: Any, state: Any, control: Any, **kwargs: Any
    ) -> None:
        """Where phases begin."""
        self.scheduler.begin_epoch(_epoch(state))
        self._adopt()

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Where limits in steps, tokens and time act."""
        if self.scheduler.counts_tokens:
            self.scheduler.tokens_seen(int(state.num_input_tokens_seen))
        self.scheduler.begin_step()
        self._adopt()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.scheduler.counts_tokens:
            self.scheduler.tokens_seen(int(state.num_input_tokens_seen))
        self.scheduler.steps_done(state.global_step)

    def on_evaluate(
        self, args: Any, state: Any, control: Any, **kwargs: Any
    ) -> None:
        """Judges early stopping, keeps the best state."""
        if self._state is None:
            return  # an evaluation outside of a run
        metrics = {
            k: v for k, v in kwargs["metrics"].items() if isinstance(v, (int, float))
        }
        if not self.scheduler.watched <= set(metrics):
            return  # of several evaluation sets, another one
        if self.scheduler.validated(metrics).finish is not None:
            control.should_training_stop = True

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.scheduler.end()
        if self._state is not None:
            self._state.release()
            self._state = None

    # ---- Checkpoints ---------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """What Trainer writes into trainer_state.json of each checkpoint."""
        saved = None
        if self._scheduler is not None and self._state is not None:
            saved = {
                "progress": self._scheduler.progress(),
                "optimizer": self._state.groups(),
            }
        plain = {k: v for k, v in self._args.items() if _is_plain(v)}
        return {"args": plain, "attributes": {"saved": saved}}


def _epoch(state: Any) -> int:
    return int((state.epoch or 0.0) + 1e-6)


def _metric(name: str) -> str:
    """As Trainer.evaluate names it."""
    return name if name.startswith("eval_") else f"eval_{name}"


def _saved_in(state: Any, name: str) -> Any:
    found = (getattr(state, "stateful_callbacks", None) or {}).get(name)
    if isinstance(found, list):
        found = found[0] if found else None
    return ((found or {}).get("attributes") or {}).get("saved")


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(k, str) and _is_plain(v) for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return all(_is_plain(v) for v in value)
    return value is None or isinstance(value, (bool, int, float, str))


def _refuse(args: Any) -> None:
    """Raises NotSupportedError for what shards or replicates in other ways."""
    for key, instead in (("fsdp", "fts.Scheduler's plan"), ("deepspeed", "DDP")):
        if getattr(args, key, None):
            raise NotSupportedError(
                f"TrainingArguments({key}=...) and FinetuningSchedulerCallback do not "
                f"go together: a phase's parameters are the Trainer's whole ones; use "
                f"{instead} (torchrun) instead"
            )
    if args.n_gpu > 1:
        raise NotSupportedError(
            f"the Trainer would run {args.n_gpu} GPUs in one process (DataParallel); "
            "start it with torchrun, or set CUDA_VISIBLE_DEVICES to one of them"
        )
