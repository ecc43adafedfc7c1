// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Which dtypes a unit's parameters are computed, reduced and updated in: its
// mp_policy over the run's precision. Engine and memory prediction both ask
// here.
// Threads: pure functions.
#ifndef FTS_CORE_PLAN_DTYPES_H_
#define FTS_CORE_PLAN_DTYPES_H_

#include <string>

#include "fts/core/plan/plan.h"

namespace fts {

// By the names of fts-model/1: "float32", "bfloat16", "float16", "float64".
struct DtypeNames {
  std::string param = "float32";   // gather and compute
  std::string reduce = "float32";  // gradients over the ranks
  std::string master = "float32";  // what the optimizer updates
};

// The dtypes of `unit`'s segments whose values are stored as `stored`.
//
// [Note: mp_policy over precision]
// param: the policy's, else the run's; written as null, the stored one.
// reduce: the policy's; else the run's, widened where the unit computes in a
// dtype of its own that it could not hold; written as null, the unit's param.
// master: the run's where param is; a unit that computes in another dtype keeps
// at least float32, so that its updates do not depend on what it computes in.
DtypeNames ResolveDtypes(const UnitOptions& unit, const DtypeNames& run,
                         const std::string& stored);

}  // namespace fts

#endif  // FTS_CORE_PLAN_DTYPES_H_
