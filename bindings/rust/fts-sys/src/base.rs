// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! fts/capi/base.h

/// Version of the interface that this crate declares.
pub const FTS_API_MAJOR: i32 = 1;
/// Version of the interface that this crate declares.
pub const FTS_API_MINOR: i32 = 2;

/// A view of bytes, UTF-8 where it is text.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_string {
    /// May be null when size is 0.
    pub data: *const core::ffi::c_char,
    /// In bytes.
    pub size: usize,
}

impl fts_string {
    /// An empty view.
    pub const EMPTY: Self = Self { data: core::ptr::null(), size: 0 };
}

/// Declares opaque handles.
macro_rules! handles {
    ($($(#[$meta:meta])* $name:ident;)*) => {$(
        $(#[$meta])*
        #[repr(C)]
        pub struct $name {
            _opaque: [u8; 0],
            _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
        }
    )*};
}
pub(crate) use handles;
