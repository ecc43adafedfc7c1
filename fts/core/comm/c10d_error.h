// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Turns the exceptions of c10d and gloo into statuses: the one place where they
// are read.
//
// Threads: pure functions.
#ifndef FTS_CORE_COMM_C10D_ERROR_H_
#define FTS_CORE_COMM_C10D_ERROR_H_

#include <exception>
#include <string>

#include "absl/status/status.h"

namespace fts::comm {

// The first line of an exception's text, without source position or backtrace.
std::string FirstLine(const std::exception& error);

// kDeadlineExceeded for a timeout, kUnavailable for a lost connection,
// kInternal otherwise. Gloo's exception types are not ours to name, so this
// goes by their texts.
absl::StatusCode CodeOf(const std::exception& error);

}  // namespace fts::comm

#endif  // FTS_CORE_COMM_C10D_ERROR_H_
