// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/models/llama/checkpoint.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "fts/core/safetensors/writer.h"
#include "fts/models/llama/hf_config.h"
#include "fts/models/llama/init.h"
#include "fts/models/llama/model.h"
#include "fts/models/llama/names.h"
#include "fts/models/llama/test_util.h"

namespace fts::llama {
namespace {

using Tensors = std::map<std::string, at::Tensor>;

// The small model's values under Hugging Face's names.
Tensors HfTensors(const LlamaConfig& config) {
  const InitSource source(config, 5);
  Tensors tensors;
  for (const ParameterShape& parameter : ParameterShapes(config)) {
    const at::Tensor value = at::empty(parameter.shape);
    EXPECT_TRUE(source
                    .CopyRange(parameter.name, 0, value.numel(),
                               value.view(at::IntArrayRef({-1})))
                    .ok());
    tensors[ToHfName(parameter.name).value()] = value;
  }
  return tensors;
}

safetensors::DType DTypeOf(const at::Tensor& tensor) {
  if (tensor.scalar_type() == at::kBFloat16) return safetensors::DType::kBF16;
  if (tensor.scalar_type() == at::kHalf) return safetensors::DType::kF16;
  if (tensor.scalar_type() == at::kDouble) return safetensors::DType::kF64;
  return safetensors::DType::kF32;
}

std::string Save(const std::string& name, const LlamaConfig& config,
                 const Tensors& tensors) {
  const std::string dir = FreshDirectory(name);
  std::ofstream(dir + "/config.json") << HfConfigToJson(config, "float32");
  std::vector<safetensors::TensorSpec> specs;
  for (const auto& [key, tensor] : tensors) {
    specs.push_back({key, DTypeOf(tensor), tensor.sizes().vec()});
  }
  auto writer = safetensors::Writer::Create(dir + "/model.safetensors", specs);
  EXPECT_TRUE(writer.ok()) << writer.status();
  for (const auto& [key, tensor] : tensors) {
    EXPECT_TRUE(
        (*writer)->Append(key, tensor.const_data_ptr(), tensor.nbytes()).ok());
  }
  EXPECT_TRUE((*writer)->Commit().ok());
  return dir;
}

// All errors, the directory cut out of them.
std::string Errors(const std::string& dir) {
  Diagnostics diags;
  const auto checkpoint = Checkpoint::Open(dir, &diags);
  EXPECT_EQ(checkpoint.ok(), diags.ok());
  std::string text;
  for (const Diagnostic& d : diags.all()) {
    text += (text.empty() ? "" : "\n") + d.code + ": " + d.message;
  }
  for (size_t at; (at = text.find(dir + "/")) != std::string::npos;) {
    text.erase(at, dir.size() + 1);
  }
  return checkpoint.ok() ? "accepted" : text;
}

at::Tensor Whole(const Checkpoint& checkpoint, const std::string& name,
                 at::ScalarType dtype = at::kFloat) {
  const at::Tensor out = at::empty(checkpoint.Find(name)->shape, dtype);
  const at::Tensor flat = out.view(at::IntArrayRef({-1}));
  EXPECT_TRUE(checkpoint.CopyRange(name, 0, flat.numel(), flat).ok());
  return out;
}

constexpr char kWq[] = "model.layers.1.attention.wq.weight";
constexpr char kHfWq[] = "model.layers.1.self_attn.q_proj.weight";

TEST(CheckpointTest, ReadsRangesInEveryDtype) {
  const LlamaConfig config = SmallConfig();
  const Tensors tensors = HfTensors(config);
  for (const at::ScalarType stored : {at::kFloat, at::kBFloat16, at::kHalf}) {
    Tensors cast;
    for (const auto& [name, tensor] : tensors) cast[name] = tensor.to(stored);
    Diagnostics diags;
    const auto checkpoint =
        Checkpoint::Open(Save("dtypes", config, cast), &diags);
    ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
    EXPECT_EQ((*checkpoint)->Find(kWq)->dtype, stored);
    for (const at::ScalarType wanted :
         {at::kFloat, at::kBFloat16, at::kHalf, at::kDouble}) {
      const at::Tensor expected = cast[kHfWq].to(wanted);
      EXPECT_TRUE(at::equal(Whole(**checkpoint, kWq, wanted), expected));
      const at::Tensor part = at::empty({100}, wanted);
      ASSERT_TRUE((*checkpoint)->CopyRange(kWq, 31, 131, part).ok());
      EXPECT_TRUE(at::equal(
          part, expected.view(at::IntArrayRef({-1})).narrow(0, 31, 100)));
    }
  }
}

TEST(CheckpointTest, PermutesTorchtitanRows) {
  const LlamaConfig config = SmallConfig();
  const Tensors hf = HfTensors(config);
  for (const bool root : {true, false}) {
    Tensors titan;
    for (const auto& [name, tensor] : hf) {
      std::string native = ToNativeName(name).value();
      at::Tensor value = tensor;
      if (native.find(".wq.") != std::string::npos ||
          native.find(".wk.") != std::string::npos) {
        const int64_t heads = value.size(0) / config.head_dim;
        value = value.view({heads, 2, config.head_dim / 2, config.dim})
                    .transpose(1, 2)
                    .reshape({-1, config.dim});
      }
      titan[root ? native : native.substr(6)] = value.contiguous();
    }
    Diagnostics diags;
    const auto checkpoint =
        Checkpoint::Open(Save("titan", config, titan), &diags);
    ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
    for (const auto& [name, tensor] : hf) {
      const std::string native = ToNativeName(name).value();
      EXPECT_TRUE(at::equal(Whole(**checkpoint, native), tensor)) << native;
    }
    // A range that starts and ends inside rows, across heads.
    const at::Tensor part = at::empty({500});
    ASSERT_TRUE((*checkpoint)->CopyRange(kWq, 7, 507, part).ok());
    EXPECT_TRUE(at::equal(
        part, hf.at(kHfWq).view(at::IntArrayRef({-1})).narrow(0, 7, 500)));
  }
}

TEST(CheckpointTest, TiedOutputMayBeAbsentEqualOrTheOnlyOne) {
  LlamaConfig config = SmallConfig();
  config.tied_embeddings = true;
  Tensors tensors = HfTensors(config);
  const at::Tensor table = tensors["model.embed_tokens.weight"];
  EXPECT_EQ(Errors(Save("absent", config, tensors)), "accepted");
  tensors["lm_head.weight"] = table;
  EXPECT_EQ(Errors(Save("equal", config, tensors)), "accepted");
  tensors["lm_head.weight"] = table + 1;
  EXPECT_EQ(Errors(Save("differs", config, tensors)),
            "bad_tensor: model.safetensors: tensor 'lm_head.weight' differs "
            "from 'model.embed_tokens.weight', but config.json ties them "
            "(tie_word_embeddings is true)");
  tensors["lm_head.weight"] = table;
  tensors.erase("model.embed_tokens.weight");
  Diagnostics diags;
  const auto checkpoint =
      Checkpoint::Open(Save("only", config, tensors), &diags);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_TRUE(at::equal(Whole(**checkpoint, kEmbeddingName), table));
  EXPECT_EQ((*checkpoint)->Find(kOutputName), nullptr);
}

TEST(CheckpointTest, NamesMissingExtraAndMisshapenTensors) {
  const LlamaConfig config = SmallConfig();
  Tensors tensors = HfTensors(config);
  tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = at::ones({4});
  EXPECT_EQ(Errors(Save("derived", config, tensors)), "accepted");

  Tensors bad = tensors;
  bad.erase("model.norm.weight");
  bad.erase(kHfWq);
  bad["model.layers.2.mlp.up_proj.weight"] = at::ones({48, 32});
  bad["model.layers.0.mlp.up_proj.weight"] = at::ones({32, 48});
  bad["model.layers.0.mlp.down_proj.weight"] = at::ones({32, 48}, at::kDouble);
  EXPECT_EQ(
      Errors(Save("bad", config, bad)),
      "bad_tensor: model.safetensors: tensor "
      "'model.layers.0.mlp.down_proj.weight' has dtype F64; expected F32, BF16 "
      "or F16\n"
      "bad_tensor: model.safetensors: tensor "
      "'model.layers.0.mlp.up_proj.weight' has shape [32, 48]; config.json "
      "wants [48, 32]\n"
      "missing_tensor: model.safetensors: lacks 2 of the 21 tensors of the "
      "model: 'model.layers.1.self_attn.q_proj.weight', 'model.norm.weight'\n"
      "extra_tensor: model.safetensors: holds 1 tensor that the model of "
      "config.json has no place for: 'model.layers.2.mlp.up_proj.weight'");

  Tensors headless = tensors;
  headless.erase("lm_head.weight");
  EXPECT_EQ(Errors(Save("headless", config, headless)),
            "missing_tensor: model.safetensors: lacks 1 of the 21 tensors of "
            "the model: 'lm_head.weight'; if it is tied to the embedding, set "
            "tie_word_embeddings to true in config.json");

  LlamaConfig deeper = config;
  deeper.n_layers = 4;
  EXPECT_EQ(Errors(Save("deeper", deeper, tensors)),
            "missing_tensor: model.safetensors: lacks 18 of the 39 tensors of "
            "the model: 'model.layers.2.self_attn.q_proj.weight', "
            "'model.layers.2.self_attn.k_proj.weight', "
            "'model.layers.2.self_attn.v_proj.weight', "
            "'model.layers.2.self_attn.o_proj.weight', "
            "'model.layers.2.mlp.gate_proj.weight', "
            "'model.layers.2.mlp.down_proj.weight', "
            "'model.layers.2.mlp.up_proj.weight', "
            "'model.layers.2.input_layernorm.weight', "
            "'model.layers.2.post_attention_layernorm.weight', "
            "'model.layers.3.self_attn.q_proj.weight' and 8 more");
}

TEST(CheckpointTest, ReportsConfigAndWeightsTogether) {
  const std::string dir = FreshDirectory("nothing");
  EXPECT_EQ(Errors(dir).substr(0, 13), "missing_file:");
  Diagnostics diags;
  EXPECT_FALSE(Checkpoint::Open(dir, &diags).ok());
  EXPECT_EQ(diags.all().size(), 2u);
}

TEST(CheckpointTest, ReadsUnalignedData) {
  // The reference writer aligns; others need not.
  const LlamaConfig config = SmallConfig();
  const Tensors tensors = HfTensors(config);
  const std::string dir = Save("unaligned", config, tensors);
  std::ifstream in(dir + "/model.safetensors", std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), {});
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  bytes.insert(8 + length, " ");
  ++length;
  std::memcpy(bytes.data(), &length, 8);
  std::ofstream(dir + "/model.safetensors", std::ios::binary) << bytes;
  Diagnostics diags;
  const auto checkpoint = Checkpoint::Open(dir, &diags);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    EXPECT_TRUE(at::equal(Whole(**checkpoint, kWq, dtype),
                          tensors.at(kHfWq).to(dtype)));
  }
}

}  // namespace
}  // namespace fts::llama
