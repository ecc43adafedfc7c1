// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/models/llama/export.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "fts/models/llama/checkpoint.h"
#include "fts/models/llama/init.h"
#include "fts/models/llama/model.h"
#include "fts/models/llama/test_util.h"

namespace fts::llama {
namespace {

TEST(ExportTest, ComesBackEqual) {
  for (const bool tied : {false, true}) {
    LlamaConfig config = SmallConfig();
    config.tied_embeddings = tied;
    config.rope_scaling = RopeScaling{4.0, 1.0, 4.0, 32};
    config.eos_token_ids = {3};
    Llama model(config);
    ASSERT_TRUE(nn::LoadParameters(model, InitSource(config, 9)).ok());
    const std::string dir = FreshDirectory("export") + "/a/b";
    for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
      const absl::Status exported = ExportHf(model, config, dir, dtype);
      ASSERT_TRUE(exported.ok()) << exported;
      Diagnostics diags;
      const auto checkpoint = Checkpoint::Open(dir, &diags);
      ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
      EXPECT_EQ((*checkpoint)->dtype(),
                dtype == at::kFloat ? "float32" : "bfloat16");
      EXPECT_EQ((*checkpoint)->config().rope_scaling->original_max_seq_len, 32);
      EXPECT_EQ((*checkpoint)->config().eos_token_ids, std::vector<int64_t>{3});
      Llama again((*checkpoint)->config());
      ASSERT_TRUE(nn::LoadParameters(again, **checkpoint).ok());
      const auto wanted = model.NamedParameters();
      const auto got = again.NamedParameters();
      ASSERT_EQ(wanted.size(), got.size());
      for (size_t i = 0; i < wanted.size(); ++i) {
        EXPECT_EQ(wanted[i].first, got[i].first);
        EXPECT_TRUE(at::equal(wanted[i].second.to(dtype).to(at::kFloat),
                              got[i].second));
      }
    }
  }
}

TEST(ExportTest, IsIncompleteUntilFinished) {
  const LlamaConfig config = SmallConfig();
  Llama model(config);
  ASSERT_TRUE(nn::LoadParameters(model, InitSource(config, 9)).ok());
  const std::string dir = FreshDirectory("incomplete");
  ASSERT_TRUE(ExportHf(model, config, dir, at::kFloat).ok());
  EXPECT_TRUE(std::filesystem::exists(dir + "/config.json"));
  auto exporter = HfExporter::Create(dir, config, at::kFloat);
  ASSERT_TRUE(exporter.ok()) << exporter.status();
  EXPECT_FALSE(std::filesystem::exists(dir + "/config.json"));
  const auto message = [](const absl::Status& status) {
    return std::string(status.message());
  };
  EXPECT_EQ(message((*exporter)->Add("model.norm.weight", at::ones({4}))),
            dir +
                ": parameter 'model.norm.weight' has shape [4] on cpu; "
                "expected [32] on cpu");
  EXPECT_TRUE((*exporter)->Add("model.norm.weight", at::ones({32})).ok());
  EXPECT_EQ(message((*exporter)->Add("model.norm.weight", at::ones({32}))),
            dir +
                ": parameter 'model.norm.weight' is not the model's, or was "
                "given before");
  EXPECT_EQ(message((*exporter)->Finish()),
            dir +
                ": 20 parameters were not given, the first is "
                "'model.layers.0.attention.wk.weight'");
  EXPECT_EQ(message(HfExporter::Create(dir, config, at::kInt).status()),
            dir +
                ": cannot export in dtype Int; expected float32, bfloat16 or "
                "float16");
}

}  // namespace
}  // namespace fts::llama
