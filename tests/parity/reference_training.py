# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Scheduled fine-tuning of a Llama in plain PyTorch and transformers.

The other side of the parity tests, so it shares nothing with the product: one
process, whole tensors, torch.optim and torch's learning-rate schedulers, one
forward over the whole global batch. Parameters have Hugging Face names.
"""

import copy
import dataclasses
import math
import re
from typing import Callable, Dict, List, Optional, Tuple

import torch
import torch.nn.functional as F
import transformers

transformers.utils.logging.disable_progress_bar()

MASK = (1 << 64) - 1


def mix(z):
    """SplitMix64's finalizer."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def permutation(seed, epoch, n):
    """The order of n samples in an epoch, as the run format defines it."""
    state = mix((seed + 0x9E3779B97F4A7C15) & MASK) ^ epoch
    p = list(range(n))
    for i in range(n - 1, 0, -1):
        bound = i + 1
        while True:
            state = (state + 0x9E3779B97F4A7C15) & MASK
            x = mix(state)
            if x >= (1 << 64) % bound:
                break
        p[i], p[x % bound] = p[x % bound], p[i]
    return p


@dataclasses.dataclass
class Phase:
    patterns: List[str]  # full matches of names
    until_epoch: Optional[int] = None  # the next phase begins at this epoch
    lr: Optional[float] = None  # None: Settings.lr
    until_step: Optional[int] = None  # or before this step
    freeze: Tuple[str, ...] = ()  # full matches of names that stop training
    # Patterns of each group and its share of the rate; None: one group.
    groups: Optional[List[Tuple[str, float]]] = None
    weight_decay: Optional[float] = None  # of the phase's groups
    clip: Optional[float] = None  # while it is in force
    new_optimizer: Optional[Callable] = None  # param_groups to optimizer
    # Optimizer to scheduler, stepped once per step.
    new_lr_scheduler: Optional[Callable] = None


@dataclasses.dataclass
class Settings:
    model: str  # Hugging Face directory
    train: bytes
    val: bytes
    phases: List[Phase]
    epochs: int
    seq_len: int = 32
    global_batch: int = 8
    steps_per_epoch: Optional[int] = None  # None: all the data
    seed: int = 42
    shuffle: bool = True
    lr: float = 1e-3
    weight_decay: float = 0.1
    no_decay: Tuple[str, ...] = ()  # substrings of names
    clip: Optional[float] = 1.0
    restore_best: bool = False
    best_mode: Callable = min  # or max, of validation losses
    # Optimizer to learning-rate scheduler; stepped once per epoch, or per step,
    # or with each epoch's validation loss.
    lr_scheduler: Optional[Callable] = None
    lr_interval: str = "epoch"
    rms_norm_eps: Optional[float] = None  # None: the model's


@dataclasses.dataclass
class Record:
    steps: List[dict] = dataclasses.field(default_factory=list)
    validations: List[dict] = dataclasses.field(default_factory=list)
    phases: List[dict] = dataclasses.field(default_factory=list)
    start: Dict[str, torch.Tensor] = dataclasses.field(default_factory=dict)
    weights: Dict[str, torch.Tensor] = dataclasses.field(default_factory=dict)
    model: Optional[torch.nn.Module] = None


class Samples:

    def __init__(self, tokens, seq_len):
        self.tokens = torch.tensor(list(tokens), dtype=torch.long)
        self.seq_len = seq_len
        self.count = (len(tokens) - 1) // seq_len

    def batch(self, indices):
        rows = torch.stack([
            self.tokens[i * self.seq_len:(i + 1) * self.seq_len + 1]
            for i in indices])
        return rows[:, :-1], rows[:, 1:]


def mean_loss(model, inputs, labels):
    logits = model(input_ids=inputs, use_cache=False).logits
    return F.cross_entropy(logits.float().flatten(0, 1), labels.flatten())


class Trainer:

    def __init__(self, settings):
        self.s = settings
        self.model = self.load_model()
        if settings.rms_norm_eps is not None:
            for module in self.model.modules():
                if hasattr(module, "variance_epsilon"):
                    module.variance_epsilon = settings.rms_norm_eps
        self.model.requires_grad_(False)
        self.phase = 0
        self.optimizer = None
        self.lr_scheduler = None
        self.lr_interval = settings.lr_interval
        self.first_step = 0  # of the phase
        self.best = None  # (val_loss, weights, moments)
        self.record = Record(start=self.weights(), model=self.model)

    def load_model(self):
        return transformers.LlamaForCausalLM.from_pretrained(
            self.s.model, dtype=torch.float32)

    def named_parameters(self):
        return self.model.named_parameters()

    def weights(self):
        return {name: tensor.detach().clone()
                for name, tensor in self.named_parameters()}

    def matching(self, patterns):
        return [(name, parameter)
                for name, parameter in self.named_parameters()
                if any(re.fullmatch(p, name) for p in patterns)]

    def make_groups(self, phase, named):
        """The optimizer's groups for what the phase thaws."""
        lr = self.s.lr if phase.lr is None else phase.lr
        groups = []
        for pattern, scale in phase.groups or [(".*", 1.0)]:
            mine = [(n, p) for n, p in named if re.fullmatch(pattern, n)]
            rest = [p for n, p in mine
                    if any(part in n for part in self.s.no_decay)]
            decay = [p for n, p in mine
                     if not any(part in n for part in self.s.no_decay)]
            group = dict(params=decay, lr=lr * scale, initial_lr=lr * scale,
                         phase=self.phase)
            if phase.weight_decay is not None:
                group["weight_decay"] = phase.weight_decay
            groups.append(group)
            if self.s.no_decay:
                groups.append(dict(group, params=rest, weight_decay=0.0))
        return groups

    def freeze(self, phase):
        """Out of its group, which stays; no gradient and no state is kept."""
        named = self.matching(phase.freeze)
        for _, parameter in named:
            assert parameter.requires_grad
            parameter.requires_grad_(False)
            parameter.grad = None
            self.optimizer.state.pop(parameter, None)
        gone = {id(parameter) for _, parameter in named}
        for group in self.optimizer.param_groups if gone else ():
            group["params"] = [p for p in group["params"]
                               if id(p) not in gone]
        return {name for name, _ in named}

    def replace_optimizer(self, phase):
        """Fresh state; rates in force stay, initial ones are of the new."""
        old = self.optimizer.param_groups
        fresh = []
        for group in old:
            again = dict(params=group["params"], phase=group["phase"])
            if group["phase"] > 0:
                again["lr"] = group["initial_lr"]
            own = self.s.phases[group["phase"]].weight_decay
            if own is not None:
                again["weight_decay"] = own
            fresh.append(again)
        self.optimizer = phase.new_optimizer(fresh)
        for group, before in zip(self.optimizer.param_groups, old):
            group["initial_lr"] = group["lr"]
            group["lr"] = before["lr"]
        if self.lr_scheduler:
            self.lr_scheduler.optimizer = self.optimizer

    def begin_phase(self, epoch, step):
        phase = self.s.phases[self.phase]
        frozen = self.freeze(phase)
        if phase.new_optimizer:
            self.replace_optimizer(phase)
        named = self.matching(phase.patterns)
        assert named and not any(p.requires_grad for _, p in named)
        groups = self.make_groups(phase, named)
        for _, parameter in named:
            parameter.requires_grad_(True)
        if self.optimizer is None:
            for group in groups:
                del group["initial_lr"]  # for the scheduler to set
            self.optimizer = torch.optim.AdamW(
                groups, lr=self.s.lr, weight_decay=self.s.weight_decay)
            if self.s.lr_scheduler:
                self.lr_scheduler = self.s.lr_scheduler(self.optimizer)
        else:
            for group in groups:
                self.optimizer.add_param_group(group)
                if hasattr(self.lr_scheduler, "base_lrs"):
                    self.lr_scheduler.base_lrs.append(group["lr"])
                if hasattr(self.lr_scheduler, "min_lrs"):
                    self.lr_scheduler.min_lrs.append(
                        self.lr_scheduler.min_lrs[0])
        if phase.new_lr_scheduler:
            for group in self.optimizer.param_groups:
                group["lr"] = group["initial_lr"]
            self.lr_scheduler = phase.new_lr_scheduler(self.optimizer)
            self.lr_interval = "step"
        self.first_step = step
        self.record.phases.append(dict(
            phase=self.phase, epoch=epoch, step=step,
            thawed={name for name, _ in named}, frozen=frozen))

    def restore_best(self):
        """Weights and moments of the best; the learning rates stay."""
        _, weights, moments = self.best
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                parameter.copy_(weights[name])
        self.optimizer.state.clear()
        for parameter, state in moments.items():
            self.optimizer.state[parameter] = copy.deepcopy(state)

    def keep_best(self, val_loss):
        if not self.s.restore_best:
            return
        if (self.best is None or
                self.s.best_mode(val_loss, self.best[0]) != self.best[0]):
            moments = {p: copy.deepcopy(s)
                       for p, s in self.optimizer.state.items()}
            self.best = (val_loss, self.weights(), moments)

    def train_step(self, inputs, labels):
        loss = mean_loss(self.model, inputs, labels)
        self.optimizer.zero_grad()
        loss.backward()
        clip = self.s.phases[self.phase].clip or self.s.clip
        norm = torch.nn.utils.clip_grad_norm_(
            [p for p in self.model.parameters() if p.requires_grad],
            math.inf if clip is None else clip)
        lr = [group["lr"] for group in self.optimizer.param_groups]
        self.optimizer.step()
        return dict(loss=loss.item(), grad_norm=norm.item(), lr=lr)

    def validate(self, samples):
        total = 0.0
        with torch.no_grad():
            for begin in range(0, samples.count, 16):
                rows = range(begin, min(begin + 16, samples.count))
                inputs, labels = samples.batch(rows)
                total += (mean_loss(self.model, inputs, labels).item()
                          * labels.numel())
        return total / (samples.count * self.s.seq_len)

    def step_lr(self, when, metric=None):
        if self.lr_scheduler is None or self.lr_interval != when:
            return
        if when == "metric":
            self.lr_scheduler.step(metric)
        else:
            self.lr_scheduler.step()

    def next_phase(self, epoch, step):
        if self.best is not None:
            self.restore_best()
        self.phase += 1
        self.begin_phase(epoch, step)

    def run(self):
        s, record = self.s, self.record
        train, val = Samples(s.train, s.seq_len), Samples(s.val, s.seq_len)
        record.validations.append(
            dict(epoch=-1, step=-1, phase=0, val_loss=self.validate(val)))
        step = 0
        self.begin_phase(0, 0)
        for epoch in range(s.epochs):
            until = s.phases[self.phase].until_epoch
            if until is not None and epoch >= until:
                self.next_phase(epoch, step)
            order = (permutation(s.seed, epoch, train.count) if s.shuffle
                     else list(range(train.count)))
            steps = s.steps_per_epoch or train.count // s.global_batch
            for i in range(steps):
                until = s.phases[self.phase].until_step
                if until is not None and step >= until > self.first_step:
                    self.next_phase(epoch, step)
                rows = order[i * s.global_batch:(i + 1) * s.global_batch]
                done = self.train_step(*train.batch(rows))
                record.steps.append(
                    dict(step=step, epoch=epoch, phase=self.phase, **done))
                step += 1
                self.step_lr("step")
            val_loss = self.validate(val)
            record.validations.append(dict(
                epoch=epoch, step=step - 1, phase=self.phase,
                val_loss=val_loss))
            self.step_lr("metric", val_loss)
            self.keep_best(val_loss)
            self.step_lr("epoch")
        record.weights = self.weights()
        self.model.eval()
        return record


def train(settings):
    """Runs all epochs; the record ends with the trained model."""
    torch.manual_seed(settings.seed)
    return Trainer(settings).run()
