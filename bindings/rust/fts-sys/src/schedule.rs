// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! fts/capi/schedule.h

use crate::{fts_buffer, fts_diagnostics, fts_model, fts_status, fts_string};
use core::ffi::c_void;

crate::base::handles! {
    /// A schedule resolved against a model. Immutable.
    fts_schedule;
}

/// How an entry that is no exact name selects parameters.
pub type fts_match = i32;
/// The same as prefix.
pub const FTS_MATCH_UNSPECIFIED: fts_match = 0;
/// As Python's re.match.
pub const FTS_MATCH_PREFIX: fts_match = 1;
/// As Python's re.fullmatch.
pub const FTS_MATCH_FULL: fts_match = 2;

/// How to resolve a schedule.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_schedule_options {
    /// Size of this struct.
    pub struct_size: usize,
    /// Null.
    pub next: *const c_void,
    /// Phases end by their max_transition_* keys alone.
    pub epoch_transitions_only: i32,
    /// Index of the last phase to run; -1: all.
    pub max_depth: i32,
    /// Whether base_max_lr counts.
    pub has_base_max_lr: i32,
    /// How entries select.
    pub r#match: fts_match,
    /// Learning rate of later phases that set none.
    pub base_max_lr: f64,
    /// The trainer's; -1: not given.
    pub max_epochs: i64,
}

impl fts_schedule_options {
    /// FTS_SCHEDULE_OPTIONS_INIT
    pub const INIT: Self = Self {
        struct_size: size_of::<Self>(),
        next: core::ptr::null(),
        epoch_transitions_only: 0,
        max_depth: -1,
        has_base_max_lr: 1,
        r#match: FTS_MATCH_UNSPECIFIED,
        base_max_lr: 1e-5,
        max_epochs: -1,
    };
}

/// A phase.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_phase_info {
    /// From 0.
    pub index: i32,
    /// 0 in phase 0, whose rate is the optimizer's own.
    pub has_lr: i32,
    /// Learning rate.
    pub lr: f64,
    /// Negative: none.
    pub max_transition_epoch: i64,
    /// Names that begin to train.
    pub num_params: usize,
    /// Names that stop.
    pub num_freeze: usize,
}

/// Ways to make a schedule from a model.
pub type fts_generate_by = i32;
/// The same as pairs.
pub const FTS_GENERATE_BY_UNSPECIFIED: fts_generate_by = 0;
/// FTS's implicit schedule.
pub const FTS_GENERATE_BY_PAIRS: fts_generate_by = 1;
/// Phases aligned with the model's layers.
pub const FTS_GENERATE_BY_BLOCKS: fts_generate_by = 2;
/// A phase per layer.
pub const FTS_GENERATE_BY_DEPTH: fts_generate_by = 3;

extern "C" {
    /// Resolves a schedule as written.
    pub fn fts_schedule_resolve(
        model: *const fts_model,
        yaml: fts_string,
        name: fts_string,
        options: *const fts_schedule_options,
        out_diagnostics: *mut *mut fts_diagnostics,
        out: *mut *mut fts_schedule,
    ) -> *mut fts_status;
    /// Schedule text.
    pub fn fts_schedule_generate(
        model: *const fts_model,
        by: fts_generate_by,
        phases: i32,
        out: *mut *mut fts_buffer,
    ) -> *mut fts_status;
    /// Adds an owner.
    pub fn fts_schedule_retain(schedule: *mut fts_schedule);
    /// Takes one away.
    pub fn fts_schedule_release(schedule: *mut fts_schedule);
    /// All phases. 0 for null.
    pub fn fts_schedule_num_phases(schedule: *const fts_schedule) -> usize;
    /// Index of the last phase that runs; -1 for null.
    pub fn fts_schedule_max_depth(schedule: *const fts_schedule) -> i32;
    /// Epochs of the run; -1: not given.
    pub fn fts_schedule_max_epochs(schedule: *const fts_schedule) -> i64;
    /// A phase.
    pub fn fts_schedule_get_phase(
        schedule: *const fts_schedule,
        phase: usize,
        out: *mut fts_phase_info,
    ) -> *mut fts_status;
    /// Name i of those that begin to train in a phase.
    pub fn fts_schedule_get_param(
        schedule: *const fts_schedule,
        phase: usize,
        i: usize,
        out: *mut fts_string,
    ) -> *mut fts_status;
    /// Name i of those that stop training in a phase.
    pub fn fts_schedule_get_freeze(
        schedule: *const fts_schedule,
        phase: usize,
        i: usize,
        out: *mut fts_string,
    ) -> *mut fts_status;
    /// All of one phase.
    pub fn fts_schedule_phase_to_json(
        schedule: *const fts_schedule,
        phase: usize,
        out: *mut *mut fts_buffer,
    ) -> *mut fts_status;
    /// The object of `fts schedule resolve --json`.
    pub fn fts_schedule_to_json(
        schedule: *const fts_schedule,
        out: *mut *mut fts_buffer,
    ) -> *mut fts_status;
    /// YAML that resolves to the same schedule again.
    pub fn fts_schedule_to_yaml(
        schedule: *const fts_schedule,
        out: *mut *mut fts_buffer,
    ) -> *mut fts_status;
}
