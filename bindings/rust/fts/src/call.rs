// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! The one way into the library.
//!
//! [Note: calls] What is passed to `call!` are pointers of handles that the
//! caller borrows, views of slices and strs that it borrows, and structs that
//! stand on its stack; the library copies all of them before it returns
//! (fts/capi/base.h), so nothing passed needs to outlive the call. Whoever
//! passes anything else (user data, memory that is kept) says why that is
//! sound where it does.

use std::ffi::c_char;

/// Calls a function of the library that returns a status:
///
/// - `call!(f(args))? -> ()`
/// - `call!(f(args) -> out)?` passes a last parameter `out` and returns what was
///   written there.
macro_rules! call {
    ($f:ident($($arg:expr),* $(,)?)) => {
        // SAFETY: [Note: calls].
        $crate::error::check(unsafe { fts_sys::$f($($arg),*) })
    };
    ($f:ident($($arg:expr),* $(,)?) -> out) => {{
        let mut out = std::mem::MaybeUninit::zeroed();
        // SAFETY: [Note: calls]; out is valid for writing.
        $crate::error::check(unsafe { fts_sys::$f($($arg,)* out.as_mut_ptr()) })
            // SAFETY: the library has written it; all zero, as it was before,
            // is a value of every type that is passed this way (pointers,
            // numbers, and structs of them).
            .map(|()| unsafe { out.assume_init() })
    }};
}
pub(crate) use call;

/// `text` as the library takes it; valid as long as `text`.
pub(crate) fn view(text: &str) -> fts_sys::fts_string {
    fts_sys::fts_string { data: text.as_ptr().cast::<c_char>(), size: text.len() }
}

/// Text of the library's, copied.
///
/// # Safety
/// What the view shows must be alive.
pub(crate) unsafe fn text(view: fts_sys::fts_string) -> String {
    if view.size == 0 {
        return String::new();
    }
    // SAFETY: a live view of `size` bytes, says the caller.
    let bytes = unsafe { std::slice::from_raw_parts(view.data.cast::<u8>(), view.size) };
    String::from_utf8_lossy(bytes).into_owned()
}

/// An index as the library takes it; one too large for it is out of range there
/// too, and is reported as such.
pub(crate) fn index(i: usize) -> i32 {
    i32::try_from(i).unwrap_or(i32::MAX)
}

/// A view of a slice as pointer and size.
pub(crate) fn slice<T>(items: &[T]) -> (*const T, usize) {
    (items.as_ptr(), items.len())
}
