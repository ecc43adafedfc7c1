// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/schedule/phase_keys.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "fts/core/base/codes.h"
#include "fts/core/schedule/codes.h"

namespace fts {
namespace {

// Beyond this a key is a mistake, not a phase.
constexpr int64_t kMaxPhase = 1000000;

std::optional<int64_t> ConvertKey(const YamlNode& key) {
  switch (key.kind()) {
    case YamlNode::Kind::kInt:
      return key.as_int();
    case YamlNode::Kind::kFloat: {
      const double value = std::trunc(key.as_double());
      if (!(std::fabs(value) < 9e18)) return std::nullopt;
      return static_cast<int64_t>(value);
    }
    case YamlNode::Kind::kString:
      return PythonInt(key.text());
    default:  // FTS takes `true` for 1; refused here
      return std::nullopt;
  }
}

std::string Join(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += ", ";
    out += part;
  }
  return out;
}

// The numbers as a list, cut after ten.
std::string ShowNumbers(const std::vector<NumberedPhase>& phases) {
  std::vector<std::string> parts;
  for (const NumberedPhase& phase : phases) {
    if (parts.size() == 10) {
      parts.push_back("...");
      break;
    }
    parts.push_back(std::to_string(phase.number));
  }
  return Join(parts);
}

}  // namespace

std::optional<int64_t> PythonInt(const std::string& text) {
  constexpr char kSpace[] = " \t\n\r\v\f\x1c\x1d\x1e\x1f";
  const size_t first = text.find_first_not_of(std::string(kSpace));
  if (first == text.npos) return std::nullopt;
  const size_t last = text.find_last_not_of(std::string(kSpace));
  size_t i = first;
  bool negative = false;
  if (text[i] == '+' || text[i] == '-') negative = text[i++] == '-';
  if (i > last) return std::nullopt;
  int64_t value = 0;
  bool after_digit = false;
  for (; i <= last; ++i) {
    const char c = text[i];
    if (c == '_' && after_digit && i < last) {
      after_digit = false;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    after_digit = true;
    if (__builtin_mul_overflow(value, 10, &value) ||
        __builtin_add_overflow(value, c - '0', &value)) {
      return std::nullopt;
    }
  }
  return negative ? -value : value;
}

PhaseKeys ConvertPhaseKeys(const YamlNode& schedule, Diagnostics* diags) {
  PhaseKeys out;
  if (!schedule.is_mapping() && !schedule.is_null()) {
    diags->Error(codes::kBadType,
                 "a schedule must be a mapping from phase numbers to phases "
                 "(0: {params: [...]}), got " +
                     DescribeYaml(schedule),
                 schedule.where());
    return out;
  }
  if (schedule.entries().empty()) {
    diags->Error(codes::kEmptySchedule,
                 "the schedule is empty; write at least phase 0 "
                 "(0: {params: [...]}), or generate one",
                 schedule.where());
    return out;
  }
  const int errors_before = diags->num_errors();
  std::vector<std::string> converted;
  SourceLocation first_converted;
  for (const YamlNode::Entry& entry : schedule.entries()) {
    const YamlNode& key = entry.key;
    const std::optional<int64_t> number = ConvertKey(key);
    if (!number) {
      diags->Error(codes::kBadPhaseKey,
                   "the phase key " + key.Show() +
                       " is not an integer; phases are numbered 0, 1, 2, ...",
                   key.where());
      continue;
    }
    if (*number < 0 || *number > kMaxPhase) {
      const bool negative = *number < 0;
      diags->Error(negative ? codes::kNegativePhase : codes::kBadPhaseKey,
                   "the phase key " + key.Show() + " is " +
                       (negative ? "negative" : "too large") +
                       "; phases are numbered 0, 1, 2, ...",
                   key.where());
      continue;
    }
    if (!key.is_int()) {
      if (converted.empty()) first_converted = key.where();
      converted.push_back(key.Show() + " -> " + std::to_string(*number));
    }
    out.phases.push_back({*number, key, entry.value});
  }
  std::stable_sort(out.phases.begin(), out.phases.end(),
                   [](const NumberedPhase& a, const NumberedPhase& b) {
                     return a.number < b.number;
                   });
  for (size_t i = 1; i < out.phases.size(); ++i) {
    const NumberedPhase& first = out.phases[i - 1];
    const NumberedPhase& second = out.phases[i];
    if (first.number != second.number) continue;
    const std::string place = first.key.where().ToString();
    diags->Error(codes::kCollidingPhases,
                 "the phase keys " + first.key.Show() + " and " +
                     second.key.Show() + " both mean phase " +
                     std::to_string(second.number) +
                     (place.empty() ? "" : " (the first is at " + place + ")") +
                     "; number them differently",
                 second.key.where());
  }
  std::vector<YamlNode::Entry> valid;
  for (size_t i = 0; i < out.phases.size(); ++i) {
    const NumberedPhase& phase = out.phases[i];
    out.renumbered |= phase.number != static_cast<int64_t>(i);
    valid.push_back({YamlNode::Int(static_cast<int64_t>(i), phase.key.where()),
                     phase.value});
  }
  out.changed = out.renumbered || !converted.empty();
  out.valid = YamlNode::Mapping(std::move(valid), schedule.where());
  if (diags->num_errors() > errors_before) return out;
  if (!converted.empty()) {
    diags->Warning(codes::kPhaseKeysConverted,
                   "phase keys were converted to integers: " + Join(converted) +
                       "; write them as integers",
                   first_converted);
  }
  if (out.renumbered) {
    std::string text = EmitYaml(out.valid);
    text.pop_back();  // the final newline
    diags->Error(codes::kPhasesNotContiguous,
                 "the phases are numbered " + ShowNumbers(out.phases) +
                     ", but must be numbered from 0 without gaps; review this "
                     "renumbered schedule and use it instead:\n" +
                     text,
                 out.phases[0].key.where());
  }
  return out;
}

}  // namespace fts
