// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/rank_reporter.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>

#include "fts/core/comm/wait_observer.h"
#include "fts/train/rank_page.h"

namespace fts::train {
namespace {

// One test: joining is for the rest of the process.
TEST(RankReporterTest, ARankReportsToItsLauncher) {
  // Not started by a launcher: nothing happens.
  unsetenv(kRankPageVariable);
  EXPECT_TRUE(ReportToLauncher(0).ok());
  NoteStep(1, 1);
  { const BusyWith busy("nothing"); }

  setenv(kRankPageVariable, "x3", 1);
  EXPECT_EQ(ReportToLauncher(0).message(),
            "FTS_RANK_PAGE_FD is 'x3'; it must be a file descriptor, and only "
            "a launcher sets it: unset it");

  auto page = RankPage::Create(2);
  ASSERT_TRUE(page.ok()) << page.status();
  const auto offer = [&] {
    setenv(kRankPageVariable, std::to_string(dup((*page)->fd())).c_str(), 1);
  };
  offer();
  EXPECT_EQ(ReportToLauncher(2).message(),
            "the launcher's page is for 2 ranks; this is rank 2");
  offer();
  EXPECT_TRUE(ReportToLauncher(1).ok());
  EXPECT_EQ(getenv(kRankPageVariable), nullptr);
  EXPECT_TRUE((*page)->Read(1).attached);
  EXPECT_FALSE((*page)->Read(0).attached);

  {
    const comm::ObservedWait wait({"all_gather", "layer", "gather", 3});
    EXPECT_TRUE((*page)->Read(1).waiting);
    EXPECT_EQ((*page)->Read(1).label, "layer");
  }
  EXPECT_FALSE((*page)->Read(1).waiting);
  const uint64_t before = (*page)->Read(1).activity;
  comm::NextCollective();
  EXPECT_NE((*page)->Read(1).activity, before);
  NoteStep(5, 2);
  EXPECT_EQ((*page)->Read(1).step, 5);
  EXPECT_EQ((*page)->Read(1).epoch, 2);
  {
    const BusyWith busy("the export");
    EXPECT_EQ((*page)->Read(1).busy_with, "the export");
    const BusyWith not_busy(nullptr);
    EXPECT_EQ((*page)->Read(1).busy_with, "the export");
  }
  EXPECT_FALSE((*page)->Read(1).busy);
}

}  // namespace
}  // namespace fts::train
