// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The styles of a tp_plan as interceptors, innermost around each module's
// forward: what comes in is converted to what the module works on, and what it
// makes to what leaves.
//
// Linear and Embedding in rowwise style are computed here and not by their own
// forward: the bias is added once, after the sum, and rows of other ranks are
// left out.
//
// [Note: one gather for several readers]
// A module whose input is prepared hands its body a replicated tensor with a
// replicated gradient, right for whatever the body does with it. While the body
// runs, colwise modules that get that very tensor, unchanged, take another one
// in its place, whose gradient is a sum's term. So wq, wk and wv cost one
// gather and one reduce-scatter (or one all-reduce of gradients) together.
//
// [Note: random numbers]
// A module in sequence style works on other tokens on each rank, so dropout
// there draws from a stream of the rank's own, made from the common one, which
// goes on as if one number had been drawn. Everywhere else ranks along tp draw
// the same.
//
// Threads: confined to the training thread; recomputation may run them on
// autograd's.
#ifndef FTS_CORE_TP_STYLES_H_
#define FTS_CORE_TP_STYLES_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/nn/module.h"
#include "fts/core/plan/tp_plan.h"
#include "fts/core/tp/group.h"

namespace fts::tp {

using NamedModules = std::vector<std::pair<std::string, nn::Module*>>;

// Lets go of a model's interceptors: calls pass through from then on.
class Attached {
 public:
  virtual ~Attached() = default;
  // The modules of a rule, holding parameters, that were not called under grad
  // mode since this was last asked.
  virtual std::vector<std::string> TakeUncalled() = 0;
};

// Puts an interceptor on every module of a rule. `plan` is active and resolved
// for group->size() ranks; parameters have their local shapes
// (tensor_parallel.h). Errors: INVALID_ARGUMENT for a module that the model
// does not have.
absl::StatusOr<std::unique_ptr<Attached>> AttachStyles(
    const TpPlan& plan, const NamedModules& modules, GroupPtr group);

}  // namespace fts::tp

#endif  // FTS_CORE_TP_STYLES_H_
