// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What stands behind fts_communicator.
// Threads: confined.

#ifndef FTS_CAPI_INTERNAL_COMMUNICATOR_HANDLE_H_
#define FTS_CAPI_INTERNAL_COMMUNICATOR_HANDLE_H_

#include <atomic>
#include <utility>

#include "fts/capi/communicator.h"
#include "fts/capi/internal/confined.h"
#include "fts/capi/internal/handle.h"
#include "fts/core/comm/communicator.h"

struct fts_communicator : fts::capi::Counted {
  explicit fts_communicator(fts::comm::CommunicatorPtr comm)
      : value(std::move(comm)) {}
  const fts::comm::CommunicatorPtr value;
  const fts::capi::OwnProcess process;
  std::atomic<bool> busy{false};
};

#endif  // FTS_CAPI_INTERNAL_COMMUNICATOR_HANDLE_H_
