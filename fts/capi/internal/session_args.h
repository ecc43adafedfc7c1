// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Readers of structs that several functions of a session take.
// Threads: no state.

#ifndef FTS_CAPI_INTERNAL_SESSION_ARGS_H_
#define FTS_CAPI_INTERNAL_SESSION_ARGS_H_

#include "absl/status/statusor.h"
#include "fts/capi/session.h"

namespace fts::capi {

// Defaults where `given` is NULL. Errors: those of ReadOptions.
absl::StatusOr<fts_step_args> ReadStepArgs(const fts_step_args* given);

}  // namespace fts::capi

#endif  // FTS_CAPI_INTERNAL_SESSION_ARGS_H_
