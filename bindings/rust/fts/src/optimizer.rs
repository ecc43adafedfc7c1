// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! Our own optimizers over a session's shards.

use std::fmt;

use fts_sys as sys;

use crate::call::{call, index, text, view};
use crate::diagnostics::collect;
use crate::handle::handle;
use crate::session::StepInfo;
use crate::{Result, Session, StepArgs};

handle! {
    /// Our own optimizer over a session's shards, with the learning rates of its
    /// phases. At most one a session, which keeps it.
    ///
    /// Confined together with its session: neither `Send` nor `Sync`.
    pub Optimizer: fts_optimizer, fts_optimizer_retain, fts_optimizer_release
}

/// A parameter group.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Group {
    /// "phase 2"
    pub name: String,
    /// Of the next update.
    pub lr: f64,
    /// As the group began.
    pub initial_lr: f64,
    /// Its weight decay.
    pub weight_decay: f64,
}

impl Optimizer {
    /// `yaml`: a mapping with any of the keys `optimizer`, `lr_scheduler`
    /// (docs/optimizers.md), `clip_grad_norm`, `apply_lambdas_new_pgs` and
    /// `enforce_phase0_params`; empty: AdamW. `name` stands for the file in
    /// messages. Before the scheduler's `run_start`.
    ///
    /// # Errors
    /// INVALID_ARGUMENT, FAILED_PRECONDITION (the session has one).
    pub fn new(session: &Session, name: &str, yaml: &str) -> Result<Self> {
        let (raw, _) = collect(|diagnostics| {
            call!(fts_optimizer_create(
                session.as_ptr(), view(yaml), view(name), diagnostics
            ) -> out)
        })?;
        Ok(Self::from_raw(raw))
    }

    /// One whole update: completes gradients, clips them as the phase or the YAML
    /// says, updates and finishes. Blocks.
    ///
    /// # Errors
    /// Those of [`Session::complete_gradients`].
    pub fn step(&self, phase: usize, args: &StepArgs) -> Result<StepInfo> {
        call!(fts_optimizer_step(self.as_ptr(), index(phase), &args.0) -> out)
            .map(StepInfo::from_raw)
    }

    /// Groups of a phase; [`SessionPorts`](crate::SessionPorts) call this.
    ///
    /// # Errors
    /// OUT_OF_RANGE.
    pub fn add_groups(&self, phase: usize, lr: Option<f64>) -> Result<()> {
        call!(fts_optimizer_add_groups(
            self.as_ptr(),
            index(phase),
            lr.is_some().into(),
            lr.unwrap_or(0.0),
        ))
    }

    /// The phase's new_optimizer; [`SessionPorts`](crate::SessionPorts) call this.
    ///
    /// # Errors
    /// OUT_OF_RANGE, INVALID_ARGUMENT.
    pub fn replace(&self, phase: usize) -> Result<()> {
        call!(fts_optimizer_replace(self.as_ptr(), index(phase)))
    }

    /// The phase's new_lr_scheduler; [`SessionPorts`](crate::SessionPorts) call
    /// this.
    ///
    /// # Errors
    /// OUT_OF_RANGE, INVALID_ARGUMENT.
    pub fn replace_lr_scheduler(&self, phase: usize) -> Result<()> {
        call!(fts_optimizer_replace_lr_scheduler(self.as_ptr(), index(phase)))
    }

    /// PyTorch's class name.
    pub fn name(&self) -> String {
        // SAFETY: self lives.
        unsafe { text(sys::fts_optimizer_name(self.as_ptr())) }
    }

    /// Its groups.
    pub fn groups(&self) -> Vec<Group> {
        // SAFETY: self lives.
        let size = unsafe { sys::fts_optimizer_num_groups(self.as_ptr()) };
        let group = |i| {
            let found = call!(fts_optimizer_get_group(self.as_ptr(), i) -> out);
            let g: sys::fts_group_info = found.expect("below the number");
            Group {
                // SAFETY: the view lives until the groups change.
                name: unsafe { text(g.name) },
                lr: g.lr,
                initial_lr: g.initial_lr,
                weight_decay: g.weight_decay,
            }
        };
        (0..size).map(group).collect()
    }

    /// A rate of the caller's own; an lr_scheduler overwrites it.
    ///
    /// # Errors
    /// OUT_OF_RANGE.
    pub fn set_lr(&self, group: usize, lr: f64) -> Result<()> {
        call!(fts_optimizer_set_lr(self.as_ptr(), group, lr))
    }

    /// Advances the learning-rate scheduler where one is due after a step,
    /// counted from 0 in its epoch.
    ///
    /// # Errors
    /// Those of the scheduler.
    pub fn after_step(&self, step_in_epoch: i64) -> Result<()> {
        call!(fts_optimizer_after_step(self.as_ptr(), step_in_epoch))
    }

    /// The same after an epoch.
    ///
    /// # Errors
    /// Those of the scheduler.
    pub fn after_epoch(&self, epoch: i64) -> Result<()> {
        call!(fts_optimizer_after_epoch(self.as_ptr(), epoch))
    }

    /// The same after a validation, with the monitored metric.
    ///
    /// # Errors
    /// Those of the scheduler.
    pub fn after_validation(&self, epoch: i64, metric: f64) -> Result<()> {
        call!(fts_optimizer_after_validation(self.as_ptr(), epoch, metric))
    }
}

impl fmt::Debug for Optimizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.name(), self.groups())
    }
}
