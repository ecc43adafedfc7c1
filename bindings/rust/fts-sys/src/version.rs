// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! fts/capi/version.h

use crate::fts_string;

extern "C" {
    /// The library's interface.
    pub fn fts_api_version(major: *mut i32, minor: *mut i32);
    /// The SDK's version.
    pub fn fts_version() -> fts_string;
}
