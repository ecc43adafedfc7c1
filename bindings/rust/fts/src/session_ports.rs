// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! What a scheduler asks of a session.

use std::fmt;

use fts_sys as sys;

use crate::call::{call, index, view};
use crate::error::check;
use crate::{Best, PortResult, Ports, Result, Session};

/// The ports of a session, and of its [`Optimizer`](crate::Optimizer) where it
/// has one. For ports of one's own beside them: keep it in a struct and pass on.
///
/// It owns the session until it is dropped; confined with it, so neither `Send`
/// nor `Sync`.
pub struct SessionPorts(sys::fts_scheduler_callbacks);

impl Session {
    /// Ports for [`Scheduler::new`](crate::Scheduler::new). Metrics are those
    /// given by [`set_metric`](Self::set_metric).
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED when there is no memory.
    pub fn ports(&self) -> Result<SessionPorts> {
        call!(fts_session_get_callbacks(self.as_ptr()) -> out).map(SessionPorts)
    }
}

impl Drop for SessionPorts {
    fn drop(&mut self) {
        if let Some(destroy) = self.0.destroy {
            // SAFETY: the library's own function and data, called once.
            unsafe { destroy(self.0.user_data) };
        }
    }
}

impl SessionPorts {
    fn phase(&self, f: sys::fts_phase_fn, phase: usize, lr: Option<f64>) -> PortResult {
        let args = sys::fts_phase_args {
            struct_size: size_of::<sys::fts_phase_args>(),
            phase: index(phase),
            has_lr: lr.is_some().into(),
            lr: lr.unwrap_or(0.0),
        };
        match f {
            // SAFETY: the library's own function and data, not yet destroyed.
            Some(f) => Ok(check(unsafe { f(&args, self.0.user_data) })?),
            None => Ok(()),
        }
    }

    fn best(&self, f: sys::fts_best_fn, best: Best) -> PortResult {
        let args = sys::fts_best_args {
            struct_size: size_of::<sys::fts_best_args>(),
            phase: index(best.phase),
            epoch: best.epoch,
            metric: best.metric,
        };
        match f {
            // SAFETY: as above.
            Some(f) => Ok(check(unsafe { f(&args, self.0.user_data) })?),
            None => Ok(()),
        }
    }
}

impl Ports for SessionPorts {
    fn thaw(&mut self, phase: usize) -> PortResult {
        self.phase(self.0.thaw, phase, None)
    }
    fn freeze(&mut self, phase: usize) -> PortResult {
        self.phase(self.0.freeze, phase, None)
    }
    fn add_group(&mut self, phase: usize, lr: Option<f64>) -> PortResult {
        self.phase(self.0.add_group, phase, lr)
    }
    fn replace_optimizer(&mut self, phase: usize) -> PortResult {
        self.phase(self.0.replace_optimizer, phase, None)
    }
    fn replace_lr_scheduler(&mut self, phase: usize) -> PortResult {
        self.phase(self.0.replace_lr_scheduler, phase, None)
    }
    fn save_best(&mut self, best: Best) -> PortResult {
        self.best(self.0.save_best, best)
    }
    fn restore_best(&mut self, best: Best) -> PortResult {
        self.best(self.0.restore_best, best)
    }
    fn metric(&mut self, name: &str) -> PortResult<f64> {
        let mut value = 0.0;
        let args = sys::fts_metric_args {
            struct_size: size_of::<sys::fts_metric_args>(),
            name: view(name),
            value: &mut value,
        };
        match self.0.metric {
            Some(f) => {
                // SAFETY: as above; value lives during the call.
                check(unsafe { f(&args, self.0.user_data) })?;
                Ok(value)
            }
            None => ().metric(name),
        }
    }
}

impl fmt::Debug for SessionPorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionPorts")
    }
}
