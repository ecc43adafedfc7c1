# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""A Llama in plain modules, with Hugging Face's names and weights, that
`parallelize_module` can split: it asks for no shape that splitting changes.

tokens [batch, seq] to logits [batch, seq, vocabulary]. Nothing of ours is
imported.
"""

import torch
import torch.nn.functional as F
import transformers
from torch import nn


class RmsNorm(nn.Module):

    def __init__(self, dim, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.variance_epsilon = eps

    def forward(self, x):
        wide = x.float()
        scale = torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) +
                            self.variance_epsilon)
        return self.weight * (wide * scale).to(x.dtype)


def linear(rows, columns):
    return nn.Linear(rows, columns, bias=False)


def rotate(x, cos, sin):
    a, b = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-b, a), dim=-1) * sin


class Attention(nn.Module):

    def __init__(self, c):
        super().__init__()
        self.head_dim = c.head_dim
        self.q_proj = linear(c.hidden_size, c.num_attention_heads * c.head_dim)
        self.k_proj = linear(c.hidden_size, c.num_key_value_heads * c.head_dim)
        self.v_proj = linear(c.hidden_size, c.num_key_value_heads * c.head_dim)
        self.o_proj = linear(c.num_attention_heads * c.head_dim, c.hidden_size)

    def heads(self, x):
        return x.view(*x.shape[:2], -1, self.head_dim).transpose(1, 2)

    def forward(self, x, cos, sin):
        q, k, v = (self.heads(w(x))
                   for w in (self.q_proj, self.k_proj, self.v_proj))
        cos, sin = cos[:q.shape[2]].to(q.dtype), sin[:q.shape[2]].to(q.dtype)
        y = F.scaled_dot_product_attention(
            rotate(q, cos, sin), rotate(k, cos, sin), v, is_causal=True,
            enable_gqa=True)
        return self.o_proj(y.transpose(1, 2).flatten(2))


class Mlp(nn.Module):

    def __init__(self, c):
        super().__init__()
        self.gate_proj = linear(c.hidden_size, c.intermediate_size)
        self.up_proj = linear(c.hidden_size, c.intermediate_size)
        self.down_proj = linear(c.intermediate_size, c.hidden_size)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):

    def __init__(self, c):
        super().__init__()
        self.self_attn = Attention(c)
        self.mlp = Mlp(c)
        self.input_layernorm = RmsNorm(c.hidden_size, c.rms_norm_eps)
        self.post_attention_layernorm = RmsNorm(c.hidden_size, c.rms_norm_eps)

    def forward(self, x, cos, sin):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class Body(nn.Module):

    def __init__(self, c):
        super().__init__()
        self.embed_tokens = nn.Embedding(c.vocab_size, c.hidden_size)
        self.layers = nn.ModuleList(
            Layer(c) for _ in range(c.num_hidden_layers))
        self.norm = RmsNorm(c.hidden_size, c.rms_norm_eps)
        half = c.head_dim // 2
        angles = torch.outer(
            torch.arange(c.max_position_embeddings).float(),
            c.rope_parameters["rope_theta"] **
            (-torch.arange(half).float() / half)).repeat(1, 2)
        self.cos, self.sin = angles.cos(), angles.sin()

    def forward(self, tokens):
        x = self.embed_tokens(tokens)
        for layer in self.layers:
            x = layer(x, self.cos, self.sin)
        return self.norm(x)


class Llama(nn.Module):

    def __init__(self, config):
        super().__init__()
        self.model = Body(config)
        self.lm_head = linear(config.hidden_size, config.vocab_size)
        if config.tie_word_embeddings:
            self.tie()

    def tie(self):
        self.lm_head.weight = self.model.embed_tokens.weight

    def forward(self, tokens):
        return self.lm_head(self.model(tokens))


def load(folder):
    """The fp32 weights of a Hugging Face directory."""
    theirs = transformers.LlamaForCausalLM.from_pretrained(
        folder, dtype=torch.float32)
    model = Llama(theirs.config)
    model.load_state_dict(theirs.state_dict())
    return model
