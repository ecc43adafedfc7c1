// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! fts/capi/status.h

use crate::fts_string;

crate::base::handles! {
    /// How a call failed. Immutable.
    fts_status;
}

/// Numbered as in absl and gRPC.
pub type fts_code = i32;
/// A code.
pub const FTS_CODE_OK: fts_code = 0;
/// A code.
pub const FTS_CODE_CANCELLED: fts_code = 1;
/// A code.
pub const FTS_CODE_UNKNOWN: fts_code = 2;
/// A code.
pub const FTS_CODE_INVALID_ARGUMENT: fts_code = 3;
/// A code.
pub const FTS_CODE_DEADLINE_EXCEEDED: fts_code = 4;
/// A code.
pub const FTS_CODE_NOT_FOUND: fts_code = 5;
/// A code.
pub const FTS_CODE_ALREADY_EXISTS: fts_code = 6;
/// A code.
pub const FTS_CODE_PERMISSION_DENIED: fts_code = 7;
/// A code.
pub const FTS_CODE_RESOURCE_EXHAUSTED: fts_code = 8;
/// A code.
pub const FTS_CODE_FAILED_PRECONDITION: fts_code = 9;
/// A code.
pub const FTS_CODE_ABORTED: fts_code = 10;
/// A code.
pub const FTS_CODE_OUT_OF_RANGE: fts_code = 11;
/// A code.
pub const FTS_CODE_UNIMPLEMENTED: fts_code = 12;
/// A code.
pub const FTS_CODE_INTERNAL: fts_code = 13;
/// A code.
pub const FTS_CODE_UNAVAILABLE: fts_code = 14;
/// A code.
pub const FTS_CODE_DATA_LOSS: fts_code = 15;
/// A code.
pub const FTS_CODE_UNAUTHENTICATED: fts_code = 16;

extern "C" {
    /// For callbacks that must report an error. Never null.
    pub fn fts_status_create(code: fts_code, message: fts_string) -> *mut fts_status;
    /// Adds an owner.
    pub fn fts_status_retain(status: *mut fts_status);
    /// Takes one away.
    pub fn fts_status_release(status: *mut fts_status);
    /// FTS_CODE_OK for null.
    pub fn fts_status_code(status: *const fts_status) -> fts_code;
    /// "INVALID_ARGUMENT".
    pub fn fts_status_code_name(status: *const fts_status) -> fts_string;
    /// Object, value, place, fix.
    pub fn fts_status_message(status: *const fts_status) -> fts_string;
    /// Facts by key.
    pub fn fts_status_num_details(status: *const fts_status) -> usize;
    /// Empty when i is not below the number.
    pub fn fts_status_detail_key(status: *const fts_status, i: usize) -> fts_string;
    /// Empty when i is not below the number.
    pub fn fts_status_detail_value(status: *const fts_status, i: usize) -> fts_string;
}
