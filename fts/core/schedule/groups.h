// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The parameters of a phase by learning rate: one group, or with lr_decay one
// per layer from the output to the input (discriminative rates, ULMFiT).
// Threads: immutable; const methods are safe concurrently.
#ifndef FTS_CORE_SCHEDULE_GROUPS_H_
#define FTS_CORE_SCHEDULE_GROUPS_H_

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "fts/core/match/model_description.h"
#include "fts/core/schedule/schedule.h"

namespace fts {

class PhaseGrouper {
 public:
  explicit PhaseGrouper(const ModelDescription& model);

  // Without `lr_decay` one group of all `params`, none when there are none.
  // With it, group k of the layers that `params` touch has the scale
  // lr_decay^k. Names in registration order. Precondition: the names are
  // parameters of the model, each given once.
  std::vector<PhaseGroup> Groups(const std::vector<std::string>& params,
                                 std::optional<double> lr_decay) const;

 private:
  struct Place {
    int position = 0;  // in registration order
    int layer = 0;     // index into layer_names_
  };
  std::unordered_map<std::string, Place> places_;
  std::vector<std::string> layer_names_;  // from the output to the input
};

}  // namespace fts

#endif  // FTS_CORE_SCHEDULE_GROUPS_H_
