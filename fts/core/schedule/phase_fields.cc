// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/schedule/phase_fields.h"

#include <algorithm>
#include <cmath>

#include "fts/core/base/codes.h"
#include "fts/core/base/did_you_mean.h"
#include "fts/core/schedule/codes.h"

namespace fts {
namespace {

void WrongType(const std::string& label, const char* key, const char* wanted,
               const YamlNode& value, const std::string& fix,
               Diagnostics* diags) {
  diags->Error(codes::kBadType,
               label + ": " + key + " must be " + wanted + ", got " +
                   DescribeYaml(value) + fix,
               value.where());
}

std::string NullFix(const YamlNode& value) {
  return value.is_null() ? "; leave the key out instead" : "";
}

// An integer of at least `least`, or nullopt.
std::optional<int64_t> ReadCount(const YamlNode& phase, const char* key,
                                 int64_t least, const std::string& label,
                                 Diagnostics* diags) {
  const YamlNode* value = phase.Find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_int()) {
    WrongType(label, key, "an integer", *value, NullFix(*value), diags);
    return std::nullopt;
  }
  if (value->as_int() < least) {
    diags->Error(codes::kOutOfRange,
                 label + ": " + key + " must be at least " +
                     std::to_string(least) + ", got " + value->Show(),
                 value->where());
    return std::nullopt;
  }
  return value->as_int();
}

// A finite number that is not negative (not zero either, if `positive`).
std::optional<double> ReadAmount(const YamlNode& phase, const char* key,
                                 bool positive, const std::string& label,
                                 Diagnostics* diags) {
  const YamlNode* value = phase.Find(key);
  if (value == nullptr) return std::nullopt;
  const std::optional<double> number = value->ToNumber();
  if (!number) {
    WrongType(label, key, "a number", *value, NullFix(*value), diags);
    return std::nullopt;
  }
  if (!std::isfinite(*number) || *number < 0 || (positive && *number == 0)) {
    diags->Error(codes::kOutOfRange,
                 label + ": " + key + " must be a " +
                     (positive ? "positive" : "non-negative") +
                     " number, got " + value->Show(),
                 value->where());
    return std::nullopt;
  }
  return number;
}

}  // namespace

const std::vector<std::string>& PhaseKeyNames() {
  static const auto* const known =
      new std::vector<std::string>{"params",
                                   "max_transition_epoch",
                                   "lr",
                                   "new_optimizer",
                                   "new_lr_scheduler",
                                   "freeze",
                                   "weight_decay",
                                   "clip_grad_norm",
                                   "lr_decay",
                                   "max_transition_step",
                                   "max_transition_tokens",
                                   "max_transition_time",
                                   "patience",
                                   "min_delta",
                                   "best_score"};
  return *known;
}

void CheckPhaseKeys(const YamlNode& phase, const std::string& label,
                    Diagnostics* diags) {
  for (const YamlNode::Entry& entry : phase.entries()) {
    const std::string& key = entry.key.text();
    const auto& known = PhaseKeyNames();
    if (entry.key.is_string() &&
        std::find(known.begin(), known.end(), key) != known.end()) {
      continue;
    }
    diags->Warning(codes::kUnknownKey,
                   label + ": unknown key " + entry.key.Show() + " is ignored" +
                       DidYouMean(key, known),
                   entry.key.where());
  }
}

int64_t ReadMaxTransitionEpoch(const YamlNode& phase, const std::string& label,
                               Diagnostics* diags) {
  constexpr char kKey[] = "max_transition_epoch";
  const YamlNode* value = phase.Find(kKey);
  if (value == nullptr) return -1;
  if (value->is_int()) return value->as_int();
  if (value->is_float() && std::fabs(value->as_double()) < 1e15 &&
      value->as_double() == std::trunc(value->as_double())) {
    return static_cast<int64_t>(value->as_double());
  }
  std::string fix = NullFix(*value);
  if (value->is_string() && value->ToNumber()) fix = "; write it unquoted";
  WrongType(label, kKey, "an integer", *value, fix, diags);
  return -1;
}

std::optional<double> ReadLr(const YamlNode& phase, int index,
                             const std::string& label,
                             std::optional<double> base_max_lr,
                             const SourceLocation& where, Diagnostics* diags) {
  const YamlNode* value = phase.Find("lr");
  if (value != nullptr && value->is_null()) {
    WrongType(label, "lr", "a number", *value, NullFix(*value), diags);
    return std::nullopt;
  }
  if (index == 0) {
    if (value != nullptr) {
      diags->Warning(codes::kPhase0Lr,
                     label + ": lr " + value->Show() +
                         " is dropped: the first phase uses the optimizer's "
                         "own lr; set it there",
                     value->where());
    }
    return std::nullopt;
  }
  if (value == nullptr) {
    if (!base_max_lr) {
      diags->Error(codes::kMissingKey,
                   label +
                       " sets no lr and base_max_lr is null; set one of "
                       "the two",
                   where);
    }
    return base_max_lr;
  }
  const std::optional<double> number = value->ToNumber();
  if (!number) {
    diags->Error(codes::kBadLr,
                 label + ": lr must be a number, got " + DescribeYaml(*value),
                 value->where());
    return std::nullopt;
  }
  if (!std::isfinite(*number) || *number < 0) {
    diags->Error(
        codes::kBadLr,
        label + ": lr must be a finite number from 0 up, got " + value->Show(),
        value->where());
    return std::nullopt;
  }
  return number;
}

std::optional<double> ReadWeightDecay(const YamlNode& phase,
                                      const std::string& label,
                                      Diagnostics* diags) {
  return ReadAmount(phase, "weight_decay", false, label, diags);
}

std::optional<double> ReadClipGradNorm(const YamlNode& phase,
                                       const std::string& label,
                                       Diagnostics* diags) {
  return ReadAmount(phase, "clip_grad_norm", true, label, diags);
}

std::optional<double> ReadLrDecay(const YamlNode& phase,
                                  const std::string& label,
                                  Diagnostics* diags) {
  constexpr char kKey[] = "lr_decay";
  const std::optional<double> decay =
      ReadAmount(phase, kKey, true, label, diags);
  if (decay && *decay > 1) {
    const YamlNode& value = *phase.Find(kKey);
    diags->Error(codes::kOutOfRange,
                 label + ": " + kKey + " must be at most 1, got " +
                     value.Show() +
                     "; each layer's lr is that of the layer "
                     "after it times lr_decay",
                 value.where());
    return std::nullopt;
  }
  return decay;
}

PhaseCriteria ReadCriteria(const YamlNode& phase, const std::string& label,
                           Diagnostics* diags) {
  PhaseCriteria out;
  out.max_transition_step =
      ReadCount(phase, "max_transition_step", 0, label, diags);
  out.max_transition_tokens =
      ReadCount(phase, "max_transition_tokens", 0, label, diags);
  out.max_transition_time =
      ReadAmount(phase, "max_transition_time", true, label, diags);
  out.patience = ReadCount(phase, "patience", 0, label, diags);
  out.min_delta = ReadAmount(phase, "min_delta", false, label, diags);
  const YamlNode* best = phase.Find("best_score");
  if (best != nullptr) {
    if (best->is_string() &&
        (best->text() == "global" || best->text() == "per_phase")) {
      out.best_score = best->text();
    } else {
      diags->Error(codes::kBadValue,
                   label + ": best_score must be global or per_phase, got " +
                       DescribeYaml(*best),
                   best->where());
    }
  }
  return out;
}

}  // namespace fts
