// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! fts/capi/plan.h

use crate::{
    fts_buffer, fts_diagnostics, fts_model, fts_schedule, fts_status, fts_string,
};
use core::ffi::c_void;

crate::base::handles! {
    /// A sharding plan resolved against a model. Immutable.
    fts_plan;
}

/// A unit.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_unit_info {
    /// "" for the remainder.
    pub module: fts_string,
    /// 1: an ancestor of every other unit.
    pub is_root: i32,
    /// 1: released after its forward.
    pub reshard: i32,
    /// Of all its parameters.
    pub num_elements: i64,
    /// How many parameters.
    pub num_parameters: usize,
}

/// What a plan must know of a mesh.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_plan_options {
    /// Size of this struct.
    pub struct_size: usize,
    /// Null.
    pub next: *const c_void,
    /// Ranks that share the work of layers.
    pub tp: i32,
    /// 0
    pub reserved: i32,
}

impl fts_plan_options {
    /// FTS_PLAN_OPTIONS_INIT
    pub const INIT: Self = Self {
        struct_size: size_of::<Self>(),
        next: core::ptr::null(),
        tp: 1,
        reserved: 0,
    };
}

extern "C" {
    /// Resolves the YAML of a strategy_adapter_cfg mapping.
    pub fn fts_plan_resolve(
        model: *const fts_model,
        schedule: *const fts_schedule,
        yaml: fts_string,
        name: fts_string,
        out_diagnostics: *mut *mut fts_diagnostics,
        out: *mut *mut fts_plan,
    ) -> *mut fts_status;
    /// The same for a mesh of which the plan must know something.
    pub fn fts_plan_resolve_with(
        model: *const fts_model,
        schedule: *const fts_schedule,
        yaml: fts_string,
        name: fts_string,
        options: *const fts_plan_options,
        out_diagnostics: *mut *mut fts_diagnostics,
        out: *mut *mut fts_plan,
    ) -> *mut fts_status;
    /// Adds an owner.
    pub fn fts_plan_retain(plan: *mut fts_plan);
    /// Takes one away.
    pub fn fts_plan_release(plan: *mut fts_plan);
    /// The remainder not among them.
    pub fn fts_plan_num_units(plan: *const fts_plan) -> usize;
    /// i equal to the number of units is the remainder.
    pub fn fts_plan_get_unit(
        plan: *const fts_plan,
        i: usize,
        out: *mut fts_unit_info,
    ) -> *mut fts_status;
    /// The object of `fts plan resolve --json`.
    pub fn fts_plan_to_json(
        plan: *const fts_plan,
        out: *mut *mut fts_buffer,
    ) -> *mut fts_status;
    /// The whole plan, format fts-plan/1.
    pub fn fts_plan_to_full_json(
        plan: *const fts_plan,
        out: *mut *mut fts_buffer,
    ) -> *mut fts_status;
    /// A table for people.
    pub fn fts_plan_to_text(
        plan: *const fts_plan,
        out: *mut *mut fts_buffer,
    ) -> *mut fts_status;
}
