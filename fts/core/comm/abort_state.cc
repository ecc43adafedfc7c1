// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/abort_state.h"

#include "absl/strings/str_cat.h"
#include "fts/core/comm/arguments.h"

namespace fts::comm {

absl::Status AbortState::Check(const Communicator& comm, const char* op) const {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!aborted_) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(
      DescribeCall(comm, op), ": the communicator was aborted: ", reason_));
}

bool AbortState::aborted() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return aborted_;
}

std::string AbortState::reason() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return reason_;
}

bool AbortState::SetReason(const std::string& reason) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (aborted_) return false;
  aborted_ = true;
  reason_ = reason;
  return true;
}

void AbortState::ReplaceReason(const std::string& reason) {
  std::lock_guard<std::mutex> lock(mutex_);
  reason_ = reason;
}

}  // namespace fts::comm
