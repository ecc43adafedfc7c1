// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The keys of a phase other than params: which are known, and the checked
// values of its numbers. `label` is "phase 1" in all messages.
// Threads: pure functions.
#ifndef FTS_CORE_SCHEDULE_PHASE_FIELDS_H_
#define FTS_CORE_SCHEDULE_PHASE_FIELDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"
#include "fts/core/schedule/schedule.h"

namespace fts {

// Every key a phase may have.
const std::vector<std::string>& PhaseKeyNames();

// Unknown keys: FTS ignores them, so they are warnings (unknown_key).
void CheckPhaseKeys(const YamlNode& phase, const std::string& label,
                    Diagnostics* diags);

// -1 when absent or wrong. An integer (2.0 counts as one); anything else is
// bad_type.
int64_t ReadMaxTransitionEpoch(const YamlNode& phase, const std::string& label,
                               Diagnostics* diags);

// The lr of phase `index`: nullopt in phase 0 (phase0_lr if written) and when
// wrong (bad_lr, bad_type); `base_max_lr` where a later phase sets none
// (missing_key if that is absent too).
std::optional<double> ReadLr(const YamlNode& phase, int index,
                             const std::string& label,
                             std::optional<double> base_max_lr,
                             const SourceLocation& where, Diagnostics* diags);

// Each absent when not written or wrong (bad_type, out_of_range).
std::optional<double> ReadWeightDecay(const YamlNode& phase,
                                      const std::string& label,
                                      Diagnostics* diags);  // >= 0
std::optional<double> ReadClipGradNorm(const YamlNode& phase,
                                       const std::string& label,
                                       Diagnostics* diags);  // > 0
std::optional<double> ReadLrDecay(const YamlNode& phase,
                                  const std::string& label,
                                  Diagnostics* diags);  // in (0, 1]
PhaseCriteria ReadCriteria(const YamlNode& phase, const std::string& label,
                           Diagnostics* diags);

}  // namespace fts

#endif  // FTS_CORE_SCHEDULE_PHASE_FIELDS_H_
