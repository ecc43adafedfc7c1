// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Brings the ranks of a launched job together: launch environment -> a store
// that all of them are connected to, then a communicator over it.
//
// Threads: call it once per process.
#ifndef FTS_CORE_COMM_RENDEZVOUS_H_
#define FTS_CORE_COMM_RENDEZVOUS_H_

#include <chrono>
#include <string>

#include "absl/status/statusor.h"
#include "fts/core/comm/gloo.h"
#include "fts/core/comm/launch_environment.h"
#include "fts/core/comm/store.h"

namespace fts::comm {

// Rank 0 serves a TCP store at master_addr:master_port (unless torchrun's agent
// does), the others connect. Returns when every rank is there. A world of one
// gets a store inside the process.
// The store holds nothing of an earlier attempt of the job.
// Errors: FAILED_PRECONDITION: the port is in use. DEADLINE_EXCEEDED: no server
// was found, or ranks are missing; the message lists which.
absl::StatusOr<StorePtr> Rendezvous(const LaunchEnvironment& env,
                                    std::chrono::milliseconds timeout);

// Gloo options for the job: on loopback when master_addr is, so that ranks of
// one machine need no network.
GlooOptions GlooOptionsFor(const LaunchEnvironment& env);

}  // namespace fts::comm

#endif  // FTS_CORE_COMM_RENDEZVOUS_H_
