// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/recompute/operator_log.h"

#include <ATen/record_function.h>

#include <algorithm>
#include <memory>

namespace fts::recompute {
namespace {

struct State {
  OperatorLog* log = nullptr;
  bool has_callback = false;  // of some guard on this thread
};

State& Current() {
  thread_local State state;
  return state;
}

std::unique_ptr<at::ObserverContext> OnStart(const at::RecordFunction& call) {
  if (OperatorLog* log = Current().log) log->push_back(call.name());
  return nullptr;
}

}  // namespace

OperatorLogGuard::OperatorLogGuard(OperatorLog* log) : before_(Current().log) {
  Current().log = log;
  if (log == nullptr || Current().has_callback) return;
  handle_ = at::addThreadLocalCallback(
      at::RecordFunctionCallback(&OnStart).scopes({at::RecordScope::FUNCTION}));
  Current().has_callback = true;
}

OperatorLogGuard::~OperatorLogGuard() {
  Current().log = before_;
  if (handle_ == 0) return;
  at::removeCallback(handle_);
  Current().has_callback = false;
}

std::string DescribeDifference(const OperatorLog& forward,
                               const OperatorLog& recomputation) {
  const auto part = std::mismatch(forward.begin(), forward.end(),
                                  recomputation.begin(), recomputation.end());
  if (part.second == recomputation.end()) {
    return "the recomputation ran the same " +
           std::to_string(recomputation.size()) + " operators as far as it got";
  }
  return "they part at operator " +
         std::to_string(part.first - forward.begin() + 1) +
         ": the forward ran " +
         (part.first == forward.end() ? "nothing more" : *part.first) +
         ", the recomputation " + *part.second;
}

}  // namespace fts::recompute
