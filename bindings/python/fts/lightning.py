# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Scheduled fine-tuning as a Lightning callback: what finetuning_scheduler gives,
by the same names. In a script of that package only the import changes:

    from fts.lightning import FinetuningScheduler, FTSCheckpoint, FTSEarlyStopping

docs/lightning.md has arguments, strategies and differences, line by line.
"""

from __future__ import annotations

import logging
import os
from typing import Any

from fts import (
    lightning_callbacks,
    lightning_optimizer,
    lightning_restore,
    lightning_strategy,
)
from fts.backends.whole import WholeBackend
from fts.ddp import wrapper_of
from fts.describe import clean_name, describe
from fts.errors import InputError
from fts.framework_scheduler import FrameworkScheduler
from fts.lightning_callbacks import FTSCheckpoint, FTSEarlyStopping
from fts.lightning_errors import MisconfiguredPlan, MisconfiguredSchedule, also
from fts.lightning_import import (
    Callback,
    MisconfigurationException,
    TrainerFn,
    rank_zero,
)
from fts.lightning_scheduler import LightningScheduler
from fts.meshes import tp_size_of
from fts.plan import Plan
from fts.schedule import Schedule
from fts.schedule_source import ScheduleSource

__all__ = [
    "FTSCheckpoint",
    "FTSEarlyStopping",
    "FinetuningScheduler",
    "MisconfiguredPlan",
    "MisconfiguredSchedule",
]

_FORMAT = "fts-lightning/1"


class FinetuningScheduler(Callback):
    """Thaws a LightningModule phase by phase.

    The arguments are those of finetuning_scheduler.FinetuningScheduler, with the
    same defaults and meanings. ``ft_schedule``: a path, a mapping, or None for
    the implicit schedule, which is written to ``log_dir``. ``backend``: "torch",
    or "native" for fts's own engine (one device). ``match``: "prefix" as there,
    or "full".

    Raises MisconfigurationException when the run is set up; for schedules and
    plans a subclass that is fts's own error too, with every problem's place.
    """

    _is_fts_scheduler = True

    def __init__(
        self,
        ft_schedule: str | os.PathLike[str] | dict[Any, Any] | None = None,
        max_depth: int = -1,
        base_max_lr: float | None = 1e-5,
        restore_best: bool = True,
        gen_ft_sched_only: bool = False,
        epoch_transitions_only: bool = False,
        reinit_optim_cfg: dict[str, Any] | None = None,
        reinit_lr_cfg: dict[str, Any] | None = None,
        strategy_adapter_cfg: dict[str, Any] | None = None,
        custom_strategy_adapters: dict[str, str] | None = None,
        allow_untested: bool = False,
        apply_lambdas_new_pgs: bool = False,
        logging_level: int = logging.INFO,
        enforce_phase0_params: bool = True,
        frozen_bn_track_running_stats: bool = True,
        log_dir: str | os.PathLike[str] | None = None,
        *,
        backend: str = "torch",
        match: str = "prefix",
    ) -> None:
        super().__init__()
        if custom_strategy_adapters:
            raise MisconfigurationException(
                "custom_strategy_adapters names adapters of finetuning_scheduler "
                f"({next(iter(custom_strategy_adapters.values()))}), which fts does not "
                "have; under a strategy that fts does not know give allow_untested=True"
            )
        if backend not in ("torch", "native"):
            raise MisconfigurationException(
                f"backend is '{backend}'; it must be torch or native"
            )
        self.ft_schedule: Any = ft_schedule
        self.max_depth = max_depth
        self.base_max_lr = base_max_lr
        self.restore_best = restore_best
        self.gen_ft_sched_only = gen_ft_sched_only
        self.epoch_transitions_only = epoch_transitions_only
        self.reinit_optim_cfg = reinit_optim_cfg
        self.reinit_lr_cfg = reinit_lr_cfg
        self.strategy_adapter_cfg = strategy_adapter_cfg or {}
        self.custom_strategy_adapters = custom_strategy_adapters
        self.allow_untested = allow_untested
        self.apply_lambdas_new_pgs = apply_lambdas_new_pgs
        self.enforce_phase0_params = enforce_phase0_params
        self.frozen_bn_track_running_stats = frozen_bn_track_running_stats
        self.backend = backend
        self.match = match
        self.pl_module: Any = None
        self.trainer: Any = None
        self._given = (ft_schedule, max_depth)
        self._log_dir = log_dir
        self._source: Any = None
        self._schedule: Any = None
        self._plan: Any = None
        self._sharded: Any = None  # the backend made in configure_model
        self._scheduler: Any = None
        self._saved: Any = None  # of the checkpoint that the run resumes from
        self._best: dict[str, Any] | None = None
        logging.getLogger(rank_zero.__name__).setLevel(logging_level)

    # ---- What it tells -------------------------------------------------------

    @property
    def log_dir(self) -> Any:
        """Where schedules are written: as given, else the trainer's."""
        if self._log_dir is not None or self.trainer is None:
            return self._log_dir
        return self.trainer.log_dir or self.trainer.default_root_dir

    @property
    def curr_depth(self) -> int:
        """The phase in force."""
        return 0 if self._scheduler is None else self._scheduler.phase

    @property
    def depth_remaining(self) -> int:
        """Phases still to come."""
        return max(self.max_depth - self.curr_depth, 0)

    @property
    def schedule(self) -> Schedule:
        """The resolved schedule, from the set-up of a run on."""
        return self._schedule

    @property
    def scheduler(self) -> FrameworkScheduler:
        """The fts.Scheduler of the run, from its start on."""
        return self._scheduler

    # ---- Set-up --------------------------------------------------------------

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Callbacks, strategy and schedule; everything but phase 0 freezes."""
        if stage != "fit":
            return
        self.pl_module, self.trainer = pl_module, trainer
        self._scheduler = self._sharded = self._saved = self._best = None
        added = lightning_callbacks.connect(trainer, self)
        for callback in reversed(added):
            callback.setup(trainer, pl_module, stage)
        lightning_strategy.check_strategy(
            trainer,
            self.strategy_adapter_cfg if self.backend == "torch" else {},
            self.allow_untested,
        )
        self._check_native()
        if self.gen_ft_sched_only:
            if trainer.is_global_zero:
                source = ScheduleSource(None, describe(pl_module))
                path = source.write(self.log_dir, type(pl_module).__name__)
                rank_zero.rank_zero_info(f"wrote {path}; review it, then train with it")
            raise SystemExit(0)
        self._resolve()
        for parameter in pl_module.parameters():
            parameter.requires_grad_(False)
        self._thaw(0)
        if lightning_strategy.is_model_parallel(trainer):
            lightning_strategy.after_configure_model(pl_module, self._shard)

    def _check_native(self) -> None:
        if self.backend != "native":
            return
        if self.trainer.world_size > 1:
            raise MisconfigurationException(
                f"backend='native' runs on one device under Lightning, and the trainer "
                f"has {self.trainer.world_size}; use backend='torch' with DDP or "
                "ModelParallelStrategy, or fts.Scheduler in a loop of your own"
            )
        if self.trainer.precision != "32-true":
            raise MisconfigurationException(
                f"backend='native' computes in the dtypes of its plan (mp_policy), and "
                f"the trainer has precision {self.trainer.precision}; give 32-true"
            )

    def _resolve(self) -> None:
        trainer, module = self.trainer, self.pl_module
        model = describe(module)
        given, depth = self._given
        limit = trainer.fit_loop.max_epochs
        limit = None if limit is None or limit < 0 else limit
        try:
            self._source = ScheduleSource(
                given, model, self.reinit_optim_cfg, self.reinit_lr_cfg
            )
            if trainer.is_global_zero:
                path = self._source.write(self.log_dir, type(module).__name__)
                rank_zero.rank_zero_info(f"fine-tuning schedule written to {path}")
            self._schedule = self._source.resolve(
                model,
                epoch_transitions_only=self.epoch_transitions_only,
                max_depth=depth,
                base_max_lr=self.base_max_lr,
                max_epochs=limit,
                match=self.match,
            )
        except InputError as error:
            raise also(MisconfiguredSchedule, error) from error
        try:
            self._plan = Plan(
                self.strategy_adapter_cfg or None,
                model,
                self._schedule,
                # Without a tp_plan layers are split by hand, in configure_model.
                tp=tp_size_of(trainer.strategy.device_mesh)
                if dict(self.strategy_adapter_cfg or {}).get("tp_plan")
                else 1,
            )
        except InputError as error:
            raise also(MisconfiguredPlan, error) from error
        raised = self._schedule.max_epochs
        if limit is not None and raised is not None and raised > limit:
            trainer.fit_loop.max_epochs = raised
        self.max_depth = self._schedule.max_depth
        self.ft_schedule = {
            phase.index: {
                "params": list(phase.params),
                "max_transition_epoch": phase.max_transition_epoch,
                **({} if phase.lr is None else {"lr": phase.lr}),
                **self._source.reinit.get(phase.index, {}),
            }
            for phase in self._schedule.phases
        }

    def _thaw(self, depth: int) -> None:
        """So that what is built next (optimizer, DDP) sees what trains."""
        names: set[str] = set()
        for phase in self._schedule.phases[: depth + 1]:
            names = (names - set(phase.freeze)) | set(phase.params)
        for name, parameter in self.pl_module.named_parameters():
            parameter.requires_grad_(clean_name(name) in names)

    def _shard(self) -> None:
        from fts.backends.torch_backend import TorchBackend

        self._sharded = TorchBackend(
            self.pl_module,
            self._schedule,
            self._plan,
            mesh=self.trainer.strategy.device_mesh,
        )

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """Optimizer and lr scheduler are there: phase 0, or the saved one."""
        self._start()
        if trainer.strategy.restore_checkpoint_after_setup:
            # The strategy loads optimizer state right after this, into the groups
            # that it finds, and only then callbacks.
            lightning_restore.before_load(trainer, self._resume_from)

    def _resume_from(self, path: Any) -> None:
        self._take(lightning_restore.saved_state(path, self.state_key), path)
        if self._saved is not None:
            self._start()

    def _start(self) -> None:
        trainer = self.trainer
        optimizer = lightning_optimizer.one_optimizer(trainer)
        early, best = trainer.early_stopping_callback, trainer.checkpoint_callback
        no_early = self.epoch_transitions_only or early is None
        steps = trainer.max_steps
        endless = self._schedule.max_epochs is None
        self._scheduler = LightningScheduler(
            self,
            reinit=self._source.reinit,
            schedule=self._schedule,
            optimizer=optimizer,
            lr_scheduler=lightning_optimizer.lr_config(trainer, self.allow_untested),
            strategy_adapter_cfg=self._plan,
            backend=self._backend(),
            restore_best=self.restore_best and not no_early,
            early_stopping=False if no_early else early.rule,
            monitor=(best and best.monitor) or (early and early.monitor) or "val_loss",
            mode=(best.mode if best and best.monitor else "min"),
            epoch_transitions_only=self.epoch_transitions_only,
            max_epochs=self._schedule.max_epochs,
            max_steps=steps if steps >= 0 else 2**62 if endless else None,
            apply_lambdas_new_pgs=self.apply_lambdas_new_pgs,
            enforce_phase0_params=self.enforce_phase0_params,
            frozen_bn_track_running_stats=self.frozen_bn_track_running_stats,
        )
        if self._saved is not None:
            self._scheduler.resume(self._saved["progress"])
        else:
            self._scheduler.begin(trainer.current_epoch, trainer.global_step)

    def _backend(self) -> Any:
        if self._sharded is not None or self.backend == "native":
            return self._sharded or "native"
        return WholeBackend(self.pl_module, wrapper_of(self.pl_module))

    # ---- The loop ------------------------------------------------------------

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        lightning_restore.after_load(trainer)

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Where phases begin."""
        self._scheduler.begin_epoch(trainer.current_epoch)

    def on_train_batch_start(
        self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int
    ) -> None:
        """Where limits in steps, tokens and time act."""
        self._scheduler.begin_step()

    def on_before_optimizer_step(
        self, trainer: Any, pl_module: Any, optimizer: Any
    ) -> None:
        """Gradients are whole before they are clipped."""
        self._scheduler.sync_gradients()
        limit = trainer.gradient_clip_val
        if self.backend == "native" and limit:
            if trainer.gradient_clip_algorithm == "value":
                raise MisconfigurationException(
                    "backend='native' clips gradients by their norm; give "
                    "Trainer(gradient_clip_algorithm='norm')"
                )
            self._scheduler.clip_grad_norm_(limit)

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self._scheduler.batch_done(batch)
        self._scheduler.steps_done(trainer.global_step)

    def on_monitored(self, trainer: Any, early: FTSEarlyStopping) -> None:
        """FTSEarlyStopping has a new value. Collective."""
        metrics = {}
        for name in (early.monitor, trainer.checkpoint_callback.monitor):
            if name is not None and name not in metrics:
                value = trainer.callback_metrics.get(name)
                metrics[name] = lightning_strategy.common_value(trainer, name, value)
        found = self._scheduler.validated(metrics).finish
        reason = None if found is None else found.text
        if found is not None:
            trainer.should_stop = True
        early.mirror(
            self._scheduler.progress()["scheduler"],
            self.depth_remaining == 0,
            reason,
            trainer.current_epoch,
        )

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        self._scheduler.steps_done(trainer.global_step)
        self._scheduler.end()
        if self._scheduler.finish_reason:
            rank_zero.rank_zero_info(self._scheduler.finish_reason)

    # ---- What phases do to the run -------------------------------------------

    def restore_best_checkpoint(self) -> None:
        """Back to the best checkpoint so far; nothing where there is none."""
        checkpoint = self.trainer.checkpoint_callback
        path = getattr(checkpoint, "best_model_path", "")
        if not self.restore_best:
            return
        if not path:
            rank_zero.rank_zero_info(
                "there is no best checkpoint yet; the phase begins where the run stands"
            )
            return
        if self._best is None:
            saved = lightning_restore.saved_state(path, self.state_key)
            self._best = (saved or {}).get("best") or None
        lightning_restore.restore_best(
            self.trainer, path, self._best, self._scheduler.backend.tensors
        )

    # ---- Checkpoints ---------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        if self._scheduler is None:
            return {}
        optimizer = self.trainer.optimizers[0]
        if getattr(self.trainer.checkpoint_callback, "saving_best", False):
            self._best = {
                "groups": self._scheduler.group_names,
                "optimizer": type(optimizer).__qualname__,
            }
        return {
            "format": _FORMAT,
            "depth": self.curr_depth,
            "progress": self._scheduler.progress(),
            "best": self._best,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        if self._schedule is None or self.trainer.state.fn != TrainerFn.FITTING:
            return
        if self._scheduler is None and self.trainer.ckpt_path:
            self._take(state_dict, self.trainer.ckpt_path)

    def _take(self, state: Any, path: Any) -> None:
        """What a checkpoint says, before optimizers and DDP are made."""
        if not state:
            return
        if state.get("format") != _FORMAT:
            written = "fts_metadata" in state
            raise MisconfigurationException(
                f"the checkpoint {path} was "
                + ("written by finetuning_scheduler" if written else "not written by fts")
                + f" (its callback state lacks format {_FORMAT}); load its weights "
                "(load_from_checkpoint) and start the schedule anew, with max_depth and "
                "max_transition_epoch as needed"
            )
        if state["depth"] > self.max_depth:
            raise MisconfigurationException(
                f"the checkpoint {path} is of phase {state['depth']}, "
                f"and the last phase of this run is {self.max_depth}; resume with the "
                "schedule and max_depth that it was written with"
            )
        self._saved, self._best = state, state["best"]
        self._thaw(state["depth"])


