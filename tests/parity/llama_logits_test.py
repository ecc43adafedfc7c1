# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Our Llama against Hugging Face transformers: import, logits and export.

Each case makes a random transformers model, saves it, lets our program load it
and run it, and compares logits; then transformers loads our export of it.
"""

import json
import os
import subprocess
import tempfile
import unittest

import torch
import transformers
from safetensors import safe_open
from safetensors.torch import load_file, save_file

LOGITS = os.path.join(os.environ["TEST_SRCDIR"], "fts", "fts", "models",
                      "llama", "llama_logits")
LLAMA3 = {
    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
    "high_freq_factor": 4.0, "original_max_position_embeddings": 16,
    "rope_theta": 500000.0,
}


def make_model(seed=0, **overrides):
    options = dict(
        vocab_size=97, hidden_size=64, intermediate_size=112,
        num_hidden_layers=3, num_attention_heads=8, num_key_value_heads=2,
        max_position_embeddings=128, rms_norm_eps=1e-5,
        initializer_range=0.2, bos_token_id=None, eos_token_id=None)
    options.update(overrides)
    torch.manual_seed(seed)
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**options))
    for name, parameter in model.named_parameters():
        if "norm" in name:
            torch.nn.init.normal_(parameter, mean=1.0, std=0.3)
    return model.eval()


def hf_logits(model, tokens):
    with torch.no_grad():
        return model(input_ids=tokens).logits.float()


def to_torchtitan(name, tensor, config):
    """A Hugging Face tensor under torchtitan's name and in its row order."""
    name = name.replace("embed_tokens", "tok_embeddings")
    name = name.replace("lm_head", "output")
    for ours, theirs in (
            ("attention.wq", "self_attn.q_proj"),
            ("attention.wk", "self_attn.k_proj"),
            ("attention.wv", "self_attn.v_proj"),
            ("attention.wo", "self_attn.o_proj"),
            ("feed_forward.w1", "mlp.gate_proj"),
            ("feed_forward.w2", "mlp.down_proj"),
            ("feed_forward.w3", "mlp.up_proj"),
            ("attention_norm", "input_layernorm"),
            ("ffn_norm", "post_attention_layernorm")):
        name = name.replace(theirs, ours)
    if name.endswith((".wq.weight", ".wk.weight")):
        rows, columns = tensor.shape
        heads = rows // config.head_dim
        tensor = tensor.view(heads, 2, config.head_dim // 2, columns)
        tensor = tensor.transpose(1, 2).reshape(rows, columns)
    return name.removeprefix("model."), tensor.contiguous()


class LlamaLogitsTest(unittest.TestCase):

    def setUp(self):
        self.dir = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
        generator = torch.Generator().manual_seed(7)
        self.tokens = torch.randint(0, 97, (2, 33), generator=generator)
        save_file({"tokens": self.tokens}, self.path("tokens"))

    def path(self, name):
        return os.path.join(self.dir, name)

    def run_ours(self, checkpoint, *export):
        run = subprocess.run(
            [LOGITS, checkpoint, self.path("tokens"), self.path("logits"),
             *export],
            capture_output=True, text=True, check=False)
        self.assertEqual("", run.stderr)
        self.assertEqual(0, run.returncode)
        return load_file(self.path("logits"))["logits"]

    def assert_close(self, wanted, got, tolerance=1e-5):
        self.assertEqual(wanted.shape, got.shape)
        torch.testing.assert_close(got, wanted, rtol=tolerance, atol=tolerance)

    def check(self, model, **save_options):
        """Import, compare, export, load the export, compare again."""
        source, export = self.path("hf"), self.path("export")
        model.save_pretrained(source, **save_options)
        # What transformers itself reads back, in fp32, is the reference.
        reference = transformers.LlamaForCausalLM.from_pretrained(
            source, dtype=torch.float32).eval()
        wanted = hf_logits(reference, self.tokens)
        self.assertGreater(wanted.std(), 0.05)
        self.assert_close(wanted, self.run_ours(source, export))
        loaded, info = transformers.LlamaForCausalLM.from_pretrained(
            export, output_loading_info=True)
        for problems in info.values():
            self.assertFalse(problems, info)
        self.assertEqual(torch.float32, loaded.dtype)
        self.assertEqual(reference.config.rope_parameters,
                         loaded.config.rope_parameters)
        self.assertTrue(torch.equal(
            wanted, hf_logits(loaded.eval(), self.tokens)))

    def test_grouped_heads(self):
        self.check(make_model())

    def test_one_head_per_query(self):
        self.check(make_model(num_key_value_heads=8))

    def test_llama3_rope(self):
        self.check(make_model(rope_parameters=LLAMA3))

    def test_tied_embeddings(self):
        model = make_model(tie_word_embeddings=True)
        self.check(model)
        with safe_open(self.path("export/model.safetensors"), "pt") as file:
            self.assertNotIn("lm_head.weight", file.keys())

    def test_wide_heads(self):
        self.check(make_model(head_dim=24))

    def test_bf16_and_fp16_checkpoints(self):
        self.check(make_model().to(torch.bfloat16))
        self.check(make_model().to(torch.float16))

    def test_shards(self):
        model = make_model()
        self.check(model, max_shard_size="50KB")
        self.assertTrue(os.path.exists(
            self.path("hf/model.safetensors.index.json")))

    def test_config_of_transformers_4(self):
        for rope in (None, LLAMA3):
            model = make_model(rope_parameters=rope)
            source = self.path("hf")
            model.save_pretrained(source)
            file = os.path.join(source, "config.json")
            with open(file, encoding="utf-8") as f:
                config = json.load(f)
            scaling = dict(config.pop("rope_parameters"))
            config["rope_theta"] = scaling.pop("rope_theta")
            config["rope_scaling"] = scaling if rope else None
            config["torch_dtype"] = config.pop("dtype")
            config.pop("head_dim")
            with open(file, "w", encoding="utf-8") as f:
                json.dump(config, f)
            self.assert_close(hf_logits(model, self.tokens),
                              self.run_ours(source))

    def test_torchtitan_names_and_rows(self):
        model = make_model()
        source = self.path("hf")
        model.save_pretrained(source)
        tensors = dict(to_torchtitan(name, tensor, model.config)
                       for name, tensor in model.state_dict().items())
        self.assertIn("layers.0.attention.wq.weight", tensors)
        save_file(tensors, os.path.join(source, "model.safetensors"))
        self.assert_close(hf_logits(model, self.tokens), self.run_ours(source))

    def test_export_in_bf16(self):
        model = make_model()
        model.save_pretrained(self.path("hf"))
        self.run_ours(self.path("hf"), self.path("export"), "bfloat16")
        loaded = transformers.LlamaForCausalLM.from_pretrained(
            self.path("export"))
        self.assertEqual(torch.bfloat16, loaded.dtype)
        for name, tensor in model.state_dict().items():
            self.assertTrue(torch.equal(tensor.to(torch.bfloat16),
                                        loaded.state_dict()[name]), name)

    def test_comparison_can_fail(self):
        model = make_model()
        model.save_pretrained(self.path("hf"))
        model.config.rms_norm_eps = 1e-3
        other = transformers.LlamaForCausalLM(model.config).eval()
        other.load_state_dict(model.state_dict())
        with self.assertRaises(AssertionError):
            self.assert_close(hf_logits(other, self.tokens),
                              self.run_ours(self.path("hf")))


if __name__ == "__main__":
    unittest.main()
