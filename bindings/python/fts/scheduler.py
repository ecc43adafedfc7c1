# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Drives a fine-tuning schedule through a training loop of the user's own."""

from __future__ import annotations

import logging
import time
import warnings
import weakref
from typing import Any, Callable, Iterable, Iterator, Mapping

import torch

from fts import _fts
from fts.backends.base import Backend
from fts.checkpoint import load, save
from fts.describe import clean_name, describe
from fts.errors import Diagnostic, FtsWarning, InputError, PlanError, StateError
from fts.events import Outcome, outcome
from fts.groups import make_groups
from fts.meshes import tp_size_of
from fts.plan import Plan
from fts.schedule import Schedule

log = logging.getLogger("fts")

_BACKENDS = ("torch", "native")


class _Ports:
    """What _fts calls back. Holds the scheduler weakly: _fts holds this, and
    what it holds the garbage collector does not see."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = weakref.ref(scheduler)

    def __getattr__(self, name: str) -> Any:
        scheduler = self._scheduler()
        if scheduler is None:
            raise StateError(f"the fts.Scheduler was deleted before {name}")
        return getattr(scheduler, "_on_" + name)


class Scheduler:
    """Thaws a model phase by phase while the user's loop trains it.

    ``model``: any torch.nn.Module, parameters in place. ``schedule``: a path,
    YAML text, a dict, an fts.Schedule, or None for FTS's implicit one.
    ``optimizer``: a torch.optim optimizer over any of the model's parameters, a
    function that makes one from a list of parameters, or a mapping
    (``{"name": "adamw", "lr": 1e-4}``), which ``backend="native"`` runs in
    fts's own fused kernels. ``lr_scheduler``: a torch scheduler, a function
    that makes one from an optimizer, or a mapping; the scheduler steps it, see
    ``step_lr_scheduler``. ``strategy_adapter_cfg``: the sharding plan
    (docs/plans.md), or an fts.Plan.

    ``backend``: "torch" shards with torch's own fully_shard, "native" with
    fts's engine; or an fts.backends Backend made before. ``mesh``: of the
    backend; None makes one over all ranks of torch.distributed, or of the
    launcher. ``precision``: as in a run config.

    ``early_stopping``: a mapping with monitor, mode, patience, min_delta,
    check_finite, stopping_threshold, divergence_threshold; None for FTS's
    default (val_loss, patience 3); False for none. ``monitor`` and ``mode``:
    what the best state is judged by. The other arguments are those of FTS's
    callback of the same names; docs/python.md says what each does.

    Every rank makes the same calls in the same order. Threads: confined to the
    training thread. Errors: fts.Error; what is wrong with schedule or plan
    names file, line and column.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        *,
        schedule: Any = None,
        optimizer: Any,
        lr_scheduler: Any = None,
        strategy_adapter_cfg: Any = None,
        backend: str | Backend = "torch",
        mesh: Any = None,
        precision: str = "32-true",
        base_max_lr: float | None = 1e-5,
        max_depth: int = -1,
        restore_best: bool = True,
        early_stopping: Mapping[str, Any] | bool | None = None,
        monitor: str = "val_loss",
        mode: str = "min",
        epoch_transitions_only: bool = False,
        max_epochs: int | None = None,
        max_steps: int | None = None,
        has_validation: bool = True,
        reinit_optim_cfg: Mapping[str, Any] | None = None,
        reinit_lr_cfg: Mapping[str, Any] | None = None,
        apply_lambdas_new_pgs: bool = False,
        enforce_phase0_params: bool = True,
        frozen_bn_track_running_stats: bool = True,
        no_decay: Iterable[str] | None = None,
        clip_grad_norm: float | None = None,
        step_lr_scheduler: bool = True,
        match: str = "prefix",
    ) -> None:
        given = backend if isinstance(backend, Backend) else None
        backend = given.name if given is not None else str(backend)
        if backend not in _BACKENDS:
            raise InputError(
                f"backend is '{backend}'; it must be {' or '.join(_BACKENDS)}"
            )
        if max_epochs is None and max_steps is None:
            raise InputError(
                "fts.Scheduler needs max_epochs or max_steps, so that the run ends"
            )
        self._model = model
        description = describe(model)
        names_by_id: dict[int, str] = {}
        for name, parameter in model.named_parameters():
            names_by_id[id(parameter)] = clean_name(name)
        if isinstance(schedule, Schedule):
            self._schedule = schedule
        else:
            self._schedule = Schedule(
                schedule,
                description,
                epoch_transitions_only=epoch_transitions_only,
                max_depth=max_depth,
                base_max_lr=base_max_lr,
                max_epochs=max_epochs,
                match=match,
            )
        if reinit_optim_cfg or reinit_lr_cfg:
            self._schedule = self._schedule.with_reinit(
                description, reinit_optim_cfg, reinit_lr_cfg
            )
        tp = tp_size_of(mesh, model) if given is None else given.tp_size
        if isinstance(strategy_adapter_cfg, Plan):
            self._plan = strategy_adapter_cfg
            planned = self._plan.tp["size"]
            if self._plan.tp["rules"] and planned != tp:
                raise PlanError(
                    f"the fts.Plan was made for {planned} ranks along tp, and the mesh "
                    f"has {tp}; give it tp={tp}, or the mesh {{'tp': {planned}}}"
                )
        else:
            made = given is not None and strategy_adapter_cfg is None
            self._plan = Plan(
                strategy_adapter_cfg, description, self._schedule, tp=1 if made else tp
            )
        # Effective rates; settings() has those written.
        self._settings = [self._schedule.settings(i) for i in range(len(self._schedule))]
        self._rates = [phase.lr for phase in self._schedule.phases]
        self._step_lr = step_lr_scheduler
        self._clip = clip_grad_norm
        if no_decay is None:
            no_decay = getattr(model, "no_decay", None)
        # Before the backend moves parameters.
        self._groups = make_groups(
            optimizer,
            lr_scheduler,
            model,
            self._settings[0]["params"],
            names_by_id,
            backend=backend,
            no_decay=no_decay,
            clip_grad_norm=clip_grad_norm,
            enforce_phase0_params=enforce_phase0_params,
            apply_lambdas_new_pgs=apply_lambdas_new_pgs,
        )
        for parameter in model.parameters():
            parameter.requires_grad_(False)
        self._bn = self._batch_norms() if not frozen_bn_track_running_stats else {}
        self._backend = given or self._make_backend(backend, mesh, precision)
        self._groups.bind(self._backend)
        self._metrics: dict[str, float] = {}
        self._epoch = -1
        self._step = 0
        self._step_in_epoch = 0
        self._tokens = 0
        self._seconds = 0.0
        self._since = time.monotonic()
        self._started = False
        self._end_epoch = False
        self._told_validation = True
        self._finish_text = ""
        self._has_best = False
        limits = {k for s in self._limits() for k in s}
        self._counts_time = "max_transition_time" in limits
        self._counts_tokens = "max_transition_tokens" in limits
        rule, judged = self._early_stopping(early_stopping, monitor, mode)
        self._has_validation = has_validation
        self._judged = has_validation and (judged or restore_best)
        self._handle = _fts.Scheduler(
            self._schedule.handle,
            _Ports(self),
            epoch_transitions_only=epoch_transitions_only,
            restore_best=restore_best and has_validation,
            early_stopping=rule,
            best_monitor=monitor,
            best_mode=mode,
            max_steps=-1 if max_steps is None else max_steps,
            # Without early stopping nothing asks for a validation.
            has_validation=has_validation or not judged,
        )
        self._warn()

    # ---- Setting up ------------------------------------------------------------

    def _make_backend(self, backend: str, mesh: Any, precision: str) -> Backend:
        if backend == "native":
            from fts.backends.native import NativeBackend, make_mesh

            if isinstance(mesh, Mapping):
                unknown = sorted(set(mesh) - {"dp_replicate", "tp"})
                if unknown:
                    raise InputError(
                        f"mesh has '{unknown[0]}'; backend='native' takes "
                        "dp_replicate and tp, the other ranks shard"
                    )
                mesh = make_mesh(
                    mesh.get("dp_replicate", 1), tp=mesh.get("tp", 1)
                )
            return NativeBackend(
                self._model,
                self._schedule.handle,
                self._plan.handle,
                mesh=mesh,
                precision=precision,
                optimizer_moments=self._groups.moments,
            )
        from fts.backends.torch_backend import TorchBackend

        return TorchBackend(
            self._model, self._schedule, self._plan, mesh=mesh, precision=precision
        )

    @staticmethod
    def _early_stopping(
        given: Mapping[str, Any] | bool | None, monitor: str, mode: str
    ) -> tuple[dict[str, Any] | None, bool]:
        if given is None or given is True:
            return None, True
        if given is False:
            never = {"patience": 2**62, "check_finite": False}
            return {"monitor": monitor, "mode": mode, **never}, False
        return dict(given), True

    def _limits(self) -> list[dict[str, Any]]:
        return self._schedule.to_dict()["phases"]

    def _batch_norms(self) -> dict[str, torch.nn.Module]:
        kind = torch.nn.modules.batchnorm._BatchNorm
        found = {
            clean_name(name): module
            for name, module in self._model.named_modules()
            if isinstance(module, kind)
        }
        for module in found.values():
            module.track_running_stats = False  # type: ignore[assignment]
        return found

    def _warn(self) -> None:
        if self.rank != 0:
            return
        found: list[Diagnostic] = [*self._schedule.warnings, *self._plan.warnings]
        for one in found:
            warnings.warn(f"{one.message} [{one.code}]", FtsWarning, stacklevel=3)

    # ---- What it holds -----------------------------------------------------------

    @property
    def model(self) -> torch.nn.Module:
        return self._model

    @property
    def schedule(self) -> Schedule:
        return self._schedule

    @property
    def plan(self) -> Plan:
        return self._plan

    @property
    def backend(self) -> Backend:
        """Who holds weights and gradients."""
        return self._backend

    @property
    def optimizer(self) -> Any:
        """The optimizer in use: the one given, until a phase's new_optimizer."""
        return self._groups.optimizer

    @property
    def lr_scheduler(self) -> Any:
        """The learning-rate scheduler in use, or None."""
        return self._groups.lr_scheduler

    @property
    def rank(self) -> int:
        return self._backend.rank

    @property
    def world_size(self) -> int:
        return self._backend.world_size

    @property
    def dp_rank(self) -> int:
        """Which share of every batch is this rank's, from 0: ranks along tp have
        the same one."""
        return self._backend.dp_rank

    @property
    def dp_size(self) -> int:
        """How many shares a batch is divided into."""
        return self._backend.dp_size

    @property
    def phase(self) -> int:
        """The phase in force."""
        return self._handle.phase()

    @property
    def epoch(self) -> int:
        """The epoch in progress, or the last one; -1 before the first."""
        return self._epoch

    @property
    def step(self) -> int:
        """Optimizer steps so far."""
        return self._step

    @property
    def finished(self) -> bool:
        """Whether the run is over; :attr:`finish_reason` says why."""
        return self._handle.finished()

    @property
    def finish_reason(self) -> str:
        """Why the run is over; empty before."""
        return self._finish_text

    def named_parameters(self) -> Iterator[tuple[str, torch.nn.Parameter]]:
        """The model's, under the names of the schedule."""
        for name, parameter in self._model.named_parameters():
            yield clean_name(name), parameter

    def trainable(self) -> list[str]:
        """Names of the parameters that train now, in the model's order."""
        return [n for n, p in self.named_parameters() if p.requires_grad]

    def learning_rates(self) -> list[float]:
        """Of the optimizer's groups, for the next step."""
        return [float(group["lr"]) for group in self.optimizer.param_groups]

    def __repr__(self) -> str:
        state = "finished" if self.finished else (
            f"epoch {self._epoch}, step {self._step}" if self._started else "not started"
        )
        return (
            f"fts.Scheduler({type(self._model).__name__}, "
            f"backend='{self._backend.name}', phase {self.phase} of "
            f"{self._schedule.max_depth}, {state}, rank {self.rank} of "
            f"{self.world_size})"
        )

    def _repr_html_(self) -> str:
        return self._schedule._repr_html_()

    # ---- The loop ------------------------------------------------------------------

    def epochs(self) -> Iterator[int]:
        """The epochs of the run, from 0, or from where a saved state stopped.

            for epoch in scheduler.epochs():
                for batch in scheduler.steps(loader):
                    ...
                scheduler.validation_end({"val_loss": ...})
        """
        self.run_start()
        while not self.finished:
            self.epoch_start(self._epoch + 1)
            if self.finished:
                return
            yield self._epoch
            self.epoch_end()

    def steps(
        self,
        batches: Iterable[Any],
        accumulate: int = 1,
        tokens: Callable[[Any], int] | None = None,
    ) -> Iterator[Any]:
        """The batches of an epoch, each, or each ``accumulate`` of them, one
        optimizer step. ``tokens``: how many a batch has on this rank, for
        schedules with max_transition_tokens. Batches left over at the end are
        not given out."""
        if accumulate < 1:
            raise InputError(f"accumulate is {accumulate}; it must be 1 or more")
        held: list[Any] = []
        for batch in batches:
            if self._end_epoch or self.finished:
                return
            held.append(batch)
            if len(held) < accumulate:
                continue
            self.step_start()
            for index, one in enumerate(held):
                self._backend.begin_micro_step(index + 1 == accumulate)
                yield one
            count = sum(tokens(one) for one in held) if tokens else 0
            held = []
            self.step_end(tokens=count)

    def run_start(self) -> Outcome:
        """Begins phase 0. :meth:`epochs` calls it; so does the first epoch."""
        if self._started:
            return Outcome()
        self._started = True
        self._since = time.monotonic() - self._seconds
        return self._tell(self._handle.run_start())

    def epoch_start(self, epoch: int | None = None) -> Outcome:
        """Before an epoch's steps: where phases begin."""
        if not self._started:
            self.run_start()
        epoch = self._epoch + 1 if epoch is None else epoch
        self._end_epoch = False
        found = self._tell(self._handle.epoch_start(epoch))
        self._epoch, self._step_in_epoch = epoch, 0
        self._told_validation = False
        return found

    def step_start(self) -> Outcome:
        """Before the forward of each optimizer step."""
        if self._counts_time:
            # Rank 0's clock counts, so that all decide the same.
            mine = time.monotonic() - self._since
            self._seconds = self._backend.from_rank0(mine)
        return self._tell(
            self._handle.step_start(self._step, self._tokens, self._seconds)
        )

    def step_end(self, tokens: int = 0) -> Outcome:
        """After each optimizer step. ``tokens``: this rank's."""
        if self._counts_tokens:
            tokens = round(self._backend.mean([tokens])[0] * self.dp_size)
        self._tokens += tokens
        if self._step_lr:
            self._groups.after_step(self._step_in_epoch)
        found = self._tell(self._handle.step_end(self._step))
        self._step += 1
        self._step_in_epoch += 1
        return found

    def validation_end(
        self,
        metrics: Mapping[str, Any],
        *,
        weight: float | None = None,
        reduce: bool = True,
        baseline: bool = False,
    ) -> Outcome:
        """After a validation: judges early stopping, keeps the best state.

        ``metrics``: numbers or tensors of one element; their means over the
        ranks count, weighted by ``weight`` (such as the number of samples) where
        given. ``reduce=False``: they are equal on all ranks already.
        ``baseline``: before the first epoch; counts for nothing.
        """
        values = {name: float(value) for name, value in metrics.items()}
        if reduce and self.world_size > 1:
            share = 1.0 if weight is None else float(weight)
            names = sorted(values)
            sums = self._backend.mean([values[n] * share for n in names] + [share])
            values = {n: s / sums[-1] for n, s in zip(names, sums)}
        self._metrics = values
        self._told_validation = True
        epoch = -1 if baseline else self._epoch
        found = Outcome()
        if self._judged:
            found = self._tell(self._handle.validation_end(epoch))
        if self._step_lr and not baseline:
            self._groups.after_validation(epoch, values)
        return found

    def epoch_end(self) -> Outcome:
        """After an epoch's validation."""
        if self._judged and not self._told_validation and self._epoch >= 0:
            raise StateError(
                f"epoch {self._epoch} ends without scheduler.validation_end; call "
                "it with the metrics, or give has_validation=False"
            )
        if self._step_lr:
            self._groups.after_epoch(self._epoch)
        if self.finished:
            return Outcome()
        return self._tell(self._handle.epoch_end(self._epoch))

    def token_loss(
        self,
        logits: torch.Tensor,
        labels: torch.Tensor,
        *,
        reduction: str = "mean",
        ignore_index: int = -100,
    ) -> torch.Tensor:
        """Cross entropy of tokens, in float32, of what the model returned, also
        under loss_parallel, where ranks along tp hold a part of each logit row and
        call this together. Like ``torch.nn.functional.cross_entropy`` of
        logits [..., vocabulary] and int64 labels [...] of the same tokens.
        ``reduction``: mean or sum, of this rank's tokens."""
        if reduction not in ("mean", "sum"):
            raise InputError(f"reduction is {reduction!r}; it must be mean or sum")
        if ignore_index != -100:
            if bool((labels == -100).any()):
                raise InputError(
                    f"labels hold -100, which is no token, beside ignore_index "
                    f"{ignore_index}"
                )
            labels = labels.masked_fill(labels == ignore_index, -100)
        total, count = self._backend.token_loss(logits, labels)
        return total if reduction == "sum" else total / count

    def clip_grad_norm_(self, max_norm: float | None = None) -> float:
        """Clips the gradients of the step by their global L2 norm over ranks and
        parameters, which it returns. The phase's clip_grad_norm counts where the
        schedule has one, else ``max_norm``, else the constructor's; without any
        nothing is clipped."""
        limit = self._settings[self.phase].get("clip_grad_norm")
        if limit is None:
            limit = self._clip if max_norm is None else max_norm
        return self._backend.clip_grad_norm_(
            float("inf") if limit is None else float(limit)
        )

    def sync_gradients(self) -> None:
        """Averages over the ranks what is still this rank's own. The optimizer's
        step and :meth:`clip_grad_norm_` do it; needed only before gradients are
        read in between."""
        self._backend.sync_gradients()

    # ---- What _fts calls back --------------------------------------------------------

    def _tell(self, effects: list[dict[str, Any]]) -> Outcome:
        found = outcome(effects)
        for effect in found:
            if effect.kind == "end_epoch":
                self._end_epoch = True
            elif effect.kind == "finish":
                self._finish_text = effect.text
                if self.rank == 0:
                    log.info("%s", effect.text)
            elif effect.kind == "phase":
                self._groups.phase_began(effect.phase)
                if self.rank == 0:
                    log.info("phase %d: %s", effect.phase, effect.text)
            elif effect.kind == "note" and self.rank == 0:
                log.info("%s", effect.text)
        return found

    def _on_thaw(self, phase: int) -> None:
        names = list(self._settings[phase]["params"])
        self._backend.thaw(phase, names)
        if self._bn:
            for name in names:
                module = self._bn.get(name.rpartition(".")[0])
                if module is not None:
                    module.track_running_stats = True  # type: ignore[assignment]

    def _on_freeze(self, phase: int) -> None:
        names = list(self._settings[phase]["freeze"])
        self._groups.remove(names)
        self._backend.freeze(phase, names)

    def _on_add_group(self, phase: int, lr: float | None) -> None:
        self._groups.add(phase, lr, self._settings[phase], self._backend)

    def _on_replace_optimizer(self, phase: int) -> None:
        self._groups.replace_optimizer(
            self._settings[phase]["new_optimizer"],
            self._settings,
            self._rates,
            phase,
            self._backend,
        )
        self._backend.optimizer_replaced()

    def _on_replace_lr_scheduler(self, phase: int) -> None:
        self._groups.replace_lr_scheduler(
            self._settings[phase]["new_lr_scheduler"], phase
        )

    def _on_save_best(self, phase: int, epoch: int, metric: float) -> None:
        self._backend.save_best(self.optimizer)
        self._has_best = True

    def _on_restore_best(self, phase: int, epoch: int, metric: float) -> None:
        if not self._has_best:
            if self.rank == 0:
                warnings.warn(
                    f"the best state, of epoch {epoch}, is of before this process "
                    "resumed and is not there; the phase begins where the run "
                    "stands [best_not_restored]",
                    FtsWarning,
                    stacklevel=2,
                )
            return
        self._backend.restore_best(self.optimizer)

    def _on_metric(self, name: str) -> float:
        if name in self._metrics:
            return self._metrics[name]
        given = ", ".join(sorted(self._metrics)) or "nothing"
        raise InputError(
            f"the schedule watches '{name}', and validation_end was given {given}; "
            "give it, or name another one as monitor and early_stopping.monitor"
        )

    # ---- State ---------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on, beside the model's own state_dict:
        progress, optimizer state by parameter name (this rank's part of what is
        sharded), lr scheduler. Take it between epochs. The best state is not in
        it. :meth:`save_checkpoint` writes it for any number of ranks."""
        return {**self.progress(), "optimizer": self._groups.state_dict()}

    def progress(self) -> dict[str, Any]:
        """The part of :meth:`state_dict` that is plain numbers and text."""
        return {
            "format": "fts-scheduler/1",
            "scheduler": self._handle.state_to_json(),
            "phase": self.phase,
            "epoch": self._epoch,
            "step": self._step,
            "tokens": self._tokens,
            "seconds": self._elapsed(),
        }

    def _elapsed(self) -> float:
        return time.monotonic() - self._since if self._started else 0.0

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Into a scheduler that has not started, made with the arguments of the
        saved one; then load the model's values through the model. The best state
        so far is not in it: until a new best, phases begin where the run stands.
        Errors: StateError, InputError."""
        self.resume_progress(state)
        self._groups.load_state_dict(state["optimizer"])

    def save_checkpoint(self, folder: str) -> None:
        """Model, optimizer, lr scheduler and progress into a folder, which must
        not exist. Between epochs. Collective. The torch backend writes torch's
        distributed checkpoint format."""
        save(self, self._groups, folder)

    def load_checkpoint(self, folder: str) -> None:
        """What :meth:`save_checkpoint` wrote, on any number of ranks, into a
        scheduler that has not started. Collective. See
        :meth:`load_state_dict`."""
        load(self, self._groups, folder)

    def resume_progress(self, state: Mapping[str, Any]) -> None:
        """The part of :meth:`load_state_dict` that brings phase, groups and
        counts, without optimizer state."""
        if self._started:
            raise StateError(
                "a saved state is loaded before the first epoch; this scheduler "
                "has started, make a new one"
            )
        self._handle.resume(state["scheduler"])
        for phase in range(self._handle.phase() + 1):
            if self._settings[phase]["freeze"]:
                self._on_freeze(phase)
            if phase > 0 and self._settings[phase]["new_optimizer"]:
                self._on_replace_optimizer(phase)
            self._on_thaw(phase)
            self._on_add_group(phase, self._rates[phase])
            if phase > 0 and self._settings[phase]["new_lr_scheduler"]:
                self._on_replace_lr_scheduler(phase)
        self._groups.phase_began(self._handle.phase())
        self._epoch = state["epoch"]
        self._step = state["step"]
        self._tokens = state["tokens"]
        self._seconds = state["seconds"]
        self._since = time.monotonic() - self._seconds
        self._started = True

    def detach(self) -> None:
        """Takes everything off the model, which is left whole and ordinary."""
        self._backend.detach()
