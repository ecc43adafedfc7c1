// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The options that say how a schedule is resolved; `schedule resolve` and
// `schedule lint` share them.
// Threads: none here.
#ifndef FTS_CLI_SCHEDULE_FLAGS_H_
#define FTS_CLI_SCHEDULE_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "fts/cli/options.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"
#include "fts/core/match/model_description.h"
#include "fts/core/schedule/resolve.h"

namespace fts::cli {

class ScheduleFlags {
 public:
  // Adds --model, --schedule (both required) and the flags of resolution. Must
  // outlive options->Parse().
  void AddTo(Options* options);

  struct Read {
    ModelDescription model;
    YamlNode written;  // the schedule as written, or generated for `implicit`
    ResolveOptions resolve;
  };
  // Checks the numbers and reads the files; all problems go to `diags`. Empty
  // after an error.
  std::optional<Read> ReadAll(Diagnostics* diags) const;

 private:
  std::string model_path_, schedule_path_;
  bool epoch_transitions_only_ = false;
  bool full_match_ = false;
  std::optional<int64_t> max_depth_, max_epochs_;
  std::optional<std::string> base_max_lr_;
};

}  // namespace fts::cli

#endif  // FTS_CLI_SCHEDULE_FLAGS_H_
