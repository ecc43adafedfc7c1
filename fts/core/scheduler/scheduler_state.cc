// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/scheduler/scheduler_state.h"

#include <cmath>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace fts {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kFormat[] = "fts-scheduler-state/2";
constexpr char kOldFormat[] = "fts-scheduler-state/1";
constexpr double kInf = std::numeric_limits<double>::infinity();

// JSON has no infinity.
Json NumberOrNull(const std::optional<double>& value) {
  if (!value) return nullptr;
  if (std::isinf(*value)) return *value > 0 ? "inf" : "-inf";
  return *value;
}

absl::Status Bad(const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("scheduler state: ", what));
}

// Reads fields, keeping the first problem.
class Fields {
 public:
  explicit Fields(const Json& json) : json_(json) {}

  int64_t Count(const char* key, int64_t max = INT64_MAX, int64_t min = 0) {
    const Json* value = Get(key);
    if (value == nullptr) return 0;
    if (!value->is_number_integer() || value->get<int64_t>() < min ||
        value->get<int64_t>() > max) {
      Fail(absl::StrCat("'", key, "' is ", value->dump(),
                        "; it must be a whole number, ", min, " or more"));
      return 0;
    }
    return value->get<int64_t>();
  }
  // Null stands for absent.
  std::optional<double> NumberOrInfinity(const char* key) {
    const Json* value = Get(key);
    if (value == nullptr || value->is_null()) return std::nullopt;
    if (*value == "inf") return kInf;
    if (*value == "-inf") return -kInf;
    return Number(key);
  }
  double Number(const char* key) {
    const Json* value = Get(key);
    if (value == nullptr) return 0;
    if (!value->is_number()) {
      Fail(absl::StrCat("'", key, "' is ", value->dump(),
                        "; it must be a number"));
      return 0;
    }
    return value->get<double>();
  }
  std::string Text(const char* key) {
    const Json* value = Get(key);
    if (value == nullptr) return "";
    if (!value->is_string()) {
      Fail(absl::StrCat("'", key, "' is ", value->dump(),
                        "; it must be a string"));
      return "";
    }
    return value->get<std::string>();
  }
  // Null when absent or JSON null.
  const Json* Optional(const char* key) const {
    const auto it = json_.find(key);
    return it == json_.end() || it->is_null() ? nullptr : &*it;
  }
  void Fail(const std::string& what) {
    if (status_.ok()) status_ = Bad(what);
  }
  const absl::Status& status() const { return status_; }

 private:
  const Json* Get(const char* key) {
    const auto it = json_.find(key);
    if (it == json_.end()) {
      Fail(absl::StrCat("'", key, "' is missing"));
      return nullptr;
    }
    return &*it;
  }

  const Json& json_;
  absl::Status status_;
};

}  // namespace

const char* Name(Stage stage) {
  switch (stage) {
    case Stage::kNew:
      return "new";
    case Stage::kIdle:
      return "idle";
    case Stage::kTraining:
      return "training";
    case Stage::kStepsDone:
      return "steps_done";
    case Stage::kValidated:
      return "validated";
    case Stage::kFinished:
      return "finished";
  }
  return "?";
}

std::string SchedulerState::ToString() const {
  std::string out =
      absl::StrCat(Name(stage), ", phase ", phase, ", next epoch ", next_epoch,
                   ", next step ", next_step);
  if (es_best) {
    absl::StrAppend(&out, ", early stopping best ", FormatMetric(*es_best));
    if (es_phase_best != es_best) {
      absl::StrAppend(&out, " (of the phase ",
                      es_phase_best ? FormatMetric(*es_phase_best) : "none",
                      ")");
    }
    absl::StrAppend(&out, " wait ", es_wait);
  }
  if (!phase_complete.empty()) absl::StrAppend(&out, ", phase complete");
  if (best) {
    absl::StrAppend(&out, ", best ", FormatMetric(best->metric), " at epoch ",
                    best->epoch, " in phase ", best->phase);
  }
  if (cause != FinishCause::kNone) absl::StrAppend(&out, ": ", finish_text);
  return out;
}

std::string SchedulerStateToJson(const SchedulerState& state) {
  Json json;
  json["format"] = kFormat;
  json["stage"] = Name(state.stage);
  json["phase"] = state.phase;
  json["next_epoch"] = state.next_epoch;
  json["next_step"] = state.next_step;
  json["phase_first_step"] = state.phase_first_step;
  json["started_step"] = state.started_step;
  json["tokens"] = state.tokens;
  json["seconds"] = state.seconds;
  json["es_best"] = NumberOrNull(state.es_best);
  json["es_phase_best"] = NumberOrNull(state.es_phase_best);
  json["es_wait"] = state.es_wait;
  json["phase_complete"] = state.phase_complete;
  json["best"] = nullptr;
  if (state.best) {
    json["best"] = {{"metric", state.best->metric},
                    {"epoch", state.best->epoch},
                    {"phase", state.best->phase}};
  }
  json["cause"] = Name(state.cause);
  json["finish_text"] = state.finish_text;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<SchedulerState> SchedulerStateFromJson(const std::string& text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return Bad("not a JSON object");
  Fields fields(json);
  const std::string format = fields.Text("format");
  const bool old = format == kOldFormat;
  if (fields.status().ok() && format != kFormat && !old) {
    return Bad(absl::StrCat("format is '", format, "'; this program reads '",
                            kOldFormat, "' and '", kFormat, "'"));
  }
  SchedulerState state;
  const std::string stage = fields.Text("stage");
  bool known = false;
  for (const Stage candidate : kAllStages) {
    if (stage == Name(candidate)) {
      state.stage = candidate;
      known = true;
    }
  }
  if (!known) fields.Fail(absl::StrCat("stage '", stage, "' is unknown"));
  state.phase = static_cast<int>(fields.Count("phase", INT32_MAX));
  state.next_epoch = fields.Count("next_epoch");
  state.next_step = fields.Count("next_step");
  if (!old) {
    state.phase_first_step = fields.Count("phase_first_step");
    state.started_step = fields.Count("started_step", INT64_MAX, -1);
    state.tokens = fields.Count("tokens");
    state.seconds = fields.Number("seconds");
    state.es_phase_best = fields.NumberOrInfinity("es_phase_best");
  }
  state.es_best = fields.NumberOrInfinity("es_best");
  state.es_wait = fields.Count("es_wait");
  state.phase_complete = fields.Text("phase_complete");
  if (const Json* best = fields.Optional("best")) {
    if (!best->is_object()) return Bad("'best' must be a mapping or null");
    Fields inner(*best);
    BestRecord record;
    record.metric = inner.Number("metric");
    record.epoch = inner.Count("epoch");
    record.phase = static_cast<int>(inner.Count("phase", INT32_MAX));
    if (!inner.status().ok()) return inner.status();
    state.best = record;
  }
  const std::string cause = fields.Text("cause");
  known = false;
  for (const FinishCause candidate : kAllFinishCauses) {
    if (cause == Name(candidate)) {
      state.cause = candidate;
      known = true;
    }
  }
  if (!known) fields.Fail(absl::StrCat("cause '", cause, "' is unknown"));
  state.finish_text = fields.Text("finish_text");
  if (!fields.status().ok()) return fields.status();
  return state;
}

}  // namespace fts
