// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! fts/capi/scheduler.h

use crate::{fts_buffer, fts_diagnostics, fts_schedule, fts_status, fts_string};
use core::ffi::c_void;

crate::base::handles! {
    /// Drives a schedule through a training loop. Confined.
    fts_scheduler;
    /// What an event led to. Immutable.
    fts_outcome;
}

/// Whether smaller or larger is better.
pub type fts_metric_mode = i32;
/// The same as min.
pub const FTS_METRIC_MODE_UNSPECIFIED: fts_metric_mode = 0;
/// Smaller is better.
pub const FTS_METRIC_MODE_MIN: fts_metric_mode = 1;
/// Larger is better.
pub const FTS_METRIC_MODE_MAX: fts_metric_mode = 2;

/// How a scheduler judges.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_scheduler_options {
    /// Size of this struct.
    pub struct_size: usize,
    /// Null.
    pub next: *const c_void,
    /// As given to fts_schedule_resolve.
    pub epoch_transitions_only: i32,
    /// 1: a phase begins from the best state so far.
    pub restore_best: i32,
    /// Whether the fields from monitor to divergence_threshold count.
    pub has_early_stopping: i32,
    /// Of early stopping.
    pub mode: fts_metric_mode,
    /// Empty: val_loss.
    pub monitor: fts_string,
    /// Validations without an improvement beyond min_delta.
    pub patience: i64,
    /// Smallest improvement.
    pub min_delta: f64,
    /// A value that is not finite ends the run.
    pub check_finite: i32,
    /// Whether stopping_threshold counts.
    pub has_stopping_threshold: i32,
    /// Better than it ends the run.
    pub stopping_threshold: f64,
    /// Worse than it ends the run.
    pub divergence_threshold: f64,
    /// Whether divergence_threshold counts.
    pub has_divergence_threshold: i32,
    /// What the best state is judged by.
    pub best_mode: fts_metric_mode,
    /// Empty: val_loss.
    pub best_monitor: fts_string,
    /// -1: no limit.
    pub max_steps: i64,
    /// 1: there will be validation_end events.
    pub has_validation: i32,
    /// 0
    pub reserved: i32,
}

impl fts_scheduler_options {
    /// FTS_SCHEDULER_OPTIONS_INIT
    pub const INIT: Self = Self {
        struct_size: size_of::<Self>(),
        next: core::ptr::null(),
        epoch_transitions_only: 0,
        restore_best: 1,
        has_early_stopping: 0,
        mode: FTS_METRIC_MODE_UNSPECIFIED,
        monitor: fts_string::EMPTY,
        patience: 3,
        min_delta: 0.0,
        check_finite: 1,
        has_stopping_threshold: 0,
        stopping_threshold: 0.0,
        divergence_threshold: 0.0,
        has_divergence_threshold: 0,
        best_mode: FTS_METRIC_MODE_UNSPECIFIED,
        best_monitor: fts_string::EMPTY,
        max_steps: -1,
        has_validation: 1,
        reserved: 0,
    };
}

/// What a phase callback is told.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_phase_args {
    /// Of what the library filled in.
    pub struct_size: usize,
    /// The phase.
    pub phase: i32,
    /// add_group alone; 0: the optimizer's own rate.
    pub has_lr: i32,
    /// Learning rate.
    pub lr: f64,
}

/// What a best-state callback is told.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_best_args {
    /// Of what the library filled in.
    pub struct_size: usize,
    /// The phase it was found in.
    pub phase: i32,
    /// The epoch it was found in.
    pub epoch: i64,
    /// Its metric.
    pub metric: f64,
}

/// What the metric callback is told.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_metric_args {
    /// Of what the library filled in.
    pub struct_size: usize,
    /// During the call.
    pub name: fts_string,
    /// To be written.
    pub value: *mut f64,
}

/// A phase callback.
pub type fts_phase_fn = Option<
    unsafe extern "C" fn(
        args: *const fts_phase_args,
        user_data: *mut c_void,
    ) -> *mut fts_status,
>;
/// A best-state callback.
pub type fts_best_fn = Option<
    unsafe extern "C" fn(
        args: *const fts_best_args,
        user_data: *mut c_void,
    ) -> *mut fts_status,
>;
/// The metric callback.
pub type fts_metric_fn = Option<
    unsafe extern "C" fn(
        args: *const fts_metric_args,
        user_data: *mut c_void,
    ) -> *mut fts_status,
>;

/// What a scheduler has done for it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_scheduler_callbacks {
    /// Size of this struct.
    pub struct_size: usize,
    /// Null.
    pub next: *const c_void,
    /// For all of them.
    pub user_data: *mut c_void,
    /// Called exactly once, also when fts_scheduler_create fails.
    pub destroy: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    /// The phase's params begin to train.
    pub thaw: fts_phase_fn,
    /// What the phase freezes stops.
    pub freeze: fts_phase_fn,
    /// Optimizer groups of the phase, after thaw.
    pub add_group: fts_phase_fn,
    /// The phase's new_optimizer, before thaw.
    pub replace_optimizer: fts_phase_fn,
    /// Its new_lr_scheduler, after add_group.
    pub replace_lr_scheduler: fts_phase_fn,
    /// Keep weights and optimizer state.
    pub save_best: fts_best_fn,
    /// Bring them back.
    pub restore_best: fts_best_fn,
    /// A value of the validation just ended.
    pub metric: fts_metric_fn,
}

impl fts_scheduler_callbacks {
    /// FTS_SCHEDULER_CALLBACKS_INIT
    pub const INIT: Self = Self {
        struct_size: size_of::<Self>(),
        next: core::ptr::null(),
        user_data: core::ptr::null_mut(),
        destroy: None,
        thaw: None,
        freeze: None,
        add_group: None,
        replace_optimizer: None,
        replace_lr_scheduler: None,
        save_best: None,
        restore_best: None,
        metric: None,
    };
}

/// Kinds of effects.
pub type fts_effect_kind = i32;
/// A kind.
pub const FTS_EFFECT_UNSPECIFIED: fts_effect_kind = 0;
/// A kind.
pub const FTS_EFFECT_RESTORE_BEST: fts_effect_kind = 1;
/// A kind.
pub const FTS_EFFECT_FREEZE: fts_effect_kind = 2;
/// A kind.
pub const FTS_EFFECT_REPLACE_OPTIMIZER: fts_effect_kind = 3;
/// A kind.
pub const FTS_EFFECT_THAW: fts_effect_kind = 4;
/// A kind.
pub const FTS_EFFECT_ADD_GROUP: fts_effect_kind = 5;
/// A kind.
pub const FTS_EFFECT_REPLACE_LR_SCHEDULER: fts_effect_kind = 6;
/// The phase is in force; text says why.
pub const FTS_EFFECT_PHASE: fts_effect_kind = 7;
/// A kind.
pub const FTS_EFFECT_SAVE_BEST: fts_effect_kind = 8;
/// Take no more steps in this epoch.
pub const FTS_EFFECT_END_EPOCH: fts_effect_kind = 9;
/// Text is for the log.
pub const FTS_EFFECT_NOTE: fts_effect_kind = 10;
/// The run is over; text says why.
pub const FTS_EFFECT_FINISH: fts_effect_kind = 11;

/// Something that an event led to.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_effect {
    /// What.
    pub kind: fts_effect_kind,
    /// FREEZE to PHASE; else -1.
    pub phase: i32,
    /// ADD_GROUP
    pub has_lr: i32,
    /// RESTORE_BEST, SAVE_BEST
    pub has_best: i32,
    /// Learning rate.
    pub lr: f64,
    /// Metric of the best state.
    pub best_metric: f64,
    /// Epoch of the best state.
    pub best_epoch: i64,
    /// Phase of the best state.
    pub best_phase: i32,
    /// FINISH: "max_epochs", "early_stopping", ...
    pub cause: fts_string,
    /// For people.
    pub text: fts_string,
}

extern "C" {
    /// Makes a scheduler.
    pub fn fts_scheduler_create(
        schedule: *const fts_schedule,
        options: *const fts_scheduler_options,
        callbacks: *const fts_scheduler_callbacks,
        out_diagnostics: *mut *mut fts_diagnostics,
        out: *mut *mut fts_scheduler,
    ) -> *mut fts_status;
    /// Adds an owner.
    pub fn fts_scheduler_retain(scheduler: *mut fts_scheduler);
    /// Takes one away.
    pub fn fts_scheduler_release(scheduler: *mut fts_scheduler);
    /// An event.
    pub fn fts_scheduler_run_start(
        scheduler: *mut fts_scheduler,
        out: *mut *mut fts_outcome,
    ) -> *mut fts_status;
    /// An event.
    pub fn fts_scheduler_epoch_start(
        scheduler: *mut fts_scheduler,
        epoch: i64,
        out: *mut *mut fts_outcome,
    ) -> *mut fts_status;
    /// An event.
    pub fn fts_scheduler_step_start(
        scheduler: *mut fts_scheduler,
        step: i64,
        tokens: i64,
        seconds: f64,
        out: *mut *mut fts_outcome,
    ) -> *mut fts_status;
    /// An event.
    pub fn fts_scheduler_step_end(
        scheduler: *mut fts_scheduler,
        step: i64,
        out: *mut *mut fts_outcome,
    ) -> *mut fts_status;
    /// An event.
    pub fn fts_scheduler_validation_end(
        scheduler: *mut fts_scheduler,
        epoch: i64,
        out: *mut *mut fts_outcome,
    ) -> *mut fts_status;
    /// An event.
    pub fn fts_scheduler_epoch_end(
        scheduler: *mut fts_scheduler,
        epoch: i64,
        out: *mut *mut fts_outcome,
    ) -> *mut fts_status;
    /// The phase in force; -1 for null.
    pub fn fts_scheduler_phase(scheduler: *const fts_scheduler) -> i32;
    /// 1 when the run is over.
    pub fn fts_scheduler_finished(scheduler: *const fts_scheduler) -> i32;
    /// All that the scheduler remembers.
    pub fn fts_scheduler_state_to_json(
        scheduler: *const fts_scheduler,
        out: *mut *mut fts_buffer,
    ) -> *mut fts_status;
    /// And back, before run_start.
    pub fn fts_scheduler_resume(
        scheduler: *mut fts_scheduler,
        state_json: fts_string,
    ) -> *mut fts_status;
    /// Adds an owner.
    pub fn fts_outcome_retain(outcome: *mut fts_outcome);
    /// Takes one away.
    pub fn fts_outcome_release(outcome: *mut fts_outcome);
    /// 0 for null.
    pub fn fts_outcome_size(outcome: *const fts_outcome) -> usize;
    /// In order.
    pub fn fts_outcome_get(
        outcome: *const fts_outcome,
        i: usize,
        out: *mut fts_effect,
    ) -> *mut fts_status;
}
