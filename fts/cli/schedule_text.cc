// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/cli/schedule_text.h"

#include <sstream>
#include <string>

#include "fts/core/config/yaml.h"
#include "fts/core/schedule/schedule_json.h"

namespace fts::cli {

int PrintSchedule(const absl::StatusOr<Schedule>& schedule,
                  const Diagnostics& diags, bool json, Streams io) {
  const int exit = Report(diags, json, io);
  if (exit != kOk || !schedule.ok()) return kBadInput;
  if (json) {
    io.out << ScheduleToJson(*schedule, diags) << "\n";
    return kOk;
  }
  for (const Phase& phase : schedule->phases) {
    io.out << "phase " << phase.index << ": " << phase.params.size()
           << (phase.params.size() == 1 ? " parameter" : " parameters");
    if (phase.lr) io.out << ", lr " << YamlNode::Float(*phase.lr).text();
    if (phase.max_transition_epoch >= 0) {
      io.out << ", ends by epoch " << phase.max_transition_epoch;
    }
    if (phase.index > schedule->max_depth) io.out << ", beyond max_depth";
    io.out << "\n";
    for (const std::string& name : phase.params) io.out << "  " << name << "\n";
  }
  io.out << "max_depth: " << schedule->max_depth << "\n";
  if (schedule->max_epochs) {
    io.out << "max_epochs: " << *schedule->max_epochs << "\n";
  }
  return kOk;
}

}  // namespace fts::cli
