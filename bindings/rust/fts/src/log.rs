// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! What the library found worth saying and nobody asked for.

use std::ffi::c_void;
use std::panic::{catch_unwind, AssertUnwindSafe};

use fts_sys as sys;

use crate::call::{call, text};
use crate::callback::destroy;
use crate::Result;

/// How grave an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LogLevel {
    /// What happened, as planned.
    Note,
    /// What may not be meant.
    Warning,
    /// A mistake in the calling program.
    Error,
}

/// Something worth saying.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogEntry {
    /// How grave.
    pub level: LogLevel,
    /// As listed in docs/diagnostics.md.
    pub code: String,
    /// One line or more.
    pub message: String,
    /// Empty when there is no place.
    pub file: String,
    /// From 1; 0 for a file as a whole.
    pub line: u32,
    /// From 1.
    pub column: u32,
}

/// Sends entries of at least `min_level` to `f`, in place of what was set before:
/// mistakes that have no call to fail, and warnings that nobody took. One a
/// process; the library never prints.
///
/// `f` is called on the thread on which something was found, by several at once
/// if need be. It must not call this function. A panic in it is dropped.
///
/// # Errors
/// FAILED_PRECONDITION from within `f`.
pub fn set_log(
    min_level: LogLevel,
    f: impl Fn(&LogEntry) + Send + Sync + 'static,
) -> Result<()> {
    let level = match min_level {
        LogLevel::Note => sys::FTS_LOG_LEVEL_NOTE,
        LogLevel::Warning => sys::FTS_LOG_LEVEL_WARNING,
        LogLevel::Error => sys::FTS_LOG_LEVEL_ERROR,
    };
    install(level, f)
}

fn install<F: Fn(&LogEntry) + Send + Sync + 'static>(
    level: sys::fts_log_level,
    f: F,
) -> Result<()> {
    let data = Box::into_raw(Box::new(f)).cast::<c_void>();
    // The closure is the library's from here on, also when the call fails: it is
    // Send and Sync, since any thread may call it, and one may drop it.
    call!(fts_log_set_callback(Some(entry::<F>), level, data, Some(destroy::<F>)))
}

/// Sends entries to nobody.
///
/// # Errors
/// FAILED_PRECONDITION from within the callback.
pub fn clear_log() -> Result<()> {
    call!(fts_log_set_callback(None, 0, std::ptr::null_mut(), None))
}

unsafe extern "C" fn entry<F: Fn(&LogEntry)>(
    entry: *const sys::fts_log_entry,
    user_data: *mut c_void,
) {
    // Nobody is there to take a panic.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: alive during the call, and not older than we know it.
        let e = unsafe { &*entry };
        // SAFETY: the closure that install gave away, not yet destroyed.
        let f = unsafe { &*user_data.cast::<F>() };
        // SAFETY: views live during the call.
        let ours = unsafe {
            LogEntry {
                level: match e.level {
                    sys::FTS_LOG_LEVEL_WARNING => LogLevel::Warning,
                    sys::FTS_LOG_LEVEL_ERROR => LogLevel::Error,
                    _ => LogLevel::Note,
                },
                code: text(e.code),
                message: text(e.message),
                file: text(e.file),
                line: u32::try_from(e.line).unwrap_or(0),
                column: u32::try_from(e.column).unwrap_or(0),
            }
        };
        f(&ours);
    }));
}
