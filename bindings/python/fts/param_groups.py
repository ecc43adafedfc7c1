# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""What happens to a torch optimizer's groups as phases come and go.

The rules are FTS's (docs/optimizers.md): phase 0 takes the optimizer's own rate;
every later phase adds a group (two under no_decay) at its rate; a parameter that
freezes leaves its group, which keeps its place, and its state is freed.

Groups are known by parameter names; the tensors in them are the backend's, so
that shards can stand where the user put whole parameters.
Threads: confined to the training thread.
"""

from __future__ import annotations

import warnings
from typing import Any, Iterable, Mapping

import torch

from fts.backends.base import Backend
from fts.errors import FtsWarning, StateError
from fts.lr_config import LrConfig, replaced
from fts.torch_classes import optimizer_class


class ParamGroups:
    """A torch optimizer, its groups by name, and its lr scheduler."""

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        lr: LrConfig | None,
        names_by_id: Mapping[int, str],
        *,
        no_decay: Iterable[str] | None = None,
        enforce_phase0_params: bool = True,
        apply_lambdas_new_pgs: bool = False,
        owned: bool = False,
    ) -> None:
        """``names_by_id``: of the model's parameters as they were when the
        optimizer was made. ``owned``: nobody else put anything into it."""
        self.optimizer: Any = optimizer
        self.lr = lr
        self._no_decay = list(no_decay or ())
        self._enforce = enforce_phase0_params or owned
        self._owned = owned
        self._apply_lambdas = apply_lambdas_new_pgs
        self._live: dict[str, torch.Tensor] = {}
        self._added_at: dict[str, int] = {}
        self._filled: Any = None  # the Adagrad that has the hook
        # What each group holds, frozen names included.
        self._names: list[list[str]] = []
        self._named = any("param_names" in g for g in optimizer.param_groups)
        for group in optimizer.param_groups:
            known = [names_by_id.get(id(p), "") for p in group["params"]]
            strangers = known.count("")
            if strangers:
                warnings.warn(
                    f"the optimizer holds {strangers} tensors that are no "
                    "parameters of the model; the scheduler leaves them out "
                    "[strange_parameters]",
                    FtsWarning,
                    stacklevel=5,
                )
            self._names.append([name for name in known if name])

    @property
    def group_names(self) -> list[list[str]]:
        """Names of the parameters that each group trains now."""
        return [[n for n in names if n in self._live] for names in self._names]

    # ---- What the scheduler asks for ------------------------------------------

    def add(
        self,
        phase: int,
        lr: float | None,
        settings: Mapping[str, Any],
        backend: Backend,
    ) -> None:
        """Groups of a phase, after its thaw. ``lr`` None: the optimizer's."""
        names = list(settings["params"])
        for name, tensor in zip(names, backend.tensors(names)):
            self._live[name] = tensor
            self._added_at[name] = phase
        if phase == 0:
            self._phase0(names, settings)
        else:
            self._add(names, lr, settings)
        if isinstance(self.optimizer, torch.optim.Adagrad):
            if self._filled is not self.optimizer:
                self._filled = self.optimizer
                self.optimizer.register_step_pre_hook(_fill_adagrad)
        backend.attach_optimizer(self.optimizer)

    def _phase0(self, names: list[str], settings: Mapping[str, Any]) -> None:
        held = [name for group in self._names for name in group]
        if set(held) == set(names) or not self._enforce:
            frozen = [name for name in held if name not in self._live]
            if frozen:
                warnings.warn(
                    f"enforce_phase0_params is off and the optimizer holds "
                    f"{len(frozen)} parameters that phase 0 does not train, "
                    f"{frozen[0]} first; they join their groups when they thaw, "
                    "at those groups' rates [phase0_differs]",
                    FtsWarning,
                    stacklevel=6,
                )
            self._put_tensors()
            return
        groups = self.optimizer.param_groups
        first = groups[0]["lr"] / (groups[0].get("initial_lr") or 1.0)
        self.optimizer.param_groups.clear()
        self.optimizer.state.clear()
        self._names = []
        self._append(names, self.optimizer.defaults["lr"], settings)
        if self.lr is not None:
            self.lr.groups_reset(self.optimizer, first)

    def _add(
        self, names: list[str], lr: float | None, settings: Mapping[str, Any]
    ) -> None:
        known = {name for group in self._names for name in group}
        returning = [name for name in names if name in known]
        if returning:
            if self._enforce:
                # Frozen since: they leave their old group for this phase's.
                for group in self._names:
                    group[:] = [n for n in group if n not in set(returning)]
            else:
                names = [name for name in names if name not in known]
            self._put_tensors()
        if not names:
            return
        base = self.optimizer.defaults["lr"] if lr is None else lr
        rate = base
        if self._apply_lambdas and self.lr is not None:
            rate = self.lr.rate_of_new_group(base)
        for part_names, part_base, part_rate, weight_decay in self._parts(
            names, base, rate, settings
        ):
            self._new_group(part_names, part_rate, weight_decay)
            if self.lr is not None:
                self.lr.groups_added(part_base, 1)

    def _parts(
        self,
        names: list[str],
        base: float,
        rate: float,
        settings: Mapping[str, Any],
    ) -> list[tuple[list[str], float, float, float | None]]:
        """(names, base rate, rate, weight decay or None) of each new group."""
        wanted = set(names)
        parts: list[tuple[list[str], float, float, float | None]] = []
        decay = settings.get("weight_decay")
        groups = settings.get("groups") or [{"params": names, "lr_scale": 1.0}]
        for group in groups:
            scale = float(group.get("lr_scale") or 1.0)
            held = [name for name in group["params"] if name in wanted]
            if not self._no_decay:
                if held:
                    parts.append((held, base * scale, rate * scale, decay))
                continue
            plain = [n for n in held if any(part in n for part in self._no_decay)]
            rest = [n for n in held if n not in set(plain)]
            parts.append((rest, base * scale, rate * scale, decay))
            parts.append((plain, base * scale, rate * scale, 0.0))
        return parts

    def _append(
        self, names: list[str], lr: float, settings: Mapping[str, Any]
    ) -> None:
        for part, _, rate, weight_decay in self._parts(names, lr, lr, settings):
            self._new_group(part, rate, weight_decay)

    def _new_group(
        self, names: list[str], rate: float, weight_decay: float | None
    ) -> None:
        group: dict[str, Any] = {
            "params": [self._live[name] for name in names],
            "lr": rate,
            "initial_lr": rate,
        }
        if weight_decay is not None:
            group["weight_decay"] = weight_decay
        if self._named:
            group["params"] = list(zip(names, group["params"]))
        self.optimizer.add_param_group(group)
        self._names.append(list(names))

    def remove(self, names: Iterable[str]) -> None:
        """These freeze: out of their groups, their state freed."""
        for name in names:
            tensor = self._live.pop(name, None)
            if tensor is not None:
                self.optimizer.state.pop(tensor, None)
        self._put_tensors()

    def _put_tensors(self) -> None:
        """The backend's tensors into the groups, in place."""
        for names, group in zip(self._names, self.optimizer.param_groups):
            live = [name for name in names if name in self._live]
            for name, old in zip(live, list(group["params"])):
                new = self._live[name]
                if old is not new and old in self.optimizer.state:
                    if old.shape != new.shape:
                        raise StateError(
                            f"the optimizer has state for '{name}' of shape "
                            f"{tuple(old.shape)}, which is sharded now; make the "
                            "optimizer afresh, and load its state with "
                            "Scheduler.load_state_dict"
                        )
                    self.optimizer.state[new] = self.optimizer.state.pop(old)
            group["params"] = [self._live[name] for name in live]
            if "param_names" in group:
                group["param_names"] = live

    def replace_optimizer(
        self, spec: Mapping[str, Any], settings: list[Mapping[str, Any]],
        rates: list[float | None], phase: int, backend: Backend,
    ) -> None:
        """A phase's ``new_optimizer``: the groups so far are made again with
        fresh state, phase 0's at the new optimizer's rate as initial_lr and
        later ones at their phase's; the rates in force stay. ``settings`` and
        ``rates``: of all phases."""
        kind, args = optimizer_class(spec["optimizer_init"])
        old = self.optimizer
        before = [group["lr"] for group in old.param_groups]
        placeholder = torch.nn.Parameter(torch.empty(0))
        new = kind([placeholder], **args)
        new.param_groups.clear()
        new.state.clear()
        self.optimizer, self._names, self._named = new, [], False
        for index, setting, rate in zip(range(phase), settings, rates):
            held = [
                n for n in setting["params"]
                if n in self._live and self._added_at[n] == index
            ]
            lr = new.defaults["lr"] if rate is None else rate
            self._append_phase(held, lr, setting)
        for group, rate in zip(new.param_groups, before):
            group["lr"] = rate
        if self.lr is not None:
            self.lr.rebind(new)
        _retire(old, type(new).__name__, phase)
        backend.attach_optimizer(new)

    def _append_phase(
        self, names: list[str], lr: float, settings: Mapping[str, Any]
    ) -> None:
        """As the phase added them, emptied ones included."""
        held = set(names)
        for part, _, rate, decay in self._parts(
            list(settings["params"]), lr, lr, settings
        ):
            live = [name for name in part if name in held]
            self._new_group(live, rate, decay)

    def replace_lr_scheduler(self, spec: Mapping[str, Any]) -> None:
        """A phase's ``new_lr_scheduler``, after its groups were added."""
        self.lr = replaced(spec, self.optimizer)

    # ---- Steps -----------------------------------------------------------------

    def after_step(self, step_in_epoch: int) -> None:
        if self.lr is not None:
            self.lr.after_step(step_in_epoch)

    def after_epoch(self, epoch: int) -> None:
        if self.lr is not None:
            self.lr.after_epoch(epoch)

    def after_validation(self, epoch: int, metrics: Mapping[str, float]) -> None:
        if self.lr is not None:
            self.lr.after_validation(epoch, metrics)

    # ---- State -----------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """State by parameter name, groups with names, the lr scheduler's."""
        state = {
            name: dict(self.optimizer.state[tensor])
            for name, tensor in self._live.items()
            if tensor in self.optimizer.state
        }
        groups = [
            {**{k: v for k, v in group.items() if k not in ("params", "param_names")},
             "names": list(names)}
            for names, group in zip(self._names, self.optimizer.param_groups)
        ]  # fmt: skip
        return {
            "state": state,
            "groups": groups,
            "lr_scheduler": None if self.lr is None else self.lr.scheduler.state_dict(),
        }

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Into groups of the same phases, which are there already."""
        groups = self.optimizer.param_groups
        if [g["names"] for g in saved["groups"]] != self._names:
            raise StateError(
                f"the saved optimizer has {len(saved['groups'])} groups over "
                f"other parameters than the {len(groups)} of this schedule; "
                "resume with the schedule and no_decay of the saved run"
            )
        for group, other in zip(groups, saved["groups"]):
            group.update({k: v for k, v in other.items() if k != "names"})
        for name, state in saved["state"].items():
            tensor = self._live[name]
            self.optimizer.state[tensor] = {
                key: value.clone() if isinstance(value, torch.Tensor) else value
                for key, value in state.items()
            }
        if self.lr is not None and saved["lr_scheduler"] is not None:
            self.lr.scheduler.load_state_dict(saved["lr_scheduler"])


def _retire(optimizer: Any, successor: str, phase: int) -> None:
    """Steps of an optimizer that was replaced are a mistake that would not
    show: they would change nothing, or parameters behind the new one's back."""

    def refuse(*_: Any) -> None:
        raise StateError(
            f"this {type(optimizer).__name__} was replaced by a {successor} in "
            f"phase {phase} (new_optimizer); step scheduler.optimizer instead"
        )

    optimizer.param_groups.clear()
    optimizer.state.clear()
    optimizer.register_step_pre_hook(refuse)


def _fill_adagrad(optimizer: torch.optim.Adagrad, *_: Any) -> None:
    """torch's Adagrad makes its state when it is built, and fails in the first
    step of parameters that came later, or lost theirs."""
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            if optimizer.state[parameter]:
                continue
            first = group["initial_accumulator_value"]
            optimizer.state[parameter] = {
                "step": torch.tensor(0.0),
                "sum": torch.full_like(
                    parameter, first, memory_format=torch.preserve_format
                ),
            }
