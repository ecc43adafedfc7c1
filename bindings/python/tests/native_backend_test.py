# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The engine under a torch model, against the same model in plain PyTorch.

Runs itself again as two ranks: the same checks on both sides of a world.
"""

import copy
import io
import pickle
import unittest

import torch
from two_ranks import RANK, RANKS, Net, batch, run_two_ranks

from fts import _fts, errors
from fts.backends.native import EngineOptimizer, NativeBackend, make_mesh
from fts.describe import describe
from fts.plan import Plan
from fts.schedule import Schedule

_SCHEDULE = {
    0: {"params": ["head.*"], "max_transition_epoch": 1},
    1: {"params": [r"blocks\.1\..*"], "max_transition_epoch": 2, "lr": 0.02},
    2: {"params": [r"blocks\.0\..*", "norm.*"], "max_transition_epoch": 3,
        "lr": 0.01},
}  # fmt: skip
_PLANS = {
    "bound": {"fsdp_plan": {r"blocks\.\d+$": {}, "head": {}}},
    "gathered": {"fsdp_plan": {r"blocks\.\d+$": {}, "head": {}}, "binding": "off"},
    "checkpointed": {
        "fsdp_default_kwargs": {"act_ckpt": "composable"},
        "fsdp_plan": {r"blocks\.\d+$": {}},
        "binding": "off",
    },
    "offloaded": {
        "fsdp_default_kwargs": {"act_ckpt": ["wrapped_offload"]},
        "fsdp_plan": {r"blocks\.\d+$": {}, "head": {"act_ckpt": None}},
        "binding": "off",
    },
    "saving": {
        "fsdp_default_kwargs": {"act_ckpt": ["wrapped", {"save": ["matmul"]}]},
        "fsdp_plan": {r"blocks\.\d+$": {}},
    },
    "every second": {
        "fsdp_default_kwargs": {"act_ckpt": ["composable", {"every": 2}]},
        "fsdp_plan": {r"blocks\.\d+$": {}},
    },
    "replicated": None,
}


def my_part(tensor):
    return tensor[RANK::RANKS]


def loss_of(model, x, y):
    return (model(x) - y).square().mean()


def parts(plan, model):
    description = describe(model)
    schedule = Schedule(
        _SCHEDULE, description, epoch_transitions_only=True, max_epochs=3
    )
    return schedule, Plan(plan, description, schedule)


def backend_of(model, plan, **options):
    schedule, plan = parts(plan, model)
    return schedule, NativeBackend(
        model, schedule.handle, plan.handle, mesh=MESH, **options
    )


def plain_training(kind, clip=None):
    """Losses of unsharded training over the whole batch, three phases."""
    model = Net()
    schedule, _ = parts(None, model)
    named = dict(model.named_parameters())
    for parameter in named.values():
        parameter.requires_grad_(False)
    optimizer = kind([named["head.weight"]], lr=0.05)
    optimizer.param_groups.clear()
    losses = []
    for phase in schedule.phases:
        params = [named[name].requires_grad_(True) for name in phase.params]
        optimizer.add_param_group({"params": params, "lr": phase.lr or 0.05})
        for step in range(3):
            x, y = batch(10 * phase.index + step)
            loss = loss_of(model, x, y)
            loss.backward()
            if clip is not None:
                torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
    return losses, {name: p.detach() for name, p in named.items()}


def native_training(plan, kind, clip=None, closure=False):
    model = Net()
    schedule, backend = backend_of(model, plan)
    identities = {name: id(p) for name, p in model.named_parameters()}
    optimizer = None
    losses = []
    for phase in schedule.phases:
        backend.thaw(phase.index, phase.params)
        tensors = backend.tensors(phase.params)
        if optimizer is None:
            optimizer = kind(tensors, lr=0.05)
            backend.attach_optimizer(optimizer)
        else:
            optimizer.add_param_group({"params": tensors, "lr": phase.lr})
        for step in range(3):
            x, y = map(my_part, batch(10 * phase.index + step))

            def forward_backward(x=x, y=y):
                optimizer.zero_grad()
                loss = loss_of(model, x, y)
                loss.backward()
                return loss

            if closure:
                loss = optimizer.step(forward_backward)
            else:
                loss = forward_backward()
                if clip is not None:
                    backend.clip_grad_norm_(clip)
                optimizer.step()
            losses.append(backend.mean([loss.item()])[0])
    assert identities == {n: id(p) for n, p in model.named_parameters()}
    return losses, backend, model


def is_close(got, wanted):
    torch.testing.assert_close(
        torch.tensor(got), torch.tensor(wanted), rtol=1e-5, atol=1e-7
    )


class TrainingTest(unittest.TestCase):
    def test_every_plan_trains_as_plain_pytorch(self):
        wanted, weights = plain_training(torch.optim.AdamW)
        for name, plan in _PLANS.items():
            with self.subTest(plan=name):
                losses, backend, _ = native_training(plan, torch.optim.AdamW)
                is_close(losses, wanted)
                for key, value in backend.full_state_dict().items():
                    torch.testing.assert_close(value, weights[key])
                self.assertLess(losses[-1], losses[0])

    def test_clipping_is_by_the_global_norm(self):
        wanted, _ = plain_training(torch.optim.SGD, clip=0.05)
        unclipped, _ = plain_training(torch.optim.SGD)
        for plan in ("bound", "gathered"):
            losses, _, _ = native_training(_PLANS[plan], torch.optim.SGD, clip=0.05)
            is_close(losses, wanted)
        self.assertNotAlmostEqual(wanted[-1], unclipped[-1], places=3)

    def test_a_closure_runs_before_gradients_are_completed(self):
        wanted, _ = plain_training(torch.optim.SGD)
        losses, _, _ = native_training(
            _PLANS["gathered"], torch.optim.SGD, closure=True
        )
        is_close(losses, wanted)

    def test_the_engines_own_optimizer(self):
        wanted, _ = plain_training(torch.optim.AdamW)
        model = Net()
        schedule, backend = backend_of(model, _PLANS["gathered"])
        optimizer = EngineOptimizer(backend, "optimizer: {name: adamw, lr: 0.05}")
        losses = []
        for phase in schedule.phases:
            backend.thaw(phase.index, phase.params)
            optimizer.engine.add_groups(phase.index, phase.lr)
            for step in range(3):
                x, y = map(my_part, batch(10 * phase.index + step))
                loss = loss_of(model, x, y)
                loss.backward()
                optimizer.step()
                losses.append(backend.mean([loss.item()])[0])
        is_close(losses, wanted)
        self.assertEqual([g["lr"] for g in optimizer.param_groups], [0.05, 0.02, 0.01])

    def test_the_best_state_comes_back_with_its_moments(self):
        model = Net()
        _, backend = backend_of(model, _PLANS["gathered"])
        names = ["head.weight", "head.bias"]
        backend.thaw(0, names)
        optimizer = torch.optim.AdamW(backend.tensors(names), lr=0.05)
        backend.attach_optimizer(optimizer)

        def step(i):
            x, y = map(my_part, batch(i))
            loss = loss_of(model, x, y)
            loss.backward()
            optimizer.step()
            return loss.item()

        step(0)
        backend.save_best(optimizer)
        first = [step(1), step(2)]
        backend.restore_best(optimizer)
        self.assertEqual([step(1), step(2)], first)

    def test_gradients_that_no_step_used_are_dropped(self):
        losses = []
        for disturbed in (False, True):
            model = Net()
            _, backend = backend_of(model, _PLANS["gathered"])
            backend.thaw(0, ["head.weight", "head.bias"])
            optimizer = torch.optim.SGD(
                backend.tensors(["head.weight", "head.bias"]), lr=0.1
            )
            backend.attach_optimizer(optimizer)
            if disturbed:
                loss_of(model, *map(my_part, batch(77))).backward()
                optimizer.zero_grad()
            loss_of(model, *map(my_part, batch(1))).backward()
            optimizer.step()
            losses.append(loss_of(model, *map(my_part, batch(2))).item())
        self.assertEqual(losses[0], losses[1])

    def test_frozen_parameters_cost_no_gradient(self):
        _, backend, _ = native_training(_PLANS["gathered"], torch.optim.SGD)
        use = backend.session.use()
        self.assertGreater(use["gradient_bytes"], 0)
        self.assertEqual(use["moment_bytes"], 0)  # the caller's optimizer has them


class WholeModelTest(unittest.TestCase):
    def setUp(self):
        self.model = Net()
        self.weights = {
            k: v.clone() for k, v in self.model.state_dict().items()
        }
        _, self.backend = backend_of(self.model, _PLANS["gathered"])

    def same(self, other):
        for name, value in other.state_dict().items():
            torch.testing.assert_close(value, self.weights[name], rtol=0, atol=0)

    def test_state_dict_gathers(self):
        self.same(self.model)
        buffer = io.BytesIO()
        torch.save(self.model.state_dict(), buffer)
        buffer.seek(0)
        loaded = torch.load(buffer)
        self.assertEqual(list(loaded), list(self.weights))

    def test_load_state_dict_writes_through(self):
        other = {k: torch.randn_like(v) for k, v in self.weights.items()}
        for value in other.values():
            value.copy_(torch.arange(value.numel()).view_as(value))
        result = self.model.load_state_dict(other)
        self.assertEqual(result.missing_keys, [])
        self.weights = other
        self.same(self.model)
        plain = Net()
        plain.load_state_dict(other)
        x, _ = batch(0)
        torch.testing.assert_close(self.model(x), plain(x))
        with self.assertRaisesRegex(RuntimeError, "size mismatch for head.bias"):
            self.model.load_state_dict({**other, "head.bias": torch.zeros(3)})
        with self.assertRaisesRegex(RuntimeError, "Missing key.*head.bias"):
            del other["head.bias"]
            self.model.load_state_dict(other)

    def test_copies_are_whole_and_independent(self):
        copied = copy.deepcopy(self.model)
        self.same(copied)
        pickled = pickle.loads(pickle.dumps(self.model))
        self.same(pickled)
        with torch.no_grad():
            copied.head.bias.add_(1)
        self.same(self.model)
        x, y = batch(0)
        pickled.requires_grad_(True)
        loss_of(pickled, x, y).backward()  # no engine behind it
        self.assertIsNotNone(pickled.head.bias.grad)
        torch.testing.assert_close(self.model(x), pickled(x))

    def test_detach_leaves_an_ordinary_model(self):
        self.backend.detach()
        self.same(self.model)
        x, y = batch(0)
        self.model.requires_grad_(True)
        loss_of(self.model, x, y).backward()
        self.assertIsNotNone(self.model.head.bias.grad)
        self.model.double()

    def test_moving_is_refused_by_name(self):
        self.model.to(torch.float32)
        with self.assertRaisesRegex(RuntimeError, "float32.*float64"):
            self.model.to(torch.float64)

    @unittest.skipIf(RANKS == 1, "one rank holds everything")
    def test_reading_what_is_not_in_memory_names_it(self):
        with self.assertRaisesRegex(RuntimeError, r"blocks\.0\.up\.weight"):
            self.model.blocks[0].up.weight.sum()


class RefusalTest(unittest.TestCase):
    def test_optimizers_that_need_whole_matrices(self):
        model = Net()
        _, backend = backend_of(model, _PLANS["gathered"])
        backend.thaw(0, ["head.weight"])
        optimizer = torch.optim.Adafactor(backend.tensors(["head.weight"]))
        with self.assertRaisesRegex(TypeError, "Adafactor factors the second"):
            backend.attach_optimizer(optimizer)

    def test_models_that_are_wrapped(self):
        compiled = torch.compile(Net(), backend="eager")
        schedule, plan = parts(None, Net())
        with self.assertRaisesRegex(TypeError, "torch.compile.*blocks instead"):
            NativeBackend(compiled, schedule.handle, plan.handle, mesh=MESH)
        with torch.device("meta"):
            meta = Net()
        with self.assertRaisesRegex(TypeError, "'embed.weight' is on the meta"):
            NativeBackend(meta, schedule.handle, plan.handle, mesh=MESH)

    def test_compiled_blocks_train(self):
        wanted, _ = plain_training(torch.optim.SGD)
        model = Net()
        for block in model.blocks:
            block.compile(backend="eager")
        schedule, backend = backend_of(model, _PLANS["gathered"])
        optimizer = None
        losses = []
        for phase in schedule.phases:
            backend.thaw(phase.index, phase.params)
            tensors = backend.tensors(phase.params)
            if optimizer is None:
                optimizer = torch.optim.SGD(tensors, lr=0.05)
                backend.attach_optimizer(optimizer)
            else:
                optimizer.add_param_group({"params": tensors, "lr": phase.lr})
            for step in range(3):
                x, y = map(my_part, batch(10 * phase.index + step))
                loss = loss_of(model, x, y)
                loss.backward()
                optimizer.step()
                losses.append(backend.mean([loss.item()])[0])
        is_close(losses, wanted)

    def test_errors_carry_their_code(self):
        model = Net()
        _, backend = backend_of(model, _PLANS["gathered"])
        with self.assertRaisesRegex(errors.InputError, "phase 9 was named") as seen:
            backend.session.thaw(9)
        self.assertEqual(seen.exception.code, "OUT_OF_RANGE")
        with self.assertRaises(errors.StateError):
            backend.session.begin_update()


class TensorTest(unittest.TestCase):
    def test_a_parameter_keeps_its_identity(self):
        parameter = torch.nn.Parameter(torch.zeros(2, 3))
        self.assertIs(_fts.Tensor(parameter).torch(), parameter)
        self.assertEqual(_fts.Tensor(parameter).info()[0], (2, 3))

    def test_dlpack_shares_memory_both_ways(self):
        array = torch.arange(6.0).numpy()
        tensor = _fts.Tensor(array)
        array[0] = 7
        self.assertEqual(torch.from_dlpack(tensor)[0].item(), 7)
        with self.assertRaisesRegex(TypeError, "a torch.Tensor is needed"):
            _fts.Tensor("no tensor")


class TwoRanksTest(unittest.TestCase):
    @unittest.skipIf(RANKS > 1, "this is a rank")
    def test_the_same_on_two_ranks(self):
        run_two_ranks(self, __file__)


if __name__ == "__main__":
    torch.set_num_threads(1)
    MESH = make_mesh()
    unittest.main()
