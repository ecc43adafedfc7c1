// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! Work in flight.

use std::ffi::c_void;
use std::fmt;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::time::Duration;

use fts_sys as sys;

use crate::call::call;
use crate::callback::destroy;
use crate::error::check_borrowed;
use crate::handle::handle;
use crate::Result;

handle! {
    /// Work in flight: poll it, wait for it, or be called when it has ended.
    /// Dropping an event does not stop its work.
    pub Event: fts_event, fts_event_retain, fts_event_release
}

// SAFETY: synchronized (event.h): any thread at any time.
unsafe impl Send for Event {}
// SAFETY: as above.
unsafe impl Sync for Event {}

impl Event {
    /// Whether the work has ended, well or not.
    pub fn is_ready(&self) -> bool {
        // SAFETY: self lives.
        unsafe { sys::fts_event_is_ready(self.as_ptr()) != 0 }
    }

    /// Waits, at most that long; without a limit for ever. Returns how the work
    /// ended, the same to every caller.
    ///
    /// # Errors
    /// DEADLINE_EXCEEDED when it has not ended, which changes nothing about the
    /// work; those of the work.
    pub fn wait(&self, limit: impl Into<Option<Duration>>) -> Result<()> {
        let nanoseconds = match limit.into() {
            Some(limit) => i64::try_from(limit.as_nanos()).unwrap_or(i64::MAX),
            None => -1,
        };
        call!(fts_event_wait(self.as_ptr(), nanoseconds))
    }

    /// Calls `f`, once, when the work has ended: now, when it has already, else
    /// on a thread of the library's. A panic in it is dropped.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED when there is no memory; `f` is not called then.
    pub fn on_ready<F: FnOnce(Result<()>) + Send + 'static>(&self, f: F) -> Result<()> {
        let data = Box::into_raw(Box::new(Some(f))).cast::<c_void>();
        // The closure is the library's from here on, also when the call fails;
        // it is Send, since another thread may call and drop it.
        call!(fts_event_on_ready(
            self.as_ptr(),
            Some(ready::<F>),
            data,
            Some(destroy::<Option<F>>),
        ))
    }
}

unsafe extern "C" fn ready<F: FnOnce(Result<()>)>(
    status: *const sys::fts_status,
    user_data: *mut c_void,
) {
    // Nobody is there to take a panic.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the box that on_ready gave away, not yet destroyed.
        let f = unsafe { (*user_data.cast::<Option<F>>()).take() };
        // SAFETY: null, or alive during the call.
        let result = unsafe { check_borrowed(status) };
        if let Some(f) = f {
            f(result);
        }
    }));
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("is_ready", &self.is_ready()).finish()
    }
}
