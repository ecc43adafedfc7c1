// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The wall between C++ and C: every function of the interface that can fail
// runs its body in here, so that no exception gets out.
// Threads: no state.

#ifndef FTS_CAPI_INTERNAL_GUARD_H_
#define FTS_CAPI_INTERNAL_GUARD_H_

#include <exception>
#include <new>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fts/capi/internal/handle.h"
#include "fts/capi/internal/status.h"

namespace fts::capi {

// `body` returns absl::Status or fts_status*.
template <typename Body>
fts_status* Guard(Body&& body) noexcept {
  const auto failed = [](const absl::Status& status) noexcept {
    try {
      return MakeStatus(status);
    } catch (...) {
      return OutOfMemory();
    }
  };
  try {
    if constexpr (std::is_same_v<decltype(body()), fts_status*>) {
      return body();
    } else {
      return MakeStatus(body());
    }
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  } catch (const std::exception& e) {
    return failed(absl::InternalError(e.what()));
  } catch (...) {
    return failed(absl::InternalError("an exception of unknown type"));
  }
}

// For arguments that must not be NULL: the error naming function and argument,
// or OK.
inline absl::Status NotNull(const void* argument, const char* what) {
  if (argument != nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(what, " is NULL"));
}

// The same for a handle, which must have an owner besides. See
// [Note: released handles] in handle.h.
template <typename Handle,
          std::enable_if_t<std::is_base_of_v<Counted, Handle>, int> = 0>
absl::Status NotNull(const Handle* handle, const char* what) {
  if (handle == nullptr) {
    return NotNull(static_cast<const void*>(nullptr), what);
  }
  if (handle->owners.load(std::memory_order_relaxed) > 0) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat(what, " was released before; retain what is used later"));
}

// Element i of a list of `size`, or the error that says so.
inline absl::Status InRange(size_t i, size_t size, const char* what) {
  if (i < size) return absl::OkStatus();
  return absl::OutOfRangeError(
      absl::StrCat(what, " ", i, " was asked for; there are ", size));
}

}  // namespace fts::capi

#endif  // FTS_CAPI_INTERNAL_GUARD_H_
