// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Between fts_string and std::string.
// Threads: no state.

#ifndef FTS_CAPI_INTERNAL_TEXT_H_
#define FTS_CAPI_INTERNAL_TEXT_H_

#include <string>

#include "fts/capi/base.h"

namespace fts::capi {

inline std::string ToString(fts_string view) {
  return view.data == nullptr ? std::string()
                              : std::string(view.data, view.size);
}

// `text` with each byte that is not of UTF-8 written as \\xff: messages show
// what a caller gave, which may be anything.
std::string Utf8(std::string text);

// The view of a string that outlives it.
inline fts_string View(const std::string& text) noexcept {
  return {text.data(), text.size()};
}

}  // namespace fts::capi

#endif  // FTS_CAPI_INTERNAL_TEXT_H_
