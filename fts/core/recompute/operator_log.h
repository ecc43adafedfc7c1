// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The operators that ran while a guard was alive, for `debug: true`.
// Threads: guards are per thread.

#ifndef FTS_CORE_RECOMPUTE_OPERATOR_LOG_H_
#define FTS_CORE_RECOMPUTE_OPERATOR_LOG_H_

#include <cstdint>
#include <string>
#include <vector>

namespace fts::recompute {

using OperatorLog = std::vector<std::string>;  // "aten::mm", in order

// Appends to *log; null = nothing is logged. Guards nest; only the innermost
// counts.
class OperatorLogGuard {
 public:
  explicit OperatorLogGuard(OperatorLog* log);
  ~OperatorLogGuard();
  OperatorLogGuard(const OperatorLogGuard&) = delete;
  OperatorLogGuard& operator=(const OperatorLogGuard&) = delete;

 private:
  OperatorLog* before_;
  uint64_t handle_ = 0;
};

// Where the recomputation left the forward's way, as a clause.
std::string DescribeDifference(const OperatorLog& forward,
                               const OperatorLog& recomputation);

}  // namespace fts::recompute

#endif  // FTS_CORE_RECOMPUTE_OPERATOR_LOG_H_
