// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Communicator over TCP between CPU ranks, on c10d's Gloo process group. Calls
// run on threads of their own, so an issued call overlaps computation.
// Only session, and tests, depend on this header.
//
// Threads: as communicator.h says.
#ifndef FTS_CORE_COMM_GLOO_H_
#define FTS_CORE_COMM_GLOO_H_

#include <chrono>
#include <string>

#include "absl/status/statusor.h"
#include "fts/core/comm/communicator.h"
#include "fts/core/comm/store.h"

namespace fts::comm {

struct GlooOptions {
  std::string name = "world";
  // Of one call, and of setting up a communicator.
  std::chrono::milliseconds timeout = std::chrono::minutes(10);
  // Which address this rank listens on: an interface name, else a host name or
  // address, else GLOO_SOCKET_IFNAME, else whatever this machine's host name
  // resolves to. All ranks on one machine: "127.0.0.1" needs no network.
  std::string interface;
  std::string host;
  // Calls that run at the same time, per communicator.
  int threads = 2;
};

// The communicator of all ranks. Every rank calls it with the same size and a
// store that holds the same data; a store serves one job once (use a prefix for
// a second). Blocks until all ranks are there.
// Errors: INVALID_ARGUMENT for rank, size or options; UNAVAILABLE when the
// address cannot be used; DEADLINE_EXCEEDED when ranks are missing.
absl::StatusOr<CommunicatorPtr> MakeGloo(StorePtr store, int rank, int size,
                                         const GlooOptions& options = {});

}  // namespace fts::comm

#endif  // FTS_CORE_COMM_GLOO_H_
