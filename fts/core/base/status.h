// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Two macros that pass an error on to the caller, for functions that return
// absl::Status or absl::StatusOr.
// Nothing here throws. Threads: no state.
#ifndef FTS_CORE_BASE_STATUS_H_
#define FTS_CORE_BASE_STATUS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fts {
namespace base_internal {

inline const absl::Status& AsStatus(const absl::Status& status) {
  return status;
}
template <typename T>
const absl::Status& AsStatus(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

}  // namespace base_internal
}  // namespace fts

#define FTS_STATUS_CONCAT_INNER_(a, b) a##b
#define FTS_STATUS_CONCAT_(a, b) FTS_STATUS_CONCAT_INNER_(a, b)

// Evaluates `expr` once (a Status or a StatusOr whose value is not wanted) and
// returns its status from the enclosing function when it is an error.
#define FTS_RETURN_IF_ERROR(expr)                                              \
  do {                                                                         \
    auto&& fts_status_ = (expr);                                               \
    if (!fts_status_.ok()) return ::fts::base_internal::AsStatus(fts_status_); \
  } while (false)

// FTS_ASSIGN_OR_RETURN(auto x, F()): `lhs` takes the value of the StatusOr, or
// the enclosing function returns its error. `lhs` may be a declaration, so this
// is several statements: put braces around it after an `if`.
#define FTS_ASSIGN_OR_RETURN(lhs, expr)                                    \
  FTS_ASSIGN_OR_RETURN_IMPL_(FTS_STATUS_CONCAT_(fts_status_or_, __LINE__), \
                             lhs, expr)

#define FTS_ASSIGN_OR_RETURN_IMPL_(holder, lhs, expr) \
  auto holder = (expr);                               \
  if (!holder.ok()) return holder.status();           \
  lhs = std::move(holder).value()

#endif  // FTS_CORE_BASE_STATUS_H_
