// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What all shared-memory communicators of one rank and one job have in common:
// their driver, and one place that knows whether the job was aborted.
// For .cc files of comm/shm only.
//
// Threads: safe to use from any thread.
#ifndef FTS_CORE_COMM_SHM_JOB_H_
#define FTS_CORE_COMM_SHM_JOB_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fts/core/comm/abort_state.h"
#include "fts/core/comm/shm/driver.h"

namespace fts::comm::shm {

class Job final : public AbortState {
 public:
  Job(void* memory, std::shared_ptr<Arena> arena, int rank,
      std::vector<pid_t> pids, Driver::Options options)
      : driver_(memory, std::move(arena), rank, std::move(pids),
                WithReason(std::move(options))) {}

  Driver& driver() { return driver_; }

  void Abort(const std::string& reason) override { driver_.Abort(reason); }

 private:
  // Relatives of one rank ask AbortState only.
  Driver::Options WithReason(Driver::Options options) {
    options.on_abort = [this](const std::string& reason) { SetReason(reason); };
    return options;
  }

  Driver driver_;
};

}  // namespace fts::comm::shm

#endif  // FTS_CORE_COMM_SHM_JOB_H_
