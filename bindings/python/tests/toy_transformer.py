# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""A small transformer under torchtitan's names, one of Hugging Face's, their data,
and their plain training in three phases. Uses nothing of fts."""

import functools

import torch
from torch import nn

VOCABULARY, WIDTH, LENGTH = 33, 16, 6  # the vocabulary is shared unevenly
EPOCHS, STEPS, LR = 3, 2, 0.2
# Not Adam, to which a gradient that is twice too large is the same.
SGD = functools.partial(torch.optim.SGD, lr=LR, momentum=0.9)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.n_heads, self.n_kv_heads = 4, 2
        self.wq = nn.Linear(WIDTH, WIDTH)
        self.wk = nn.Linear(WIDTH, WIDTH // 2, bias=False)
        self.wv = nn.Linear(WIDTH, WIDTH // 2, bias=False)
        self.wo = nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        batch, length, _ = x.shape

        def heads(y):
            return y.view(batch, length, -1, WIDTH // 4).transpose(1, 2)

        k, v = heads(self.wk(x)), heads(self.wv(x))
        y = nn.functional.scaled_dot_product_attention(
            heads(self.wq(x)), k.repeat_interleave(2, 1), v.repeat_interleave(2, 1),
            is_causal=True,
        )  # fmt: skip
        return self.wo(y.transpose(1, 2).reshape(batch, length, -1))


class FeedForward(nn.Module):
    def __init__(self):
        super().__init__()
        self.w1 = nn.Linear(WIDTH, 24, bias=False)
        self.w3 = nn.Linear(WIDTH, 24, bias=False)
        self.w2 = nn.Linear(24, WIDTH)

    def forward(self, x):
        return self.w2(nn.functional.silu(self.w1(x)) * self.w3(x))


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention_norm = nn.LayerNorm(WIDTH)
        self.attention = Attention()
        self.ffn_norm = nn.LayerNorm(WIDTH)
        self.feed_forward = FeedForward()

    def forward(self, x):
        x = x + self.attention(self.attention_norm(x))
        return x + self.feed_forward(self.ffn_norm(x))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(5)
        self.tok_embeddings = nn.Embedding(VOCABULARY, WIDTH, padding_idx=3)
        self.layers = nn.ModuleList(Layer() for _ in range(2))
        self.norm = nn.LayerNorm(WIDTH)
        self.output = nn.Linear(WIDTH, VOCABULARY, bias=False)

    def forward(self, tokens):
        x = self.tok_embeddings(tokens)
        for layer in self.layers:
            x = layer(x)
        return self.output(self.norm(x))


NATIVE_PHASES = [["output", "norm"], ["layers.1"], ["layers.0", "tok_embeddings"]]
HF_PHASES = [
    ["lm_head", "model.norm"], ["model.layers.1"],
    ["model.layers.0", "model.embed_tokens"],
]  # fmt: skip


def llama(tied=False):
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=32, hidden_size=WIDTH, intermediate_size=24, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=16,
        tie_word_embeddings=tied, use_cache=False,
    )  # fmt: skip
    return LlamaForCausalLM(config)


def schedule_of(phases):
    return {
        i: {"params": [name.replace(".", r"\.") + r"\..*" for name in names],
            **({"max_transition_epoch": i + 1} if i + 1 < len(phases) else {}),
            **({"lr": LR / (i + 1)} if i else {})}
        for i, names in enumerate(phases)
    }  # fmt: skip


def batch(step):
    """(tokens, labels), the same on every rank; some labels count for nothing."""
    generator = torch.Generator().manual_seed(step)
    tokens = torch.randint(0, 32, (4, LENGTH), generator=generator)
    labels = (tokens * 3 + 1) % 32
    labels[step % 4, :2] = -100
    return tokens, labels


def logits_of(model, tokens):
    out = model(tokens)
    return out if torch.is_tensor(out) else out.logits


def plain(make, phases):
    """(losses and gradient norms, values) in one piece, by hand."""
    model, optimizer, losses = make(), None, []
    named = dict(model.named_parameters())
    for parameter in named.values():
        parameter.requires_grad_(False)
    for epoch in range(EPOCHS):
        group = [
            p.requires_grad_(True)
            for n, p in named.items()
            if any(n.startswith(prefix + ".") for prefix in phases[epoch])
        ]
        if optimizer is None:
            optimizer = SGD(group)
        elif group:
            optimizer.add_param_group({"params": group, "lr": LR / (epoch + 1)})
        for step in range(STEPS):
            tokens, labels = batch(10 * epoch + step)
            loss = nn.functional.cross_entropy(
                logits_of(model, tokens).flatten(0, 1), labels.flatten()
            )
            loss.backward()
            norm = nn.utils.clip_grad_norm_(model.parameters(), 2.0)
            optimizer.step()
            optimizer.zero_grad()
            losses += [loss.item(), norm.item()]
    return losses, {n: p.detach().clone() for n, p in named.items()}
