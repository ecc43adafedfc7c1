# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Small torch models that schedules are tried on, and their model.json.

Each is a LightningModule, as finetuning-scheduler wants it, whose parameter
names are those of the plain modules in it.
"""

import json

import lightning.pytorch as pl
import torch
from torch import nn


class Model(pl.LightningModule):
    """Holds nothing but the modules that `fill` gives it."""

    fill = None

    def __init__(self):
        super().__init__()
        type(self).fill(self)


def linears(self):
    """fts.md's model A: four linear layers."""
    self.model = nn.Sequential(*[nn.Linear(2, 2) for _ in range(4)])


def numbered(self):
    """Layers past 10, so that `layers.1` is a prefix of others."""
    self.embed = nn.Embedding(5, 4)
    self.layers = nn.ModuleList(
        nn.ModuleDict({"attn": nn.Linear(4, 4, bias=False),
                       "mlp": nn.Linear(4, 4)}) for _ in range(13))
    self.norm = nn.LayerNorm(4)
    self.head = nn.Linear(4, 5, bias=False)


class _Block(nn.Module):

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(3))
        self.conv = nn.Conv2d(3, 3, 1)
        self.bn = nn.BatchNorm2d(3)


def nested(self):
    """Parameters of its own at several levels; an odd number of them."""
    self.temperature = nn.Parameter(torch.ones(()))
    self.encoder = nn.Sequential(_Block(), nn.ReLU(), _Block())
    self.encoder.parent_param = nn.Parameter(torch.zeros(1))
    self.decoder = nn.Module()
    self.decoder.block = nn.Module()
    self.decoder.block.proj = nn.Bilinear(2, 2, 2)
    self.decoder.block.proj2 = nn.Linear(2, 2)


def tied(self):
    """An output tied to the embedding, and one block used twice."""
    self.emb = nn.Embedding(7, 4)
    self.block = nn.Linear(4, 4)
    self.again = self.block
    self.dec = nn.Linear(4, 7)
    self.dec.weight = self.emb.weight
    self.dec.weight_scale = nn.Parameter(torch.ones(1))


def odd_names(self):
    """Names that are harmless as names and not as patterns."""
    self.register_parameter("w", nn.Parameter(torch.ones(2)))
    self.register_parameter("w+", nn.Parameter(torch.ones(2)))
    self.register_parameter("a(b", nn.Parameter(torch.ones(2)))
    self.register_parameter("1", nn.Parameter(torch.ones(2)))
    self.register_parameter("10", nn.Parameter(torch.ones(2)))
    self.register_parameter("True", nn.Parameter(torch.ones(2)))
    self.register_parameter("über", nn.Parameter(torch.ones(2)))
    self.sub = nn.Module()
    self.sub.register_parameter("w", nn.Parameter(torch.ones(2)))
    self.sub.register_parameter("w with space", nn.Parameter(torch.ones(2)))
    self.subXw = nn.Parameter(torch.ones(2))


class _Attention(nn.Module):

    def __init__(self):
        super().__init__()
        for name in ("wq", "wk", "wv", "wo"):
            setattr(self, name, nn.Linear(4, 4, bias=False))


class _FeedForward(nn.Module):

    def __init__(self):
        super().__init__()
        for name in ("w1", "w2", "w3"):
            setattr(self, name, nn.Linear(4, 4, bias=False))


class _LlamaBlock(nn.Module):

    def __init__(self):
        super().__init__()
        self.attention = _Attention()
        self.feed_forward = _FeedForward()
        self.attention_norm = nn.LayerNorm(4, bias=False)
        self.ffn_norm = nn.LayerNorm(4, bias=False)


def llama(self):
    """The names of the model-parallel tutorial's Llama, four layers."""
    self.model = nn.Module()
    self.model.tok_embeddings = nn.Embedding(8, 4)
    self.model.layers = nn.ModuleList(_LlamaBlock() for _ in range(4))
    self.model.norm = nn.LayerNorm(4, bias=False)
    self.model.output = nn.Linear(4, 8, bias=False)


ALL = {f.__name__: type("Model_" + f.__name__, (Model,), {"fill": f})
       for f in (linears, numbered, nested, tied, odd_names, llama)}


def describe(model):
    """The model.json text (fts-model/1), made from torch alone."""
    first = {}
    parameters = []
    for name, tensor in model.named_parameters(remove_duplicate=False):
        parameters.append({
            "name": name, "shape": list(tensor.shape), "dtype": "float32",
            "shared_with": first.get(id(tensor))})
        first.setdefault(id(tensor), name)
    modules = [{"name": name, "class": type(module).__name__,
                "container": isinstance(module, (nn.ModuleList, nn.ModuleDict))}
               for name, module in model.named_modules(remove_duplicate=False)]
    return json.dumps({"format": "fts-model/1", "modules": modules,
                       "parameters": parameters})
