// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! fts/capi/optimizer.h

use crate::{
    fts_diagnostics, fts_session, fts_status, fts_step_args, fts_step_info, fts_string,
};

crate::base::handles! {
    /// Our own optimizer over a session's shards. Confined, with its session.
    fts_optimizer;
}

/// A group.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_group_info {
    /// "phase 2"
    pub name: fts_string,
    /// Of the next update.
    pub lr: f64,
    /// As the group began.
    pub initial_lr: f64,
    /// Its weight decay.
    pub weight_decay: f64,
}

extern "C" {
    /// Makes a session's optimizer.
    pub fn fts_optimizer_create(
        session: *mut fts_session,
        yaml: fts_string,
        name: fts_string,
        out_diagnostics: *mut *mut fts_diagnostics,
        out: *mut *mut fts_optimizer,
    ) -> *mut fts_status;
    /// Adds an owner.
    pub fn fts_optimizer_retain(optimizer: *mut fts_optimizer);
    /// Takes one away.
    pub fn fts_optimizer_release(optimizer: *mut fts_optimizer);
    /// Groups as a scheduler asks for them.
    pub fn fts_optimizer_add_groups(
        optimizer: *mut fts_optimizer,
        phase: i32,
        has_lr: i32,
        lr: f64,
    ) -> *mut fts_status;
    /// The phase's new_optimizer.
    pub fn fts_optimizer_replace(
        optimizer: *mut fts_optimizer,
        phase: i32,
    ) -> *mut fts_status;
    /// The phase's new_lr_scheduler.
    pub fn fts_optimizer_replace_lr_scheduler(
        optimizer: *mut fts_optimizer,
        phase: i32,
    ) -> *mut fts_status;
    /// One whole update.
    pub fn fts_optimizer_step(
        optimizer: *mut fts_optimizer,
        phase: i32,
        args: *const fts_step_args,
        out: *mut fts_step_info,
    ) -> *mut fts_status;
    /// PyTorch's class name.
    pub fn fts_optimizer_name(optimizer: *const fts_optimizer) -> fts_string;
    /// 0 for null.
    pub fn fts_optimizer_num_groups(optimizer: *const fts_optimizer) -> usize;
    /// A group.
    pub fn fts_optimizer_get_group(
        optimizer: *const fts_optimizer,
        i: usize,
        out: *mut fts_group_info,
    ) -> *mut fts_status;
    /// A rate of the caller's own.
    pub fn fts_optimizer_set_lr(
        optimizer: *mut fts_optimizer,
        i: usize,
        lr: f64,
    ) -> *mut fts_status;
    /// Advances the learning-rate scheduler where one is due.
    pub fn fts_optimizer_after_step(
        optimizer: *mut fts_optimizer,
        step_in_epoch: i64,
    ) -> *mut fts_status;
    /// Advances the learning-rate scheduler where one is due.
    pub fn fts_optimizer_after_epoch(
        optimizer: *mut fts_optimizer,
        epoch: i64,
    ) -> *mut fts_status;
    /// Advances the learning-rate scheduler where one is due.
    pub fn fts_optimizer_after_validation(
        optimizer: *mut fts_optimizer,
        epoch: i64,
        metric: f64,
    ) -> *mut fts_status;
}
