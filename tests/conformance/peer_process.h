// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A rank that is a process of its own, to be stopped or killed: this binary
// again, running one disabled test.
//
// Threads: no state.
#ifndef FTS_TESTS_CONFORMANCE_PEER_PROCESS_H_
#define FTS_TESTS_CONFORMANCE_PEER_PROCESS_H_

#include <sys/types.h>

#include <string>

namespace fts::conformance {

// What a peer is told.
struct PeerPlace {
  std::string store;  // path of the file store
  int rank = 0;
  int size = 0;
};

// Starts the test `name` ("Suite.DISABLED_Name"), which reads its place with
// ReadPeerPlace(). The caller reaps it.
pid_t StartPeer(const std::string& name, const PeerPlace& place);

PeerPlace ReadPeerPlace();

}  // namespace fts::conformance

#endif  // FTS_TESTS_CONFORMANCE_PEER_PROCESS_H_
