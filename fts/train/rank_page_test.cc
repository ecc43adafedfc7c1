// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/rank_page.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>

namespace fts::train {
namespace {

std::unique_ptr<RankPage> NewPage(int ranks) {
  auto page = RankPage::Create(ranks);
  EXPECT_TRUE(page.ok()) << page.status();
  return std::move(*page);
}

TEST(RankPageTest, AFreshSlot) {
  const auto page = NewPage(2);
  EXPECT_EQ(page->ranks(), 2);
  EXPECT_GT(page->fd(), 2);
  const RankReport report = page->Read(1);
  EXPECT_FALSE(report.attached);
  EXPECT_FALSE(report.waiting);
  EXPECT_FALSE(report.busy);
  EXPECT_EQ(report.step, -1);
  EXPECT_EQ(report.op, "");
}

TEST(RankPageTest, OneMappingReadsWhatAnotherWrites) {
  const auto page = NewPage(3);
  auto other = RankPage::Open(dup(page->fd()));
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ((*other)->ranks(), 3);
  RankSlot& slot = (*other)->slot(2);
  slot.Attach();
  slot.SetStep(17, 2);
  slot.BeginWait("all_gather", "model.layers.3", "gather", 12);
  RankReport report = page->Read(2);
  EXPECT_TRUE(report.attached);
  EXPECT_TRUE(report.waiting);
  EXPECT_EQ(report.op, "all_gather");
  EXPECT_EQ(report.label, "model.layers.3");
  EXPECT_EQ(report.communicator, "gather");
  EXPECT_EQ(report.collective, 12u);
  EXPECT_EQ(report.step, 17);
  EXPECT_EQ(report.epoch, 2);
  slot.EndWait();
  slot.BeginBusy("the export");
  report = page->Read(2);
  EXPECT_FALSE(report.waiting);
  EXPECT_TRUE(report.busy);
  EXPECT_EQ(report.busy_with, "the export");
  EXPECT_EQ(report.op, "all_gather");  // the last one stays
  slot.EndBusy();
  EXPECT_FALSE(page->Read(2).busy);
  EXPECT_FALSE(page->Read(1).attached);
}

TEST(RankPageTest, EveryCallIsActivity) {
  const auto page = NewPage(1);
  RankSlot& slot = page->slot(0);
  uint64_t before = page->Read(0).activity;
  EXPECT_EQ(page->Read(0).activity, before);
  const auto changed = [&] {
    const uint64_t now = page->Read(0).activity;
    return now != std::exchange(before, now);
  };
  slot.Attach();
  EXPECT_TRUE(changed());
  slot.Issued(1);
  EXPECT_TRUE(changed());
  slot.BeginWait("a", "", "", 1);
  EXPECT_TRUE(changed());
  slot.EndWait();
  EXPECT_TRUE(changed());
  slot.BeginBusy("b");
  EXPECT_TRUE(changed());
  slot.EndBusy();
  EXPECT_TRUE(changed());
  slot.SetStep(0, 0);
  EXPECT_TRUE(changed());
}

TEST(RankPageTest, WaitsMayOverlap) {
  const auto page = NewPage(1);
  RankSlot& slot = page->slot(0);
  slot.BeginWait("a", "", "", 1);
  slot.BeginWait("b", "", "", 2);
  slot.EndWait();
  EXPECT_TRUE(page->Read(0).waiting);
  slot.EndWait();
  EXPECT_FALSE(page->Read(0).waiting);
}

TEST(RankPageTest, LongTextsAreCutBetweenCharacters) {
  const auto page = NewPage(1);
  RankSlot& slot = page->slot(0);
  slot.BeginWait("op", std::string(135, 'x'), "", 1);
  EXPECT_EQ(page->Read(0).label, std::string(135, 'x'));
  slot.BeginWait("op", std::string(136, 'x'), "", 1);
  EXPECT_EQ(page->Read(0).label, std::string(132, 'x') + "...");
  // The character that begins at 131 does not fit.
  slot.BeginWait("op", std::string(131, 'x') + "\xC3\xA9" + "yyyyyy", "", 1);
  EXPECT_EQ(page->Read(0).label, std::string(131, 'x') + "...");
}

TEST(RankPageTest, AnotherFileIsNoPage) {
  const int null_fd = open("/dev/null", O_RDWR);
  EXPECT_EQ(RankPage::Open(null_fd).status().message(),
            "FTS_RANK_PAGE_FD is " + std::to_string(null_fd) +
                ", which is not the page of a launcher; unset it");
  close(null_fd);
  const int other = memfd_create("other", MFD_CLOEXEC);
  ASSERT_EQ(ftruncate(other, 65536), 0);
  EXPECT_EQ(RankPage::Open(other).status().message(),
            "FTS_RANK_PAGE_FD is " + std::to_string(other) +
                ", which is the page of another program; unset it");
  close(other);
  EXPECT_EQ(RankPage::Open(other).status().message(),
            "the page for the ranks: fstat: Bad file descriptor");
}

TEST(RankPageTest, ThePageCannotBeCutOff) {
  const auto page = NewPage(1);
  EXPECT_NE(ftruncate(page->fd(), 0), 0);
}

// A reader never sees half of a text.
TEST(RankPageTest, TextsAreWhole) {
  const auto page = NewPage(1);
  RankSlot& slot = page->slot(0);
  slot.BeginWait("start", "start", "start", 0);
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int i = 0; i < 20000; ++i) {
      const std::string text(1 + i % 30, 'a' + i % 26);
      slot.BeginWait("op", text, text, i);
      slot.EndWait();
    }
    done = true;
  });
  while (!done) {
    const RankReport report = page->Read(0);
    EXPECT_EQ(report.label, report.communicator);
  }
  writer.join();
}

}  // namespace
}  // namespace fts::train
