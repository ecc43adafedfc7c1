// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/base/status.h"

#include <gtest/gtest.h>

#include <memory>

namespace fts {
namespace {

absl::StatusOr<std::unique_ptr<int>> Half(int x) {
  if (x % 2 != 0) return absl::InvalidArgumentError("odd");
  return std::make_unique<int>(x / 2);
}

absl::StatusOr<int> Quarter(int x) {
  FTS_ASSIGN_OR_RETURN(std::unique_ptr<int> half, Half(x));
  FTS_ASSIGN_OR_RETURN(auto quarter, Half(*half));
  return *quarter;
}

absl::Status Check(int x, int* calls) {
  FTS_RETURN_IF_ERROR((++*calls, absl::OkStatus()));
  FTS_RETURN_IF_ERROR(Half(x));
  return absl::OkStatus();
}

TEST(Status, AssignOrReturn) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).status(), absl::InvalidArgumentError("odd"));
}

TEST(Status, ReturnIfErrorEvaluatesOnce) {
  int calls = 0;
  EXPECT_TRUE(Check(2, &calls).ok());
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(Check(1, &calls), absl::InvalidArgumentError("odd"));
}

}  // namespace
}  // namespace fts
