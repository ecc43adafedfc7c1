# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Tensor parallelism under both backends, against the same model in one piece: a
transformer of one's own, and Hugging Face's Llama. Runs itself as two ranks."""

import copy
import json
import os
import shutil
import tempfile
import unittest
import warnings

import torch
import torch.distributed as dist
from torch import nn
from toy_transformer import (
    EPOCHS, HF_PHASES, NATIVE_PHASES, SGD, STEPS, VOCABULARY, WIDTH, Transformer,
    batch, llama, logits_of, plain, schedule_of,
)  # fmt: skip
from two_ranks import RANK, RANKS, run_two_ranks

import fts
from fts import _fts
from fts.backends.tp_parts import Part, parts_of

PLANS = {
    "sequence": {"tp_plan": "llama"},
    "sequence, loss": {"tp_plan": "llama", "loss_parallel": True},
    "whole": {"tp_plan": "llama", "sequence_parallel": False},
    "whole, loss": {
        "tp_plan": "llama", "sequence_parallel": False, "loss_parallel": True},
}  # fmt: skip


def scheduler_of(model, plan, backend, phases, **options):
    options.setdefault("optimizer", SGD(model.parameters()))
    options.setdefault("mesh", {"tp": RANKS})
    return fts.Scheduler(
        model, schedule=schedule_of(phases), strategy_adapter_cfg=plan,
        backend=backend, max_epochs=EPOCHS, restore_best=False,
        **options,
    )  # fmt: skip


def trained(scheduler, until=EPOCHS):
    losses = []
    for epoch in scheduler.epochs():
        for pair in scheduler.steps([batch(10 * epoch + s) for s in range(STEPS)]):
            tokens, labels = pair
            loss = scheduler.token_loss(logits_of(scheduler.model, tokens), labels)
            loss.backward()
            norm = scheduler.clip_grad_norm_(2.0)
            scheduler.optimizer.step()
            scheduler.optimizer.zero_grad()
            losses += [loss.item(), norm]
        scheduler.validation_end({"val_loss": float(-epoch)})
        if epoch + 1 == until:
            scheduler.epoch_end()
            break
    return losses


@unittest.skipIf(RANKS == 1, "needs ranks")
class TrainingTest(unittest.TestCase):
    def check(self, make, phases, plans):
        wanted, weights = plain(make, phases)
        for backend in ("native", "torch"):
            for name, plan in plans.items():
                with self.subTest(backend=backend, plan=name):
                    scheduler = scheduler_of(make(), plan, backend, phases)
                    losses = trained(scheduler)
                    torch.testing.assert_close(losses, wanted, rtol=1e-5, atol=1e-6)
                    whole = scheduler.backend.full_state_dict()
                    self.assertEqual(set(whole), set(weights))
                    for key, value in whole.items():
                        torch.testing.assert_close(
                            value, weights[key], rtol=1e-4, atol=2e-5)

    def test_a_transformer_of_one_s_own(self):
        self.check(Transformer, NATIVE_PHASES, PLANS)

    def test_units_and_checkpointing_around_it(self):
        plan = {
            **PLANS["sequence, loss"], "binding": "off",
            "fsdp_plan": {r"layers\.\d+$": {"act_ckpt": "composable"}, "output": {}},
        }  # fmt: skip
        self.check(Transformer, NATIVE_PHASES, {"units": plan})

    def test_llama_of_transformers(self):
        plans = {name: PLANS[name] for name in ("whole", "whole, loss")}
        self.check(llama, HF_PHASES, plans)

    def test_torch_s_gradients_are_whole_when_they_are_read(self):
        scheduler = scheduler_of(
            Transformer(), PLANS["sequence"], "torch", NATIVE_PHASES)  # fmt: skip
        scheduler.run_start()
        tokens, labels = batch(0)
        loss = scheduler.token_loss(logits_of(scheduler.model, tokens), labels)
        loss.backward()
        weight = scheduler.model.norm.weight
        self.assertTrue(weight.grad.placements[-1].is_partial())
        scheduler.sync_gradients()
        self.assertTrue(weight.grad.placements[-1].is_replicate())

    def test_a_tied_vocabulary(self):
        phases = [["model.embed_tokens"], ["model.layers.1"], ["model.layers.0"]]
        self.check(lambda: llama(tied=True), phases, {"loss": PLANS["whole, loss"]})


@unittest.skipIf(RANKS == 1, "needs ranks")
class NativeTest(unittest.TestCase):
    def test_parameters_are_this_rank_s_parts(self):
        model = Transformer()
        before = {n: (id(p), p.detach().clone()) for n, p in model.named_parameters()}
        plan = {**PLANS["sequence"],
                "fsdp_plan": {r"layers\.\d+\.(attention|feed_forward)$": {
                    "act_ckpt": "composable"}}}  # fmt: skip
        scheduler = scheduler_of(model, plan, "native", NATIVE_PHASES)
        shapes = {n: tuple(p.shape) for n, p in model.named_parameters()}
        self.assertEqual(shapes["tok_embeddings.weight"], ((17, 16), (16, 16))[RANK])
        self.assertEqual(shapes["layers.0.attention.wk.weight"], (4, 16))
        self.assertEqual(shapes["layers.0.attention.wo.weight"], (16, 8))
        self.assertEqual(shapes["layers.0.attention.wo.bias"], (16,))
        self.assertEqual(shapes["norm.weight"], (16,))
        self.assertEqual((scheduler.dp_rank, scheduler.dp_size), (0, 1))
        self.assertEqual((scheduler.rank, scheduler.world_size), (RANK, 2))
        # Whole values come out, and go in.
        for name, value in model.state_dict().items():
            self.assertEqual(id(dict(model.named_parameters())[name]), before[name][0])
            torch.testing.assert_close(value, before[name][1], rtol=0, atol=0)
        other = {n: torch.randn(v.shape) for n, (_, v) in before.items()}
        model.load_state_dict(other)
        copied = copy.deepcopy(model)
        for name, value in copied.state_dict().items():
            torch.testing.assert_close(value, other[name], rtol=0, atol=0)
        tokens, _ = batch(0)
        torch.testing.assert_close(
            model(tokens), copied(tokens), rtol=1e-4, atol=1e-4)
        with self.assertRaisesRegex(RuntimeError, r"output.weight.*\[33, 16\]"):
            model.load_state_dict({**other, "output.weight": torch.zeros(17, 16)})
        scheduler.detach()
        self.assertEqual(model.output.weight.shape, (33, 16))
        torch.testing.assert_close(model(tokens), copied(tokens), rtol=0, atol=0)

    def test_three_readers_share_one_gather(self):
        model = Transformer()
        scheduler_of(model, PLANS["sequence"], "native", NATIVE_PHASES)
        seen, convert, prepare = [], _fts.tp_convert, _fts.tp_convert_for_readers

        def counted(mesh, x, source, to, label, whole):
            seen.append((label, "-".join(source), "-".join(to)))
            return convert(mesh, x, source, to, label, whole)

        def prepared(mesh, x, source, label):
            seen.append((label, "-".join(source), "for readers"))
            return prepare(mesh, x, source, label)

        _fts.tp_convert, _fts.tp_convert_for_readers = counted, prepared
        try:
            model.requires_grad_(True)
            model(batch(0)[0])
        finally:
            _fts.tp_convert, _fts.tp_convert_for_readers = convert, prepare
        part, term = "shard(1)-shard(1)", "partial-replicate"
        # Nothing of wq, wk, wv, w1 and w3.
        self.assertEqual([s for s in seen if s[0].startswith("layers.0")], [
            ("layers.0.attention", part, "for readers"),
            ("layers.0.attention.wo", term, part),
            ("layers.0.feed_forward", part, "for readers"),
            ("layers.0.feed_forward.w2", term, part),
        ])  # fmt: skip

    def test_a_module_that_is_passed_by_is_told(self):
        class Past(nn.Module):
            def __init__(self):
                super().__init__()
                self.embed = nn.Embedding(8, 4)
                self.head = nn.Linear(4, 8, bias=False)
                self.past = False

            def forward(self, x):
                x = self.embed(x)
                if self.past:
                    return nn.functional.linear(x, self.head.weight)
                return self.head(x)

        plan = {"tp_plan": {"embed": "rowwise", "head": "colwise"},
                "loss_parallel": True}  # fmt: skip
        for optimizer in (None, {"name": "sgd", "lr": 0.1}):
            model = Past()
            scheduler = scheduler_of(
                model, plan, "native", [["head", "embed"]], **(
                    {"optimizer": optimizer} if optimizer else {}))  # fmt: skip
            scheduler.run_start()
            for model.past in (False, True):
                tokens = torch.arange(8)
                scheduler.token_loss(model(tokens), tokens).backward()
                if not model.past:
                    scheduler.optimizer.step()
                    continue
                with self.assertRaisesRegex(fts.StateError, "'head' was not called"):
                    scheduler.optimizer.step()

    def test_a_prepared_input_that_is_changed_in_place(self):
        class Body(nn.Module):
            def __init__(self):
                super().__init__()
                self.up, self.down = nn.Linear(4, 8), nn.Linear(8, 4)

            def forward(self, x):
                x.mul_(3)  # what the readers below get is another tensor now
                return self.down(torch.tanh(self.up(x)))

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                torch.manual_seed(2)
                self.embed = nn.Embedding(8, 4)
                self.body = Body()
                self.head = nn.Linear(4, 8)

            def forward(self, tokens):
                return self.head(self.body(self.embed(tokens)))

        def losses(model, optimizer, loss_of):
            found = []
            for _ in range(3):
                loss = loss_of(model(torch.arange(8)), torch.arange(8).flip(0))
                loss.backward()
                optimizer.step()
                optimizer.zero_grad()
                found.append(loss.item())
            return found

        whole = Net()
        wanted = losses(whole, SGD(whole.parameters()), nn.functional.cross_entropy)
        model = Net()
        plan = {"tp_plan": {
            "embed": "rowwise",
            "body": {"style": "prepare_input", "input": "replicate",
                     "compute": "replicate"},
            "body.up": "colwise", "body.down": "rowwise",
            "head": {"style": "colwise", "output": "replicate"}}}  # fmt: skip
        scheduler = scheduler_of(model, plan, "native", [["embed", "body", "head"]])
        scheduler.run_start()
        found = losses(model, scheduler.optimizer, scheduler.token_loss)
        torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)

    def test_a_refused_plan_leaves_the_model_as_it_was(self):
        model = nn.Sequential(nn.Embedding(8, 4, sparse=True), nn.Linear(4, 8))
        tokens = torch.arange(8)
        before = model(tokens)
        with self.assertRaisesRegex(fts.PlanError, "sparse"):
            scheduler_of(
                model, {"tp_plan": {"1": {"style": "colwise", "output": "replicate"},
                                    "0": "rowwise"}},
                "native", [["0", "1"]], optimizer=SGD(model.parameters()))
        self.assertFalse(any("forward" in m.__dict__ for m in model.modules()))
        torch.testing.assert_close(model(tokens), before, rtol=0, atol=0)

    def test_dropout_of_a_sequence_s_part_is_the_rank_s_own(self):
        class Dropped(nn.Module):
            def __init__(self):
                super().__init__()
                self.embed = nn.Embedding(8, 4)
                self.drop = nn.Dropout(0.5)
                self.head = nn.Linear(4, 8)

            def forward(self, x):
                self.kept = self.drop(torch.ones_like(self.embed(x)))
                return self.head(self.kept)

        plan = {"tp_plan": {
            "embed": {"style": "rowwise", "output": "shard(1)"}, "drop": "sequence",
            "head": {"style": "colwise", "input": "shard(1)", "output": "replicate"},
        }}  # fmt: skip
        model = Dropped()
        scheduler = scheduler_of(model, plan, "native", [["head"], ["embed"]])
        torch.manual_seed(1)
        x = torch.zeros(2, 8, dtype=torch.int64)
        model(x)
        masks = [torch.empty_like(model.kept) for _ in range(RANKS)]
        dist.all_gather(masks, model.kept.detach())
        self.assertFalse(torch.equal(masks[0], masks[1]))
        # What follows is common.
        after = torch.rand(1)
        self.assertEqual(scheduler.backend.mean([after.item()])[0], after.item())
        model.eval()
        model(x)
        torch.testing.assert_close(model.kept, torch.ones_like(model.kept))

    def test_a_checkpoint_resumes_under_any_mesh(self):
        wanted, _ = plain(Transformer, NATIVE_PHASES)
        folder = [tempfile.mkdtemp() if RANK == 0 else None]
        dist.broadcast_object_list(folder)

        def scheduler_under(kind, model):
            if kind == "split":
                plan = PLANS["sequence"]
                return scheduler_of(model, plan, "native", NATIVE_PHASES)
            # Two data-parallel ranks, which get the same rows here.
            plan = {"unplanned": "shard"}
            return scheduler_of(model, plan, "native", NATIVE_PHASES, mesh=None)

        for kinds in (("split", "flat"), ("flat", "split"), ("split", "split")):
            with self.subTest(kinds):
                path = os.path.join(folder[0], "-".join(kinds))
                first = scheduler_under(kinds[0], Transformer())
                losses = trained(first, until=2)
                first.save_checkpoint(path)
                model = Transformer()
                for parameter in model.parameters():
                    parameter.data.zero_()
                second = scheduler_under(kinds[1], model)
                second.load_checkpoint(path)
                losses += trained(second)
                torch.testing.assert_close(losses, wanted, rtol=1e-5, atol=1e-6)
        if RANK == 0:
            shutil.rmtree(folder[0])


class LossTest(unittest.TestCase):
    def test_it_is_torch_s(self):
        plans = {"split": PLANS["sequence, loss"]} if RANKS > 1 else {"whole": None}
        for backend in ("native", "torch"):
            for plan in plans.values():
                model = Transformer()
                # What is frozen has no graph; the loss's gradient is looked at.
                scheduler = scheduler_of(model, plan, backend, NATIVE_PHASES)
                scheduler.run_start()
                tokens, labels = batch(0)
                reference = Transformer()(tokens).flatten(0, 1)
                for reduction in ("mean", "sum"):
                    wanted = nn.functional.cross_entropy(
                        reference, labels.flatten(), reduction=reduction)
                    logits = logits_of(model, tokens)
                    loss = scheduler.token_loss(logits, labels, reduction=reduction)
                    torch.testing.assert_close(loss, wanted.detach())
                    other = labels.masked_fill(labels == -100, 77)
                    loss = scheduler.token_loss(
                        logits, other, reduction=reduction, ignore_index=77)
                    torch.testing.assert_close(loss, wanted.detach())
                with self.assertRaisesRegex(fts.InputError, "mean or sum"):
                    scheduler.token_loss(logits, labels, reduction="none")


class RefusalTest(unittest.TestCase):
    def refused(self, text, plan, backend="native", model=None, mesh=None):
        model = model or Transformer()
        with self.assertRaisesRegex(fts.PlanError, text):
            fts.Scheduler(
                model, schedule={0: {"params": [".*"]}}, strategy_adapter_cfg=plan,
                optimizer=torch.optim.SGD(model.parameters(), lr=0.1), max_epochs=1,
                mesh=mesh or {"tp": 2}, backend=backend)  # fmt: skip

    @unittest.skipIf(RANKS == 1, "needs ranks")
    def test_wrong_plans_give_our_errors(self):
        for backend in ("native", "torch"):
            self.refused("there is no tp_plan", None, backend)
            self.refused(
                "style is 'diagonal'|'diagonal'", {"tp_plan": {"output": "diagonal"}},
                backend)  # fmt: skip
            self.refused("'nope' matches no", {"tp_plan": {"nope": "colwise"}}, backend)
            self.refused(
                r"model of transformers.*sequence_parallel: false",
                {"tp_plan": "llama"}, backend, model=llama())  # fmt: skip
            strange = Transformer()
            strange.output = StrangeLinear()
            self.refused("'output' is no torch.nn.Linear", PLANS["sequence"], backend,
                         model=strange)
        self.refused("for 4 ranks along tp, and the mesh has 2",
                     fts.Plan({"tp_plan": "llama"}, Four(), tp=4), model=Four())
        table = Transformer()
        table.tok_embeddings.max_norm = 1.0
        self.refused("'tok_embeddings' has max_norm", PLANS["sequence"], model=table)
        table.tok_embeddings = ScaledEmbedding(VOCABULARY, WIDTH)
        self.refused("'tok_embeddings' has a forward that is not torch.nn.Embedding",
                     PLANS["sequence"], model=table)

    @unittest.skipIf(RANKS == 1, "needs ranks")
    def test_a_loss_of_the_model_s_own_is_refused(self):
        for backend in ("native", "torch"):
            model = llama()
            scheduler_of(model, PLANS["whole, loss"], backend, HF_PHASES)
            tokens, labels = batch(0)
            with self.assertRaisesRegex(fts.InputError, "scheduler.token_loss"):
                model(tokens, labels=labels)

    def test_heads_of_attention_are_known(self):
        heads = {
            module["name"]: module["heads"]
            for module in json.loads(fts.describe(llama()).to_json())[
                "modules"
            ]
            if "heads" in module
        }
        prefix = "model.layers.0.self_attn."
        self.assertEqual(
            {n: heads[prefix + n] for n in ("q_proj", "k_proj", "v_proj", "o_proj")},
            {"q_proj": 4, "k_proj": 2, "v_proj": 2, "o_proj": 4},
        )
        self.assertEqual(len(heads), 8)

    def test_parts_of_parameters(self):
        tp = {"size": 2, "parameters": {"w": ("shard(1)", False)}}
        (part,) = parts_of(tp, {"w": (2, 3)}, 1).values()
        self.assertEqual(part, Part((2, 3), 1, 2, 1))
        self.assertEqual(part.places(0, 2).tolist(), [2, 5])


class StrangeLinear(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(VOCABULARY, WIDTH))


class ScaledEmbedding(nn.Embedding):
    def forward(self, ids):
        return 2 * super().forward(ids)


class Four(Transformer):
    """With heads enough for four ranks."""

    def __init__(self):
        super().__init__()
        for layer in self.layers:
            layer.attention.n_kv_heads = 4


class TwoRanksTest(unittest.TestCase):
    @unittest.skipIf(RANKS > 1, "this is a rank")
    def test_the_same_on_two_ranks(self):
        run_two_ranks(self, __file__)


if __name__ == "__main__":
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", fts.FtsWarning)
    if RANKS > 1:
        dist.init_process_group("gloo")
    unittest.main()
