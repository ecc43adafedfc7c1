// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The keys of a schedule as phase numbers: FTS's conversion with Python's
// int() ('1', 1.0 -> 1) and renumbering, and the schedule a user should have
// written, which `fit` saves as `<model>_ft_schedule_valid.yaml`.
// Threads: pure functions.
#ifndef FTS_CORE_SCHEDULE_PHASE_KEYS_H_
#define FTS_CORE_SCHEDULE_PHASE_KEYS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"

namespace fts {

struct NumberedPhase {
  int64_t number = 0;  // the key converted, before any renumbering
  YamlNode key;
  YamlNode value;
};

struct PhaseKeys {
  // By number; phases whose key is an error are left out.
  std::vector<NumberedPhase> phases;
  bool changed = false;     // some key is written differently in `valid`
  bool renumbered = false;  // the numbers were not 0..n-1: the user must review
  // The same phases under integer keys 0..n-1, in order.
  YamlNode valid;
};

// What Python's int(text) gives; nullopt where it raises or leaves 64 bits.
std::optional<int64_t> PythonInt(const std::string& text);

// Records in `diags`: a schedule that is no mapping (bad_type) or empty
// (empty_schedule), keys that are no integers (bad_phase_key), negative ones
// (negative_phase), two that come to the same (colliding_phases); conversion as
// a warning (phase_keys_converted), renumbering as an error
// (phases_not_contiguous) whose text holds the renumbered schedule.
PhaseKeys ConvertPhaseKeys(const YamlNode& schedule, Diagnostics* diags);

}  // namespace fts

#endif  // FTS_CORE_SCHEDULE_PHASE_KEYS_H_
