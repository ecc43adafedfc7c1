// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A resolved schedule on standard output: JSON, or text for people.
// Threads: no state.
#ifndef FTS_CLI_SCHEDULE_TEXT_H_
#define FTS_CLI_SCHEDULE_TEXT_H_

#include "absl/status/statusor.h"
#include "fts/cli/command.h"
#include "fts/core/schedule/schedule.h"

namespace fts::cli {

// Prints `schedule`, or the errors in `diags`; warnings go to io.err either
// way. Returns the exit code.
int PrintSchedule(const absl::StatusOr<Schedule>& schedule,
                  const Diagnostics& diags, bool json, Streams io);

}  // namespace fts::cli

#endif  // FTS_CLI_SCHEDULE_TEXT_H_
