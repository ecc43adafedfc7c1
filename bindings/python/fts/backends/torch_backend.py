# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""fts's schedule and plan over torch's own fully_shard, parallelize_module and
checkpointing.

Parameters that no unit holds (the remainder) are whole on every rank; their
gradients are averaged by us, once per optimizer step, in one bucket a dtype.
Gradients of units are averaged by torch in each backward.
"""

from __future__ import annotations

import atexit
import gc
import os
import warnings
from typing import Any, Iterable, Mapping

import torch
import torch.distributed as dist
from torch.distributed.tensor import DTensor, Replicate, Shard

from fts.backends import torch_plan, torch_tp, tp_checks
from fts.backends.base import Backend, before_update
from fts.describe import clean_name
from fts.errors import FtsWarning, InputError, PlanError, StateError
from fts.meshes import TP_NAMES
from fts.plan import Plan
from fts.schedule import Schedule


def _device(model: torch.nn.Module, mesh: Any) -> torch.device:
    """Where this rank computes: what the mesh or the model says, else a GPU
    where torch.distributed is set up for GPUs alone."""
    kinds = {p.device.type for p in model.parameters()} - {"meta"}
    cuda = "cuda" in kinds or (
        dist.is_available() and dist.is_initialized() and dist.get_backend() == "nccl"
    )
    if hasattr(mesh, "device_type"):
        cuda = mesh.device_type == "cuda"
    if cuda:
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device("cpu")


def _ensure_group(device: torch.device) -> None:
    """A process group over the launcher's ranks, or of this process alone."""
    if dist.is_initialized():
        return
    backend = "cuda:nccl,cpu:gloo" if device.type == "cuda" else "gloo"
    if _launched():
        dist.init_process_group(backend)
        return
    dist.init_process_group(backend, store=dist.HashStore(), rank=0, world_size=1)


def _launched() -> bool:
    """Whether a launcher has started other ranks."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


class _Meshes:
    """dp: over which units are sharded, 2-D with replicas; tp: or None."""

    def __init__(self, given: Any, device: torch.device) -> None:
        self.tp: Any = None
        if given is None or isinstance(given, Mapping):
            self.dp = self._make(dict(given or {}), device)
            return
        names = given.mesh_dim_names
        if given.ndim == 1 and not (names and names[0] in TP_NAMES):
            self.dp = given
            return
        if names is None:
            raise InputError(
                "the DeviceMesh has more than one dimension and no mesh_dim_names; "
                f"name them, the tensor-parallel one {' or '.join(TP_NAMES)}"
            )
        tp = [name for name in names if name in TP_NAMES]
        rest = tuple(name for name in names if name not in TP_NAMES)
        self.tp = given[tp[0]] if tp else None
        self.dp = given[rest] if rest else None

    def _make(self, sizes: dict[str, int], device: torch.device) -> Any:
        unknown = set(sizes) - {"dp_replicate", "dp_shard", "tp"}
        if unknown:
            raise InputError(
                f"mesh has no key '{sorted(unknown)[0]}'; it takes dp_replicate, "
                "dp_shard and tp"
            )
        world = dist.get_world_size()
        tp, replicate = sizes.get("tp", 1), sizes.get("dp_replicate", 1)
        shard = sizes.get("dp_shard", -1)
        if shard == -1:
            shard = world // (tp * replicate)
        if shard * tp * replicate != world:
            raise InputError(
                f"mesh: dp_replicate {replicate} x dp_shard {shard} x tp {tp} is "
                f"not the world of {world} ranks"
            )
        mesh = dist.device_mesh.init_device_mesh(
            device.type,
            (replicate, shard, tp),
            mesh_dim_names=("dp_replicate", "dp_shard", "tp"),
        )
        if "tp" in sizes:
            self.tp = mesh["tp"]
        return mesh["dp_replicate", "dp_shard"] if replicate > 1 else mesh["dp_shard"]


_registered = False


def _end_groups_at_exit() -> None:
    """Destroys Gloo groups while the interpreter still runs.

    A process that ends with torch 2.11's fully_shard over Gloo alive aborts now
    and then ("terminate called without an active exception"), also without fts:
    a Gloo thread then meets an interpreter that is being taken down. What holds
    groups must go first, so this helps programs whose model is no global.
    """
    global _registered
    if _registered:
        return
    _registered = True

    def end() -> None:
        if not dist.is_initialized() or dist.get_backend() != "gloo":
            return
        gc.collect()
        dist.destroy_process_group()

    atexit.register(end)


class TorchBackend(Backend):
    """See the module. ``mesh``: a DeviceMesh (its tensor-parallel dimension is
    named tp or tensor_parallel), {dp_replicate, dp_shard, tp}, or None for one
    dimension over all ranks. Without a plan, a mesh and other ranks torch's
    distributed package is not touched.

    Raises PlanError for what torch cannot do, naming the fix.
    """

    name = "torch"

    def __init__(
        self,
        model: torch.nn.Module,
        schedule: Schedule,
        plan: Plan,
        *,
        mesh: Any = None,
        precision: str = "32-true",
    ) -> None:
        self._model = model
        self._device = _device(model, mesh)
        self._full = plan.to_dict()
        units = list(self._full["units"])
        tp = plan.tp
        tp_checks.refuse_short_positions(model, tp)
        rules = tp["rules"] if tp["size"] > 1 else []
        rest = self._full["remainder"]
        if self._full["unplanned"] == "shard":
            # The implicit root; unless a written root is it.
            if not any(unit["module"] == "" for unit in units):
                units.append({**rest, "module": ""})
            rest = {**rest, "segments": []}
        started = dist.is_available() and dist.is_initialized()
        wanted = bool(units or rules or mesh is not None) or started or _launched()
        if wanted:
            _ensure_group(self._device)
        self._distributed = dist.is_available() and dist.is_initialized()
        if self._distributed:
            _end_groups_at_exit()
        self._meshes = _Meshes(mesh, self._device) if wanted else None
        if self._meshes is not None and self._meshes.tp is not None:
            self.tp_size = self._meshes.tp.size()
        policy = self._policy(precision, units, rest)
        self._fsdp: list[Any] = []
        by_hand = self._sharded_by_hand()
        units = [unit for unit in units if self._may_shard(unit["module"], by_hand)]
        self._apply(units, tp if rules else None, policy)
        self._guards = tp_checks.guard_labels(model, tp)
        self._parameters = {
            clean_name(name): parameter for name, parameter in model.named_parameters()
        }
        # Of this rank; whole on every rank of the data-parallel mesh.
        self._remainder = [
            name for s in rest["segments"] for name in s["parameters"]
            if not _within(name, by_hand)
        ]  # fmt: skip
        self._trainable: list[str] = []
        self._synced = False
        self._optimizer: Any = None
        self._handles: list[Any] = []
        self._best: dict[str, torch.Tensor] | None = None
        self._best_buffers: dict[str, torch.Tensor] = {}
        self._best_state: dict[str, dict[str, Any]] = {}

    # ---- Setting up ------------------------------------------------------------

    def _policy(self, precision: str, units: list[Any], rest: Mapping[str, Any]) -> Any:
        from torch.distributed.fsdp import MixedPrecisionPolicy

        if precision in ("", "32-true"):
            return None
        policies = {
            "bf16-mixed": MixedPrecisionPolicy(
                param_dtype=torch.bfloat16, reduce_dtype=torch.float32
            ),
        }
        if precision not in policies:
            raise InputError(
                f"precision is '{precision}'; backend='torch' takes 32-true and "
                "bf16-mixed (for bf16-true give the model in bfloat16)"
            )
        if rest["segments"]:
            raise PlanError(
                f"precision {precision} needs every parameter in a unit, and "
                f"'{rest['segments'][0]['parameters'][0]}' is in none; add "
                "unplanned: shard to strategy_adapter_cfg, or use backend='native'"
            )
        return policies[precision]

    def _sharded_by_hand(self) -> list[str]:
        """Modules that the user has given to fully_shard before."""
        from torch.distributed.fsdp import FSDPModule

        found = []
        for name, module in self._model.named_modules():
            if isinstance(module, FSDPModule):
                found.append(clean_name(name))
                self._fsdp.append(module)
        return found

    def _may_shard(self, name: str, by_hand: list[str]) -> bool:
        if not _within(name, by_hand):
            return True
        if self.rank == 0:
            warnings.warn(
                f"'{name}' or a module around it is sharded already, so its entry in "
                "fsdp_plan is left out [already_sharded]",
                FtsWarning, stacklevel=4,
            )  # fmt: skip
        return False

    def _apply(self, units: list[Any], tp: Any, policy: Any) -> None:
        model = self._model
        modules = {clean_name(n): m for n, m in model.named_modules()}
        torch_plan.check_tied(model, units)
        # Of the canonical parameters, for ignored_params.
        ids = {id(p): clean_name(n) for n, p in model.named_parameters()}
        # Checkpointing stands inside what shards: applied first.
        for unit in units:
            found = unit["options"].get("act_ckpt")
            if found:
                name = unit["module"]
                modules[name] = torch_plan.checkpoint_unit(
                    model, name, modules[name], found
                )
        if tp:
            inner = {
                name: getattr(module, "_checkpoint_wrapped_module", module)
                for name, module in modules.items()
            }
            torch_tp.parallelize(model, inner, tp, self._meshes.tp)  # type: ignore[union-attr]
            # Rebuilt as trainable by torch.
            ids = {}
            for name, parameter in model.named_parameters():
                parameter.requires_grad_(False)
                ids[id(parameter)] = clean_name(name)
        for unit in units:
            module = modules[unit["module"]]
            if self._meshes is None or self._meshes.dp is None:
                continue
            if torch_plan.shard_unit(
                module, unit, unit["options"], ids, self._meshes.dp, self._device, policy
            ):
                self._fsdp.append(module)
        self._move_rest()

    def _move_rest(self) -> None:
        """What no unit holds goes where the units compute."""
        if self._device.type == "cpu":
            return
        for tensor in [*self._model.parameters(), *self._model.buffers()]:
            if tensor.device.type == "cpu" and not isinstance(tensor, DTensor):
                tensor.data = tensor.data.to(self._device)

    # ---- Ranks -------------------------------------------------------------------

    @property
    def rank(self) -> int:
        return dist.get_rank() if self._distributed else 0

    @property
    def world_size(self) -> int:
        return dist.get_world_size() if self._distributed else 1

    @property
    def mesh(self) -> Any:
        """The data-parallel DeviceMesh, or None."""
        return None if self._meshes is None else self._meshes.dp

    @property
    def dp_rank(self) -> int:
        mesh = self.mesh
        if mesh is None:
            return 0 if self.tp_size > 1 else self.rank
        place = 0
        for dim in range(mesh.ndim):
            place = place * mesh.size(dim) + mesh.get_local_rank(dim)
        return place

    def token_loss(
        self, logits: torch.Tensor, labels: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return torch_tp.token_loss(logits, labels)

    def mean(self, numbers: list[float]) -> list[float]:
        if self.world_size == 1:
            return list(numbers)
        total = torch.tensor(numbers, dtype=torch.float64, device=self._device)
        dist.all_reduce(total)
        return [float(n) / self.world_size for n in total.tolist()]

    # ---- Phases --------------------------------------------------------------------

    def thaw(self, phase: int, names: list[str]) -> None:
        self._reshard()
        for name in names:
            self._parameters[name].requires_grad_(True)
        known = set(self._trainable)
        self._trainable += [name for name in names if name not in known]
        if self._best is not None:
            for name in names:
                if name not in self._best:
                    self._best[name] = _host(self._parameters[name])
        self._flags_changed()

    def freeze(self, phase: int, names: list[str]) -> None:
        self._reshard()
        gone = set(names)
        for name in names:
            parameter = self._parameters[name]
            parameter.grad = None
            parameter.requires_grad_(False)
            self._best_state.pop(name, None)
        self._trainable = [n for n in self._trainable if n not in gone]
        self._flags_changed()

    def _reshard(self) -> None:
        """The sharded parameters are the model's: only they may be changed, and
        only they keep what an optimizer does to them. A unit that was frozen in
        its last forward is still gathered."""
        for module in self._fsdp:
            module.reshard()
        self._parameters = {
            clean_name(name): parameter
            for name, parameter in self._model.named_parameters()
        }

    def parameters(self) -> dict[str, torch.Tensor]:
        """The model's, by the schedule's names, as they are between steps:
        DTensors where sharded."""
        self._reshard()
        return dict(self._parameters)

    def _flags_changed(self) -> None:
        for module in self._fsdp:
            group = module._get_fsdp_state()._fsdp_param_group
            # A unit that was frozen in its first forward has no reduce dtype.
            if group is not None and hasattr(group, "_init_mp_dtypes"):
                group._init_mp_dtypes()
        if any(hasattr(m, "_orig_mod") or m._compiled_call_impl is not None
               for m in self._model.modules()):  # fmt: skip
            # Graphs are compiled for what requires a gradient.
            torch._dynamo.reset()

    def tensors(self, names: Iterable[str]) -> list[torch.Tensor]:
        return [self._parameters[name] for name in names]

    # ---- Steps -----------------------------------------------------------------------

    def begin_micro_step(self, last: bool) -> None:
        self._synced = False

    def attach_optimizer(self, optimizer: torch.optim.Optimizer) -> None:
        for group in optimizer.param_groups:
            if _mixed(group["params"]):
                # Fused and foreach kernels take no mixture of DTensors and others.
                for key in ("foreach", "fused"):
                    if group.get(key):
                        warnings.warn(
                            f"an optimizer group holds sharded and whole "
                            f"parameters, so its {key} is off "
                            "[mixed_optimizer_group]",
                            FtsWarning, stacklevel=2,
                        )  # fmt: skip
                    if key in group:
                        group[key] = False
        if optimizer is self._optimizer:
            return
        for handle in self._handles:
            handle.remove()
        self._optimizer = optimizer
        self._handles = [
            optimizer.register_step_pre_hook(self._before_step),
            optimizer.register_step_post_hook(self._after_step),
        ]

    def _before_step(self, optimizer: Any, args: Any, kwargs: Any) -> Any:
        def begin() -> None:
            self._synced = False

        return before_update(args, kwargs, self.sync_gradients, begin)

    def _after_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        self._synced = False

    def sync_gradients(self) -> None:
        """Averages the remainder's gradients over the data-parallel ranks, after
        adding up what ranks along tp have of them."""
        if self._synced or self._meshes is None:
            return
        self._synced = True
        if self.tp_size > 1:
            for name in self._trainable:
                parameter = self._parameters[name]
                if parameter.grad is not None:
                    parameter.grad = _reduced(parameter.grad)
        if self._meshes.dp is None or self._meshes.dp.size() == 1:
            return
        live = set(self._trainable)
        names = [n for n in self._remainder if n in live]
        by_dtype: dict[torch.dtype, list[torch.Tensor]] = {}
        for name in names:
            parameter = self._parameters[name]
            local = _local(parameter)
            by_dtype.setdefault(local.dtype, []).append(parameter)
        for dtype in sorted(by_dtype, key=str):
            self._average(by_dtype[dtype])

    def _average(self, parameters: list[torch.Tensor]) -> None:
        # The last entries say which of them any rank has used.
        parts, used = [], []
        for parameter in parameters:
            grad = parameter.grad
            used.append(0.0 if grad is None else 1.0)
            local = _local(parameter)
            parts.append(
                torch.zeros_like(local).reshape(-1) if grad is None
                else _local(_reduced(grad)).reshape(-1).to(local.dtype)
            )  # fmt: skip
        marks = torch.tensor(used, dtype=parts[0].dtype, device=parts[0].device)
        flat = torch.cat([*parts, marks])
        mesh = self._meshes.dp  # type: ignore[union-attr]
        for dim in range(mesh.ndim):
            dist.all_reduce(flat, group=mesh.get_group(dim))
        marks = flat[-len(parameters) :].clone()
        flat /= mesh.size()
        place = 0
        for parameter, mark in zip(parameters, marks.tolist()):
            local = _local(parameter)
            size = local.numel()
            mean = flat[place : place + size].view(local.shape)
            place += size
            if mark == 0:
                continue
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            elif isinstance(parameter.grad, DTensor):
                parameter.grad = _reduced(parameter.grad)
            _local(parameter.grad).copy_(mean)

    def clip_grad_norm_(self, max_norm: float) -> float:
        self.sync_gradients()
        grads = [
            p.grad for n in self._trainable
            if (p := self._parameters[n]).grad is not None
        ]  # fmt: skip
        total = self._norm(grads)
        if max_norm != float("inf"):
            scale = min(max_norm / (total + 1e-6), 1.0)
            if scale < 1.0:
                for grad in grads:
                    _local(grad).mul_(scale)
        return total

    def _norm(self, grads: list[torch.Tensor]) -> float:
        """Each element counted once: sums of squares by the mesh dimensions that
        they are sharded over, one all-reduce a dimension."""
        sums: dict[tuple[Any, ...], torch.Tensor] = {}
        groups: dict[tuple[Any, ...], list[Any]] = {}
        for grad in grads:
            grad = _reduced(grad)
            key: tuple[Any, ...] = ()
            over: list[Any] = []
            if isinstance(grad, DTensor):
                dims = [
                    d for d, place in enumerate(grad.placements)
                    if not isinstance(place, Replicate)
                ]  # fmt: skip
                over = [grad.device_mesh.get_group(d) for d in dims]
                key = tuple(id(group) for group in over)
            local = _local(grad).float()
            square = local.square().sum(dtype=torch.float64)
            sums[key] = sums.get(key, torch.zeros_like(square)) + square
            groups[key] = over
        total = 0.0
        for key, square in sums.items():
            for group in groups[key]:
                dist.all_reduce(square, group=group)
            total += float(square)
        return total**0.5

    # ---- The best state -----------------------------------------------------------------

    def save_best(self, optimizer: Any) -> None:
        self._reshard()
        names = set(self._trainable) | set(self._best or ())
        self._best = {name: _host(self._parameters[name]) for name in names}
        self._best_buffers = {
            name: buffer.detach().cpu().clone()
            for name, buffer in self._model.named_buffers()
        }
        self._best_state = {
            name: {k: _host(v) for k, v in optimizer.state[parameter].items()}
            for name in self._trainable
            if (parameter := self._parameters[name]) in optimizer.state
        }

    def restore_best(self, optimizer: Any) -> None:
        if self._best is None:
            raise StateError("restore_best comes before any save_best")
        self._reshard()
        with torch.no_grad():
            for name, value in self._best.items():
                _local(self._parameters[name]).copy_(value)
            for name, buffer in self._model.named_buffers():
                if name in self._best_buffers:
                    buffer.copy_(self._best_buffers[name])
        for name in self._trainable:
            parameter = self._parameters[name]
            kept = self._best_state.get(name)
            if kept is None:
                optimizer.state.pop(parameter, None)
                continue
            state = optimizer.state[parameter]
            for key, value in kept.items():
                if not isinstance(value, torch.Tensor):
                    state[key] = value
                elif isinstance(state.get(key), torch.Tensor):
                    _local(state[key]).copy_(value)
                else:
                    state[key] = value.clone()

    def optimizer_replaced(self) -> None:
        self._best_state = {}

    # ---- Whole values ---------------------------------------------------------------------

    def full_state_dict(self) -> dict[str, torch.Tensor]:
        self._reshard()
        out = {}
        for name, parameter in self._parameters.items():
            value = parameter.detach()
            if isinstance(value, DTensor):
                value = value.full_tensor()
            out[name] = value.cpu().clone()
        return out

    def detach(self) -> None:
        """Takes off what is ours. fully_shard and parallelize_module have no way
        back: a model they changed stays as it is."""
        for handle in self._handles:
            handle.remove()
        for guard in self._guards:
            guard.detach()
        self._handles, self._guards = [], []
        self._optimizer = None


def _within(name: str, modules: list[str]) -> bool:
    """Whether a name is of one of the modules, or of something in it."""
    return any(m == "" or name == m or name.startswith(m + ".") for m in modules)


def _local(tensor: Any) -> Any:
    """This rank's part; of an ordinary tensor all of it. The same memory."""
    tensor = tensor.detach() if isinstance(tensor, torch.nn.Parameter) else tensor
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def _reduced(grad: Any) -> Any:
    """A gradient without pending sums over the tensor-parallel ranks."""
    if isinstance(grad, DTensor) and any(p.is_partial() for p in grad.placements):
        return grad.redistribute(
            placements=[Replicate() if p.is_partial() else p for p in grad.placements]
        )
    return grad


def _host(value: Any) -> Any:
    if not isinstance(value, torch.Tensor):
        return value
    return _local(value.detach()).cpu().clone()


def _mixed(tensors: list[torch.Tensor]) -> bool:
    kinds = {
        (id(t.device_mesh), t.placements == (Shard(0),)) if isinstance(t, DTensor)
        else None
        for t in tensors
    }  # fmt: skip
    return len({None if k is None else k[0] for k in kinds}) > 1
