// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The SDK's version. Threads: constant.
#ifndef FTS_CORE_BASE_VERSION_H_
#define FTS_CORE_BASE_VERSION_H_

namespace fts {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace fts

#endif  // FTS_CORE_BASE_VERSION_H_
