// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The communicator of one rank: nothing is sent, arguments are still checked,
// so a program that is wrong for two ranks is wrong for one.
//
// Threads: as communicator.h says.
#ifndef FTS_CORE_COMM_LOCAL_H_
#define FTS_CORE_COMM_LOCAL_H_

#include <c10/core/DeviceType.h>

#include <memory>
#include <string>

#include "fts/core/comm/abort_state.h"
#include "fts/core/comm/communicator.h"

namespace fts::comm {

// Rank 0 of 1. Takes tensors on `device`. ReduceScatter and AllToAll copy when
// output is not input itself; everything completes at once.
CommunicatorPtr MakeLocal(std::string name = "world",
                          at::DeviceType device = at::kCPU);

// The same, related to other communicators: aborted when they are. For
// backends, whose splits may have one rank.
CommunicatorPtr MakeLocal(std::string name, at::DeviceType device,
                          std::shared_ptr<AbortState> abort);

}  // namespace fts::comm

#endif  // FTS_CORE_COMM_LOCAL_H_
