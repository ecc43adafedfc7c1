// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! fts/capi/log.h

use crate::{fts_status, fts_string};
use core::ffi::c_void;

/// How grave an entry is.
pub type fts_log_level = i32;
/// The same as a note.
pub const FTS_LOG_LEVEL_UNSPECIFIED: fts_log_level = 0;
/// What happened, as planned.
pub const FTS_LOG_LEVEL_NOTE: fts_log_level = 1;
/// What may not be meant.
pub const FTS_LOG_LEVEL_WARNING: fts_log_level = 2;
/// A mistake in the calling program.
pub const FTS_LOG_LEVEL_ERROR: fts_log_level = 3;

/// Views live during the call; read only fields within struct_size.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_log_entry {
    /// Of what the library filled in.
    pub struct_size: usize,
    /// How grave.
    pub level: fts_log_level,
    /// From 1; 0 for a file as a whole.
    pub line: i32,
    /// docs/diagnostics.md
    pub code: fts_string,
    /// One line or more.
    pub message: fts_string,
    /// Empty when there is no place.
    pub file: fts_string,
    /// From 1.
    pub column: i32,
    /// 0
    pub reserved: i32,
}

/// Takes an entry.
pub type fts_log_fn =
    Option<unsafe extern "C" fn(entry: *const fts_log_entry, user_data: *mut c_void)>;

extern "C" {
    /// Sends entries to fn, in place of the one set before.
    pub fn fts_log_set_callback(
        r#fn: fts_log_fn,
        min_level: fts_log_level,
        user_data: *mut c_void,
        destroy: Option<unsafe extern "C" fn(*mut c_void)>,
    ) -> *mut fts_status;
}
