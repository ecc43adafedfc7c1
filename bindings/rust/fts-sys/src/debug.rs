// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! fts/capi/debug.h

extern "C" {
    /// Handles of all kinds that this process holds.
    pub fn fts_live_handles() -> i64;
}
