// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! Collective calls over tensors of the caller's.

use std::fmt;

use fts_sys as sys;

use crate::call::call;
use crate::handle::handle;
use crate::{Event, Result, Tensor};

handle! {
    /// Collective calls over tensors of the caller's: every rank makes the same
    /// ones in the same order. Tensors are 1-D and contiguous.
    ///
    /// Errors, of each call: INVALID_ARGUMENT, nothing done; UNAVAILABLE (a peer
    /// is gone, or the mesh was aborted), DEADLINE_EXCEEDED (a peer did not take
    /// part), INTERNAL; each names operation and rank.
    ///
    /// Confined, and it shares the mesh's state with others of its thread:
    /// neither `Send` nor `Sync`.
    pub Communicator: fts_communicator, fts_communicator_retain, fts_communicator_release
}

/// How values of the ranks are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ReduceOp {
    /// Their sum.
    #[default]
    Sum,
    /// The largest.
    Max,
}

impl ReduceOp {
    fn to_raw(self) -> sys::fts_reduce_op {
        match self {
            Self::Sum => sys::FTS_REDUCE_OP_SUM,
            Self::Max => sys::FTS_REDUCE_OP_MAX,
        }
    }
}

impl Communicator {
    /// This rank.
    pub fn rank(&self) -> usize {
        // SAFETY: self lives.
        usize::try_from(unsafe { sys::fts_communicator_rank(self.as_ptr()) }).unwrap_or(0)
    }

    /// How many ranks.
    pub fn size(&self) -> usize {
        // SAFETY: self lives.
        usize::try_from(unsafe { sys::fts_communicator_size(self.as_ptr()) }).unwrap_or(1)
    }

    /// In place: `full` has size * n elements, of which rank r's input is
    /// `[r * n, (r + 1) * n)`; afterwards it holds every rank's. Blocks.
    ///
    /// # Errors
    /// See [`Communicator`].
    pub fn all_gather(&self, full: &Tensor) -> Result<()> {
        // SAFETY: waited for, on the one thread that has the tensor.
        unsafe { self.start_all_gather(full) }?.wait(None)
    }

    /// `input` has size * n elements, `output` n: this rank's slice of the
    /// reduction. Blocks.
    ///
    /// # Errors
    /// See [`Communicator`].
    pub fn reduce_scatter(
        &self,
        input: &Tensor,
        output: &Tensor,
        op: ReduceOp,
    ) -> Result<()> {
        // SAFETY: as above.
        unsafe { self.start_reduce_scatter(input, output, op) }?.wait(None)
    }

    /// In place. Blocks.
    ///
    /// # Errors
    /// See [`Communicator`].
    pub fn all_reduce(&self, tensor: &Tensor, op: ReduceOp) -> Result<()> {
        // SAFETY: as above.
        unsafe { self.start_all_reduce(tensor, op) }?.wait(None)
    }

    /// In place. Blocks.
    ///
    /// # Errors
    /// See [`Communicator`].
    pub fn broadcast(&self, tensor: &Tensor, root: usize) -> Result<()> {
        // SAFETY: as above.
        unsafe { self.start_broadcast(tensor, root) }?.wait(None)
    }

    /// [`all_gather`](Self::all_gather), not waited for.
    ///
    /// # Safety
    /// Until the event has ended, nobody reads or writes `full`.
    ///
    /// # Errors
    /// See [`Communicator`].
    pub unsafe fn start_all_gather(&self, full: &Tensor) -> Result<Event> {
        call!(fts_communicator_all_gather(self.as_ptr(), full.as_ptr()) -> out)
            .map(Event::from_raw)
    }

    /// [`reduce_scatter`](Self::reduce_scatter), not waited for.
    ///
    /// # Safety
    /// Until the event has ended, nobody writes `input`, or reads or writes
    /// `output`.
    ///
    /// # Errors
    /// See [`Communicator`].
    pub unsafe fn start_reduce_scatter(
        &self,
        input: &Tensor,
        output: &Tensor,
        op: ReduceOp,
    ) -> Result<Event> {
        call!(fts_communicator_reduce_scatter(
            self.as_ptr(), input.as_ptr(), output.as_ptr(), op.to_raw()
        ) -> out)
        .map(Event::from_raw)
    }

    /// [`all_reduce`](Self::all_reduce), not waited for.
    ///
    /// # Safety
    /// Until the event has ended, nobody reads or writes `tensor`.
    ///
    /// # Errors
    /// See [`Communicator`].
    pub unsafe fn start_all_reduce(
        &self,
        tensor: &Tensor,
        op: ReduceOp,
    ) -> Result<Event> {
        call!(fts_communicator_all_reduce(
            self.as_ptr(), tensor.as_ptr(), op.to_raw()
        ) -> out)
        .map(Event::from_raw)
    }

    /// [`broadcast`](Self::broadcast), not waited for.
    ///
    /// # Safety
    /// Until the event has ended, nobody reads or writes `tensor`.
    ///
    /// # Errors
    /// See [`Communicator`].
    pub unsafe fn start_broadcast(&self, tensor: &Tensor, root: usize) -> Result<Event> {
        let root = crate::call::index(root);
        call!(fts_communicator_broadcast(self.as_ptr(), tensor.as_ptr(), root) -> out)
            .map(Event::from_raw)
    }
}

impl fmt::Debug for Communicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Communicator {} of {}", self.rank(), self.size())
    }
}
