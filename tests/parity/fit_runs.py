# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Runs `fts fit` for the parity tests and compares what it left behind."""

import copy
import dataclasses
import json
import os
import subprocess
import tempfile
from typing import Dict, List

import torch
import transformers
from safetensors.torch import load_file

import reference_training as reference

SEQ_LEN = 32
GLOBAL_BATCH = 8
STEPS_PER_EPOCH = 12
CLIP = 1.2
HEAD = ["lm_head.weight", "model.norm.weight"]
LAST_LAYER = [r"model\.layers\.3\..*"]
REST = [r"model\.layers\.[0-2]\..*", r"model\.embed_tokens\.weight"]


def runfile(path):
    return os.path.join(os.environ["TEST_SRCDIR"],
                        os.environ.get("TEST_WORKSPACE", "fts"), path)


def new_folder():
    return tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))


def native_name(name):
    """A Hugging Face name in torchtitan's spelling, under the root `model`."""
    name = name if name.startswith("model.") else "model." + name
    for theirs, ours in (
            ("embed_tokens", "tok_embeddings"), ("lm_head", "output"),
            ("self_attn.q_proj", "attention.wq"),
            ("self_attn.k_proj", "attention.wk"),
            ("self_attn.v_proj", "attention.wv"),
            ("self_attn.o_proj", "attention.wo"),
            ("mlp.gate_proj", "feed_forward.w1"),
            ("mlp.down_proj", "feed_forward.w2"),
            ("mlp.up_proj", "feed_forward.w3"),
            ("input_layernorm", "attention_norm"),
            ("post_attention_layernorm", "ffn_norm")):
        name = name.replace(theirs, ours)
    return name


def make_model(folder, tied, seed=0, **overrides):
    """Saves a small random Llama; norms are not all ones."""
    options = dict(
        vocab_size=256, hidden_size=64, intermediate_size=112,
        num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=64, rms_norm_eps=1e-5, initializer_range=0.05,
        tie_word_embeddings=tied, bos_token_id=None, eos_token_id=None)
    options.update(overrides)
    torch.manual_seed(seed)
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**options))
    for name, parameter in model.named_parameters():
        if "norm" in name:
            torch.nn.init.normal_(parameter, mean=1.0, std=0.1)
    model.save_pretrained(folder)


def text(name, samples, spare=5):
    """The first bytes of a bundled text: `samples` samples and a rest."""
    with open(runfile("examples/data/" + name), "rb") as f:
        return f.read(samples * SEQ_LEN + 1 + spare)


@dataclasses.dataclass
class Run:
    steps: List[dict]
    validations: List[dict]
    phases: List[dict]
    end: dict
    folder: str
    weights: Dict[str, torch.Tensor]  # Hugging Face names

    def losses(self):
        return [step["loss"] for step in self.steps]


class Bench:
    """A model and data in a folder, and runs over them."""

    def __init__(self, tied=False, **overrides):
        self.folder = new_folder()
        self.model = os.path.join(self.folder, "model")
        make_model(self.model, tied, **overrides)
        # 99 samples: 12 steps of 8, and 3 left over. 45 to validate: with 8 at
        # a time the last batch is short, and some ranks have none of it.
        self.train = text("jargon_train.txt",
                          STEPS_PER_EPOCH * GLOBAL_BATCH + 3)
        self.val = text("jargon_val.txt", 45)
        for name, data in (("train", self.train), ("val", self.val)):
            with open(os.path.join(self.folder, name + ".txt"), "wb") as f:
                f.write(data)
        self.runs = 0

    def config(self):
        """As examples/llama_fsdp_auto.yaml, smaller and without randomness."""
        return {
            "seed": 42,
            "model": {"arch": "llama", "path": self.model},
            "data": {
                "train": {"path": os.path.join(self.folder, "train.txt"),
                          "format": "text"},
                "val": {"path": os.path.join(self.folder, "val.txt"),
                        "format": "text"},
                "seq_len": SEQ_LEN, "global_batch_size": GLOBAL_BATCH,
            },
            "trainer": {"max_epochs": 3, "accumulate": 2, "threads": 1,
                        "clip_grad_norm": CLIP},
            "optimizer": {"name": "adamw", "lr": 1e-3, "weight_decay": 0.1},
            "lr_scheduler": {"name": "step_lr", "step_size": 1, "gamma": 0.7,
                             "interval": "epoch"},
            "schedule": runfile("examples/llama_ft_schedule.yaml"),
            "scheduler": {"base_max_lr": 1e-3, "restore_best": False},
            "early_stopping": {"monitor": "val_loss", "patience": 100},
            "strategy_adapter_cfg": {
                "fsdp_default_kwargs": {
                    "reshard_after_forward": True,
                    "act_ckpt": ["composable"],
                    "cpu_offload_policy": {},
                },
                "fsdp_plan": {"model.output": {}, r"model.layers.\d*$": {}},
            },
        }

    def settings(self, **changes):
        """What the reference must do for config()."""
        options = dict(
            model=self.model, train=self.train, val=self.val,
            seq_len=SEQ_LEN, global_batch=GLOBAL_BATCH, epochs=3,
            clip=CLIP,
            phases=[reference.Phase(HEAD, until_epoch=1),
                    reference.Phase(LAST_LAYER, until_epoch=2),
                    reference.Phase(REST)],
            lr_scheduler=lambda optimizer: torch.optim.lr_scheduler.StepLR(
                optimizer, step_size=1, gamma=0.7))
        options.update(changes)
        return reference.Settings(**options)

    def fit(self, config, world, binding="off"):
        """One run; unless the config says how, units are gathered one by one."""
        config = dict(config)
        config["strategy_adapter_cfg"] = dict(
            {"binding": binding}, **config.get("strategy_adapter_cfg", {}))
        self.runs += 1
        out = os.path.join(self.folder, "run%d" % self.runs)
        config = copy.deepcopy(config)
        config["output_dir"] = out
        config["trainer"]["cpu_ranks"] = world
        path = os.path.join(self.folder, "run%d.yaml" % self.runs)
        with open(path, "w", encoding="utf-8") as f:
            json.dump(config, f)  # JSON is YAML
        fts = os.environ.get("FTS_BINARY") or runfile("fts/cli/fts")
        run = subprocess.run(
            [fts, "fit", "--config", path], capture_output=True, text=True,
            check=False, env=dict(os.environ, OMP_NUM_THREADS="1"))
        if run.returncode != 0:
            raise AssertionError("fts fit: exit code %d\n%s\n%s" % (
                run.returncode, run.stdout, run.stderr))
        events = {}
        with open(os.path.join(out, "metrics.jsonl"), encoding="utf-8") as f:
            for line in f:
                event = json.loads(line)
                events.setdefault(event["event"], []).append(event)
        return Run(events["train_step"], events.get("validation", []),
                   events["phase"], events["run_end"][0], out,
                   load_file(os.path.join(out, "export/model.safetensors")))

    def write_tokens(self, name, width):
        """A text of config() as a file of `width`-byte tokens; its path."""
        path = os.path.join(self.folder, "%s%d.bin" % (name, width))
        data = self.train if name == "train" else self.val
        with open(path, "wb") as f:
            for byte in data:
                f.write(byte.to_bytes(width, "little"))
        return path


TOLERANCES = dict(loss=1e-6, val_loss=1e-6, grad_norm=1e-5, weights=1e-5,
                  lr=1e-12)


def assert_agree(run, wanted, label, **tolerances):
    """Raises AssertionError unless `deviations` are within the tolerances."""
    worst = deviations(run, wanted)
    print(label, " ".join("%s %.1e" % item for item in worst.items()),
          flush=True)
    tolerances = dict(TOLERANCES, **tolerances)
    beyond = {key: value for key, value in worst.items()
              if not value <= tolerances[key]}
    if beyond:
        raise AssertionError("%s: beyond %s: %s" % (label, tolerances, beyond))


def moved(run, start):
    """Names of the tensors that differ from the start in any bit."""
    return {name for name, tensor in start.items()
            if not torch.equal(run.weights[name], tensor)}


def relative(a, b):
    return abs(a - b) / abs(b)


def deviations(run, wanted):
    """Largest relative differences between two runs; they must be in step.

    Steps, epochs, phases and learning rates are compared here.
    """
    place = ("step", "epoch", "phase")
    worst = dict(loss=0.0, grad_norm=0.0, val_loss=0.0, weights=0.0, lr=0.0)
    pairs = [(run.steps, wanted.steps), (run.validations, wanted.validations)]
    for mine, theirs in pairs:
        if len(mine) != len(theirs):
            raise AssertionError("%d lines, not %d" % (len(mine), len(theirs)))
        for a, b in zip(mine, theirs):
            if any(a[key] != b[key] for key in place):
                raise AssertionError("%s, not %s" % (a, b))
            for key in ("loss", "grad_norm", "val_loss"):
                if key in b:
                    worst[key] = max(worst[key], relative(a[key], b[key]))
            if "lr" in b:
                if len(a["lr"]) != len(b["lr"]):
                    raise AssertionError("%s, not %s" % (a, b))
                for x, y in zip(a["lr"], b["lr"]):
                    worst["lr"] = max(worst["lr"], relative(x, y))
    if set(run.weights) != set(wanted.weights):
        raise AssertionError("other tensors: %s" % sorted(
            set(run.weights) ^ set(wanted.weights)))
    for name, tensor in wanted.weights.items():
        difference = (run.weights[name].double() - tensor.double()).norm()
        worst["weights"] = max(
            worst["weights"], (difference / tensor.double().norm()).item())
    return worst


# So much larger than any weight that the weights after a step of plain SGD are
# the gradients, and a power of two, so that they are so to the last bit.
HUGE = 2.0 ** 40


def one_step_gradients(bench, one, world):
    """Of the first step of a config's run, were everything trained in it."""
    for key in ("schedule", "scheduler", "early_stopping", "lr_scheduler"):
        del one[key]
    del one["data"]["val"]
    del one["trainer"]["clip_grad_norm"]
    one["trainer"].update(max_epochs=1, steps_per_epoch=1)
    one["optimizer"] = {"name": "sgd", "lr": HUGE}
    run = bench.fit(one, world)
    return {name: tensor / -HUGE for name, tensor in run.weights.items()}


def worst_gradient(got, wanted):
    """Largest ||a - b|| / ||b|| of a tensor, and its name."""
    assert set(got) == set(wanted), set(got) ^ set(wanted)
    return max(
        ((got[name].double() - tensor.double()).norm().item() /
         tensor.double().norm().item(), name)
        for name, tensor in wanted.items())
