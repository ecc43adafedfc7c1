// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! Handles of the C interface as types: a non-null pointer that owns one count.

/// Declares `$name`, which owns one count of a `$raw`: `Clone` retains, `Drop`
/// releases. `Send` and `Sync` are for each type to claim, with its reason.
macro_rules! handle {
    ($(#[$meta:meta])* $vis:vis $name:ident: $raw:ident, $retain:ident, $release:ident) => {
        $(#[$meta])*
        $vis struct $name(std::ptr::NonNull<fts_sys::$raw>);

        impl $name {
            /// Takes over one count of `raw`, which must not be null.
            #[allow(dead_code)]
            pub(crate) fn from_raw(raw: *mut fts_sys::$raw) -> Self {
                Self(std::ptr::NonNull::new(raw).expect("the call succeeded"))
            }

            /// The pointer, to be used while `self` lives.
            #[allow(dead_code)]
            pub(crate) fn as_ptr(&self) -> *mut fts_sys::$raw {
                self.0.as_ptr()
            }
        }

        impl Clone for $name {
            fn clone(&self) -> Self {
                // SAFETY: self holds a count, so the handle lives.
                unsafe { fts_sys::$retain(self.0.as_ptr()) };
                Self(self.0)
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                // SAFETY: gives back the count that self holds, once.
                unsafe { fts_sys::$release(self.0.as_ptr()) };
            }
        }
    };
}
pub(crate) use handle;
