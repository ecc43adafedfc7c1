// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! fts/capi/event.h

use crate::fts_status;
use core::ffi::c_void;

crate::base::handles! {
    /// Work in flight. Synchronized.
    fts_event;
}

/// Called when the work has ended.
pub type fts_event_fn =
    Option<unsafe extern "C" fn(status: *const fts_status, user_data: *mut c_void)>;

extern "C" {
    /// Adds an owner.
    pub fn fts_event_retain(event: *mut fts_event);
    /// Takes one away.
    pub fn fts_event_release(event: *mut fts_event);
    /// 1 when the work has ended, well or not; 1 for null.
    pub fn fts_event_is_ready(event: *const fts_event) -> i32;
    /// Waits at most that long; a negative number: for ever.
    pub fn fts_event_wait(event: *const fts_event, timeout_ns: i64) -> *mut fts_status;
    /// Calls fn, once, then destroy, when the work has ended.
    pub fn fts_event_on_ready(
        event: *const fts_event,
        r#fn: fts_event_fn,
        user_data: *mut c_void,
        destroy: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    ) -> *mut fts_status;
}
