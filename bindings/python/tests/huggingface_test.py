# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""fts.huggingface with transformers' own Trainer: a small GPT-2 from a config,
in one process and in two."""

import json
import logging
import os
import sys
import tempfile
import unittest
import warnings

import torch
import transformers
import two_ranks
from two_ranks import RANKS

import fts
from fts.huggingface import FinetuningSchedulerCallback

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()
logging.getLogger("fts").setLevel(logging.ERROR)

SCHEDULE = {
    0: {"params": ["lm_head.*", r"transformer\.ln_f.*"], "max_transition_epoch": 1},
    1: {"params": [r"transformer\.h\.1\..*"], "max_transition_epoch": 2, "lr": 0.2},
    2: {"params": [r"transformer\.(wte|wpe|h\.0).*"], "lr": 0.1},
}
ROWS = 16


class Rows(torch.utils.data.Dataset):
    def __init__(self, seed, count=ROWS):
        generator = torch.Generator().manual_seed(seed)
        self.rows = torch.randint(0, 32, (count, 8), generator=generator)

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        return {"input_ids": self.rows[index], "labels": self.rows[index]}


class InOrder(transformers.Trainer):
    """Without shuffling, so that the world does not change the batches."""

    def _get_train_sampler(self, *args, **kwargs):
        return torch.utils.data.SequentialSampler(self.train_dataset)


def gpt2():
    torch.manual_seed(0)
    return transformers.GPT2LMHeadModel(transformers.GPT2Config(
        vocab_size=32, n_positions=8, n_embd=16, n_layer=2, n_head=2, n_inner=32,
        tie_word_embeddings=False, attn_pdrop=0, embd_pdrop=0, resid_pdrop=0))


class Seeing(transformers.TrainerCallback):
    """Phase, rates and trained parameters of every step."""

    def __init__(self, fts_callback):
        self.callback, self.steps = fts_callback, []

    def on_step_begin(self, args, state, control, **kwargs):
        groups = kwargs["optimizer"].param_groups
        self.steps.append((
            self.callback.phase, [g["lr"] for g in groups],
            sum(p.requires_grad for p in kwargs["model"].parameters())))


class HuggingfaceTest(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.folder = self._folder.name

    def train(self, schedule=SCHEDULE, resume=None, arguments=None, folder=None,
              **options):
        """(seen steps, trainer, model)"""
        model = gpt2()
        callback = FinetuningSchedulerCallback(schedule, **options)
        seeing = Seeing(callback)
        arguments = {
            "num_train_epochs": 4, "per_device_train_batch_size": 4 // RANKS,
            "learning_rate": 0.5, "optim": "sgd", "eval_strategy": "epoch",
            "save_strategy": "no", "report_to": [], "disable_tqdm": True,
            "use_cpu": True, "logging_strategy": "no", "seed": 3,
            **(arguments or {})}
        trainer = InOrder(
            model, transformers.TrainingArguments(folder or self.folder, **arguments),
            train_dataset=Rows(1), eval_dataset=Rows(2, 8),
            callbacks=[callback, seeing])
        trainer.remove_callback(transformers.PrinterCallback)
        trainer.model_accepts_loss_kwargs = False  # the model's own mean
        trainer.train(resume_from_checkpoint=resume)
        return seeing.steps, trainer, model

    def plain(self):
        """The same three phases by hand, over whole batches."""
        model, rows = gpt2(), Rows(1).rows
        named = dict(model.named_parameters())
        chosen = [("lm_head", "transformer.ln_f"), ("transformer.h.1.",),
                  ("transformer.wte", "transformer.wpe", "transformer.h.0.")]
        rates, optimizer, total = [0.5, 0.2, 0.1], None, 16
        for p in named.values():
            p.requires_grad_(False)
        base, step = [], 0
        for epoch in range(4):
            if epoch < 3:
                group = [p.requires_grad_(True) for n, p in named.items()
                         if n.startswith(chosen[epoch])]
                new = {"params": group, "lr": rates[epoch]}
                base.append(rates[epoch])
                if optimizer is None:
                    optimizer = torch.optim.SGD([new])
                else:
                    optimizer.add_param_group(new)
            for batch in rows.split(4):
                loss = model(input_ids=batch, labels=batch).loss
                loss.backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                optimizer.zero_grad()
                step += 1
                # The Trainer's linear schedule; a new group starts at its own rate.
                for rate, one in zip(base, optimizer.param_groups):
                    one["lr"] = rate * (total - step) / total
        return named

    def check(self, model, what):
        wanted = self.plain()
        for name, parameter in model.named_parameters():
            torch.testing.assert_close(
                parameter.detach(), wanted[name].detach(), rtol=1e-4, atol=1e-6,
                msg=lambda text, n=name: "%s: %s: %s" % (what, n, text))

    @unittest.skipIf(RANKS == 1, "two ranks")
    def test_ddp(self):
        """Parameters that thaw late are averaged over the ranks, too."""
        steps, _, model = self.train(restore_best=False)
        self.assertEqual([0] * 4 + [1] * 4 + [2] * 8, [s[0] for s in steps])
        self.check(model, "ddp")

    @unittest.skipIf(RANKS > 1, "one process")
    def test_two_ranks(self):
        two_ranks.run_two_ranks(self, __file__)

    @unittest.skipIf(RANKS > 1, "one process")
    def test_three_phases(self):
        steps, trainer, model = self.train(restore_best=False)
        self.assertEqual([0] * 4 + [1] * 4 + [2] * 8, [s[0] for s in steps])
        self.assertEqual([3] * 4 + [15] * 4 + [29] * 8, [s[2] for s in steps])
        self.assertEqual([0.5], steps[0][1])
        self.assertEqual(0.2, steps[4][1][1])  # a new group's own rate
        self.assertAlmostEqual(0.2 * 11 / 16, steps[5][1][1], 12)
        self.assertEqual(3, len(steps[8][1]))
        self.check(model, "one process")
        self.assertTrue(os.path.exists(
            self.folder + "/GPT2LMHeadModel_ft_schedule.yaml"))

    @unittest.skipIf(RANKS > 1, "one process")
    def test_resume_gives_the_same_run(self):
        saving = {"save_strategy": "epoch", "weight_decay": 0.1,
                  "optim": "adamw_torch", "learning_rate": 5e-3}
        steps, _, model = self.train(restore_best=False, arguments=saving)
        for epoch in (1, 2):
            more, trainer, again = self.train(
                restore_best=False, arguments=saving,
                resume="%s/checkpoint-%d" % (self.folder, 4 * epoch),
                folder=self.folder + "/again")
            self.assertEqual(steps[4 * epoch:], more)
            for (name, a), b in zip(model.named_parameters(), again.parameters()):
                torch.testing.assert_close(a, b, rtol=0, atol=0, msg=name)
        # With decay there are two groups a phase, as the Trainer makes them.
        self.assertEqual(2, len(steps[0][1]))
        self.assertEqual([0.1, 0.0], [
            g["weight_decay"] for g in trainer.optimizer.param_groups[:2]])

    @unittest.skipIf(RANKS > 1, "one process")
    def test_early_stopping_by_evaluations_in_mid_epoch(self):
        """Patience counts evaluations; the last phase ends the run at once."""
        schedule = {0: {"params": ["lm_head.*"]}, 1: {"params": ["transformer.ln_f.*"]}}
        steps, trainer, _ = self.train(
            schedule, early_stopping={"patience": 2, "min_delta": 100.0},
            arguments={"eval_strategy": "steps", "eval_steps": 1,
                       "num_train_epochs": 9})
        # The first validation is the best; two more end phase 0 within epoch 0,
        # and two of phase 1 the run.
        self.assertEqual([0] * 4 + [1] * 2, [s[0] for s in steps])
        self.assertTrue(trainer.control.should_training_stop)
        self.assertIn("early stopping", trainer.callback_handler.callbacks[-2]
                      .scheduler.finish_reason)
        # An evaluation after the run is nothing to the scheduler.
        trainer.evaluate()

    @unittest.skipIf(RANKS > 1, "one process")
    def test_restore_best(self):
        """A phase begins from the best evaluation: here the first one."""
        kept = {}

        class Keeping(transformers.TrainerCallback):
            def on_evaluate(self, args, state, control, model=None, **kwargs):
                if state.global_step == 4:
                    kept.update({n: p.detach().clone()
                                 for n, p in model.named_parameters()})

            def on_step_begin(self, args, state, control, model=None, **kwargs):
                if state.global_step == 8:
                    kept["same"] = all(torch.equal(kept[n], p)
                                       for n, p in model.named_parameters())

        model = gpt2()
        schedule = {0: {"params": ["lm_head.*"], "max_transition_epoch": 2},
                    1: {"params": ["transformer.ln_f.*"]}}
        callback = FinetuningSchedulerCallback(
            schedule, monitor="samples", mode="max",
            early_stopping={"patience": 9})
        values = iter([3.0, 2.0, 1.0])
        trainer = InOrder(
            model, transformers.TrainingArguments(
                self.folder, num_train_epochs=3, per_device_train_batch_size=4,
                eval_strategy="epoch", save_strategy="no", report_to=[],
                disable_tqdm=True, use_cpu=True, logging_strategy="no"),
            train_dataset=Rows(1), eval_dataset=Rows(2, 8),
            compute_metrics=lambda _: {"samples": next(values)},
            callbacks=[callback, Keeping()])
        trainer.remove_callback(transformers.PrinterCallback)
        trainer.train()
        self.assertTrue(kept["same"])

    @unittest.skipIf(RANKS > 1, "one process")
    def test_new_optimizer_and_token_limits(self):
        schedule = {
            0: {"params": ["lm_head.*"], "max_transition_tokens": 4 * 8 * 3},
            1: {"params": ["transformer.ln_f.*"], "new_optimizer": {"optimizer_init": {
                "class_path": "torch.optim.SGD", "init_args": {"lr": 0.1}}}}}
        steps, trainer, _ = self.train(
            schedule, restore_best=False,
            arguments={"optim": "adamw_torch", "include_num_input_tokens_seen": "all"})
        self.assertEqual([0] * 3 + [1] * 13, [s[0] for s in steps])
        self.assertIsInstance(trainer.optimizer.optimizer, torch.optim.SGD)

    @unittest.skipIf(RANKS > 1, "one process")
    def test_mistakes(self):
        for text, kind, schedule, arguments in (
                ("h.9", fts.InvalidScheduleError, {0: {"params": ["h.9"]}}, {}),
                ("new_lr_scheduler", fts.NotSupportedError, {
                    **SCHEDULE, 1: {**SCHEDULE[1], "new_lr_scheduler": {
                        "lr_scheduler_init": {
                            "class_path": "torch.optim.lr_scheduler.StepLR",
                            "init_args": {"step_size": 1}}}}}, {}),
                ("include_num_input_tokens_seen", fts.InputError, {
                    0: {"params": ["lm_head.*"], "max_transition_tokens": 5},
                    1: {"params": ["transformer.ln_f.*"]}}, {})):
            with self.assertRaises(kind) as raised:
                self.train(schedule, arguments=arguments)
            self.assertIn(text, str(raised.exception))
        self.assertEqual("x.yaml", json.loads(json.dumps(
            FinetuningSchedulerCallback("x.yaml").state()))["args"]["schedule"])


if __name__ == "__main__":
    program = unittest.main(exit=False, verbosity=2 if RANKS > 1 else 1)
    sys.stdout.flush()
    sys.stderr.flush()
    if RANKS > 1:
        # Gloo may abort in the interpreter's own exit.
        os._exit(0 if program.result.wasSuccessful() else 1)
    sys.exit(not program.result.wasSuccessful())
