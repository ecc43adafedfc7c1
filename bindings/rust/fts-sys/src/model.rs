// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! fts/capi/model.h

use crate::{fts_buffer, fts_diagnostics, fts_status, fts_string};

crate::base::handles! {
    /// Names, shapes and dtypes of a model. Immutable.
    fts_model;
}

/// A module.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_module_info {
    /// "" for the root.
    pub name: fts_string,
    /// As its framework prints it.
    pub class_name: fts_string,
    /// 1: a list or mapping of modules, never called.
    pub container: i32,
}

/// A parameter.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_parameter_info {
    /// Its full name.
    pub name: fts_string,
    /// rank numbers.
    pub shape: *const i64,
    /// 0 for a scalar.
    pub rank: usize,
    /// "float32", "bfloat16", ...
    pub dtype: fts_string,
    /// The first name of a tied alias; else empty.
    pub shared_with: fts_string,
}

extern "C" {
    /// Reads a description (format fts-model/1).
    pub fn fts_model_parse(
        json: fts_string,
        name: fts_string,
        out_diagnostics: *mut *mut fts_diagnostics,
        out: *mut *mut fts_model,
    ) -> *mut fts_status;
    /// Adds an owner.
    pub fn fts_model_retain(model: *mut fts_model);
    /// Takes one away.
    pub fn fts_model_release(model: *mut fts_model);
    /// 0 for null.
    pub fn fts_model_num_modules(model: *const fts_model) -> usize;
    /// Parents before children.
    pub fn fts_model_get_module(
        model: *const fts_model,
        i: usize,
        out: *mut fts_module_info,
    ) -> *mut fts_status;
    /// 0 for null.
    pub fn fts_model_num_parameters(model: *const fts_model) -> usize;
    /// In registration order.
    pub fn fts_model_get_parameter(
        model: *const fts_model,
        i: usize,
        out: *mut fts_parameter_info,
    ) -> *mut fts_status;
    /// The description as JSON.
    pub fn fts_model_to_json(
        model: *const fts_model,
        out: *mut *mut fts_buffer,
    ) -> *mut fts_status;
}
