// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A status as an exception, for places where a failed collective has no other
// way out: a module's call, a node of autograd. The code tells a lost rank from
// a fault of this one. Threads: a value.
#ifndef FTS_CORE_COMM_STATUS_ERROR_H_
#define FTS_CORE_COMM_STATUS_ERROR_H_

#include <stdexcept>
#include <string>
#include <utility>

#include "absl/status/status.h"

namespace fts {

class StatusError : public std::runtime_error {
 public:
  explicit StatusError(absl::Status status)
      : std::runtime_error(std::string(status.message())),
        status_(std::move(status)) {}
  const absl::Status& status() const { return status_; }

 private:
  absl::Status status_;
};

}  // namespace fts

#endif  // FTS_CORE_COMM_STATUS_ERROR_H_
