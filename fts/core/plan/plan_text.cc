// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/plan_text.h"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fts/core/plan/tp_text.h"

namespace fts {
namespace {

constexpr int kColumns = 6;
using Line = std::array<std::string, kColumns>;

std::string Show(const std::string& module) {
  return module.empty() ? "(whole model)" : module;
}

// The phases in which it trains: "0" (from then on), "0-1,4-" (not in 2 and 3),
// "never".
std::string Phases(const SegmentSpec& segment) {
  if (segment.phase < 0) return "never";
  std::string out = absl::StrCat(segment.phase);
  if (segment.switches.empty()) return out;
  bool trains = true;
  for (const int at : segment.switches) {
    absl::StrAppend(&out, trains ? "-" : ",", trains ? at - 1 : at);
    trains = !trains;
  }
  return trains ? absl::StrCat(out, "-") : out;
}

// The options in force, in words.
std::string Options(const UnitSpec& unit) {
  std::string out = unit.reshard ? "reshard" : "keep";
  if (unit.options.reshard_group && unit.reshard) {
    absl::StrAppend(&out, " in groups of ", *unit.options.reshard_group);
  }
  if (unit.is_root) absl::StrAppend(&out, ", root");
  if (!unit.also.empty()) {
    absl::StrAppend(&out, ", one unit of ", unit.modules().size(), " modules");
  }
  if (unit.options.act_ckpt) {
    absl::StrAppend(&out, ", act_ckpt ", unit.options.act_ckpt->mode);
    if (const YamlNode* save = unit.options.act_ckpt->kwargs.Find("save")) {
      absl::StrAppend(&out, " save ", save->Show());
    }
  }
  if (unit.options.cpu_offload) absl::StrAppend(&out, ", cpu offload");
  if (!unit.options.mp_policy.is_null()) {
    absl::StrAppend(&out, ", mp_policy ", unit.options.mp_policy.Show());
  }
  if (const YamlNode* dim = unit.options.shard_placement.Find("dim")) {
    absl::StrAppend(&out, ", shard dim ", dim->text());
  }
  if (!unit.ignored.empty()) {
    absl::StrAppend(&out, ", ", unit.ignored.size(), " ignored");
  }
  return out;
}

void AddLines(const UnitSpec& unit, const std::string& name,
              const std::string& options, std::vector<Line>* lines) {
  bool first = true;
  for (const SegmentSpec& segment : unit.segments) {
    lines->push_back({first ? name : "", Phases(segment),
                      absl::StrCat(segment.parameters.size()),
                      WithCommas(segment.numel), segment.dtype,
                      first ? options : ""});
    first = false;
  }
  if (first) lines->push_back({name, "-", "0", "0", "", options});
}

struct Amount {
  int64_t tensors = 0;
  int64_t parameters = 0;  // elements

  void Add(const SegmentSpec& segment) {
    tensors += static_cast<int64_t>(segment.parameters.size());
    parameters += segment.numel;
  }
  std::string ToString() const {
    return absl::StrCat(tensors, tensors == 1 ? " tensor, " : " tensors, ",
                        WithCommas(parameters), " parameters");
  }
};

// At the start of a phase.
struct Change {
  Amount thawed, frozen;
};

std::string Align(const std::vector<Line>& lines) {
  std::array<size_t, kColumns> width = {};
  for (const Line& line : lines) {
    for (int i = 0; i < kColumns; ++i) {
      width[i] = std::max(width[i], line[i].size());
    }
  }
  std::string out;
  for (const Line& line : lines) {
    std::string text;
    for (int i = 0; i < kColumns; ++i) {
      const std::string pad(width[i] - line[i].size(), ' ');
      const bool right = i == 2 || i == 3;
      absl::StrAppend(&text, i > 0 ? "  " : "", right ? pad : "", line[i],
                      right ? "" : pad);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    absl::StrAppend(&out, text, "\n");
  }
  return out;
}

}  // namespace

std::string WithCommas(int64_t n) {
  std::string digits = absl::StrCat(n);
  for (int64_t at = static_cast<int64_t>(digits.size()) - 3;
       at > (n < 0 ? 1 : 0); at -= 3) {
    digits.insert(at, ",");
  }
  return digits;
}

std::string PlanToText(const Plan& plan) {
  std::vector<Line> lines = {
      {"unit", "phase", "tensors", "parameters", "dtype", "options"}};
  for (const UnitSpec& unit : plan.units) {
    AddLines(unit, Show(unit.label()), Options(unit), &lines);
  }
  if (!plan.remainder.segments.empty() || plan.units.empty()) {
    AddLines(plan.remainder, "(remainder)",
             plan.remainder.is_root
                 ? absl::StrCat("sharded, ", Options(plan.remainder))
                 : "replicated",
             &lines);
  }
  std::string out = Align(lines);

  std::map<int, Change> phases;
  Amount never;
  const auto count = [&](const UnitSpec& unit) {
    for (const SegmentSpec& segment : unit.segments) {
      if (segment.phase < 0) {
        never.Add(segment);
        continue;
      }
      phases[segment.phase].thawed.Add(segment);
      for (const int at : segment.switches) {
        (segment.thaws_at(at) ? phases[at].thawed : phases[at].frozen)
            .Add(segment);
      }
    }
  };
  for (const UnitSpec& unit : plan.units) count(unit);
  count(plan.remainder);
  int64_t trainable = 0;
  absl::StrAppend(&out, "\n");
  for (const auto& [phase, change] : phases) {
    trainable += change.thawed.parameters - change.frozen.parameters;
    absl::StrAppend(&out, "phase ", phase);
    if (change.frozen.tensors > 0) {
      absl::StrAppend(&out, " freezes ", change.frozen.ToString());
    }
    if (change.thawed.tensors > 0) {
      absl::StrAppend(&out, change.frozen.tensors > 0 ? ", thaws " : " thaws ",
                      change.thawed.ToString());
    }
    absl::StrAppend(&out, " (", WithCommas(trainable), " train)\n");
  }
  if (never.tensors > 0) {
    absl::StrAppend(&out, "never thawed: ", never.ToString(), "\n");
  }
  absl::StrAppend(&out, TpPlanToText(plan.tp));
  for (const SkippedModule& skipped : plan.skipped) {
    absl::StrAppend(&out, "skipped: ", Show(skipped.module), " (",
                    skipped.reason == "container"
                        ? "a container"
                        : absl::StrCat("already sharded by ", Show(skipped.by)),
                    ")\n");
  }
  for (const Diagnostic& note : plan.notes) {
    absl::StrAppend(&out, "note: ", note.message, "\n");
  }
  return out;
}

}  // namespace fts
