// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! fts/capi/tp_plan.h

use crate::{fts_plan, fts_status, fts_string};

/// How one tensor lies along tp.
pub type fts_placement_kind = i32;
/// Nothing is said: left as it is.
pub const FTS_PLACEMENT_KIND_UNSPECIFIED: fts_placement_kind = 0;
/// Whole on every rank.
pub const FTS_PLACEMENT_KIND_REPLICATE: fts_placement_kind = 1;
/// A part of dimension dim per rank.
pub const FTS_PLACEMENT_KIND_SHARD: fts_placement_kind = 2;
/// One term of a sum per rank.
pub const FTS_PLACEMENT_KIND_PARTIAL: fts_placement_kind = 3;

/// A placement.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_placement {
    /// One of FTS_PLACEMENT_KIND_.
    pub kind: fts_placement_kind,
    /// Of a SHARD; negative: counted from the end.
    pub dim: i32,
}

/// What a rule does.
pub type fts_tp_style = i32;
/// None.
pub const FTS_TP_STYLE_UNSPECIFIED: fts_tp_style = 0;
/// Outputs are split.
pub const FTS_TP_STYLE_COLWISE: fts_tp_style = 1;
/// Inputs are split.
pub const FTS_TP_STYLE_ROWWISE: fts_tp_style = 2;
/// The sequence is split.
pub const FTS_TP_STYLE_SEQUENCE: fts_tp_style = 3;
/// Arguments are converted.
pub const FTS_TP_STYLE_PREPARE_INPUT: fts_tp_style = 4;
/// Results are.
pub const FTS_TP_STYLE_PREPARE_OUTPUT: fts_tp_style = 5;
/// Both are.
pub const FTS_TP_STYLE_PREPARE_INPUT_OUTPUT: fts_tp_style = 6;

/// A tp_plan.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_tp_info {
    /// Ranks along tp.
    pub size: i32,
    /// Whether the loss is over split logits.
    pub loss_parallel: i32,
    /// Whether a built-in plan splits the sequence.
    pub sequence_parallel: i32,
    /// 0
    pub reserved: i32,
    /// Whose results are the logits; "" for none.
    pub loss_module: fts_string,
    /// How many rules.
    pub num_rules: usize,
    /// How many parameters.
    pub num_parameters: usize,
}

/// What is done around one module.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_tp_rule {
    /// Its name.
    pub module: fts_string,
    /// Its class.
    pub class_name: fts_string,
    /// One of FTS_TP_STYLE_.
    pub style: fts_tp_style,
    /// Of torch's styles.
    pub use_local_output: i32,
    /// Features or vocabulary over all ranks; or 0.
    pub whole: i64,
    /// Tensor arguments of which something is said.
    pub num_inputs: usize,
    /// And results.
    pub num_outputs: usize,
}

/// A parameter along tp.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_tp_parameter {
    /// Its name.
    pub name: fts_string,
    /// How it lies.
    pub placement: fts_placement,
    /// 1: a rank's gradient is one term of a sum.
    pub partial_gradient: i32,
    /// 0
    pub reserved: i32,
}

extern "C" {
    /// The tp_plan.
    pub fn fts_plan_get_tp(
        plan: *const fts_plan,
        out: *mut fts_tp_info,
    ) -> *mut fts_status;
    /// Rule i.
    pub fn fts_plan_get_tp_rule(
        plan: *const fts_plan,
        i: usize,
        out: *mut fts_tp_rule,
    ) -> *mut fts_status;
    /// How argument i of a rule's module comes, and how the module works on it.
    pub fn fts_plan_get_tp_input(
        plan: *const fts_plan,
        rule: usize,
        i: usize,
        out_comes: *mut fts_placement,
        out_works: *mut fts_placement,
    ) -> *mut fts_status;
    /// How the module makes result i, and how it leaves.
    pub fn fts_plan_get_tp_output(
        plan: *const fts_plan,
        rule: usize,
        i: usize,
        out_made: *mut fts_placement,
        out_leaves: *mut fts_placement,
    ) -> *mut fts_status;
    /// Parameter i.
    pub fn fts_plan_get_tp_parameter(
        plan: *const fts_plan,
        i: usize,
        out: *mut fts_tp_parameter,
    ) -> *mut fts_status;
    /// A rank's part of a dimension.
    pub fn fts_tp_chunk(
        whole: i64,
        parts: i32,
        index: i32,
        out_begin: *mut i64,
        out_size: *mut i64,
    ) -> *mut fts_status;
}
