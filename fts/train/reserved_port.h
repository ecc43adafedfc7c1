// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A free TCP port that stays free until somebody binds it on purpose.
// Threads: immutable once made.
#ifndef FTS_TRAIN_RESERVED_PORT_H_
#define FTS_TRAIN_RESERVED_PORT_H_

#include <memory>

#include "absl/status/statusor.h"

namespace fts::train {

// [Note: reserving the port]
//
// A port that is probed, released and bound later by rank 0 may be taken in
// between. So a socket stays bound to it, with SO_REUSEADDR and without
// listening: the kernel gives the port to nobody who asks for just any, while a
// program that asks for this one with SO_REUSEADDR (as rank 0's store does) may
// bind it and listen.
class ReservedPort {
 public:
  static absl::StatusOr<std::unique_ptr<ReservedPort>> Create();
  ~ReservedPort();
  ReservedPort(const ReservedPort&) = delete;
  ReservedPort& operator=(const ReservedPort&) = delete;

  int port() const { return port_; }

 private:
  ReservedPort() = default;
  int fd_ = -1;
  int port_ = 0;
};

}  // namespace fts::train

#endif  // FTS_TRAIN_RESERVED_PORT_H_
