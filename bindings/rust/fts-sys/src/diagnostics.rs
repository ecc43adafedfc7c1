// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! fts/capi/diagnostics.h

use crate::{fts_buffer, fts_status, fts_string};

crate::base::handles! {
    /// All that was found in some input. Immutable.
    fts_diagnostics;
}

/// Warning or error.
pub type fts_severity = i32;
/// A severity.
pub const FTS_SEVERITY_UNSPECIFIED: fts_severity = 0;
/// A severity.
pub const FTS_SEVERITY_WARNING: fts_severity = 1;
/// A severity.
pub const FTS_SEVERITY_ERROR: fts_severity = 2;

/// One of them.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_diagnostic {
    /// Warning or error.
    pub severity: fts_severity,
    /// docs/diagnostics.md
    pub code: fts_string,
    /// Object, value, fix.
    pub message: fts_string,
    /// Empty when there is no place.
    pub file: fts_string,
    /// From 1; 0 for a file as a whole.
    pub line: i32,
    /// From 1.
    pub column: i32,
}

extern "C" {
    /// Adds an owner.
    pub fn fts_diagnostics_retain(diagnostics: *mut fts_diagnostics);
    /// Takes one away.
    pub fn fts_diagnostics_release(diagnostics: *mut fts_diagnostics);
    /// 0 for null.
    pub fn fts_diagnostics_size(diagnostics: *const fts_diagnostics) -> usize;
    /// In the order found.
    pub fn fts_diagnostics_get(
        diagnostics: *const fts_diagnostics,
        i: usize,
        out: *mut fts_diagnostic,
    ) -> *mut fts_status;
    /// One a line, as the command line prints them.
    pub fn fts_diagnostics_to_text(
        diagnostics: *const fts_diagnostics,
        out: *mut *mut fts_buffer,
    ) -> *mut fts_status;
}
