// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Reads a struct that may have been compiled against an older or newer header:
// what the caller's struct_size does not reach keeps its default, and what we
// do not know must be zero.
// Threads: no state.

#ifndef FTS_CAPI_INTERNAL_OPTIONS_H_
#define FTS_CAPI_INTERNAL_OPTIONS_H_

#include <algorithm>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace fts::capi {

// Fills *out, which holds the defaults. NULL changes nothing. `v1_size` is the
// size of the struct in version 1.0, below which no caller can be.
// Errors: INVALID_ARGUMENT (too small: its _INIT macro was not used; next is
// set), UNIMPLEMENTED (a field of a newer version is set).
template <typename T>
absl::Status ReadOptions(const T* given, size_t v1_size, const char* name,
                         T* out) {
  if (given == nullptr) return absl::OkStatus();
  const size_t size = given->struct_size;
  if (size < v1_size) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": struct_size is ", size, ", less than the ",
                     v1_size, " of version 1.0; set it with the _INIT macro"));
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(given);
  for (size_t i = sizeof(T); i < size; ++i) {
    if (bytes[i] != 0) {
      return absl::UnimplementedError(
          absl::StrCat(name, ": a field at byte ", i,
                       " is set that this library does not know (it knows ",
                       sizeof(T), " bytes); use a newer library"));
    }
  }
  std::memcpy(out, given, std::min(size, sizeof(T)));
  out->struct_size = sizeof(T);
  if (out->next != nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        name,
        ": next is set; this version has no extensions, so it must be "
        "NULL"));
  }
  return absl::OkStatus();
}

}  // namespace fts::capi

#endif  // FTS_CAPI_INTERNAL_OPTIONS_H_
