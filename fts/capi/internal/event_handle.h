// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What stands behind fts_event.
// Threads: synchronized, as comm::Event is.

#ifndef FTS_CAPI_INTERNAL_EVENT_HANDLE_H_
#define FTS_CAPI_INTERNAL_EVENT_HANDLE_H_

#include <utility>

#include "fts/capi/event.h"
#include "fts/capi/internal/handle.h"
#include "fts/core/comm/event.h"

struct fts_event : fts::capi::Counted {
  explicit fts_event(fts::comm::EventPtr event) : value(std::move(event)) {}
  const fts::comm::EventPtr value;
};

#endif  // FTS_CAPI_INTERNAL_EVENT_HANDLE_H_
