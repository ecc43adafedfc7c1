// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The words in which a launcher tells of a hang that it found.
// Threads: no state.
#ifndef FTS_TRAIN_HANG_REPORT_H_
#define FTS_TRAIN_HANG_REPORT_H_

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "fts/train/hang_watch.h"
#include "fts/train/process_state.h"
#include "fts/train/rank_page.h"

namespace fts::train {

// What is known of one rank when the hang is found.
struct RankFacts {
  bool live = true;
  pid_t pid = 0;
  RankReport report;
  ProcessState process;
};

// "reduce_scatter of model.layers.3 phase 1", "barrier on gather".
std::string CallText(const RankReport& report);

struct HangReport {
  // One a rank:
  //   rank 0: waiting 31 s for reduce_scatter of model.layers.3 phase 1
  //       (collective 1234, step 17)
  //   rank 1: silent 31 s after all_gather of model.layers.2 phase 1
  //       (collective 1233, step 17); its process 4711 is running
  // each on a line.
  std::vector<std::string> ranks;
  // Who hangs, while doing what, and what to do about it; without "error: " and
  // without a log's name.
  std::string error;
  std::vector<int> hung;  // ranks whose logs tell more; empty: all
};

// `facts[rank]` of every rank; `hang_timeout` is what trainer.hang_timeout
// says.
HangReport MakeHangReport(const HangWatch::Finding& finding,
                          const std::vector<RankFacts>& facts,
                          std::chrono::milliseconds hang_timeout);

}  // namespace fts::train

#endif  // FTS_TRAIN_HANG_REPORT_H_
