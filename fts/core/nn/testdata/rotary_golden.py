#!/usr/bin/env python3
# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Writes rotary_golden.inc with the values Hugging Face transformers computes.

Needs torch and transformers. Usage: rotary_golden.py > rotary_golden.inc
"""
import torch
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

POSITIONS = [0, 1, 17, 127, 2047]


def config(rope):
    return LlamaConfig(hidden_size=64, num_attention_heads=4,
                       num_key_value_heads=2, max_position_embeddings=2048,
                       rope_parameters=rope)


def emit(name, values):
    rows = ", ".join(float(v).hex() for v in values)
    print(f"inline constexpr float k{name}[] = {{{rows}}};")


print("// Written by rotary_golden.py; do not edit.")
ROPES = {
    "Default": {"rope_type": "default", "rope_theta": 10000.0},
    "Llama3": {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0,
               "low_freq_factor": 1.0, "high_freq_factor": 4.0,
               "original_max_position_embeddings": 256},
}
for name, rope in ROPES.items():
    rotary = LlamaRotaryEmbedding(config(rope))
    cos, sin = rotary(torch.zeros(1, 1, dtype=torch.float32),
                      torch.arange(2048)[None])
    emit(name + "Frequencies", rotary.inv_freq)
    emit(name + "Cos", cos[0, POSITIONS].flatten())
    emit(name + "Sin", sin[0, POSITIONS].flatten())
