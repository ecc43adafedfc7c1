// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// From absl::Status and Diagnostics to fts_status, and back.
// Threads: no state.

#ifndef FTS_CAPI_INTERNAL_STATUS_H_
#define FTS_CAPI_INTERNAL_STATUS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "fts/capi/internal/handle.h"
#include "fts/capi/status.h"
#include "fts/core/base/diagnostics.h"

struct fts_status : fts::capi::Counted {
  fts_code code = FTS_CODE_UNKNOWN;
  std::string message;
  std::vector<std::pair<std::string, std::string>> details;
};

namespace fts::capi {

// NULL when OK. May throw std::bad_alloc; Guard turns that into OutOfMemory.
fts_status* MakeStatus(const absl::Status& status);

// `status` with the first error of `diags` as its details.
fts_status* MakeStatus(const absl::Status& status, const Diagnostics& diags);

// A status that needs no memory; lives for ever.
fts_status* OutOfMemory() noexcept;

// Takes a status that a callback returned; releases it.
absl::Status TakeStatus(fts_status* status);

}  // namespace fts::capi

#endif  // FTS_CAPI_INTERNAL_STATUS_H_
