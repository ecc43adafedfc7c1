# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""A small GPT-2, thawed in three phases by Hugging Face's Trainer.

    python examples/python/huggingface_finetune.py
    torchrun --nproc-per-node 2 examples/python/huggingface_finetune.py

The data are made here: rows of letters that count up from any letter. Prints one
line an epoch. Needs the wheel of //bindings/python:wheel, transformers and
accelerate.
"""

import tempfile

import torch
import transformers
from fts.huggingface import FinetuningSchedulerCallback

SCHEDULE = {
    0: {"params": ["lm_head.*", r"transformer\.ln_f.*"], "max_transition_epoch": 2},
    1: {"params": [r"transformer\.h\.1\..*"], "max_transition_epoch": 4, "lr": 1e-2},
    2: {"params": [r"transformer\.(wte|wpe|h\.0).*"], "lr": 5e-3},
}
LETTERS, LENGTH = 26, 12


class Alphabet(torch.utils.data.Dataset):
    """c d e f ..., from a letter that the index chooses."""

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        row = (torch.arange(LENGTH) + 7 * index) % LETTERS
        return {"input_ids": row, "labels": row}


class Report(transformers.TrainerCallback):
    def __init__(self, scheduler):
        self.scheduler = scheduler

    def on_evaluate(self, args, state, control, metrics=None, model=None, **kwargs):
        if not state.is_world_process_zero:
            return
        trained = sum(p.requires_grad for p in model.parameters())
        print(f"epoch {round(state.epoch) - 1} phase {self.scheduler.phase}: {trained} "
              f"tensors train, eval_loss {metrics['eval_loss']:.4f}", flush=True)


def main():
    transformers.logging.set_verbosity_error()
    transformers.set_seed(0)
    model = transformers.GPT2LMHeadModel(
        transformers.GPT2Config(
            vocab_size=LETTERS, n_positions=LENGTH, n_embd=32, n_layer=2, n_head=2,
            tie_word_embeddings=False,
        )
    )  # fmt: skip
    scheduler = FinetuningSchedulerCallback(
        SCHEDULE, early_stopping={"patience": 3}, restore_best=True
    )
    with tempfile.TemporaryDirectory() as folder:
        trainer = transformers.Trainer(
            model,
            transformers.TrainingArguments(
                folder,
                num_train_epochs=7,
                per_device_train_batch_size=8,
                learning_rate=2e-2,
                eval_strategy="epoch",
                save_strategy="no",
                logging_strategy="no",
                report_to=[],
                disable_tqdm=True,
                use_cpu=not torch.cuda.is_available(),
            ),
            train_dataset=Alphabet(104),
            eval_dataset=Alphabet(26),
            callbacks=[scheduler, Report(scheduler)],
        )
        trainer.remove_callback(transformers.PrinterCallback)
        trainer.train()


if __name__ == "__main__":
    main()
