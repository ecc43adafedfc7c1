# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""fts's own sharding engine under a torch model, attached through module hooks.

Parameters keep their identity. While a unit is not in use its parameters are
not in memory, and reading one raises an error that names it. Gradients go to
the engine: ``parameter.grad`` stays None, and an optimizer sees this rank's
1-D shards of the parameters instead, whose ``.grad`` is there while it steps.
"""

from __future__ import annotations

from typing import Any, Iterable

import torch

from fts import _fts
from fts.backends import tp_checks
from fts.backends.base import Backend, before_update
from fts.backends.tp_parts import Part, parts_of
from fts.backends.tp_styles import StyledForward, check_rule
from fts.backends.unit_hooks import UnitBoundary
from fts.backends.whole_model import WholeModel, detached
from fts.errors import StateError

# Their update of one element needs more than that element's own history, so
# that it would be another update on a flat part of the tensor.
_SHAPE_DEPENDENT = {
    "Adafactor": "factors the second moment by rows and columns",
    "Muon": "orthogonalizes whole matrices",
    "Shampoo": "preconditions along every dimension",
    "DistributedShampoo": "preconditions along every dimension",
    "SOAP": "rotates into the eigenbasis of whole matrices",
    "LAMB": "scales by the norm of whole tensors",
    "Lamb": "scales by the norm of whole tensors",
    "LARS": "scales by the norm of whole tensors",
    "Lars": "scales by the norm of whole tensors",
    "Adam8bit": "quantizes its state in blocks of whole tensors",
    "AdamW8bit": "quantizes its state in blocks of whole tensors",
    "GaLoreAdamW": "projects whole matrices",
    "LBFGS": "evaluates the model several times within a step",
    "SparseAdam": "takes sparse gradients",
}


def make_mesh(
    dp_replicate: int = 1, timeout: float = 600.0, tp: int = 1
) -> _fts.Mesh:
    """The ranks of this run: those of ``torch.distributed`` where it was set
    up, else those that the launcher's variables describe, else this one."""
    dist = torch.distributed
    if dist.is_available() and dist.is_initialized():
        group = dist.group.WORLD
        return _fts.Mesh.join(group.group_name, timeout, dp_replicate, tp)
    return _fts.Mesh.create(timeout, dp_replicate, tp)


class NativeBackend(Backend):
    """See the module. ``plan`` and ``schedule`` are resolved against ``model``,
    ``plan`` for as many ranks along tp as ``mesh`` has.

    A parameter that the plan's tp_plan splits keeps its identity and gets the
    shape of this rank's part; whole values go in and out all the same.

    Raises PlanError for a module that a style of the tp_plan cannot have, TypeError for a model that is wrapped or compiled as a whole, and
    fts.Error for what the engine refuses.
    """

    name = "native"

    def __init__(
        self,
        model: torch.nn.Module,
        schedule: _fts.Schedule,
        plan: _fts.Plan,
        *,
        mesh: _fts.Mesh | None = None,
        precision: str = "",
        optimizer_moments: int = 2,
    ) -> None:
        _refuse_wrapped(model)
        self._model = model
        self._mesh = mesh or make_mesh()
        tp = plan.tp()
        tp_checks.refuse_short_positions(model, tp)
        tp_rank, self.tp_size = self._mesh.dim("tp")
        modules = dict(model.named_modules())
        self._parts: list[Any] = []
        self._styled: list[StyledForward] = []
        split = tp["size"] == self.tp_size > 1
        for rule in tp["rules"] if split else ():
            check_rule(rule, modules[rule["module"]])
        named = list(model.named_parameters())
        # Whole: the session gives those that are split this rank's shapes.
        self._shapes = {name: tuple(p.shape) for name, p in named}
        self._split: dict[str, Part] = parts_of(tp, self._shapes, tp_rank)
        self._places = {name: i for i, (name, _) in enumerate(named)}
        self._shards: dict[str, torch.nn.Parameter] = {}
        self._best_state: dict[str, dict[str, Any]] | None = None
        self._hooked: list[Any] = []
        self._optimizer: Any = None
        try:
            if split:
                # Innermost: before units and checkpoints are put around modules.
                for rule in tp["rules"]:
                    styled = StyledForward(self._mesh, rule, modules[rule["module"]])
                    self._styled.append(styled)
                    self._parts.append(styled)
                self._parts += tp_checks.guard_labels(model, tp)
            self._session = _fts.Session(
                plan,
                schedule,
                self._mesh,
                named,
                precision=precision,
                reduction="mean",
                optimizer_moments=optimizer_moments,
            )
            self._session.load()
            for unit in range(self._session.num_units()):
                info = self._session.unit(unit)
                for which, module in enumerate(info["modules"]):
                    self._parts.append(
                        UnitBoundary(self._session, unit, which, modules[module], info)
                    )
        except BaseException:
            # The model is as it was.
            for part in reversed(self._parts):
                part.detach()
            raise
        self._parts.append(
            WholeModel(
                model,
                self.full_state_dict,
                self._scatter,
                lambda: detached(self._parts),
                self._shapes,
            )
        )

    # ---- What stands behind it ---------------------------------------------

    @property
    def session(self) -> _fts.Session:
        """The engine's session, for what is not of a training loop."""
        return self._session

    @property
    def rank(self) -> int:
        return self._mesh.rank

    @property
    def world_size(self) -> int:
        return self._mesh.size

    def mean(self, numbers: list[float]) -> list[float]:
        total = self._mesh.sum([float(number) for number in numbers])
        return [number / self._mesh.size for number in total]

    def token_loss(
        self, logits: torch.Tensor, labels: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return _fts.token_loss(self._session, logits, labels)

    # ---- Phases ------------------------------------------------------------

    def thaw(self, phase: int, names: list[str]) -> None:
        self._session.thaw(phase)
        for name in names:
            begin, trainable, value, _ = self._session.shard(self._places[name])
            self._shards[name] = torch.nn.Parameter(value)

    def freeze(self, phase: int, names: list[str]) -> None:
        for name in names:
            self._shards.pop(name, None)
        self._session.freeze(phase)

    def tensors(self, names: Iterable[str]) -> list[torch.Tensor]:
        return [self._shards[name] for name in names]

    # ---- Steps -------------------------------------------------------------

    def begin_micro_step(self, last: bool) -> None:
        self._session.begin_micro_step(last)

    def sync_gradients(self) -> None:
        self.complete_gradients()

    def optimizer_replaced(self) -> None:
        self._best_state = None

    def check_optimizer(self, optimizer: torch.optim.Optimizer) -> None:
        kind = type(optimizer).__name__
        for base in type(optimizer).__mro__:
            if base.__name__ in _SHAPE_DEPENDENT:
                raise TypeError(
                    f"{kind} {_SHAPE_DEPENDENT[base.__name__]}, so it cannot "
                    "update flat shards; use an elementwise optimizer (Adam, "
                    "AdamW, SGD, RMSprop, Adagrad, ...), or backend='torch'"
                )

    def attach_optimizer(self, optimizer: torch.optim.Optimizer) -> None:
        if isinstance(optimizer, EngineOptimizer):
            return
        self.check_optimizer(optimizer)
        for handle in self._hooked:
            handle.remove()
        self._optimizer = optimizer
        self._hooked = [
            optimizer.register_step_pre_hook(self._before_step),
            optimizer.register_step_post_hook(self._after_step),
        ]
        plain = type(optimizer).zero_grad

        def zero_grad(*args: Any, **kwargs: Any) -> None:
            self.drop_gradients()
            plain(optimizer, *args, **kwargs)

        optimizer.zero_grad = zero_grad  # type: ignore[method-assign]

    def complete_gradients(self) -> float:
        """Sums the step's gradients over the ranks; their global norm.
        Collective; once per step, later calls return the same.

        Raises StateError when a parameter got a gradient past its module, so that
        nothing was done of what the tp_plan says of it; the step is given up."""
        norm = self._session.complete_gradients()[1]
        for styled in self.uncalled():
            for name in styled.parameters:
                place = self._places.get(name)
                if place is None or self._session.shard(place)[3] is None:
                    continue
                self._session.reset_step()
                raise StateError(
                    f"parameter '{name}' got a gradient, but its module "
                    f"'{styled.name}' was not called in this step, so nothing was "
                    "done of what the tp_plan says of it; call the module instead "
                    "of using its parameters, or leave it out of the tp_plan"
                )
        return norm

    def uncalled(self) -> list[StyledForward]:
        """Modules of the tp_plan that no forward of the step has called."""
        return [styled for styled in self._styled if not styled.called]

    def step_began(self) -> None:
        for styled in self._styled:
            styled.called = False

    def drop_gradients(self) -> None:
        """Forgets gradients that no step has used."""
        if self._session.has_gradients():
            self._session.reset_step()
            self.step_began()

    def clip_grad_norm_(self, max_norm: float) -> float:
        norm = self.complete_gradients()
        self._session.clip(max_norm)
        return norm

    def _before_step(self, optimizer: Any, args: Any, kwargs: Any) -> Any:
        return before_update(args, kwargs, self._begin_update)

    def _begin_update(self) -> None:
        self.complete_gradients()
        for name, shard in self._shards.items():
            shard.grad = self._session.shard(self._places[name])[3]
        self._session.begin_update()

    def _after_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        for shard in self._shards.values():
            shard.grad = None
        self._session.finish_update()
        self.step_began()

    # ---- The best state ----------------------------------------------------

    def save_best(self, optimizer: Any) -> None:
        self._session.save_best()
        if isinstance(optimizer, EngineOptimizer):
            return
        self._best_state = {
            name: _copied(optimizer.state[shard])
            for name, shard in self._shards.items()
            if shard in optimizer.state
        }

    def restore_best(self, optimizer: Any) -> None:
        self._session.restore_best()
        if isinstance(optimizer, EngineOptimizer):
            return
        for name, shard in self._shards.items():
            kept = (self._best_state or {}).get(name)
            if kept is None:
                optimizer.state.pop(shard, None)
            else:
                optimizer.state[shard] = _copied(kept)

    # ---- Whole values ------------------------------------------------------

    def full_state_dict(self) -> dict[str, torch.Tensor]:
        out: dict[str, torch.Tensor] = {}

        def keep(name: str, value: torch.Tensor) -> None:
            out[name] = value.clone().view(self._shapes[name])

        self._session.for_each_full(keep)
        return out

    def range_of(self, name: str) -> tuple[int, int]:
        """(begin, size) of this rank's elements of a parameter, flattened; of its
        part along tp where :meth:`part_of` has one."""
        begin, _, shard, _ = self._session.shard(self._places[name])
        return begin, shard.numel()

    def part_of(self, name: str) -> Part | None:
        """This rank's part along tp of a parameter that is split."""
        return self._split.get(name)

    def load_full(self, values: dict[str, torch.Tensor]) -> None:
        """Writes whole values, of some parameters, into the shards. Collective."""
        self._scatter(values)

    def _scatter(self, values: dict[str, torch.Tensor]) -> None:
        self._session.begin_write()
        with torch.no_grad():
            for name, value in values.items():
                begin, _, shard, _ = self._session.shard(self._places[name])
                part = self._split.get(name)
                value = value.detach() if part is None else part.of(value.detach())
                flat = value.reshape(-1)
                shard.copy_(flat[begin : begin + shard.numel()])
        self._session.end_write()

    def detach(self) -> None:
        whole = self.full_state_dict()
        for part in reversed(self._parts):
            part.detach()
        for handle in self._hooked:
            handle.remove()
        for name, parameter in self._model.named_parameters():
            parameter.data = whole[name]
        if self._optimizer is not None:
            self._optimizer.__dict__.pop("zero_grad", None)
        self._parts, self._hooked = [], []


class EngineOptimizer:
    """fts's own fused optimizer over the shards, from a mapping as in a run
    config: ``{"name": "adamw", "lr": 1e-3, "no_decay": ["bias"]}``.

    ``step`` completes and clips gradients, updates and lets go of them.
    """

    def __init__(self, backend: NativeBackend, yaml: str) -> None:
        self._backend = backend
        self._optimizer = _fts.Optimizer(backend.session, yaml, "optimizer")
        #: The phase in force, whose clipping applies.
        self.phase = 0
        #: The last step's global gradient norm, before clipping.
        self.grad_norm = float("nan")

    def step(self, closure: Any = None) -> Any:
        loss = None if closure is None else closure()
        if self._backend.uncalled():
            self._backend.complete_gradients()
        _, self.grad_norm, _ = self._optimizer.step(self.phase)
        self._backend.step_began()
        return loss

    def zero_grad(self, set_to_none: bool = True) -> None:
        self._backend.drop_gradients()

    @property
    def engine(self) -> _fts.Optimizer:
        """The binding's object: groups, learning-rate scheduler."""
        return self._optimizer

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """Name, lr, initial_lr and weight_decay of each group; copies."""
        return [
            self._optimizer.group(i) for i in range(self._optimizer.num_groups())
        ]

    def __repr__(self) -> str:
        return f"EngineOptimizer({self._optimizer.name}, {self.param_groups})"


def _copied(state: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value.clone() if isinstance(value, torch.Tensor) else value
        for key, value in state.items()
    }


def _refuse_wrapped(model: torch.nn.Module) -> None:
    kind = type(model).__name__
    if kind == "OptimizedModule":
        raise TypeError(
            "the whole model was given to torch.compile, whose graph knows no "
            "module boundaries; compile its blocks instead (for block in "
            "model.layers: block.compile()), which may be units of the plan"
        )
    if kind in ("DistributedDataParallel", "FullyShardedDataParallel"):
        raise TypeError(
            f"the model is wrapped in {kind}, which reduces gradients itself; "
            "pass the module inside, or use backend='torch'"
        )
    for name, parameter in model.named_parameters():
        if type(parameter).__name__ == "DTensor" or hasattr(
            parameter, "device_mesh"
        ):
            raise TypeError(
                f"parameter '{name}' is a DTensor already; use backend='torch'"
            )
        if parameter.is_meta:
            raise TypeError(
                f"parameter '{name}' is on the meta device; give the model its "
                "values first (model.to_empty, then load or initialize)"
            )
