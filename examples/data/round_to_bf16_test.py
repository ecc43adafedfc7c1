# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""round_to_bf16 against torch's own conversion."""

import json
import pathlib
import tempfile
import unittest

import torch

import round_to_bf16


def write_model(path, tensors, config):
    header, pieces, offset = {}, [], 0
    for name, tensor in tensors.items():
        dtype = {torch.float32: "F32", torch.bfloat16: "BF16"}[tensor.dtype]
        piece = bytes(tensor.contiguous().view(torch.uint8).flatten().tolist())
        header[name] = {
            "dtype": dtype,
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + len(piece)],
        }
        pieces.append(piece)
        offset += len(piece)
    text = json.dumps(header).encode()
    path.mkdir()
    (path / "model.safetensors").write_bytes(
        len(text).to_bytes(8, "little") + text + b"".join(pieces)
    )
    (path / "config.json").write_text(json.dumps(config))


def read_model(path):
    raw = (path / "model.safetensors").read_bytes()
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + size])
    header.pop("__metadata__")
    tensors = {}
    for name, info in header.items():
        begin, end = (8 + size + at for at in info["data_offsets"])
        assert info["dtype"] == "BF16"
        flat = torch.tensor(list(raw[begin:end]), dtype=torch.uint8)
        tensors[name] = flat.view(torch.bfloat16).reshape(info["shape"])
    return tensors


class RoundToBf16Test(unittest.TestCase):
    def test_rounds_as_torch_does(self):
        torch.manual_seed(0)
        tensors = {
            "b.random": torch.randn(50, 33),
            "a.ties": torch.tensor([1.00390625, 1.01171875, -1.00390625, -0.0]),
            "edges": torch.tensor(
                [float("nan"), float("inf"), -float("inf"), 3.4e38, 1e-40]
            ),
            "already": torch.randn(7).bfloat16(),
        }
        with tempfile.TemporaryDirectory() as temp:
            source, out = pathlib.Path(temp) / "source", pathlib.Path(temp) / "out"
            write_model(source, tensors, {"dtype": "float32", "hidden_size": 8})
            round_to_bf16.convert(source, out)
            rounded = read_model(out)
            config = json.loads((out / "config.json").read_text())
        self.assertEqual(list(rounded), list(tensors))
        for name, tensor in tensors.items():
            torch.testing.assert_close(
                rounded[name], tensor.bfloat16(), rtol=0, atol=0, equal_nan=True
            )
        self.assertEqual(config, {"dtype": "bfloat16", "hidden_size": 8})


if __name__ == "__main__":
    unittest.main()
