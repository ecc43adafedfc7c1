// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! fts/capi/communicator.h

use crate::{fts_event, fts_status, fts_tensor};

crate::base::handles! {
    /// Collective calls over tensors of the caller's. Confined.
    fts_communicator;
}

/// How values are put together.
pub type fts_reduce_op = i32;
/// The same as sum.
pub const FTS_REDUCE_OP_UNSPECIFIED: fts_reduce_op = 0;
/// Their sum.
pub const FTS_REDUCE_OP_SUM: fts_reduce_op = 1;
/// The largest.
pub const FTS_REDUCE_OP_MAX: fts_reduce_op = 2;

extern "C" {
    /// Adds an owner.
    pub fn fts_communicator_retain(comm: *mut fts_communicator);
    /// Takes one away.
    pub fn fts_communicator_release(comm: *mut fts_communicator);
    /// 0 for null.
    pub fn fts_communicator_rank(comm: *const fts_communicator) -> i32;
    /// 1 for null.
    pub fn fts_communicator_size(comm: *const fts_communicator) -> i32;
    /// In place.
    pub fn fts_communicator_all_gather(
        comm: *mut fts_communicator,
        full: *const fts_tensor,
        out: *mut *mut fts_event,
    ) -> *mut fts_status;
    /// output: this rank's slice of the reduction.
    pub fn fts_communicator_reduce_scatter(
        comm: *mut fts_communicator,
        input: *const fts_tensor,
        output: *const fts_tensor,
        op: fts_reduce_op,
        out: *mut *mut fts_event,
    ) -> *mut fts_status;
    /// In place.
    pub fn fts_communicator_all_reduce(
        comm: *mut fts_communicator,
        tensor: *const fts_tensor,
        op: fts_reduce_op,
        out: *mut *mut fts_event,
    ) -> *mut fts_status;
    /// In place.
    pub fn fts_communicator_broadcast(
        comm: *mut fts_communicator,
        tensor: *const fts_tensor,
        root: i32,
        out: *mut *mut fts_event,
    ) -> *mut fts_status;
}
