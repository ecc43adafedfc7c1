# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""The peer of host_time and train_steps: torch's fully_shard, same models.

    fsdp2_peer.py host STEPS
    fsdp2_peer.py steps plain|fsdp2 T|S STEPS

Run by vs_fsdp2.py. Ranks come from the environment (RANK, WORLD_SIZE, STORE).
"""

import json
import os
import re
import statistics
import sys
import threading
import time

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard

# vocabulary, width, layers, feed-forward, heads, sequence, batch, last layers
SHAPES = {
    "T": (256, 64, 16, 176, 4, 64, 4, 4),
    "S": (32000, 512, 4, 1536, 8, 128, 4, 1),
    "H": (64, 32, 32, 64, 4, 8, 1, 1),
}


class RmsNorm(nn.Module):

    def __init__(self, dim):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        x = x.float()
        scale = torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5)
        return self.weight * (x * scale)


def rotate(x, cos, sin):
    a, b = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-b, a), dim=-1) * sin


class Attention(nn.Module):

    def __init__(self, dim, heads):
        super().__init__()
        self.head_dim = dim // heads
        for name in ("wq", "wk", "wv", "wo"):
            setattr(self, name, nn.Linear(dim, dim, bias=False))

    def forward(self, x, cos, sin):
        split = lambda t: t.view(*t.shape[:2], -1, self.head_dim).transpose(
            1, 2)
        q, k, v = (split(w(x)) for w in (self.wq, self.wk, self.wv))
        y = F.scaled_dot_product_attention(
            rotate(q, cos, sin), rotate(k, cos, sin), v, is_causal=True)
        return self.wo(y.transpose(1, 2).flatten(2))


class FeedForward(nn.Module):

    def __init__(self, dim, hidden):
        super().__init__()
        self.w1 = nn.Linear(dim, hidden, bias=False)
        self.w2 = nn.Linear(hidden, dim, bias=False)
        self.w3 = nn.Linear(dim, hidden, bias=False)

    def forward(self, x):
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class Layer(nn.Module):

    def __init__(self, dim, hidden, heads):
        super().__init__()
        self.attention_norm, self.ffn_norm = RmsNorm(dim), RmsNorm(dim)
        self.attention = Attention(dim, heads)
        self.feed_forward = FeedForward(dim, hidden)

    def forward(self, x, cos, sin):
        x = x + self.attention(self.attention_norm(x), cos, sin)
        return x + self.feed_forward(self.ffn_norm(x))


class Llama(nn.Module):

    def __init__(self, shape):
        super().__init__()
        vocab, dim, layers, hidden, heads, length = SHAPES[shape][:6]
        self.tok_embeddings = nn.Embedding(vocab, dim)
        self.layers = nn.ModuleList(
            Layer(dim, hidden, heads) for _ in range(layers))
        self.norm = RmsNorm(dim)
        self.output = nn.Linear(dim, vocab, bias=False)
        for name, parameter in self.named_parameters():
            if "norm" not in name:
                nn.init.normal_(parameter, std=0.02)
        half = dim // heads // 2
        angles = torch.outer(
            torch.arange(length).float(),
            10000.0 ** (-torch.arange(half).float() / half)).repeat(1, 2)
        self.cos, self.sin = angles.cos(), angles.sin()

    def forward(self, tokens):
        x = self.tok_embeddings(tokens)
        for layer in self.layers:
            x = layer(x, self.cos, self.sin)
        return self.output(self.norm(x))


def loss_of(model, shape, rank):
    vocab, length, batch = (SHAPES[shape][i] for i in (0, 5, 6))
    numbers = torch.arange(batch * length).view(batch, length)
    logits = model(numbers * (7 + rank) % vocab)
    labels = (numbers * 13 + rank) % vocab
    return F.cross_entropy(logits.float().flatten(0, 1), labels.flatten())


def shard(model, world):
    mesh = init_device_mesh("cpu", (world,))
    for layer in model.layers:
        fully_shard(layer, mesh=mesh)
    fully_shard(model.output, mesh=mesh)
    return fully_shard(model, mesh=mesh)


def phase_of(shape, name):
    if re.match(r"(output|norm)\.", name):
        return 0
    layers, last = SHAPES[shape][2], SHAPES[shape][7]
    match = re.match(r"layers\.(\d+)\.", name)
    return 1 if match and int(match.group(1)) >= layers - last else 2


def host(steps):
    from torch.testing._internal.distributed.fake_pg import FakeStore
    dist.init_process_group("fake", rank=0, world_size=8, store=FakeStore())
    models = [Llama("H"), shard(Llama("H"), 8)]
    times = [([], []), ([], [])]
    for _ in range(steps):
        for model, (forward, backward) in zip(models, times):
            start = time.process_time()
            loss = loss_of(model, "H", 0)
            middle = time.process_time()
            loss.backward()
            backward.append((time.process_time() - middle) * 1e6)
            forward.append((middle - start) * 1e6)
            model.zero_grad()
    plain, sharded = [[statistics.median(t) for t in pair] for pair in times]
    units = SHAPES["H"][2] + 2
    return dict(units=units, plain_forward_us=plain[0],
                plain_backward_us=plain[1],
                forward_us_per_unit=(sharded[0] - plain[0]) / units,
                backward_us_per_unit=(sharded[1] - plain[1]) / units)


def proc_mib(file, key):
    with open(file, encoding="ascii") as lines:
        for line in lines:
            if line.startswith(key + ":"):
                return int(line.split()[1]) / 1024
    return 0.0


class PssWatch:
    """The peak of proportional memory meanwhile, in MiB; see train_steps.cc."""

    def __enter__(self):
        self.peak = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def _run(self):
        while not self._stop.wait(0.0005):
            self.peak = max(self.peak,
                            proc_mib("/proc/self/smaps_rollup", "Pss"))

    def __exit__(self, *error):
        self._stop.set()
        self._thread.join()


def steps_of(kind, shape, steps):
    rank = int(os.environ.get("RANK", "0"))
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if kind == "fsdp2" or world > 1:
        dist.init_process_group("gloo", rank=rank, world_size=world,
                                init_method="file://" + os.environ["STORE"])
    base = proc_mib("/proc/self/smaps_rollup", "Pss")
    model = Llama(shape)
    if kind == "fsdp2":
        shard(model, world)
    model.requires_grad_(False)
    optimizer = None
    phases = []
    for phase in range(3):
        if world > 1:
            dist.barrier()
        if kind == "fsdp2":  # requires_grad counts on sharded parameters
            for module in model.modules():
                if isinstance(module, FSDPModule):
                    module.reshard()
        thawed = [p for name, p in model.named_parameters()
                  if phase_of(shape, name) == phase]
        for parameter in thawed:
            parameter.requires_grad_(True)
        if optimizer is None:
            optimizer = torch.optim.AdamW(thawed, lr=1e-4, fused=True)
        else:
            optimizer.add_param_group(dict(params=thawed))
        times, cpu_times = [], []

        def step():
            loss_of(model, shape, rank).backward()
            optimizer.step()
            optimizer.zero_grad()

        for _ in range(steps):
            start, cpu_start = time.perf_counter(), time.process_time()
            step()
            times.append((time.perf_counter() - start) * 1e3)
            cpu_times.append((time.process_time() - cpu_start) * 1e3)
        with PssWatch() as watch:  # not timed
            for _ in range(2):
                step()
        phases.append(dict(ms=times, cpu_ms=cpu_times,
                           peak_mib=watch.peak - base))
    return dict(base_mib=base, phases=phases)


def main(args):
    torch.set_num_threads(1)
    if args[0] == "host":
        result = host(int(args[1]))
    else:
        result = steps_of(args[1], args[2], int(args[3]))
    print(json.dumps(result))
    if dist.is_initialized():
        dist.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1:])
