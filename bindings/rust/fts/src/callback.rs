// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! Closures as the library calls them: no panic crosses the border.

use std::any::Any;
use std::panic::{catch_unwind, AssertUnwindSafe};

use fts_sys as sys;

use crate::error::to_status;
use crate::{BoxError, Code, Error};

/// Runs what the library has called back. An error, or a panic turned into one,
/// is returned as a status and kept in `failure`, where it is found again when
/// the call that led here has returned.
pub(crate) fn run(
    what: &str,
    failure: &mut Option<BoxError>,
    body: impl FnOnce() -> Result<(), BoxError>,
) -> *mut sys::fts_status {
    // AssertUnwindSafe: after a panic the call fails, and what it left is the
    // caller's own, as after any panic in its code.
    let error = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return std::ptr::null_mut(),
        Ok(Err(error)) => error,
        Err(payload) => panicked(what, &*payload).into(),
    };
    let status = to_status(&error);
    *failure = Some(error);
    status
}

/// The error of a panic.
pub(crate) fn panicked(what: &str, payload: &(dyn Any + Send)) -> Error {
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no text");
    Error::new(Code::Internal, format!("{what} panicked: {text}"))
}

/// Puts the kept failure under an error, as its source.
pub(crate) fn blame<T>(
    result: crate::Result<T>,
    failure: Option<BoxError>,
) -> crate::Result<T> {
    match (result, failure) {
        (Err(error), Some(source)) => Err(error.with_source(source)),
        (result, _) => result,
    }
}

/// Drops a `Box<T>` given away as user data.
///
/// # Safety
/// `user_data` came from `Box::<T>::into_raw`, and this is called once.
pub(crate) unsafe extern "C" fn destroy<T>(user_data: *mut std::ffi::c_void) {
    // A panic in a user's Drop must not reach C.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: says the caller.
        drop(unsafe { Box::from_raw(user_data.cast::<T>()) });
    }));
}
