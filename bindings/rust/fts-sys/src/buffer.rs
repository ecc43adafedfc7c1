// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! fts/capi/buffer.h

use crate::fts_string;

crate::base::handles! {
    /// Bytes that a function made. Immutable.
    fts_buffer;
}

extern "C" {
    /// Adds an owner.
    pub fn fts_buffer_retain(buffer: *mut fts_buffer);
    /// Takes one away.
    pub fn fts_buffer_release(buffer: *mut fts_buffer);
    /// The contents.
    pub fn fts_buffer_view(buffer: *const fts_buffer) -> fts_string;
}
