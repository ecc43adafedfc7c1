// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! Text that a call made.

use crate::call::text;
use crate::handle::handle;

handle! {
    pub(crate) Buffer: fts_buffer, fts_buffer_retain, fts_buffer_release
}

/// Takes over a buffer and copies its text.
pub(crate) fn into_text(raw: *mut fts_sys::fts_buffer) -> String {
    let buffer = Buffer::from_raw(raw);
    // SAFETY: the view lives as long as the buffer.
    unsafe { text(fts_sys::fts_buffer_view(buffer.as_ptr())) }
}
