// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The files a run writes once, at its start: config.yaml (merged), plan.json
// and <arch>_ft_schedule.yaml.
// Threads: rank 0 only.
#ifndef FTS_TRAIN_RUN_FILES_H_
#define FTS_TRAIN_RUN_FILES_H_

#include <string>

#include "absl/status/status.h"
#include "fts/train/run_setup.h"

namespace fts::train {

// Creates `output_dir` as needed. No schedule file for a run without schedule;
// `<arch>_ft_schedule_valid.yaml` too when its keys had to be converted.
// Errors: RESOURCE_EXHAUSTED on a full disk, INTERNAL; both name the file.
absl::Status WriteRunFiles(const RunSetup& setup,
                           const std::string& output_dir);

// The schedule a user should have written, as
// `output_dir`/<arch>_ft_schedule_valid.yaml; returns its path.
absl::StatusOr<std::string> WriteValidSchedule(const YamlNode& valid,
                                               const std::string& arch,
                                               const std::string& output_dir);

}  // namespace fts::train

#endif  // FTS_TRAIN_RUN_FILES_H_
