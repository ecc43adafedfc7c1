// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/batch.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "fts/core/nn/loss.h"

namespace fts::train {
namespace {

std::shared_ptr<const TokenSource> Text(const std::string& text) {
  const char* dir = std::getenv("TEST_TMPDIR");
  TokenSourceSpec spec;
  spec.path = std::string(dir != nullptr ? dir : "/tmp") + "/batch.txt";
  std::ofstream(spec.path, std::ios::binary) << text;
  Diagnostics diags;
  auto source = TokenSource::Open(spec, &diags);
  EXPECT_TRUE(source.ok()) << diags.ToString();
  return *source;
}

std::string Row(const at::Tensor& tensor, int64_t row) {
  std::string text;
  for (int64_t i = 0; i < tensor.size(1); ++i) {
    const at::Tensor one = tensor.select(0, row).select(0, i);
    text.push_back(static_cast<char>(*one.data_ptr<int64_t>()));
  }
  return text;
}

TEST(MakeBatch, LabelsAreInputsOneLater) {
  auto source = Text("abcdefghij");
  auto batch = MakeBatch(*source, {2, 0}, 3);
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_EQ(batch->inputs.sizes(), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(batch->inputs.scalar_type(), at::kLong);
  EXPECT_EQ(Row(batch->inputs, 0), "ghi");
  EXPECT_EQ(Row(batch->labels, 0), "hij");
  EXPECT_EQ(Row(batch->inputs, 1), "abc");
  EXPECT_EQ(Row(batch->labels, 1), "bcd");
  EXPECT_EQ(batch->num_tokens(), 6);
}

TEST(MakeBatch, AnEmptyBatchKeepsItsWidth) {
  auto source = Text("abcdefghij");
  auto batch = MakeBatch(*source, {}, 3);
  ASSERT_TRUE(batch.ok());
  EXPECT_EQ(batch->inputs.sizes(), (std::vector<int64_t>{0, 3}));
  EXPECT_EQ(batch->labels.sizes(), (std::vector<int64_t>{0, 3}));
  EXPECT_EQ(batch->num_tokens(), 0);
}

TEST(PadBatch, AddsRowsThatNoLossCounts) {
  auto source = Text("abcdefghij");
  auto batch = MakeBatch(*source, {2, 0, 1}, 3);
  ASSERT_TRUE(batch.ok());
  PadBatch(3, &*batch);
  EXPECT_EQ(batch->inputs.size(0), 3);
  PadBatch(2, &*batch);
  EXPECT_EQ(batch->inputs.sizes(), (std::vector<int64_t>{4, 3}));
  EXPECT_EQ(Row(batch->inputs, 1), "abc");
  EXPECT_EQ(batch->inputs[3].sum().item<int64_t>(), 0);
  EXPECT_EQ(batch->labels[3].eq(nn::kIgnoreLabel).sum().item<int64_t>(), 3);
}

TEST(MakeBatch, ASampleOutsideIsAnError) {
  auto source = Text("abcdefghij");
  EXPECT_EQ(MakeBatch(*source, {3}, 3).status().code(),
            absl::StatusCode::kOutOfRange);
}

}  // namespace
}  // namespace fts::train
