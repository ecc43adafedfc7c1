# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""torch's fully_shard under our plans, against the same model unsharded.

Runs itself again as two ranks: the same checks on both sides of a world.
"""

import os
import socket
import subprocess
import sys
import tempfile
import unittest

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint.state_dict import (
    get_state_dict,
    set_state_dict,
)
from torch.distributed.tensor import DTensor

import fts
from fts.backends.torch_backend import TorchBackend

_RANKS = int(os.environ.get("WORLD_SIZE", "1"))
_RANK = int(os.environ.get("RANK", "0"))
_SCHEDULE = {
    0: {"params": ["head.*"], "max_transition_epoch": 1},
    1: {"params": [r"blocks\.1\..*", "norm.*"], "max_transition_epoch": 2,
        "lr": 0.02},
    2: {"params": [r"blocks\.0\..*"], "max_transition_epoch": 3, "lr": 0.01},
}  # fmt: skip
_UNITS = {r"blocks\.\d+$": {}, "head": {}}
_PLANS = {
    "units": {"fsdp_plan": _UNITS},
    "composable": {
        "fsdp_default_kwargs": {"act_ckpt": ["composable"]}, "fsdp_plan": _UNITS,
    },
    "wrapped": {
        "fsdp_default_kwargs": {"act_ckpt": ["wrapped"]}, "fsdp_plan": _UNITS,
    },
    "offload": {
        "fsdp_default_kwargs": {"act_ckpt": ["wrapped_offload"],
                                "cpu_offload_policy": {}},
        "fsdp_plan": _UNITS,
    },
    "root": {"fsdp_plan": _UNITS, "unplanned": "shard"},
    "keywords": {
        "fsdp_plan": {
            r"blocks\.\d+$": {"reshard_after_forward": False,
                              "ignored_params": [r".*up\.bias"]},
            "head": {"shard_placement": {"dim": 1},
                     "ignored_params": ["head.bias"]},
        },
    },
    "replicated": None,
}  # fmt: skip


class Block(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.up = torch.nn.Linear(width, 2 * width)
        self.down = torch.nn.Linear(2 * width, width, bias=False)

    def forward(self, x):
        return x + self.down(torch.tanh(self.up(x)))


class Net(torch.nn.Module):
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


def batch(step):
    x = torch.randn(8, 3, generator=torch.Generator().manual_seed(step))
    return x, torch.stack([x.sum(1), x.prod(1)], 1)


def training(plan, clip=None, whole=False, after=None, **options):
    """Losses over the whole batch; ``whole``: unsharded, in plain PyTorch."""
    model = Net()
    description = fts.describe(model)
    schedule = fts.Schedule(
        _SCHEDULE, description, epoch_transitions_only=True, max_epochs=3
    )
    resolved = fts.Plan(plan, description, schedule)
    backend = None
    model.requires_grad_(False)
    if not whole:
        backend = TorchBackend(
            model, schedule, resolved, **options
        )
    optimizer = None
    losses = []
    for phase in schedule.phases:
        if whole:
            named = dict(model.named_parameters())
            tensors = [named[n].requires_grad_(True) for n in phase.params]
        else:
            backend.thaw(phase.index, phase.params)
            tensors = backend.tensors(phase.params)
        if optimizer is None:
            optimizer = torch.optim.AdamW(tensors, lr=0.05, foreach=False)
            if backend:
                backend.attach_optimizer(optimizer)
        else:
            optimizer.add_param_group({"params": tensors, "lr": phase.lr})
        for step in range(3):
            x, y = batch(10 * phase.index + step)
            if not whole and "mesh" not in options:
                x, y = x[_RANK::_RANKS], y[_RANK::_RANKS]
            loss = (model(x) - y).square().mean()
            loss.backward()
            if clip is not None and whole:
                torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
            elif clip is not None:
                backend.clip_grad_norm_(clip)
            optimizer.step()
            optimizer.zero_grad()
            value = loss.item()
            losses.append(value if whole else backend.mean([value])[0])
        if after:
            after(phase.index, model, optimizer, backend)
    values = (
        {n: p.detach() for n, p in model.named_parameters()}
        if whole
        else backend.full_state_dict()
    )
    return losses, values, model


def close(got, wanted):
    torch.testing.assert_close(
        torch.tensor(got), torch.tensor(wanted), rtol=1e-5, atol=1e-7
    )


class TorchBackendTest(unittest.TestCase):
    def test_every_plan_trains_as_the_unsharded_model(self):
        wanted, weights, _ = training(None, whole=True)
        for name, plan in _PLANS.items():
            with self.subTest(plan=name):
                losses, values, model = training(plan)
                close(losses, wanted)
                for key, value in weights.items():
                    torch.testing.assert_close(values[key], value)
                sharded = [
                    n for n, p in model.named_parameters() if isinstance(p, DTensor)
                ]
                self.assertEqual(bool(sharded), plan is not None)

    def test_clipping_is_by_the_global_norm(self):
        wanted, _, _ = training(None, clip=0.05, whole=True)
        free, _, _ = training(None, whole=True)
        for name in ("units", "keywords", "replicated"):
            close(training(_PLANS[name], clip=0.05)[0], wanted)
        self.assertGreater(abs(wanted[-1] - free[-1]), 1e-4)

    def test_the_best_state_comes_back(self):
        seen = []

        def after(phase, model, optimizer, backend):
            if phase == 0:
                backend.save_best(optimizer)
                seen.append(backend.full_state_dict())
            if phase == 1:
                backend.restore_best(optimizer)
                for name, value in backend.full_state_dict().items():
                    torch.testing.assert_close(value, seen[0][name])
                state = optimizer.state
                held = {id(p) for p in state}
                trained = backend.tensors(["head.weight", "norm.weight"])
                self.assertIn(id(trained[0]), held)
                self.assertNotIn(id(trained[1]), held)

        training(_PLANS["units"], after=after)
        self.assertEqual(len(seen), 1)

    def test_distributed_checkpoint_saves_and_loads(self):
        folder = _shared_folder()
        saved = {}

        def after(phase, model, optimizer, backend):
            if phase != 1:
                return
            weights, state = get_state_dict(model, optimizer)
            dcp.save({"model": weights, "optim": state}, checkpoint_id=folder)
            saved.update(backend.full_state_dict())
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter.mul_(0)
            weights, state = get_state_dict(model, optimizer)
            both = {"model": weights, "optim": state}
            dcp.load(both, checkpoint_id=folder)
            set_state_dict(
                model, optimizer,
                model_state_dict=both["model"], optim_state_dict=both["optim"],
            )  # fmt: skip
            for name, value in backend.full_state_dict().items():
                torch.testing.assert_close(value, saved[name])

        wanted, _, _ = training(None, whole=True)
        losses, _, _ = training(_PLANS["units"], after=after)
        close(losses, wanted)

    @unittest.skipIf(_RANKS == 1, "needs two ranks")
    def test_tensor_parallel(self):
        wanted, weights, _ = training(None, whole=True)
        plan = {"tp_plan": {r"blocks\.\d+\.up$": "colwise",
                            r"blocks\.\d+\.down$": "rowwise"}}  # fmt: skip
        for units in ({}, _UNITS):
            losses, values, model = training(
                {**plan, "fsdp_plan": units}, mesh={"tp": 2}
            )
            close(losses, wanted)
            for key, value in weights.items():
                torch.testing.assert_close(values[key], value)
            self.assertIn(
                "tp",
                model.blocks[0].up.weight.device_mesh.mesh_dim_names,
            )

    def test_mistakes_are_named(self):
        with self.assertRaisesRegex(fts.PlanError, "needs a mesh with a tensor-parallel"):
            training({"tp_plan": {"head": "colwise"}})
        with self.assertRaisesRegex(fts.InputError, "takes 32-true and"):
            training(None, precision="bf16-true")
        with self.assertRaisesRegex(fts.InputError, "is not the world of"):
            training(_PLANS["units"], mesh={"tp": 3})


def _shared_folder():
    folder = [os.path.join(tempfile.mkdtemp(), "checkpoint")]
    if _RANKS > 1:
        dist.broadcast_object_list(folder)
    return folder[0]


class TwoRanksTest(unittest.TestCase):
    @unittest.skipIf(_RANKS > 1, "this is a rank")
    def test_the_same_on_two_ranks(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        ranks = []
        for rank in range(2):
            environment = {
                **os.environ, "RANK": str(rank), "WORLD_SIZE": "2",
                "LOCAL_RANK": str(rank), "LOCAL_WORLD_SIZE": "2",
                "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
                "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path),
            }  # fmt: skip
            ranks.append(
                subprocess.Popen(
                    [sys.executable, os.path.abspath(__file__)],
                    env=environment,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
            )
        for rank, process in enumerate(ranks):
            output, _ = process.communicate()
            self.assertEqual(process.returncode, 0, f"rank {rank}:\n{output}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    if _RANKS > 1:
        dist.init_process_group("gloo")
    result = unittest.main(exit=False).result
    if dist.is_initialized():
        dist.destroy_process_group()
    sys.exit(not result.wasSuccessful())
