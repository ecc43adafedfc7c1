// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/version.h"

#include "fts/core/base/version.h"

void fts_api_version(int32_t* major, int32_t* minor) noexcept {
  if (major != nullptr) *major = FTS_API_MAJOR;
  if (minor != nullptr) *minor = FTS_API_MINOR;
}

fts_string fts_version(void) noexcept { return fts_str(fts::kVersion); }
