#!/usr/bin/env python3
# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Rounds a Hugging Face model directory from float32 to bfloat16.

    round_to_bf16.py EXPORT_DIR OUT_DIR

Halves the size of the bundled model. Rounds to nearest, ties to even; NaN stays
NaN. Tensors that are bfloat16 already are copied. Needs only Python; writes
config.json and model.safetensors, byte for byte the same each time.
"""

import array
import json
import pathlib
import sys


def round_bits(bits):
    """The upper 16 bits of float32 `bits`, rounded to nearest even."""
    if bits & 0x7FFFFFFF > 0x7F800000:
        return (bits >> 16) | 0x40
    return (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16


def to_bfloat16(name, dtype, data):
    if dtype == "BF16":
        return data
    if dtype != "F32":
        sys.exit(f"round_to_bf16.py: {name} is {dtype}; expected F32 or BF16")
    words = array.array("I")
    assert words.itemsize == 4
    words.frombytes(data)
    if sys.byteorder == "big":
        words.byteswap()
    halves = array.array("H", (round_bits(word) for word in words))
    if sys.byteorder == "big":
        halves.byteswap()
    return halves.tobytes()


def convert(source, out):
    raw = (source / "model.safetensors").read_bytes()
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + size])
    body = raw[8 + size :]
    metadata = header.pop("__metadata__", {"format": "pt"})
    new_header = {"__metadata__": metadata}
    pieces, offset = [], 0
    for name, info in header.items():
        begin, end = info["data_offsets"]
        piece = to_bfloat16(name, info["dtype"], body[begin:end])
        new_header[name] = {
            "dtype": "BF16",
            "shape": info["shape"],
            "data_offsets": [offset, offset + len(piece)],
        }
        pieces.append(piece)
        offset += len(piece)
    text = json.dumps(new_header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    out.mkdir(parents=True, exist_ok=True)
    with open(out / "model.safetensors", "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + b"".join(pieces))

    config = json.loads((source / "config.json").read_text())
    for key in ("dtype", "torch_dtype"):
        if key in config:
            config[key] = "bfloat16"
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    convert(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
