// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! What a scheduler has done for it.

use crate::{Best, BoxError, Code, Error};

/// What a port returns: any error goes through the event that led to it, as its
/// source.
pub type PortResult<T = ()> = std::result::Result<T, BoxError>;

/// What a scheduler asks of the trainer, in the order of docs/scheduler.md.
///
/// Called on the thread of the event, from within it. After an error (or a
/// panic, which becomes one) the scheduler is half-way, and every later event
/// fails with the same error.
///
/// Every method does nothing by default, except that a metric which is asked
/// for and not there is an error. `()` has no ports; [`Callbacks`] are closures;
/// [`SessionPorts`](crate::SessionPorts) are those of a session.
#[allow(unused_variables)]
pub trait Ports {
    /// The phase's params begin to train.
    fn thaw(&mut self, phase: usize) -> PortResult {
        Ok(())
    }
    /// What the phase freezes stops.
    fn freeze(&mut self, phase: usize) -> PortResult {
        Ok(())
    }
    /// Optimizer groups of the phase, after thaw; `lr` is `None` for the
    /// optimizer's own rate.
    fn add_group(&mut self, phase: usize, lr: Option<f64>) -> PortResult {
        Ok(())
    }
    /// The phase's new_optimizer, before thaw.
    fn replace_optimizer(&mut self, phase: usize) -> PortResult {
        Ok(())
    }
    /// Its new_lr_scheduler, after add_group.
    fn replace_lr_scheduler(&mut self, phase: usize) -> PortResult {
        Ok(())
    }
    /// Keep weights and optimizer state.
    fn save_best(&mut self, best: Best) -> PortResult {
        Ok(())
    }
    /// Bring them back.
    fn restore_best(&mut self, best: Best) -> PortResult {
        Ok(())
    }
    /// A value of the validation just ended, the same on every rank.
    fn metric(&mut self, name: &str) -> PortResult<f64> {
        Err(Error::new(
            Code::FailedPrecondition,
            format!("the scheduler needs the metric '{name}'; implement Ports::metric"),
        )
        .into())
    }
}

/// Nothing to do.
impl Ports for () {}

type PhaseFn<'a> = Box<dyn FnMut(usize) -> PortResult + 'a>;
type GroupFn<'a> = Box<dyn FnMut(usize, Option<f64>) -> PortResult + 'a>;
type BestFn<'a> = Box<dyn FnMut(Best) -> PortResult + 'a>;
type MetricFn<'a> = Box<dyn FnMut(&str) -> PortResult<f64> + 'a>;

/// Ports as closures; those not given do nothing.
///
/// ```
/// use fts::{Callbacks, Model, Schedule, ScheduleOptions, Scheduler, SchedulerOptions};
/// # let model = Model::builder().parameter("head.weight", &[2, 4], "float32").build()?;
/// # let schedule = Schedule::resolve(&model, "s.yaml", "0: {params: [head.weight]}\n",
/// #     &ScheduleOptions::new().max_epochs(1))?;
/// let mut thawed = Vec::new();
/// let ports = Callbacks::new().thaw(|phase| {
///     thawed.push(phase);
///     Ok(())
/// });
/// let mut scheduler = Scheduler::new(&schedule, &SchedulerOptions::new(), ports)?;
/// scheduler.run_start()?;
/// drop(scheduler);
/// assert_eq!(thawed, [0]);
/// # Ok::<(), fts::Error>(())
/// ```
#[derive(Default)]
pub struct Callbacks<'a> {
    thaw: Option<PhaseFn<'a>>,
    freeze: Option<PhaseFn<'a>>,
    add_group: Option<GroupFn<'a>>,
    replace_optimizer: Option<PhaseFn<'a>>,
    replace_lr_scheduler: Option<PhaseFn<'a>>,
    save_best: Option<BestFn<'a>>,
    restore_best: Option<BestFn<'a>>,
    metric: Option<MetricFn<'a>>,
}

impl<'a> Callbacks<'a> {
    /// None of them.
    pub fn new() -> Self {
        Self::default()
    }

    /// [`Ports::thaw`]
    pub fn thaw(mut self, f: impl FnMut(usize) -> PortResult + 'a) -> Self {
        self.thaw = Some(Box::new(f));
        self
    }

    /// [`Ports::freeze`]
    pub fn freeze(mut self, f: impl FnMut(usize) -> PortResult + 'a) -> Self {
        self.freeze = Some(Box::new(f));
        self
    }

    /// [`Ports::add_group`]
    pub fn add_group(
        mut self,
        f: impl FnMut(usize, Option<f64>) -> PortResult + 'a,
    ) -> Self {
        self.add_group = Some(Box::new(f));
        self
    }

    /// [`Ports::replace_optimizer`]
    pub fn replace_optimizer(mut self, f: impl FnMut(usize) -> PortResult + 'a) -> Self {
        self.replace_optimizer = Some(Box::new(f));
        self
    }

    /// [`Ports::replace_lr_scheduler`]
    pub fn replace_lr_scheduler(
        mut self,
        f: impl FnMut(usize) -> PortResult + 'a,
    ) -> Self {
        self.replace_lr_scheduler = Some(Box::new(f));
        self
    }

    /// [`Ports::save_best`]
    pub fn save_best(mut self, f: impl FnMut(Best) -> PortResult + 'a) -> Self {
        self.save_best = Some(Box::new(f));
        self
    }

    /// [`Ports::restore_best`]
    pub fn restore_best(mut self, f: impl FnMut(Best) -> PortResult + 'a) -> Self {
        self.restore_best = Some(Box::new(f));
        self
    }

    /// [`Ports::metric`]
    pub fn metric(mut self, f: impl FnMut(&str) -> PortResult<f64> + 'a) -> Self {
        self.metric = Some(Box::new(f));
        self
    }
}

impl Ports for Callbacks<'_> {
    fn thaw(&mut self, phase: usize) -> PortResult {
        self.thaw.as_mut().map_or(Ok(()), |f| f(phase))
    }
    fn freeze(&mut self, phase: usize) -> PortResult {
        self.freeze.as_mut().map_or(Ok(()), |f| f(phase))
    }
    fn add_group(&mut self, phase: usize, lr: Option<f64>) -> PortResult {
        self.add_group.as_mut().map_or(Ok(()), |f| f(phase, lr))
    }
    fn replace_optimizer(&mut self, phase: usize) -> PortResult {
        self.replace_optimizer.as_mut().map_or(Ok(()), |f| f(phase))
    }
    fn replace_lr_scheduler(&mut self, phase: usize) -> PortResult {
        self.replace_lr_scheduler.as_mut().map_or(Ok(()), |f| f(phase))
    }
    fn save_best(&mut self, best: Best) -> PortResult {
        self.save_best.as_mut().map_or(Ok(()), |f| f(best))
    }
    fn restore_best(&mut self, best: Best) -> PortResult {
        self.restore_best.as_mut().map_or(Ok(()), |f| f(best))
    }
    fn metric(&mut self, name: &str) -> PortResult<f64> {
        match &mut self.metric {
            Some(f) => f(name),
            None => ().metric(name),
        }
    }
}
