// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! fts/capi/session.h

use crate::{
    fts_diagnostics, fts_dtype, fts_mesh, fts_plan, fts_schedule,
    fts_scheduler_callbacks, fts_status, fts_string, fts_tensor,
};
use core::ffi::c_void;

crate::base::handles! {
    /// Sharded training in a loop of the caller's. Confined.
    fts_session;
}

/// A parameter of the model.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_named_tensor {
    /// As in the model's description.
    pub name: fts_string,
    /// Stays the caller's.
    pub tensor: *mut fts_tensor,
}

/// How gradients of ranks are put together.
pub type fts_reduction = i32;
/// The same as mean.
pub const FTS_REDUCTION_UNSPECIFIED: fts_reduction = 0;
/// Over ranks, as PyTorch's wrappers do.
pub const FTS_REDUCTION_MEAN: fts_reduction = 1;
/// Divide the loss by the whole step's count.
pub const FTS_REDUCTION_SUM: fts_reduction = 2;

/// How a session computes.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_session_options {
    /// Size of this struct.
    pub struct_size: usize,
    /// Null.
    pub next: *const c_void,
    /// YAML; empty: 32-true.
    pub precision: fts_string,
    /// Of gradients.
    pub reduction: fts_reduction,
    /// State per element that the optimizer will keep.
    pub optimizer_moments: i32,
}

impl fts_session_options {
    /// FTS_SESSION_OPTIONS_INIT
    pub const INIT: Self = Self {
        struct_size: size_of::<Self>(),
        next: core::ptr::null(),
        precision: fts_string::EMPTY,
        reduction: FTS_REDUCTION_UNSPECIFIED,
        optimizer_moments: 2,
    };
}

/// Writes dst from elements [begin, end) of the named parameter.
pub type fts_load_fn = Option<
    unsafe extern "C" fn(
        name: fts_string,
        begin: i64,
        end: i64,
        dst: *const fts_tensor,
        user_data: *mut c_void,
    ) -> *mut fts_status,
>;

/// A unit of a session.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_session_unit {
    /// The first of its modules; "" for the root.
    pub module: fts_string,
    /// How many modules.
    pub num_modules: usize,
    /// Floating inputs before pre_forward; bits 0: none.
    pub input_dtype: fts_dtype,
    /// Outputs after post_forward; bits 0: none.
    pub output_dtype: fts_dtype,
    /// "" for none, or the mode.
    pub act_ckpt: fts_string,
    /// As JSON.
    pub act_ckpt_kwargs: fts_string,
}

/// What a step says.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_step_args {
    /// Size of this struct.
    pub struct_size: usize,
    /// Null.
    pub next: *const c_void,
    /// This rank's; 0 where it is not known.
    pub loss: f64,
    /// Of the run so far; rank 0's counts.
    pub seconds: f64,
    /// A loss or norm that is not finite is an error.
    pub check_finite: i32,
    /// 0
    pub reserved: i32,
}

impl fts_step_args {
    /// FTS_STEP_ARGS_INIT
    pub const INIT: Self = Self {
        struct_size: size_of::<Self>(),
        next: core::ptr::null(),
        loss: 0.0,
        seconds: 0.0,
        check_finite: 1,
        reserved: 0,
    };
}

/// What a step was.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_step_info {
    /// Mean or sum over ranks.
    pub loss: f64,
    /// Global L2 over what trains, before clipping.
    pub grad_norm: f64,
    /// Rank 0's.
    pub seconds: f64,
}

/// This rank's part of a parameter.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_shard_info {
    /// Of the flattened parameter.
    pub begin: i64,
    /// May be 0.
    pub size: i64,
    /// Whether it trains.
    pub trainable: i32,
    /// Whether some rank had a gradient.
    pub has_gradient: i32,
}

/// Takes the whole of a parameter.
pub type fts_full_fn = Option<
    unsafe extern "C" fn(
        name: fts_string,
        value: *const fts_tensor,
        user_data: *mut c_void,
    ) -> *mut fts_status,
>;

/// What this rank holds and has moved since the phase began, in bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_session_use {
    /// Weights.
    pub bytes_gathered: i64,
    /// Of those, weights that do not train.
    pub frozen_bytes_gathered: i64,
    /// Gradients.
    pub bytes_reduced: i64,
    /// Largest.
    pub gradient_bytes: i64,
    /// Of an fts_optimizer.
    pub moment_bytes: i64,
    /// Largest sum.
    pub peak_bytes: i64,
}

extern "C" {
    /// Makes a session over a model's parameters.
    pub fn fts_session_create(
        plan: *const fts_plan,
        schedule: *const fts_schedule,
        mesh: *mut fts_mesh,
        parameters: *const fts_named_tensor,
        num_parameters: usize,
        options: *const fts_session_options,
        out_diagnostics: *mut *mut fts_diagnostics,
        out: *mut *mut fts_session,
    ) -> *mut fts_status;
    /// Adds an owner.
    pub fn fts_session_retain(session: *mut fts_session);
    /// Takes one away.
    pub fn fts_session_release(session: *mut fts_session);
    /// Takes this rank's part of every parameter's values of before create.
    pub fn fts_session_load(session: *mut fts_session) -> *mut fts_status;
    /// The same with values from elsewhere.
    pub fn fts_session_load_from(
        session: *mut fts_session,
        r#fn: fts_load_fn,
        user_data: *mut c_void,
    ) -> *mut fts_status;
    /// Empty when weights stand in memory that the ranks share.
    pub fn fts_session_why_gathered(session: *const fts_session) -> fts_string;
    /// 0 for null.
    pub fn fts_session_num_units(session: *const fts_session) -> usize;
    /// A unit.
    pub fn fts_session_get_unit(
        session: *const fts_session,
        unit: usize,
        out: *mut fts_session_unit,
    ) -> *mut fts_status;
    /// Name of module i of a unit.
    pub fn fts_session_get_unit_module(
        session: *const fts_session,
        unit: usize,
        i: usize,
        out: *mut fts_string,
    ) -> *mut fts_status;
    /// Its weights come into memory.
    pub fn fts_session_pre_forward(
        session: *mut fts_session,
        unit: usize,
        inputs: *const *mut fts_tensor,
        num_inputs: usize,
    ) -> *mut fts_status;
    /// After the forward of module `module` of a unit.
    pub fn fts_session_post_forward(
        session: *mut fts_session,
        unit: usize,
        module: usize,
        outputs: *const *mut fts_tensor,
        num_outputs: usize,
    ) -> *mut fts_status;
    /// The same for addresses of at::Tensor.
    pub fn fts_session_pre_forward_at(
        session: *mut fts_session,
        unit: usize,
        at_inputs: *const *const c_void,
        num_inputs: usize,
    ) -> *mut fts_status;
    /// The same for addresses of at::Tensor.
    pub fn fts_session_post_forward_at(
        session: *mut fts_session,
        unit: usize,
        module: usize,
        at_outputs: *const *const c_void,
        num_outputs: usize,
    ) -> *mut fts_status;
    /// A unit's weights into memory.
    pub fn fts_session_gather(session: *mut fts_session, unit: usize) -> *mut fts_status;
    /// And out of it.
    pub fn fts_session_release_unit(
        session: *mut fts_session,
        unit: usize,
    ) -> *mut fts_status;
    /// Adds gradients made by hand.
    pub fn fts_session_add_gradients(
        session: *mut fts_session,
        parameters: *const usize,
        gradients: *const *mut fts_tensor,
        size: usize,
    ) -> *mut fts_status;
    /// Before the forward of one of several backwards of a step.
    pub fn fts_session_begin_micro_step(
        session: *mut fts_session,
        last: i32,
    ) -> *mut fts_status;
    /// Around forwards without gradients.
    pub fn fts_session_begin_evaluation(session: *mut fts_session) -> *mut fts_status;
    /// Around forwards without gradients.
    pub fn fts_session_end_evaluation(session: *mut fts_session) -> *mut fts_status;
    /// Token cross entropy of the model's logits, also split ones.
    pub fn fts_session_token_loss_at(
        session: *mut fts_session,
        tag: fts_string,
        at_logits: *const c_void,
        at_labels: *const c_void,
        at_out_sum: *mut c_void,
        at_out_count: *mut c_void,
    ) -> *mut fts_status;
    /// After the last backward of a step.
    pub fn fts_session_complete_gradients(
        session: *mut fts_session,
        args: *const fts_step_args,
        out: *mut fts_step_info,
    ) -> *mut fts_status;
    /// Scales gradients to at most that norm.
    pub fn fts_session_clip(session: *mut fts_session, max_norm: f64) -> *mut fts_status;
    /// Before shards are updated.
    pub fn fts_session_begin_update(session: *mut fts_session) -> *mut fts_status;
    /// After it.
    pub fn fts_session_finish_update(session: *mut fts_session) -> *mut fts_status;
    /// Whether this rank has gradients that no update has used.
    pub fn fts_session_has_gradients(
        session: *const fts_session,
        out: *mut i32,
    ) -> *mut fts_status;
    /// Drops what a step that failed has left.
    pub fn fts_session_reset_step(session: *mut fts_session) -> *mut fts_status;
    /// Place of a parameter by its name.
    pub fn fts_session_find_parameter(
        session: *const fts_session,
        name: fts_string,
        out: *mut usize,
    ) -> *mut fts_status;
    /// What an optimizer updates.
    pub fn fts_session_get_shard(
        session: *mut fts_session,
        parameter: usize,
        out_info: *mut fts_shard_info,
        out_value: *mut *mut fts_tensor,
        out_gradient: *mut *mut fts_tensor,
    ) -> *mut fts_status;
    /// Around writes to shards outside of an update.
    pub fn fts_session_begin_write(session: *mut fts_session) -> *mut fts_status;
    /// Around writes to shards outside of an update.
    pub fn fts_session_end_write(session: *mut fts_session) -> *mut fts_status;
    /// Calls fn with the whole of every parameter on every rank.
    pub fn fts_session_for_each_full(
        session: *mut fts_session,
        r#fn: fts_full_fn,
        user_data: *mut c_void,
    ) -> *mut fts_status;
    /// A phase's params begin to train.
    pub fn fts_session_thaw(session: *mut fts_session, phase: i32) -> *mut fts_status;
    /// What a phase freezes stops.
    pub fn fts_session_freeze(session: *mut fts_session, phase: i32) -> *mut fts_status;
    /// Keeps values and optimizer state.
    pub fn fts_session_save_best(session: *mut fts_session) -> *mut fts_status;
    /// Brings them back.
    pub fn fts_session_restore_best(session: *mut fts_session) -> *mut fts_status;
    /// A value for the callbacks' metric.
    pub fn fts_session_set_metric(
        session: *mut fts_session,
        name: fts_string,
        value: f64,
    ) -> *mut fts_status;
    /// Callbacks for fts_scheduler_create that do the above.
    pub fn fts_session_get_callbacks(
        session: *mut fts_session,
        out: *mut fts_scheduler_callbacks,
    ) -> *mut fts_status;
    /// What this rank holds and has moved.
    pub fn fts_session_get_use(
        session: *const fts_session,
        out: *mut fts_session_use,
    ) -> *mut fts_status;
}
