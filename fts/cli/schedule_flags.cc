// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/cli/schedule_flags.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "fts/core/base/codes.h"
#include "fts/core/config/paths.h"
#include "fts/core/schedule/generate.h"

namespace fts::cli {

void ScheduleFlags::AddTo(Options* options) {
  options->Required("--model", &model_path_, "FILE",
                    "model description (fts-model/1 JSON)");
  options->Required("--schedule", &schedule_path_, "FILE",
                    "schedule (YAML), or implicit");
  options->Flag("--epoch-transitions-only", &epoch_transitions_only_,
                "phases end by max_transition_epoch alone");
  options->Optional("--max-depth", &max_depth_, "N",
                    "last phase to run (default -1: all)");
  options->Optional("--base-max-lr", &base_max_lr_, "X",
                    "lr of later phases that set none (default 1e-5), or none");
  options->Optional("--max-epochs", &max_epochs_, "N",
                    "the trainer's max_epochs");
  options->Flag("--full-match", &full_match_,
                "patterns must match whole names, not only their beginning");
}

std::optional<ScheduleFlags::Read> ScheduleFlags::ReadAll(
    Diagnostics* diags) const {
  Read out;
  const auto low = [&](const char* name, int64_t value, int64_t min) {
    if (value >= min) return false;
    diags->Error(codes::kOutOfRange,
                 std::string(name) + " is " + std::to_string(value) +
                     "; it must be at least " + std::to_string(min));
    return true;
  };
  out.resolve.epoch_transitions_only = epoch_transitions_only_;
  if (full_match_) out.resolve.match = ResolveOptions::MatchRule::kFull;
  if (max_depth_ && !low("--max-depth", *max_depth_, -1)) {
    // Deeper than any schedule means all of it.
    out.resolve.max_depth =
        static_cast<int>(std::min<int64_t>(*max_depth_, 1'000'000'000));
  }
  if (max_epochs_ && !low("--max-epochs", *max_epochs_, 1)) {
    out.resolve.max_epochs = *max_epochs_;
  }
  if (base_max_lr_ == "none") {
    out.resolve.base_max_lr.reset();
  } else if (base_max_lr_) {
    const auto lr = YamlNode::String(*base_max_lr_).ToNumber();
    if (!lr || !std::isfinite(*lr) || *lr < 0) {
      diags->Error(codes::kOutOfRange,
                   "--base-max-lr is '" + *base_max_lr_ +
                       "'; it must be a number of at least 0, or none");
    } else {
      out.resolve.base_max_lr = *lr;
    }
  }
  auto model = ReadModelDescription(UserPath(model_path_), diags);
  if (schedule_path_ == "implicit") {
    if (!diags->ok()) return std::nullopt;
    out.written = GenerateImplicitSchedule(*model);
  } else {
    auto written = ReadYamlFile(UserPath(schedule_path_), diags);
    if (!diags->ok()) return std::nullopt;
    out.written = *std::move(written);
  }
  out.model = *std::move(model);
  return out;
}

}  // namespace fts::cli
