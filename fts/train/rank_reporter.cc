// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/rank_reporter.h"

#include <cstdlib>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/core/comm/wait_observer.h"
#include "fts/train/rank_page.h"

namespace fts::train {
namespace {

class Reporter final : public comm::WaitObserver {
 public:
  Reporter(std::unique_ptr<RankPage> page, int rank)
      : page_(std::move(page)), slot_(page_->slot(rank)) {}

  RankSlot& slot() { return slot_; }

  void Issued(uint64_t collectives) override { slot_.Issued(collectives); }
  void BeginWait(const comm::WaitInfo& what) override {
    slot_.BeginWait(what.op, what.label, what.communicator, what.collective);
  }
  void EndWait() override { slot_.EndWait(); }

 private:
  const std::unique_ptr<RankPage> page_;
  RankSlot& slot_;
};

Reporter* g_reporter = nullptr;

}  // namespace

absl::Status ReportToLauncher(int rank) {
  const char* variable = std::getenv(kRankPageVariable);
  if (variable == nullptr) return absl::OkStatus();
  int fd = -1;
  if (!absl::SimpleAtoi(variable, &fd)) {
    return absl::InvalidArgumentError(absl::StrCat(
        kRankPageVariable, " is '", variable,
        "'; it must be a file descriptor, and only a launcher sets it: unset "
        "it"));
  }
  // Children of this rank are no ranks of its launcher.
  unsetenv(kRankPageVariable);
  FTS_ASSIGN_OR_RETURN(std::unique_ptr<RankPage> page, RankPage::Open(fd));
  if (rank < 0 || rank >= page->ranks()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the launcher's page is for ", page->ranks(),
                     " ranks; this is rank ", rank));
  }
  // For the rest of the process: a wait may be the last thing it does.
  g_reporter = new Reporter(std::move(page), rank);
  g_reporter->slot().Attach();
  comm::SetWaitObserver(g_reporter);
  return absl::OkStatus();
}

void NoteStep(int64_t step, int64_t epoch) {
  if (g_reporter != nullptr) g_reporter->slot().SetStep(step, epoch);
}

BusyWith::BusyWith(const char* what)
    : told_(g_reporter != nullptr && what != nullptr) {
  if (told_) g_reporter->slot().BeginBusy(what);
}

BusyWith::~BusyWith() {
  if (told_) g_reporter->slot().EndBusy();
}

}  // namespace fts::train
