// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! fts/capi/mesh.h

use crate::{fts_communicator, fts_status, fts_string};
use core::ffi::c_void;

crate::base::handles! {
    /// The ranks of a run. Confined.
    fts_mesh;
}

/// How ranks share the work.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_mesh_options {
    /// Size of this struct.
    pub struct_size: usize,
    /// Null.
    pub next: *const c_void,
    /// Of one collective call.
    pub timeout_ms: i64,
    /// Must divide the number of ranks over tp.
    pub dp_replicate: i32,
    /// Must divide the number of ranks; 0: 1.
    pub tp: i32,
}

impl fts_mesh_options {
    /// FTS_MESH_OPTIONS_INIT
    pub const INIT: Self = Self {
        struct_size: size_of::<Self>(),
        next: core::ptr::null(),
        timeout_ms: 600000,
        dp_replicate: 1,
        tp: 0,
    };
}

/// A dimension of a mesh.
pub type fts_mesh_dim = i32;
/// The same as all.
pub const FTS_MESH_DIM_UNSPECIFIED: fts_mesh_dim = 0;
/// All ranks.
pub const FTS_MESH_DIM_ALL: fts_mesh_dim = 1;
/// Ranks that share one copy of the model.
pub const FTS_MESH_DIM_DP_SHARD: fts_mesh_dim = 2;
/// Ranks that hold the same part of it.
pub const FTS_MESH_DIM_DP_REPLICATE: fts_mesh_dim = 3;
/// Ranks that share the work of layers.
pub const FTS_MESH_DIM_TP: fts_mesh_dim = 4;
/// Ranks with batches of their own.
pub const FTS_MESH_DIM_DP: fts_mesh_dim = 5;

extern "C" {
    /// Joins the ranks that the launcher's variables describe.
    pub fn fts_mesh_create(
        options: *const fts_mesh_options,
        out: *mut *mut fts_mesh,
    ) -> *mut fts_status;
    /// The same over the ranks of a process group of c10d's.
    pub fn fts_mesh_join(
        group_name: fts_string,
        options: *const fts_mesh_options,
        out: *mut *mut fts_mesh,
    ) -> *mut fts_status;
    /// Adds an owner.
    pub fn fts_mesh_retain(mesh: *mut fts_mesh);
    /// Takes one away.
    pub fn fts_mesh_release(mesh: *mut fts_mesh);
    /// 0 for null.
    pub fn fts_mesh_rank(mesh: *const fts_mesh) -> i32;
    /// 1 for null.
    pub fn fts_mesh_size(mesh: *const fts_mesh) -> i32;
    /// Replaces each number by its sum over all ranks.
    pub fn fts_mesh_sum(
        mesh: *mut fts_mesh,
        numbers: *mut f64,
        size: usize,
    ) -> *mut fts_status;
    /// Replaces each number by the largest over all ranks.
    pub fn fts_mesh_max(
        mesh: *mut fts_mesh,
        numbers: *mut f64,
        size: usize,
    ) -> *mut fts_status;
    /// Waits for all ranks.
    pub fn fts_mesh_barrier(mesh: *mut fts_mesh) -> *mut fts_status;
    /// Lets peers that wait for this rank go. From any thread.
    pub fn fts_mesh_abort(mesh: *mut fts_mesh, reason: fts_string) -> *mut fts_status;
    /// This rank among its peers along a dimension, and how many they are.
    pub fn fts_mesh_get_dim(
        mesh: *mut fts_mesh,
        dim: fts_mesh_dim,
        out_rank: *mut i32,
        out_size: *mut i32,
    ) -> *mut fts_status;
    /// This rank's peers along a dimension.
    pub fn fts_mesh_get_communicator(
        mesh: *mut fts_mesh,
        dim: fts_mesh_dim,
        out: *mut *mut fts_communicator,
    ) -> *mut fts_status;
}
