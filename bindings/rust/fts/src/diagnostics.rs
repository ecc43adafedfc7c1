// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! All that was found in some input.

use std::fmt;

use fts_sys as sys;

use crate::buffer::into_text;
use crate::call::{call, text};
use crate::handle::handle;

handle! {
    pub(crate) Handle: fts_diagnostics, fts_diagnostics_retain, fts_diagnostics_release
}

/// Errors and warnings, each with a code and a place, in the order found.
/// Displays as the command line prints them, one a line.
#[derive(Clone)]
pub struct Diagnostics(Option<Handle>);

// SAFETY: immutable (diagnostics.h); its count may be changed from any thread.
unsafe impl Send for Diagnostics {}
// SAFETY: as above.
unsafe impl Sync for Diagnostics {}

/// How grave a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// The input was taken.
    Warning,
    /// The input was refused.
    Error,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// How grave.
    pub severity: Severity,
    /// As listed in docs/diagnostics.md.
    pub code: String,
    /// Object, value, fix.
    pub message: String,
    /// Empty when there is no place.
    pub file: String,
    /// From 1; 0 for a file as a whole.
    pub line: u32,
    /// From 1.
    pub column: u32,
}

impl Diagnostics {
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Takes over what a call wrote to its out_diagnostics.
    pub(crate) fn from_raw(raw: *mut sys::fts_diagnostics) -> Self {
        Self((!raw.is_null()).then(|| Handle::from_raw(raw)))
    }

    fn as_ptr(&self) -> *mut sys::fts_diagnostics {
        self.0.as_ref().map_or(std::ptr::null_mut(), Handle::as_ptr)
    }

    /// How many.
    pub fn len(&self) -> usize {
        // SAFETY: null or alive.
        unsafe { sys::fts_diagnostics_size(self.as_ptr()) }
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Diagnostic> + '_ {
        (0..self.len()).map(|i| {
            let found = call!(fts_diagnostics_get(self.as_ptr(), i) -> out);
            let d: sys::fts_diagnostic = found.expect("below the number");
            // SAFETY: views live as long as self.
            unsafe {
                Diagnostic {
                    severity: match d.severity {
                        sys::FTS_SEVERITY_WARNING => Severity::Warning,
                        _ => Severity::Error,
                    },
                    code: text(d.code),
                    message: text(d.message),
                    file: text(d.file),
                    line: u32::try_from(d.line).unwrap_or(0),
                    column: u32::try_from(d.column).unwrap_or(0),
                }
            }
        })
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return Ok(());
        }
        match call!(fts_diagnostics_to_text(self.as_ptr()) -> out) {
            Ok(raw) => f.write_str(&into_text(raw)),
            Err(_) => Err(fmt::Error),
        }
    }
}

impl fmt::Debug for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Calls that look at input: passes an out_diagnostics, gives what was found to
/// the error or, beside the result, to the caller.
pub(crate) fn collect<T>(
    run: impl FnOnce(*mut *mut sys::fts_diagnostics) -> crate::Result<T>,
) -> crate::Result<(T, Diagnostics)> {
    let mut raw = std::ptr::null_mut();
    let result = run(&mut raw);
    let diagnostics = Diagnostics::from_raw(raw);
    match result {
        Ok(value) => Ok((value, diagnostics)),
        Err(error) => Err(error.with_diagnostics(diagnostics)),
    }
}
