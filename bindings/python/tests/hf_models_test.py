# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Hugging Face's GPT-2 and Llama as transformers has them, through three phases
on two ranks: our engine gives the losses of torch's fully_shard.

Runs itself again as two ranks, which do all of the work.
"""

import sys
import unittest

from two_ranks import RANK, RANKS, run_two_ranks

_STEPS = 4  # an epoch
_BATCH = 4  # over all ranks
_VOCABULARY = 61


def models():
    from transformers import (
        GPT2Config,
        GPT2LMHeadModel,
        LlamaConfig,
        LlamaForCausalLM,
    )

    yield (
        "gpt2",
        lambda: GPT2LMHeadModel(
            GPT2Config(
                vocab_size=_VOCABULARY, n_positions=32, n_embd=32, n_layer=3,
                n_head=4, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
            )
        ),
        {
            0: {"params": [r"transformer\.ln_f.*"], "max_transition_epoch": 1},
            1: {"params": [r"transformer\.h\.2\..*"], "max_transition_epoch": 2,
                "lr": 1e-3},
            2: {"params": [r"transformer\.h\.[01]\..*", r"transformer\.w.*"],
                "max_transition_epoch": 3, "lr": 5e-4},
        },
        {"fsdp_plan": {r"transformer\.h\.\d+$": {}}, "unplanned": "shard"},
    )  # fmt: skip
    yield (
        "llama",
        lambda: LlamaForCausalLM(
            LlamaConfig(
                vocab_size=_VOCABULARY, hidden_size=32, intermediate_size=48,
                num_hidden_layers=3, num_attention_heads=4,
                num_key_value_heads=2, max_position_embeddings=32,
                tie_word_embeddings=False,
            )
        ),
        {
            0: {"params": [r"lm_head.*", r"model\.norm.*"],
                "max_transition_epoch": 1},
            1: {"params": [r"model\.layers\.2\..*"], "max_transition_epoch": 2,
                "lr": 1e-3},
            2: {"params": [r"model\.layers\.[01]\..*", r"model\.embed.*"],
                "max_transition_epoch": 3, "lr": 5e-4},
        },
        {
            "fsdp_default_kwargs": {"act_ckpt": ["composable"]},
            "fsdp_plan": {r"model\.layers\.\d+$": {}, "lm_head": {"act_ckpt": None}},
        },
    )  # fmt: skip


def losses(make, schedule, plan, backend):
    import torch

    import fts

    torch.manual_seed(7)
    model = make()
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, foreach=False)
    scheduler = fts.Scheduler(
        model,
        schedule=schedule,
        optimizer=optimizer,
        strategy_adapter_cfg=plan,
        backend=backend,
        epoch_transitions_only=True,
        has_validation=False,
        restore_best=False,
        max_epochs=3,
    )
    found, phases = [], []
    for epoch in scheduler.epochs():
        for step in scheduler.steps(range(_STEPS)):
            generator = torch.Generator().manual_seed(100 * epoch + step)
            # Counting up from anywhere: something to learn.
            start = torch.randint(_VOCABULARY, (_BATCH, 1), generator=generator)
            tokens = (start + torch.arange(16)) % _VOCABULARY
            tokens = tokens[RANK::RANKS]
            loss = model(input_ids=tokens, labels=tokens).loss
            loss.backward()
            scheduler.clip_grad_norm_(1.0)
            optimizer.step()
            optimizer.zero_grad()
            found += scheduler.backend.mean([loss.item()])
            phases.append(scheduler.phase)
    return found, phases


class HfModelsTest(unittest.TestCase):
    @unittest.skipIf(RANKS == 1, "the ranks do it")
    def test_native_equals_torch(self):
        import torch

        for name, make, schedule, plan in models():
            for bound in ("auto", "off"):
                with self.subTest(model=name, binding=bound):
                    native, phases = losses(
                        make, schedule, {**plan, "binding": bound}, "native"
                    )
                    wanted, _ = losses(make, schedule, plan, "torch")
                    self.assertEqual(phases, sorted([0, 1, 2] * _STEPS))
                    torch.testing.assert_close(
                        torch.tensor(native, dtype=torch.float64),
                        torch.tensor(wanted, dtype=torch.float64),
                        rtol=1e-6,
                        atol=0,
                    )
                    self.assertLess(native[-1], native[0])

    @unittest.skipIf(RANKS > 1, "this is a rank")
    def test_on_two_ranks(self):
        run_two_ranks(self, __file__)


if __name__ == "__main__":
    if RANKS > 1:
        import torch
        import torch.distributed as dist

        torch.set_num_threads(1)
        dist.init_process_group("gloo")
        result = unittest.main(exit=False).result
        dist.destroy_process_group()
        sys.exit(not result.wasSuccessful())
    unittest.main()
