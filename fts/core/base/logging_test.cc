// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/base/logging.h"

#include <gtest/gtest.h>

namespace fts {
namespace {

TEST(Logging, WritesToStandardErrorOnly) {
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  FTS_LOG_INFO("phase {} of {}", 1, 3);
  FTS_LOG_WARNING("look out");
  SetLogRank(2);
  FTS_LOG_ERROR("bad");
  SetLogRank(-1);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "[fts] info: phase 1 of 3\n[fts] warning: look out\n"
            "[fts rank 2] error: bad\n");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

}  // namespace
}  // namespace fts
