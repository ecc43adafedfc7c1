// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! fts/capi/tp.h

use crate::{fts_mesh, fts_placement, fts_status, fts_string, fts_tensor};
use core::ffi::c_void;

/// How a tensor and its gradient lie.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_tp_layout {
    /// The tensor.
    pub value: fts_placement,
    /// Its gradient; unspecified: as the value.
    pub gradient: fts_placement,
}

/// What a tensor is converted from and to.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_tp_convert_options {
    /// Size of this struct.
    pub struct_size: usize,
    /// Null.
    pub next: *const c_void,
    /// As it lies.
    pub from: fts_tp_layout,
    /// As it is to lie.
    pub to: fts_tp_layout,
    /// Size of the whole of an uneven dimension, or 0.
    pub whole: i64,
    /// For errors.
    pub label: fts_string,
}

impl fts_tp_convert_options {
    /// FTS_TP_CONVERT_OPTIONS_INIT
    pub const INIT: Self = {
        let none = fts_placement { kind: 0, dim: 0 };
        let layout = fts_tp_layout { value: none, gradient: none };
        Self {
            struct_size: size_of::<Self>(),
            next: core::ptr::null(),
            from: layout,
            to: layout,
            whole: 0,
            label: fts_string { data: core::ptr::null(), size: 0 },
        }
    };
}

extern "C" {
    /// Moves a tensor from one layout to another, and its gradient back.
    pub fn fts_tp_convert_at(
        mesh: *mut fts_mesh,
        tag: fts_string,
        at_tensor: *const c_void,
        options: *const fts_tp_convert_options,
        at_out: *mut c_void,
    ) -> *mut fts_status;
    /// For two kinds of readers at once.
    pub fn fts_tp_convert_for_readers_at(
        mesh: *mut fts_mesh,
        tag: fts_string,
        at_tensor: *const c_void,
        options: *const fts_tp_convert_options,
        at_out_handed: *mut c_void,
        at_out_shared: *mut c_void,
    ) -> *mut fts_status;
    /// Values alone.
    pub fn fts_tp_convert(
        mesh: *mut fts_mesh,
        tensor: *const fts_tensor,
        options: *const fts_tp_convert_options,
        out: *mut *mut fts_tensor,
    ) -> *mut fts_status;
    /// Rows of a table of which each rank holds some.
    pub fn fts_tp_embedding_at(
        mesh: *mut fts_mesh,
        tag: fts_string,
        at_ids: *const c_void,
        at_weight: *const c_void,
        vocabulary: i64,
        at_out: *mut c_void,
    ) -> *mut fts_status;
    /// The same for handles.
    pub fn fts_tp_embedding(
        mesh: *mut fts_mesh,
        ids: *const fts_tensor,
        weight: *const fts_tensor,
        vocabulary: i64,
        out: *mut *mut fts_tensor,
    ) -> *mut fts_status;
    /// Cross entropy of split logits.
    pub fn fts_tp_cross_entropy_at(
        mesh: *mut fts_mesh,
        tag: fts_string,
        at_logits: *const c_void,
        at_labels: *const c_void,
        vocabulary: i64,
        label: fts_string,
        at_out_sum: *mut c_void,
        at_out_count: *mut c_void,
    ) -> *mut fts_status;
    /// The same for handles, with the logits' gradient.
    pub fn fts_tp_cross_entropy(
        mesh: *mut fts_mesh,
        logits: *const fts_tensor,
        labels: *const fts_tensor,
        vocabulary: i64,
        label: fts_string,
        out_sum: *mut f64,
        out_count: *mut i64,
        out_gradient: *mut *mut fts_tensor,
    ) -> *mut fts_status;
}
