// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/c10d_error.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace fts::comm {
namespace {

TEST(C10dErrorTest, FirstLineDropsPositionAndBacktrace) {
  EXPECT_EQ(FirstLine(std::runtime_error(
                "[/pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:538] "
                "Read error [127.0.0.1]:22229: Connection reset by peer")),
            "Read error [127.0.0.1]:22229: Connection reset by peer");
  EXPECT_EQ(FirstLine(std::runtime_error("Invalid scalar type\nException "
                                         "raised from allgather at x")),
            "Invalid scalar type");
  EXPECT_EQ(FirstLine(std::runtime_error("wait timeout Exception raised from")),
            "wait timeout");
}

TEST(C10dErrorTest, CodesFollowTheText) {
  EXPECT_EQ(CodeOf(std::runtime_error(
                "Timed out waiting 3000ms for recv operation to complete")),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(CodeOf(std::runtime_error("Socket closed [127.0.0.1]:49043")),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(CodeOf(std::runtime_error("Connection closed by peer")),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(CodeOf(std::runtime_error("Invalid scalar type")),
            absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace fts::comm
