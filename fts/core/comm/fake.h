// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// One rank of a world that does not exist: records every call in a Trace and
// answers as if its peers had taken part. For tests of order and counts, for
// host-time benchmarks and for the dry run; never for training.
//
// Threads: as communicator.h says, and the trace may be read at any time.
#ifndef FTS_CORE_COMM_FAKE_H_
#define FTS_CORE_COMM_FAKE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "fts/core/comm/communicator.h"
#include "fts/core/comm/trace.h"

namespace fts::comm {

// What the peers are taken to hold.
enum class FakePeers {
  // The same tensors as this rank: a gather repeats this rank's slice, a sum
  // multiplies by the world size, a maximum changes nothing.
  kSameData,
  // The neutral element: a gather leaves the other slices as they are, a sum or
  // maximum gives this rank's own values.
  kNeutral,
  // Nothing is read or written, only recorded.
  kUntouched,
};

struct FakeOptions {
  int rank = 0;
  int size = 2;
  std::string name = "world";
  FakePeers peers = FakePeers::kSameData;
  std::shared_ptr<Trace> trace;  // null: the communicator makes its own
};

class FakeCommunicator : public Communicator {
 public:
  // Shared by all communicators split from this one. Never null.
  virtual const std::shared_ptr<Trace>& trace() const = 0;
};

// Everything completes at once. Errors: INVALID_ARGUMENT unless
// 0 <= rank < size.
absl::StatusOr<std::shared_ptr<FakeCommunicator>> MakeFake(FakeOptions options);

}  // namespace fts::comm

#endif  // FTS_CORE_COMM_FAKE_H_
