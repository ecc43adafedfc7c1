// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! fts/capi/config.h

use crate::{fts_buffer, fts_diagnostics, fts_status, fts_string};

crate::base::handles! {
    /// A run config, or one value of it. Immutable.
    fts_config;
}

/// A config in memory.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_config_text {
    /// Its text.
    pub yaml: fts_string,
    /// Stands for the file in messages; empty: no places.
    pub name: fts_string,
}

/// What is checked.
pub type fts_config_scope = i32;
/// The same as run.
pub const FTS_CONFIG_SCOPE_UNSPECIFIED: fts_config_scope = 0;
/// All that a run needs.
pub const FTS_CONFIG_SCOPE_RUN: fts_config_scope = 1;
/// Part of a run.
pub const FTS_CONFIG_SCOPE_PART: fts_config_scope = 2;

/// What a value is.
pub type fts_config_kind = i32;
/// A kind.
pub const FTS_CONFIG_KIND_UNSPECIFIED: fts_config_kind = 0;
/// A kind.
pub const FTS_CONFIG_KIND_NULL: fts_config_kind = 1;
/// A kind.
pub const FTS_CONFIG_KIND_BOOL: fts_config_kind = 2;
/// A kind.
pub const FTS_CONFIG_KIND_INT: fts_config_kind = 3;
/// A kind.
pub const FTS_CONFIG_KIND_FLOAT: fts_config_kind = 4;
/// A kind.
pub const FTS_CONFIG_KIND_STRING: fts_config_kind = 5;
/// A kind.
pub const FTS_CONFIG_KIND_LIST: fts_config_kind = 6;
/// A kind.
pub const FTS_CONFIG_KIND_MAPPING: fts_config_kind = 7;

/// A value.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_config_info {
    /// What it is.
    pub kind: fts_config_kind,
    /// From 1; 0 when there is no place.
    pub line: i32,
    /// Empty when there is none.
    pub file: fts_string,
    /// A scalar as written, of a string its value; else empty.
    pub text: fts_string,
    /// INT, and 1 for a BOOL that is true.
    pub integer: i64,
    /// INT, FLOAT, and a STRING that reads as one.
    pub number: f64,
    /// Values of a LIST, keys of a MAPPING.
    pub size: usize,
    /// Whether number counts.
    pub has_number: i32,
    /// From 1.
    pub column: i32,
}

extern "C" {
    /// Reads files and merges them, then applies the overrides.
    pub fn fts_config_load(
        files: *const fts_string,
        num_files: usize,
        overrides: *const fts_string,
        num_overrides: usize,
        out_diagnostics: *mut *mut fts_diagnostics,
        out: *mut *mut fts_config,
    ) -> *mut fts_status;
    /// The same from texts in memory.
    pub fn fts_config_parse(
        texts: *const fts_config_text,
        num_texts: usize,
        overrides: *const fts_string,
        num_overrides: usize,
        out_diagnostics: *mut *mut fts_diagnostics,
        out: *mut *mut fts_config,
    ) -> *mut fts_status;
    /// Adds an owner.
    pub fn fts_config_retain(config: *mut fts_config);
    /// Takes one away.
    pub fn fts_config_release(config: *mut fts_config);
    /// Checks every key.
    pub fn fts_config_check(
        config: *const fts_config,
        scope: fts_config_scope,
        out_diagnostics: *mut *mut fts_diagnostics,
    ) -> *mut fts_status;
    /// The value under a key path.
    pub fn fts_config_get(
        config: *const fts_config,
        path: fts_string,
        out: *mut *mut fts_config,
    ) -> *mut fts_status;
    /// What a value is.
    pub fn fts_config_get_info(
        config: *const fts_config,
        out: *mut fts_config_info,
    ) -> *mut fts_status;
    /// Key i of a mapping.
    pub fn fts_config_get_key(
        config: *const fts_config,
        i: usize,
        out: *mut fts_string,
    ) -> *mut fts_status;
    /// Value i of a list or mapping.
    pub fn fts_config_get_value(
        config: *const fts_config,
        i: usize,
        out: *mut *mut fts_config,
    ) -> *mut fts_status;
    /// YAML that reads back equal.
    pub fn fts_config_to_yaml(
        config: *const fts_config,
        out: *mut *mut fts_buffer,
    ) -> *mut fts_status;
    /// The same with places.
    pub fn fts_config_to_text(
        config: *const fts_config,
        out: *mut *mut fts_buffer,
    ) -> *mut fts_status;
    /// As JSON.
    pub fn fts_config_to_json(
        config: *const fts_config,
        out: *mut *mut fts_buffer,
    ) -> *mut fts_status;
}
