// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// examples/llama_model.json, for the device-free commands, describes the
// bundled model. To write it anew: run this test with --update FILE.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "fts/core/match/model_description.h"
#include "fts/core/nn/describe.h"
#include "fts/models/llama/checkpoint.h"
#include "fts/models/llama/model.h"

namespace fts {
namespace {

std::string g_update;

TEST(ModelJsonTest, DescribesTheBundledModel) {
  Diagnostics diags;
  const auto checkpoint =
      llama::Checkpoint::Open("examples/data/llama_bytes", &diags);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  ASSERT_EQ((*checkpoint)->dtype(), "bfloat16");
  const llama::Llama model((*checkpoint)->config(),
                           at::TensorOptions().dtype(at::kBFloat16));
  const std::string want = ModelDescriptionToJson(nn::Describe(model)) + "\n";
  if (!g_update.empty()) std::ofstream(g_update) << want;
  std::stringstream have;
  have << std::ifstream("examples/llama_model.json").rdbuf();
  EXPECT_EQ(have.str(), want);
}

}  // namespace
}  // namespace fts

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc == 3 && std::string(argv[1]) == "--update") fts::g_update = argv[2];
  return RUN_ALL_TESTS();
}
