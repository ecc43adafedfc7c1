// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A rank's side of the page through which the launcher sees what it is doing
// (rank_page.h). In a process that no launcher of ours started everything here
// does nothing. No torch here.
// Threads: ReportToLauncher once, before others; the rest from any thread.
#ifndef FTS_TRAIN_RANK_REPORTER_H_
#define FTS_TRAIN_RANK_REPORTER_H_

#include <cstdint>

#include "absl/status/status.h"

namespace fts::train {

// From now on this process, rank `rank`, tells its launcher when it waits for
// other ranks. Takes the launcher's variable out of the environment.
// Errors: the launcher's page is not there or not one of ours.
absl::Status ReportToLauncher(int rank);

// The optimizer step that begins.
void NoteStep(int64_t step, int64_t epoch);

// While it lives, this rank works for itself, for as long as that takes: others
// may wait for it, and it does not hang. For what depends on more than this
// process: files, terminals. Null: does nothing.
class BusyWith {
 public:
  explicit BusyWith(const char* what);
  ~BusyWith();
  BusyWith(const BusyWith&) = delete;
  BusyWith& operator=(const BusyWith&) = delete;

 private:
  const bool told_;
};

}  // namespace fts::train

#endif  // FTS_TRAIN_RANK_REPORTER_H_
