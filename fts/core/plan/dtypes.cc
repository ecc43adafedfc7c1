// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/dtypes.h"

namespace fts {
namespace {

// The narrowest of them that holds every value of both.
std::string Wider(const std::string& a, const std::string& b) {
  if (a == b) return a;
  return a == "float64" || b == "float64" ? "float64" : "float32";
}

}  // namespace

DtypeNames ResolveDtypes(const UnitOptions& unit, const DtypeNames& run,
                         const std::string& stored) {
  DtypeNames out = run;
  if (!unit.mp.has_value()) return out;
  const MpPolicy& policy = *unit.mp;
  if (policy.param.has_value()) {
    out.param = policy.param->empty() ? stored : *policy.param;
  }
  if (out.param != run.param) {
    out.reduce = Wider(run.reduce, out.param);
    out.master = Wider(Wider(run.master, "float32"), out.param);
  }
  if (policy.reduce.has_value()) {
    out.reduce = policy.reduce->empty() ? out.param : *policy.reduce;
  }
  return out;
}

}  // namespace fts
