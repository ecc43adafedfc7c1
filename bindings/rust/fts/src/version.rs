// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! Which library this program found.

use crate::call::text;
use crate::{Code, Error, Result};

/// The SDK's version, such as "0.1.0".
pub fn version() -> String {
    // SAFETY: lives for ever.
    unsafe { text(fts_sys::fts_version()) }
}

/// Major and minor version of the library's interface.
pub fn api_version() -> (i32, i32) {
    let (mut major, mut minor) = (0, 0);
    // SAFETY: both are valid for writing.
    unsafe { fts_sys::fts_api_version(&mut major, &mut minor) };
    (major, minor)
}

/// Whether the library that was found at run time has the interface that this
/// crate was written for: an equal major version and at least its minor one.
/// Worth a call at the start of a program.
///
/// ```
/// fts::check_version()?;
/// # Ok::<(), fts::Error>(())
/// ```
///
/// # Errors
/// FAILED_PRECONDITION.
pub fn check_version() -> Result<()> {
    let found = api_version();
    let wanted = (fts_sys::FTS_API_MAJOR, fts_sys::FTS_API_MINOR);
    if found.0 == wanted.0 && found.1 >= wanted.1 {
        return Ok(());
    }
    Err(Error::new(
        Code::FailedPrecondition,
        format!(
            "libfts.so.1 has interface {}.{}, this program was built for {}.{}; set \
             FTS_LIB_DIR to a library of that version and build again",
            found.0, found.1, wanted.0, wanted.1
        ),
    ))
}

/// Handles of the library that this process holds: equal before and after a
/// piece of a program that drops what it makes. For tests.
pub fn live_handles() -> i64 {
    // SAFETY: reads a counter.
    unsafe { fts_sys::fts_live_handles() }
}
