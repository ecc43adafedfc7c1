// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/debug.h"

#include "fts/capi/internal/handle.h"

int64_t fts_live_handles(void) noexcept { return fts::capi::LiveHandles(); }
