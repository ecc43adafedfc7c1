// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/models/llama/hf_config.h"

#include <gtest/gtest.h>

namespace fts::llama {
namespace {

constexpr char kSizes[] =
    R"("model_type": "llama", "vocab_size": 32000, "hidden_size": 2048,
"intermediate_size": 5632, "num_hidden_layers": 22, "num_attention_heads": 32)";

absl::StatusOr<HfConfig> Read(const std::string& text, Diagnostics* diags) {
  return ParseHfConfig(text, "config.json", diags);
}

// The errors of the sizes above plus these keys, without places.
std::string Errors(const std::string& more) {
  Diagnostics diags;
  const auto config =
      Read(std::string("{") + kSizes + ", " + more + "}", &diags);
  EXPECT_EQ(config.ok(), diags.ok());
  std::string text;
  for (const Diagnostic& d : diags.all()) {
    EXPECT_TRUE(d.where.known()) << d.message;
    text += (text.empty() ? "" : "\n") + d.code + ": " + d.message;
  }
  return config.ok() ? "accepted" : text;
}

LlamaConfig Good(const std::string& more) {
  Diagnostics diags;
  const auto config =
      Read(std::string("{") + kSizes + ", " + more + "}", &diags);
  EXPECT_TRUE(config.ok()) << config.status();
  return config.ok() ? config->config : LlamaConfig();
}

TEST(HfConfigTest, ReadsTransformers4) {
  Diagnostics diags;
  const auto hf = Read(std::string("{") + kSizes + R"(,
    "architectures": ["LlamaForCausalLM"], "attention_bias": false,
    "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu",
    "initializer_range": 0.02, "max_position_embeddings": 2048,
    "num_key_value_heads": 4, "pretraining_tp": 1, "rms_norm_eps": 1e-05,
    "rope_scaling": null, "rope_theta": 10000.0, "tie_word_embeddings": false,
    "torch_dtype": "bfloat16", "transformers_version": "4.35.0",
    "use_cache": true})",
                       &diags);
  ASSERT_TRUE(hf.ok()) << hf.status();
  EXPECT_TRUE(diags.all().empty());
  EXPECT_EQ(hf->dtype, "bfloat16");
  EXPECT_EQ(hf->config.dim, 2048);
  EXPECT_EQ(hf->config.hidden_dim, 5632);
  EXPECT_EQ(hf->config.n_layers, 22);
  EXPECT_EQ(hf->config.n_heads, 32);
  EXPECT_EQ(hf->config.n_kv_heads, 4);
  EXPECT_EQ(hf->config.head_dim, 64);
  EXPECT_EQ(hf->config.norm_eps, 1e-5);
  EXPECT_EQ(hf->config.bos_token_id, 1);
  EXPECT_EQ(hf->config.eos_token_ids, std::vector<int64_t>{2});
}

TEST(HfConfigTest, LeftOutMeansTransformersDefault) {
  const LlamaConfig config = Good(R"("unknown_but_harmless": {"a": [1]})");
  EXPECT_EQ(config.n_kv_heads, 32);
  EXPECT_EQ(config.norm_eps, 1e-6);
  EXPECT_EQ(config.max_seq_len, 2048);
  EXPECT_EQ(config.rope_theta, 10000.0);
  EXPECT_FALSE(config.tied_embeddings);
  EXPECT_FALSE(config.rope_scaling.has_value());
}

TEST(HfConfigTest, ReadsAllSpellingsOfRope) {
  constexpr char kLlama3[] =
      R"("factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
         "original_max_position_embeddings": 8192)";
  for (const std::string& rope : {
           std::string(R"("rope_theta": 500000.0,
             "rope_scaling": {"rope_type": "llama3", )") +
               kLlama3 + "}",
           std::string(R"("rope_theta": 500000,
             "rope_scaling": {"type": "llama3", )") +
               kLlama3 + "}",
           std::string(R"("rope_parameters": {"rope_theta": 5e5,
             "rope_type": "llama3", )") +
               kLlama3 + "}",
           std::string(R"("rope_theta": 500000.0, "rope_parameters":
             {"rope_type": "llama3", )") +
               kLlama3 + "}",
       }) {
    const LlamaConfig config = Good(rope);
    EXPECT_EQ(config.rope_theta, 500000.0) << rope;
    ASSERT_TRUE(config.rope_scaling.has_value()) << rope;
    EXPECT_EQ(config.rope_scaling->factor, 32.0);
    EXPECT_EQ(config.rope_scaling->original_max_seq_len, 8192);
  }
  const LlamaConfig config = Good(
      R"("rope_parameters": {"rope_theta": 20000.0, "rope_type": "default"})");
  EXPECT_EQ(config.rope_theta, 20000.0);
  EXPECT_FALSE(config.rope_scaling.has_value());
}

TEST(HfConfigTest, RefusesOtherMathematicsByName) {
  const std::string no = "unsupported_model: config.json: ";
  const std::pair<const char*, const char*> cases[] = {
      {R"("attention_bias": true)",
       "'attention_bias' is true, which is not implemented; supported is "
       "false"},
      {R"("mlp_bias": true)",
       "'mlp_bias' is true, which is not implemented; supported is false"},
      {R"("hidden_act": "gelu")",
       "'hidden_act' is 'gelu', which is not implemented; supported is "
       "'silu'"},
      {R"("pretraining_tp": 2)",
       "'pretraining_tp' is 2, which is not implemented; supported is 1"},
      {R"("attention_dropout": 0.1)",
       "'attention_dropout' is 0.1, which is not implemented; supported is 0"},
      {R"("architectures": ["LlamaForSequenceClassification"])",
       "'architectures' is ['LlamaForSequenceClassification'], which is not "
       "implemented; supported is ['LlamaForCausalLM']"},
      {R"("partial_rotary_factor": 0.5)",
       "'partial_rotary_factor' is 0.5, which is not implemented; supported is "
       "1"},
      {R"("quantization_config": {"bits": 4})",
       "'quantization_config' is {bits: 4}, which is not implemented; "
       "supported is null"},
      {R"("sliding_window": 4096)",
       "'sliding_window' is 4096, which is not implemented; supported is "
       "null"},
      {R"("layer_types": ["full_attention", "sliding_attention"])",
       "'layer_types' is ['full_attention', 'sliding_attention'], which is not "
       "implemented; supported is 'full_attention' only"},
      {R"("rope_scaling": {"type": "linear", "factor": 2.0})",
       "'rope_scaling.rope_type' is 'linear', which is not implemented; "
       "supported is 'default' or 'llama3'"},
      {R"("rope_parameters": {"rope_type": "yarn", "factor": 2.0})",
       "'rope_parameters.rope_type' is 'yarn', which is not implemented; "
       "supported is 'default' or 'llama3'"},
  };
  for (const auto& [key, error] : cases) {
    EXPECT_EQ(Errors(key), no + error) << key;
  }
  Diagnostics diags;
  EXPECT_FALSE(Read(R"({"model_type": "mistral"})", &diags).ok());
  EXPECT_EQ(diags.all()[0].message,
            "config.json: 'model_type' is 'mistral', which is not implemented; "
            "supported is 'llama'");
  // Their harmless values.
  EXPECT_EQ(Errors(R"("attention_bias": false, "mlp_bias": null,
    "hidden_act": "silu", "pretraining_tp": 1, "attention_dropout": 0,
    "partial_rotary_factor": 1.0, "sliding_window": null,
    "layer_types": ["full_attention"])"),
            "accepted");
}

TEST(HfConfigTest, NamesOtherMistakes) {
  EXPECT_EQ(Errors(R"("num_key_value_heads": 5)"),
            "out_of_range: num_key_value_heads 5 does not divide "
            "num_attention_heads 32");
  EXPECT_EQ(Errors(R"("head_dim": 7)"),
            "out_of_range: a head has 7 channels; rotary embedding needs an "
            "even number");
  EXPECT_EQ(Errors(R"("rms_norm_eps": "tiny", "rope_theta": [1])"),
            "bad_type: config.json: 'rms_norm_eps' is string 'tiny'; expected "
            "a number\n"
            "bad_type: config.json: 'rope_theta' is list [1]; expected a "
            "number");
  EXPECT_EQ(Errors(R"("torch_dtype": "float32", "dtype": "bfloat16")"),
            "bad_value: config.json: 'torch_dtype' and 'dtype' say different "
            "things; keep one");
  EXPECT_EQ(Errors(R"("dtype": "int8")"),
            "bad_value: config.json: 'dtype' is 'int8'; expected float32, "
            "bfloat16 or float16");
  EXPECT_EQ(Errors(R"("rope_theta": 1e4, "rope_parameters":
                      {"rope_theta": 5e5})"),
            "bad_value: config.json: 'rope_theta' and "
            "'rope_parameters.rope_theta' say different things; keep one");
  EXPECT_EQ(Errors(R"("rope_scaling": {"rope_type": "llama3", "factor": 8,
                      "low_freq_factor": 4, "high_freq_factor": 1})"),
            "out_of_range: config.json: rope_scaling needs factor > 0, 0 < "
            "low_freq_factor < high_freq_factor and a positive "
            "original_max_position_embeddings");
  EXPECT_EQ(Errors(R"("rope_scaling": {"rope_type": "llama3"})"),
            "missing_key: config.json: rope_scaling needs the key 'factor'\n"
            "missing_key: config.json: rope_scaling needs the key "
            "'low_freq_factor'\n"
            "missing_key: config.json: rope_scaling needs the key "
            "'high_freq_factor'");
  EXPECT_EQ(Errors(R"("rope_scaling": "llama3")"),
            "bad_type: config.json: rope_scaling is string 'llama3'; expected "
            "a mapping or null");
  Diagnostics diags;
  EXPECT_FALSE(Read("{}", &diags).ok());
  ASSERT_EQ(diags.all().size(), 5u);
  EXPECT_EQ(diags.all()[1].ToString(),
            "config.json:1:1: error: config.json needs the key 'hidden_size' "
            "[missing_key]");
}

TEST(HfConfigTest, ReadsWhatOnlyJsonWritersDo) {
  EXPECT_EQ(Errors("\n\t\"path\": \"a\\/b \\u00e9\",\n\t\"n\":1E+2"),
            "accepted");
  EXPECT_EQ(Errors(R"("smile": "\ud83d\ude00")"), "accepted");
  // Half a pair, and a backslash that is escaped itself.
  EXPECT_EQ(Errors(R"("half": "\ud83d x")").substr(0, 12), "yaml_syntax:");
  EXPECT_EQ(Errors(R"("text": "\\ud83d\\ude00")"), "accepted");
  EXPECT_EQ(
      Errors(R"("hidden_act": "\ud83d\ude00")"),
      "unsupported_model: config.json: 'hidden_act' is '\xf0\x9f\x98\x80',"
      " which is not implemented; supported is 'silu'");
}

TEST(HfConfigTest, WritesWhatItReads) {
  LlamaConfig config = Good(
      R"("num_key_value_heads": 8, "head_dim": 48, "rope_scaling":
         {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1,
          "high_freq_factor": 4, "original_max_position_embeddings": 512},
         "rope_theta": 500000.0, "rms_norm_eps": 1e-05,
         "tie_word_embeddings": true, "eos_token_id": [2, 3])");
  const std::string text = HfConfigToJson(config, "bfloat16");
  Diagnostics diags;
  const auto again = Read(text, &diags);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->dtype, "bfloat16");
  EXPECT_EQ(again->config.head_dim, 48);
  EXPECT_EQ(again->config.norm_eps, 1e-5);
  EXPECT_EQ(again->config.rope_theta, 500000.0);
  ASSERT_TRUE(again->config.rope_scaling.has_value());
  EXPECT_EQ(again->config.rope_scaling->original_max_seq_len, 512);
  EXPECT_TRUE(again->config.tied_embeddings);
  EXPECT_EQ(again->config.eos_token_ids, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(HfConfigToJson(again->config, "bfloat16"), text);
}

}  // namespace
}  // namespace fts::llama
