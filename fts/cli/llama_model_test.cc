// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/cli/llama_model.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <string>

namespace fts::cli {
namespace {

constexpr char kShape[] =
    "{vocab_size: 40, dim: 32, n_layers: 2, n_heads: 4, n_kv_heads: 2, "
    "hidden_dim: 48, max_seq_len: 64}";

std::string Directory(const std::string& name) {
  const char* base = std::getenv("TEST_TMPDIR");
  const std::string path =
      std::string(base != nullptr ? base : "/tmp") + "/llama_model_" + name;
  std::filesystem::remove_all(path);
  return path;
}

std::unique_ptr<train::TrainModel> Fresh(ParameterNames names,
                                         int64_t seed = 1) {
  Diagnostics diags;
  RunConfig config;
  config.model.arch = "llama";
  config.model.config = *ParseYaml(kShape, "f.yaml", &diags);
  config.model.names = names;
  config.seed = seed;
  auto model = MakeLlamaModel(config, &diags);
  EXPECT_TRUE(model.ok()) << diags.ToString();
  return *std::move(model);
}

// All values by name, read in two ranges each.
std::map<std::string, at::Tensor> Values(train::TrainModel& model) {
  std::map<std::string, at::Tensor> out;
  for (const auto& leaf : model.parts().parameters) {
    const int64_t n = leaf.tensor.numel();
    at::Tensor value = at::zeros({n});
    for (const auto& [begin, end] :
         {std::pair<int64_t, int64_t>{0, n / 3}, {n / 3, n}}) {
      const absl::Status status = model.LoadRange(
          leaf.name, begin, end, value.narrow(0, begin, end - begin));
      EXPECT_TRUE(status.ok()) << status;
    }
    out[leaf.name] = value.view(leaf.tensor.sizes());
  }
  return out;
}

TEST(LlamaModelTest, DescriptionsTellHeads) {
  for (const auto names : {ParameterNames::kNative, ParameterNames::kHf}) {
    Diagnostics diags;
    RunConfig config;
    config.model.arch = "llama";
    config.model.config = *ParseYaml(kShape, "f.yaml", &diags);
    config.model.names = names;
    const auto meta = DescribeLlamaModel(config, &diags);
    ASSERT_TRUE(meta.ok()) << diags.ToString();
    const bool hf = names == ParameterNames::kHf;
    for (const ModelDescription& d : {*meta, Fresh(names)->description()}) {
      std::map<std::string, int64_t> heads;
      for (const ModuleInfo& module : d.modules) {
        if (module.heads > 0) heads[module.name] = module.heads;
      }
      EXPECT_EQ(heads.size(), 8u);  // four in each of two layers
      const std::string layer =
          hf ? "model.layers.1.self_attn." : "model.layers.1.attention.";
      EXPECT_EQ(heads[layer + (hf ? "q_proj" : "wq")], 4);
      EXPECT_EQ(heads[layer + (hf ? "k_proj" : "wk")], 2);
      EXPECT_EQ(heads[layer + (hf ? "v_proj" : "wv")], 2);
      EXPECT_EQ(heads[layer + (hf ? "o_proj" : "wo")], 4);
    }
  }
}

TEST(LlamaModelTest, PartsAndDescriptionUseTheSameNames) {
  for (const auto names : {ParameterNames::kNative, ParameterNames::kHf}) {
    const auto model = Fresh(names);
    EXPECT_EQ(model->arch(), "llama");
    EXPECT_EQ(model->vocab_size(), 40);
    EXPECT_EQ(model->max_seq_len(), 64);
    const SessionModel parts = model->parts();
    const ModelDescription& d = model->description();
    ASSERT_EQ(parts.parameters.size(), d.parameters.size());
    for (size_t i = 0; i < d.parameters.size(); ++i) {
      EXPECT_EQ(parts.parameters[i].name, d.parameters[i].name);
      EXPECT_EQ(parts.parameters[i].tensor.sizes().vec(),
                d.parameters[i].shape);
    }
    ASSERT_EQ(parts.modules.size(), d.modules.size());
    std::set<std::string> seen;
    for (size_t i = 0; i < d.modules.size(); ++i) {
      EXPECT_EQ(parts.modules[i].first, d.modules[i].name);
      EXPECT_TRUE(seen.insert(d.modules[i].name).second) << d.modules[i].name;
    }
    const bool hf = names == ParameterNames::kHf;
    EXPECT_EQ(seen.count(hf ? "lm_head" : "model.output"), 1u);
    EXPECT_EQ(seen.count(hf ? "model.layers.1.self_attn.q_proj"
                            : "model.layers.1.attention.wq"),
              1u);
  }
}

TEST(LlamaModelTest, DescribedWithoutItsValues) {
  for (const auto names : {ParameterNames::kNative, ParameterNames::kHf}) {
    for (const bool tied : {false, true}) {
      Diagnostics diags;
      RunConfig config;
      config.model.arch = "llama";
      config.model.names = names;
      std::string shape = kShape;
      if (tied) shape.insert(shape.size() - 1, ", tied_embeddings: true");
      config.model.config = *ParseYaml(shape, "f.yaml", &diags);
      const auto model = MakeLlamaModel(config, &diags);
      const auto described = DescribeLlamaModel(config, &diags);
      ASSERT_TRUE(model.ok() && described.ok()) << diags.ToString();
      EXPECT_EQ(ModelDescriptionToJson(*described),
                ModelDescriptionToJson((*model)->description()));
    }
  }
  // 280 GB of values that are never there.
  Diagnostics diags;
  RunConfig config;
  config.model.arch = "llama";
  config.model.config = *ParseYaml(
      "{vocab_size: 128256, dim: 8192, n_layers: 80, n_heads: 64, n_kv_heads: "
      "8, hidden_dim: 28672, max_seq_len: 8192}",
      "f.yaml", &diags);
  const auto described = DescribeLlamaModel(config, &diags);
  ASSERT_TRUE(described.ok()) << diags.ToString();
  int64_t total = 0;
  for (const auto& parameter : described->parameters) {
    total += parameter.numel();
  }
  EXPECT_EQ(total, 70553706496);
}

TEST(LlamaModelTest, ValuesDependOnTheSeedNotOnTheNames) {
  const auto native = Fresh(ParameterNames::kNative);
  const auto hf = Fresh(ParameterNames::kHf);
  const auto other = Fresh(ParameterNames::kNative, 2);
  const auto a = Values(*native), b = Values(*hf), c = Values(*other);
  EXPECT_TRUE(at::equal(a.at("model.output.weight"), b.at("lm_head.weight")));
  EXPECT_TRUE(at::equal(a.at("model.layers.0.feed_forward.w2.weight"),
                        b.at("model.layers.0.mlp.down_proj.weight")));
  EXPECT_FALSE(
      at::equal(a.at("model.output.weight"), c.at("model.output.weight")));
}

// Exported under either spelling, read back under the other.
TEST(LlamaModelTest, ExportComesBackUnderEitherNames) {
  for (const auto names : {ParameterNames::kNative, ParameterNames::kHf}) {
    const auto model = Fresh(names);
    const auto values = Values(*model);
    const std::string dir = Directory("export");
    auto exporter = model->StartExport(dir, "float32");
    ASSERT_TRUE(exporter.ok()) << exporter.status();
    for (const auto& [name, value] : values) {
      const absl::Status added = (*exporter)->Add(name, value);
      ASSERT_TRUE(added.ok()) << added;
    }
    ASSERT_TRUE((*exporter)->Finish().ok());

    Diagnostics diags;
    RunConfig config;
    config.model.arch = "llama";
    config.model.path = dir;
    config.model.names = ParameterNames::kNative;
    auto again = MakeLlamaModel(config, &diags);
    ASSERT_TRUE(again.ok()) << diags.ToString();
    const auto got = Values(**again);
    const auto want = Values(*Fresh(ParameterNames::kNative));
    ASSERT_EQ(got.size(), want.size());
    for (const auto& [name, value] : want) {
      EXPECT_TRUE(at::equal(got.at(name), value)) << name;
    }
  }
}

TEST(LlamaModelTest, AMissingParameterIsNamedAtTheEnd) {
  const auto model = Fresh(ParameterNames::kHf);
  auto exporter = model->StartExport(Directory("missing"), "float32");
  ASSERT_TRUE(exporter.ok());
  for (const auto& [name, value] : Values(*model)) {
    if (name != "lm_head.weight") {
      ASSERT_TRUE((*exporter)->Add(name, value).ok());
    }
  }
  const absl::Status status = (*exporter)->Finish();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("model.output.weight"),
            absl::string_view::npos)
      << status;
}

// So that a run's tp layouts can be checked before it starts.
TEST(LlamaModelTest, RunsOnTheMetaDeviceUnderEitherNames) {
  for (const ParameterNames names :
       {ParameterNames::kNative, ParameterNames::kHf}) {
    const auto model = Fresh(names);
    const auto meta = model->OnMeta();
    ASSERT_NE(meta, nullptr);
    const at::Tensor logits = meta->Forward(
        at::empty({3, 4}, at::TensorOptions(at::kMeta).dtype(at::kLong)));
    EXPECT_TRUE(logits.is_meta());
    EXPECT_EQ(logits.sizes(), at::IntArrayRef({3, 4, model->vocab_size()}));
    const SessionModel here = model->parts(), there = meta->parts();
    ASSERT_EQ(here.parameters.size(), there.parameters.size());
    for (size_t i = 0; i < here.parameters.size(); ++i) {
      EXPECT_EQ(here.parameters[i].name, there.parameters[i].name);
      EXPECT_TRUE(there.parameters[i].tensor.is_meta());
    }
  }
}

TEST(LlamaModelTest, OtherArchitecturesAreRefused) {
  Diagnostics diags;
  RunConfig config;
  config.model.arch = "gpt";
  EXPECT_FALSE(MakeLlamaModel(config, &diags).ok());
  EXPECT_EQ(diags.ToString(),
            "error: model.arch 'gpt' is not available; use 'llama' "
            "[not_available]\n");
}

}  // namespace
}  // namespace fts::cli
