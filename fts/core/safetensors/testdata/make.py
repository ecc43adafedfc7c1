# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Writes the files of this folder with the reference safetensors package.

Run by hand where torch and safetensors are installed: python make.py
reference.safetensors holds one tensor of each dtype whose element i is i % 2
(BOOL) or i + 1 (others), a scalar, an empty tensor and odd names.
"""

import json
import os

import torch
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
DTYPES = {
    "BOOL": torch.bool, "U8": torch.uint8, "I8": torch.int8,
    "I16": torch.int16, "U16": torch.uint16, "F16": torch.float16,
    "BF16": torch.bfloat16, "I32": torch.int32, "U32": torch.uint32,
    "F32": torch.float32, "F64": torch.float64, "I64": torch.int64,
    "U64": torch.uint64, "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
}


def main():
    tensors = {}
    for name, dtype in DTYPES.items():
        values = torch.arange(6).reshape(2, 3)
        values = values % 2 if dtype == torch.bool else values + 1
        tensors[name.lower()] = values.to(dtype)
    tensors["scalar"] = torch.tensor(7.0)
    tensors["empty"] = torch.zeros(0, 4)
    tensors['ü "quoted" \\ name'] = torch.tensor([1.0, 2.0])
    save_file(tensors, os.path.join(HERE, "reference.safetensors"),
              metadata={"format": "pt"})

    sharded = os.path.join(HERE, "sharded")
    os.makedirs(sharded, exist_ok=True)
    weight_map = {}
    for i, names in enumerate((["a", "b"], ["c"])):
        file = f"model-{i + 1:05d}-of-00002.safetensors"
        save_file({n: torch.full((2,), float(ord(n))) for n in names},
                  os.path.join(sharded, file), metadata={"format": "pt"})
        weight_map.update({n: file for n in names})
    with open(os.path.join(sharded, "model.safetensors.index.json"), "w") as f:
        json.dump({"metadata": {"total_size": 24}, "weight_map": weight_map},
                  f, indent=2)
        f.write("\n")


if __name__ == "__main__":
    main()
