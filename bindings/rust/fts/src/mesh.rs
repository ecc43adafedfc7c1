// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! The ranks of a run.

use std::fmt;
use std::time::Duration;

use fts_sys as sys;

use crate::call::{call, index, view};
use crate::handle::handle;
use crate::{Communicator, Result};

handle! {
    /// The ranks of a run and how they share the work: groups of `tp` ranks that
    /// share the work of layers and see the same batches; of these groups,
    /// `dp_replicate` copies of the model, each sharded over the remaining ones.
    ///
    /// Confined, and sessions share its state: neither `Send` nor `Sync`; what
    /// other threads may do is [`abort_handle`](Self::abort_handle). Not for a
    /// forked child.
    pub Mesh: fts_mesh, fts_mesh_retain, fts_mesh_release
}

/// How ranks share the work.
#[derive(Clone, Debug)]
pub struct MeshOptions(sys::fts_mesh_options);

// SAFETY: plain numbers; `next` is always null.
unsafe impl Send for MeshOptions {}
// SAFETY: as above.
unsafe impl Sync for MeshOptions {}

impl Default for MeshOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl MeshOptions {
    /// One copy of the model, collective calls of at most 10 minutes.
    pub fn new() -> Self {
        Self(sys::fts_mesh_options::INIT)
    }

    /// Of one collective call.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.0.timeout_ms = i64::try_from(limit.as_millis()).unwrap_or(i64::MAX);
        self
    }

    /// Ranks that share the work of layers; must divide the number of ranks.
    pub fn tp(mut self, ranks: usize) -> Self {
        self.0.tp = index(ranks);
        self
    }

    /// Copies of the model; must divide the number of ranks over `tp`.
    pub fn dp_replicate(mut self, copies: usize) -> Self {
        self.0.dp_replicate = index(copies);
        self
    }
}

/// Peers of this rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MeshDim {
    /// All ranks.
    All,
    /// Those that share one copy of the model.
    DpShard,
    /// Those that hold the same part of it.
    DpReplicate,
    /// Those that share the work of its layers.
    Tp,
    /// Those with batches of their own.
    Dp,
}

impl MeshDim {
    fn raw(self) -> sys::fts_mesh_dim {
        match self {
            Self::All => sys::FTS_MESH_DIM_ALL,
            Self::DpShard => sys::FTS_MESH_DIM_DP_SHARD,
            Self::DpReplicate => sys::FTS_MESH_DIM_DP_REPLICATE,
            Self::Tp => sys::FTS_MESH_DIM_TP,
            Self::Dp => sys::FTS_MESH_DIM_DP,
        }
    }
}

impl Mesh {
    /// Joins the ranks that the launcher's variables describe (RANK, WORLD_SIZE,
    /// MASTER_ADDR and MASTER_PORT as torchrun sets them, or srun's or mpirun's);
    /// one rank alone when there are none. Blocks until all are there.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for a variable that is wrong, FAILED_PRECONDITION (the
    /// port is in use), DEADLINE_EXCEEDED naming the ranks that are missing.
    pub fn new(options: &MeshOptions) -> Result<Self> {
        call!(fts_mesh_create(&options.0) -> out).map(Self::from_raw)
    }

    /// The same over the ranks of a process group that this process has already,
    /// by the name under which c10d registered it. Only its ranks and its store
    /// are used.
    ///
    /// # Errors
    /// NOT_FOUND besides.
    pub fn join(group_name: &str, options: &MeshOptions) -> Result<Self> {
        call!(fts_mesh_join(view(group_name), &options.0) -> out).map(Self::from_raw)
    }

    /// This rank.
    pub fn rank(&self) -> usize {
        // SAFETY: self lives.
        usize::try_from(unsafe { sys::fts_mesh_rank(self.as_ptr()) }).unwrap_or(0)
    }

    /// How many ranks.
    pub fn size(&self) -> usize {
        // SAFETY: self lives.
        usize::try_from(unsafe { sys::fts_mesh_size(self.as_ptr()) }).unwrap_or(1)
    }

    /// This rank among its peers along a dimension, and how many they are.
    ///
    /// # Errors
    /// FAILED_PRECONDITION in a forked child.
    pub fn along(&self, dim: MeshDim) -> Result<(usize, usize)> {
        let (mut rank, mut size) = (0_i32, 1_i32);
        call!(fts_mesh_get_dim(self.as_ptr(), dim.raw(), &raw mut rank, &raw mut size))?;
        Ok((usize::try_from(rank).unwrap_or(0), usize::try_from(size).unwrap_or(1)))
    }

    /// Replaces each number by its sum over all ranks; the same bits everywhere.
    /// Blocks.
    ///
    /// # Errors
    /// Those of [`Communicator`].
    pub fn sum(&self, numbers: &mut [f64]) -> Result<()> {
        call!(fts_mesh_sum(self.as_ptr(), numbers.as_mut_ptr(), numbers.len()))
    }

    /// Replaces each number by the largest over all ranks. Blocks.
    ///
    /// # Errors
    /// Those of [`Communicator`].
    pub fn max(&self, numbers: &mut [f64]) -> Result<()> {
        call!(fts_mesh_max(self.as_ptr(), numbers.as_mut_ptr(), numbers.len()))
    }

    /// Waits for all ranks.
    ///
    /// # Errors
    /// Those of [`Communicator`].
    pub fn barrier(&self) -> Result<()> {
        call!(fts_mesh_barrier(self.as_ptr()))
    }

    /// What lets peers go that wait for this rank, for any thread.
    pub fn abort_handle(&self) -> MeshAbort {
        MeshAbort(self.clone())
    }

    /// A communicator of this rank's peers, for tensors of the caller's own. Its
    /// calls are among the mesh's: all ranks make them in one order.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED when there is no memory.
    pub fn communicator(&self, dim: MeshDim) -> Result<Communicator> {
        call!(fts_mesh_get_communicator(self.as_ptr(), dim.raw()) -> out)
            .map(Communicator::from_raw)
    }
}

impl fmt::Debug for Mesh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mesh {} of {}", self.rank(), self.size())
    }
}

/// Lets peers that wait for this rank go, from any thread.
#[derive(Clone, Debug)]
pub struct MeshAbort(Mesh);

// SAFETY: the mesh in it is used for fts_mesh_abort alone, which any thread may
// call (mesh.h); its count may be changed from any thread.
unsafe impl Send for MeshAbort {}
// SAFETY: as above.
unsafe impl Sync for MeshAbort {}

impl MeshAbort {
    /// Peers fail with an error that holds the reason. There is no way back.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED when there is no memory.
    pub fn abort(&self, reason: &str) -> Result<()> {
        call!(fts_mesh_abort(self.0.as_ptr(), view(reason)))
    }
}
