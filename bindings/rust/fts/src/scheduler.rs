// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! Drives a schedule through a training loop.

use std::ffi::c_void;
use std::fmt;
use std::ptr::NonNull;

use fts_sys as sys;

use crate::buffer::into_text;
use crate::call::{call, text, view};
use crate::callback::{blame, destroy, run};
use crate::diagnostics::{collect, Diagnostics};
use crate::{
    Best, BoxError, Outcome, PortResult, Ports, Result, Schedule, SchedulerOptions,
};

/// Drives a schedule through a training loop: the loop tells what happened, the
/// scheduler decides and calls its ports to have it done. The order of events
/// and the table of decisions: docs/scheduler.md.
///
/// ```text
/// run_start
/// for epoch:  epoch_start
///             for step: step_start, (train), step_end
///             validation_end, epoch_end
/// ```
///
/// Any of them may end the run ([`finished`](Self::finished)): after that there
/// is no further event. Epochs and steps count from 0 over the run. Every rank
/// tells the same events with the same values; metrics are reduced over the
/// ranks first.
///
/// It owns its ports until it is dropped, and goes to another thread when they
/// can.
pub struct Scheduler<P: Ports = ()> {
    handle: NonNull<sys::fts_scheduler>,
    // The library's user data: it drops the box, when `handle` is released.
    state: NonNull<State<P>>,
    warnings: Diagnostics,
}

struct State<P> {
    ports: P,
    failure: Option<BoxError>,
}

// SAFETY: a scheduler is confined (scheduler.h): for one thread at a time, which
// `&mut self` and the missing Clone ensure. What else goes along is the ports,
// which are Send, and errors, which are Send as well.
unsafe impl<P: Ports + Send> Send for Scheduler<P> {}

impl<P: Ports> Drop for Scheduler<P> {
    fn drop(&mut self) {
        // SAFETY: gives back the one count that self holds; nobody else has one,
        // so the library drops the state now, while what P borrows is alive.
        unsafe { sys::fts_scheduler_release(self.handle.as_ptr()) };
    }
}

impl<P: Ports> Scheduler<P> {
    /// A scheduler of a schedule. The number of epochs is the schedule's; it or
    /// `max_steps` must be set.
    ///
    /// # Errors
    /// INVALID_ARGUMENT, with diagnostics.
    pub fn new(
        schedule: &Schedule,
        options: &SchedulerOptions,
        ports: P,
    ) -> Result<Self> {
        let state = Box::into_raw(Box::new(State { ports, failure: None }));
        let callbacks = sys::fts_scheduler_callbacks {
            user_data: state.cast::<c_void>(),
            destroy: Some(destroy::<State<P>>),
            thaw: Some(thaw::<P>),
            freeze: Some(freeze::<P>),
            add_group: Some(add_group::<P>),
            replace_optimizer: Some(replace_optimizer::<P>),
            replace_lr_scheduler: Some(replace_lr_scheduler::<P>),
            save_best: Some(save_best::<P>),
            restore_best: Some(restore_best::<P>),
            metric: Some(metric::<P>),
            ..sys::fts_scheduler_callbacks::INIT
        };
        let raw_options = options.to_raw();
        // The state is the library's from here on, also when the call fails.
        let (raw, warnings) = collect(|diagnostics| {
            call!(fts_scheduler_create(
                schedule.as_ptr(), &raw_options, &callbacks, diagnostics
            ) -> out)
        })?;
        Ok(Self {
            handle: NonNull::new(raw).expect("the call succeeded"),
            state: NonNull::new(state).expect("a box"),
            warnings,
        })
    }

    /// What was found in the options and not refused.
    pub fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }

    /// The ports, between two events.
    pub fn ports(&self) -> &P {
        // SAFETY: alive as long as handle, and callbacks use it only within
        // events, which borrow self mutably.
        unsafe { &self.state.as_ref().ports }
    }

    /// The ports, between two events.
    pub fn ports_mut(&mut self) -> &mut P {
        // SAFETY: as above.
        unsafe { &mut self.state.as_mut().ports }
    }

    fn tell(
        &mut self,
        event: impl FnOnce(*mut sys::fts_scheduler) -> Result<*mut sys::fts_outcome>,
    ) -> Result<Outcome> {
        let result = event(self.handle.as_ptr());
        // SAFETY: no callback runs now.
        let failure = unsafe { self.state.as_mut().failure.take() };
        blame(result, failure).map(Outcome::from_raw)
    }

    /// The run begins: phase 0.
    ///
    /// # Errors
    /// Of all events: FAILED_PRECONDITION (out of order), INVALID_ARGUMENT, and
    /// those of ports, which are then the error's source.
    pub fn run_start(&mut self) -> Result<Outcome> {
        self.tell(|s| call!(fts_scheduler_run_start(s) -> out))
    }

    /// An epoch begins, and with it perhaps a phase.
    ///
    /// # Errors
    /// As [`run_start`](Self::run_start).
    pub fn epoch_start(&mut self, epoch: i64) -> Result<Outcome> {
        self.tell(|s| call!(fts_scheduler_epoch_start(s, epoch) -> out))
    }

    /// Before a step; `tokens` and `seconds` are those of the run so far.
    ///
    /// # Errors
    /// As [`run_start`](Self::run_start).
    pub fn step_start(
        &mut self,
        step: i64,
        tokens: i64,
        seconds: f64,
    ) -> Result<Outcome> {
        self.tell(|s| call!(fts_scheduler_step_start(s, step, tokens, seconds) -> out))
    }

    /// After it.
    ///
    /// # Errors
    /// As [`run_start`](Self::run_start).
    pub fn step_end(&mut self, step: i64) -> Result<Outcome> {
        self.tell(|s| call!(fts_scheduler_step_end(s, step) -> out))
    }

    /// A validation has ended; the ports know its metrics. Epoch -1 is a baseline
    /// before the first one.
    ///
    /// # Errors
    /// As [`run_start`](Self::run_start).
    pub fn validation_end(&mut self, epoch: i64) -> Result<Outcome> {
        self.tell(|s| call!(fts_scheduler_validation_end(s, epoch) -> out))
    }

    /// An epoch has ended.
    ///
    /// # Errors
    /// As [`run_start`](Self::run_start).
    pub fn epoch_end(&mut self, epoch: i64) -> Result<Outcome> {
        self.tell(|s| call!(fts_scheduler_epoch_end(s, epoch) -> out))
    }

    /// The phase in force; 0 before the run has begun.
    pub fn phase(&self) -> usize {
        // SAFETY: self lives, and no event is under way.
        let phase = unsafe { sys::fts_scheduler_phase(self.handle.as_ptr()) };
        phase_of(phase)
    }

    /// Whether the run is over.
    pub fn finished(&self) -> bool {
        // SAFETY: as above.
        unsafe { sys::fts_scheduler_finished(self.handle.as_ptr()) != 0 }
    }

    /// All that the scheduler remembers, as JSON.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED when there is no memory.
    pub fn state(&self) -> Result<String> {
        call!(fts_scheduler_state_to_json(self.handle.as_ptr()) -> out).map(into_text)
    }

    /// Goes on from such a state: before `run_start`, with weights and optimizer
    /// in the state that belongs to it.
    ///
    /// # Errors
    /// INVALID_ARGUMENT, FAILED_PRECONDITION.
    pub fn resume(&mut self, state: &str) -> Result<()> {
        call!(fts_scheduler_resume(self.handle.as_ptr(), view(state)))
    }
}

impl<P: Ports> fmt::Debug for Scheduler<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduler")
            .field("phase", &self.phase())
            .field("finished", &self.finished())
            .finish_non_exhaustive()
    }
}

/// A C function that runs one port. `$args` are alive during the call and at
/// least as large as we know them: the library is not older than we are.
macro_rules! port {
    ($name:ident, $args:ident, |$ports:ident, $a:ident| $body:expr) => {
        unsafe extern "C" fn $name<P: Ports>(
            args: *const sys::$args,
            user_data: *mut c_void,
        ) -> *mut sys::fts_status {
            // SAFETY: the state that new() gave away, alive until it is
            // destroyed; the event that led here does not touch it.
            let state = unsafe { &mut *user_data.cast::<State<P>>() };
            // SAFETY: alive during the call.
            let $a = unsafe { &*args };
            let $ports = &mut state.ports;
            let what = concat!("the port ", stringify!($name));
            run(what, &mut state.failure, || $body)
        }
    };
}

fn phase_of(phase: i32) -> usize {
    usize::try_from(phase).unwrap_or(0)
}

fn best_of(args: &sys::fts_best_args) -> Best {
    Best { metric: args.metric, epoch: args.epoch, phase: phase_of(args.phase) }
}

port!(thaw, fts_phase_args, |ports, a| ports.thaw(phase_of(a.phase)));
port!(freeze, fts_phase_args, |ports, a| ports.freeze(phase_of(a.phase)));
port!(add_group, fts_phase_args, |ports, a| {
    ports.add_group(phase_of(a.phase), (a.has_lr != 0).then_some(a.lr))
});
port!(replace_optimizer, fts_phase_args, |ports, a| {
    ports.replace_optimizer(phase_of(a.phase))
});
port!(replace_lr_scheduler, fts_phase_args, |ports, a| {
    ports.replace_lr_scheduler(phase_of(a.phase))
});
port!(save_best, fts_best_args, |ports, a| ports.save_best(best_of(a)));
port!(restore_best, fts_best_args, |ports, a| ports.restore_best(best_of(a)));
port!(metric, fts_metric_args, |ports, a| write_metric(ports, a));

fn write_metric<P: Ports>(ports: &mut P, args: &sys::fts_metric_args) -> PortResult {
    // SAFETY: the view lives during the call.
    let name = unsafe { text(args.name) };
    let value = ports.metric(&name)?;
    // SAFETY: value is there to be written.
    unsafe { args.value.write(value) };
    Ok(())
}
