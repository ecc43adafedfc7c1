// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! Sharded training in a loop of the caller's.

use std::ffi::c_void;
use std::fmt;

use fts_sys as sys;

use crate::call::{call, index, slice, text, view};
use crate::callback::{blame, run};
use crate::diagnostics::collect;
use crate::handle::handle;
use crate::{BoxError, Mesh, Plan, PortResult, Result, Schedule, Tensor, Unit};

handle! {
    /// The engine holds weights and gradients as the plan says; the caller owns
    /// model, loss, loop and, if it likes, the optimizer.
    ///
    /// ```text
    /// Session::new, load
    /// scheduler events (Session::ports wires them up)
    /// per step:
    ///   forward: around each unit, Unit::forward
    ///   backward: torch's autograd runs the engine's hooks; without autograd,
    ///             gather, compute, release, add_gradients
    ///   complete_gradients   sums over the ranks
    ///   [clip]
    ///   update shards within update (or Optimizer::step)
    /// ```
    ///
    /// Every rank makes the same calls in the same order; those that talk to
    /// other ranks block.
    ///
    /// Confined, and clones are one session: neither `Send` nor `Sync`. With the
    /// last of them sharded parameters leave memory. Not for a forked child.
    pub Session: fts_session, fts_session_retain, fts_session_release
}

/// How gradients of ranks are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Reduction {
    /// Their mean, as PyTorch's wrappers do.
    #[default]
    Mean,
    /// Their sum: divide the loss by the whole step's count.
    Sum,
}

/// How a session computes.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    precision: String,
    reduction: Reduction,
    optimizer_moments: usize,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl SessionOptions {
    /// 32-true, mean, an optimizer that keeps two moments.
    pub fn new() -> Self {
        Self {
            precision: String::new(),
            reduction: Reduction::Mean,
            optimizer_moments: 2,
        }
    }

    /// YAML: 32-true, bf16-mixed, bf16-true, or {param, reduce, output}.
    pub fn precision(mut self, yaml: &str) -> Self {
        self.precision = yaml.into();
        self
    }

    /// Of gradients.
    pub fn reduction(mut self, reduction: Reduction) -> Self {
        self.reduction = reduction;
        self
    }

    /// State per element that the optimizer will keep.
    pub fn optimizer_moments(mut self, moments: usize) -> Self {
        self.optimizer_moments = moments;
        self
    }
}

/// What a step says.
#[derive(Clone, Debug)]
pub struct StepArgs(pub(crate) sys::fts_step_args);

// SAFETY: plain numbers; `next` is always null.
unsafe impl Send for StepArgs {}
// SAFETY: as above.
unsafe impl Sync for StepArgs {}

impl Default for StepArgs {
    fn default() -> Self {
        Self::new()
    }
}

impl StepArgs {
    /// Nothing known of loss and time; values that are not finite are errors.
    pub fn new() -> Self {
        Self(sys::fts_step_args::INIT)
    }

    /// This rank's.
    pub fn loss(mut self, loss: f64) -> Self {
        self.0.loss = loss;
        self
    }

    /// Of the run so far; rank 0's counts.
    pub fn seconds(mut self, seconds: f64) -> Self {
        self.0.seconds = seconds;
        self
    }

    /// Whether a loss or norm that is not finite is an error.
    pub fn check_finite(mut self, yes: bool) -> Self {
        self.0.check_finite = yes.into();
        self
    }
}

/// What a step was.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct StepInfo {
    /// Mean or sum over ranks, as the session's reduction.
    pub loss: f64,
    /// Global L2 over what trains, before clipping.
    pub grad_norm: f64,
    /// Rank 0's.
    pub seconds: f64,
}

impl StepInfo {
    pub(crate) fn from_raw(raw: sys::fts_step_info) -> Self {
        Self { loss: raw.loss, grad_norm: raw.grad_norm, seconds: raw.seconds }
    }
}

/// This rank's part of a parameter: what an optimizer updates.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Shard {
    /// Its first element's place in the flattened parameter.
    pub begin: i64,
    /// How many elements; may be 0.
    pub size: i64,
    /// Whether it trains.
    pub trainable: bool,
    /// A 1-D view, the same memory until the parameter thaws or freezes.
    pub value: Tensor,
    /// There when the step's gradients are complete and some rank had one.
    pub gradient: Option<Tensor>,
}

/// What this rank holds and has moved since the phase began, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Use {
    /// Weights.
    pub gathered: i64,
    /// Of those, weights that do not train.
    pub frozen_gathered: i64,
    /// Gradients.
    pub reduced: i64,
    /// The largest gradients held.
    pub gradients: i64,
    /// Of an [`Optimizer`](crate::Optimizer).
    pub moments: i64,
    /// The largest sum.
    pub peak: i64,
}

impl Session {
    /// A session over all parameters of the model, in the order of its
    /// description, from which plan and schedule were resolved. The tensors stay
    /// the caller's and become views of the engine's memory. Blocks.
    ///
    /// # Errors
    /// INVALID_ARGUMENT naming a parameter that is missing or of another shape,
    /// those of [`Communicator`](crate::Communicator).
    pub fn new<N: AsRef<str>>(
        plan: &Plan,
        schedule: &Schedule,
        mesh: &Mesh,
        parameters: &[(N, Tensor)],
        options: &SessionOptions,
    ) -> Result<Self> {
        let named: Vec<sys::fts_named_tensor> = parameters
            .iter()
            .map(|(name, tensor)| sys::fts_named_tensor {
                name: view(name.as_ref()),
                tensor: tensor.as_ptr(),
            })
            .collect();
        let mut raw_options = sys::fts_session_options::INIT;
        raw_options.precision = view(&options.precision);
        raw_options.optimizer_moments = index(options.optimizer_moments);
        raw_options.reduction = match options.reduction {
            Reduction::Mean => sys::FTS_REDUCTION_MEAN,
            Reduction::Sum => sys::FTS_REDUCTION_SUM,
        };
        let (raw, _) = collect(|diagnostics| {
            call!(fts_session_create(
                plan.as_ptr(),
                schedule.as_ptr(),
                mesh.as_ptr(),
                named.as_ptr(),
                named.len(),
                &raw_options,
                diagnostics,
            ) -> out)
        })?;
        Ok(Self::from_raw(raw))
    }

    // ---- Weights -----------------------------------------------------------

    /// Takes this rank's part of every parameter's values of before
    /// [`Session::new`], which must be equal on all ranks. Once, before anything
    /// below. Blocks.
    ///
    /// # Errors
    /// Those of [`Communicator`](crate::Communicator).
    pub fn load(&self) -> Result<()> {
        call!(fts_session_load(self.as_ptr()))
    }

    /// The same with values from elsewhere, also later on: `f` writes its tensor
    /// (1-D) from elements `[begin, end)` of the named parameter, row-major.
    /// Parts that this rank does not hold are not asked for. Blocks.
    ///
    /// # Errors
    /// Those of `f`, as source, and of [`Communicator`](crate::Communicator).
    pub fn load_from<F>(&self, f: F) -> Result<()>
    where
        F: FnMut(&str, std::ops::Range<i64>, &Tensor) -> PortResult,
    {
        let mut walk = Walk { f, failure: None };
        let data = (&raw mut walk).cast::<c_void>();
        // `walk` is used during the call alone.
        let result = call!(fts_session_load_from(self.as_ptr(), Some(load::<F>), data));
        blame(result, walk.failure)
    }

    /// Calls `f` with the whole of every parameter on every rank, on the host. An
    /// error that it returns ends the walk. Collective; blocks.
    ///
    /// # Errors
    /// Those of `f`, as source, and of [`Communicator`](crate::Communicator).
    pub fn for_each_full<F>(&self, f: F) -> Result<()>
    where
        F: FnMut(&str, &Tensor) -> PortResult,
    {
        let mut walk = Walk { f, failure: None };
        let data = (&raw mut walk).cast::<c_void>();
        let full = Some(full::<F> as _);
        // As above.
        let result = call!(fts_session_for_each_full(self.as_ptr(), full, data));
        blame(result, walk.failure)
    }

    /// Why weights are gathered unit by unit; `None` when they stand in memory
    /// that the ranks share.
    pub fn why_gathered(&self) -> Option<String> {
        // SAFETY: the view lives as long as self.
        let why = unsafe { text(sys::fts_session_why_gathered(self.as_ptr())) };
        (!why.is_empty()).then_some(why)
    }

    // ---- Units -------------------------------------------------------------

    /// All units, in the plan's order.
    pub fn units(&self) -> Vec<Unit> {
        // SAFETY: self lives.
        let size = unsafe { sys::fts_session_num_units(self.as_ptr()) };
        (0..size).map(|i| Unit::new(self, i).expect("below the number")).collect()
    }

    /// The unit that a module belongs to by itself; `None` when the plan makes
    /// it none, and it is in memory with the unit around it.
    pub fn unit(&self, module: &str) -> Option<Unit> {
        self.units().into_iter().find(|unit| unit.modules().iter().any(|m| m == module))
    }

    /// Adds gradients made by hand, each of the shape of its parameter (its place
    /// in [`Session::new`]), to what is there. All of a unit's in one call where
    /// possible, units in one order on all ranks. Blocks.
    ///
    /// # Errors
    /// OUT_OF_RANGE, INVALID_ARGUMENT (shape), FAILED_PRECONDITION (the parameter
    /// is frozen).
    pub fn add_gradients(&self, gradients: &[(usize, &Tensor)]) -> Result<()> {
        let places: Vec<usize> = gradients.iter().map(|g| g.0).collect();
        let tensors: Vec<_> = gradients.iter().map(|g| g.1.as_ptr()).collect();
        let (places, (tensors, size)) = (places.as_ptr(), slice(&tensors));
        call!(fts_session_add_gradients(self.as_ptr(), places, tensors, size))
    }

    // ---- Steps -------------------------------------------------------------

    /// Before the forward of one of several backwards of a step. May be left out;
    /// under `accumulation: unsharded` it says which one is the last.
    ///
    /// # Errors
    /// FAILED_PRECONDITION from another thread.
    pub fn begin_micro_step(&self, last: bool) -> Result<()> {
        call!(fts_session_begin_micro_step(self.as_ptr(), last.into()))
    }

    /// Around forwards without gradients.
    ///
    /// # Errors
    /// FAILED_PRECONDITION from another thread.
    pub fn evaluate<T>(&self, f: impl FnOnce() -> T) -> Result<T> {
        call!(fts_session_begin_evaluation(self.as_ptr()))?;
        // Ends also when f panics.
        struct End<'a>(&'a Session);
        impl Drop for End<'_> {
            fn drop(&mut self) {
                let _ = call!(fts_session_end_evaluation(self.0.as_ptr()));
            }
        }
        let end = End(self);
        let value = f();
        std::mem::forget(end);
        call!(fts_session_end_evaluation(self.as_ptr()))?;
        Ok(value)
    }

    /// After the last backward of a step. A second call in one step returns the
    /// first one's numbers. Blocks.
    ///
    /// # Errors
    /// FAILED_PRECONDITION when loss or norm is not finite, naming where that
    /// began, when ranks ran their units in different order, or when a parameter
    /// was moved; after any error the step's gradients are dropped and nothing
    /// was updated.
    pub fn complete_gradients(&self, args: &StepArgs) -> Result<StepInfo> {
        call!(fts_session_complete_gradients(self.as_ptr(), &args.0) -> out)
            .map(StepInfo::from_raw)
    }

    /// Scales the gradients of a completed step to at most that norm.
    ///
    /// # Errors
    /// FAILED_PRECONDITION when they are not complete.
    pub fn clip(&self, max_norm: f64) -> Result<()> {
        call!(fts_session_clip(self.as_ptr(), max_norm))
    }

    /// Around the caller's own update of shards: afterwards gradients are gone,
    /// and the new weights are what is gathered next. Blocks. When `f` fails the
    /// step is given up; what it wrote stays written.
    ///
    /// # Errors
    /// FAILED_PRECONDITION when gradients are not complete; those of `f`.
    pub fn update<T>(&self, f: impl FnOnce() -> Result<T>) -> Result<T> {
        call!(fts_session_begin_update(self.as_ptr()))?;
        let value = f();
        if value.is_err() {
            let _ = self.reset_step();
        }
        let value = value?;
        call!(fts_session_finish_update(self.as_ptr()))?;
        Ok(value)
    }

    /// Whether this rank has gradients that no update has used.
    ///
    /// # Errors
    /// FAILED_PRECONDITION from another thread.
    pub fn has_gradients(&self) -> Result<bool> {
        let found: i32 = call!(fts_session_has_gradients(self.as_ptr()) -> out)?;
        Ok(found != 0)
    }

    /// Drops them, and whatever else a step that failed has left.
    ///
    /// # Errors
    /// FAILED_PRECONDITION from another thread.
    pub fn reset_step(&self) -> Result<()> {
        call!(fts_session_reset_step(self.as_ptr()))
    }

    // ---- Shards ------------------------------------------------------------

    /// Place of a parameter by its name.
    ///
    /// # Errors
    /// NOT_FOUND.
    pub fn find_parameter(&self, name: &str) -> Result<usize> {
        call!(fts_session_find_parameter(self.as_ptr(), view(name)) -> out)
    }

    /// This rank's part of a parameter.
    ///
    /// # Errors
    /// OUT_OF_RANGE.
    pub fn shard(&self, parameter: usize) -> Result<Shard> {
        let mut value = std::ptr::null_mut();
        let mut gradient = std::ptr::null_mut();
        // SAFETY of zeroed: integers.
        let mut info: sys::fts_shard_info = unsafe { std::mem::zeroed() };
        call!(fts_session_get_shard(
            self.as_ptr(),
            parameter,
            &mut info,
            &mut value,
            &mut gradient,
        ))?;
        Ok(Shard {
            begin: info.begin,
            size: info.size,
            trainable: info.trainable != 0,
            value: Tensor::from_raw(value),
            gradient: (!gradient.is_null()).then(|| Tensor::from_raw(gradient)),
        })
    }

    /// Around writes to shards outside of an update. Blocks.
    ///
    /// # Errors
    /// Those of `f`, and of [`Communicator`](crate::Communicator).
    pub fn write<T>(&self, f: impl FnOnce() -> Result<T>) -> Result<T> {
        call!(fts_session_begin_write(self.as_ptr()))?;
        let value = f();
        // Peers wait in it, whatever f did.
        call!(fts_session_end_write(self.as_ptr()))?;
        value
    }

    // ---- Phases ------------------------------------------------------------

    /// A phase's params begin to train; [`SessionPorts`](crate::SessionPorts) call
    /// this and the next three.
    ///
    /// # Errors
    /// OUT_OF_RANGE.
    pub fn thaw(&self, phase: usize) -> Result<()> {
        call!(fts_session_thaw(self.as_ptr(), index(phase)))
    }

    /// What a phase freezes stops.
    ///
    /// # Errors
    /// OUT_OF_RANGE.
    pub fn freeze(&self, phase: usize) -> Result<()> {
        call!(fts_session_freeze(self.as_ptr(), index(phase)))
    }

    /// Keeps values, and the state of an [`Optimizer`](crate::Optimizer).
    ///
    /// # Errors
    /// Those of [`Communicator`](crate::Communicator).
    pub fn save_best(&self) -> Result<()> {
        call!(fts_session_save_best(self.as_ptr()))
    }

    /// Brings them back.
    ///
    /// # Errors
    /// FAILED_PRECONDITION when nothing was kept.
    pub fn restore_best(&self) -> Result<()> {
        call!(fts_session_restore_best(self.as_ptr()))
    }

    /// A value for the scheduler, the same on every rank, before its
    /// `validation_end`.
    ///
    /// # Errors
    /// FAILED_PRECONDITION from another thread.
    pub fn set_metric(&self, name: &str, value: f64) -> Result<()> {
        call!(fts_session_set_metric(self.as_ptr(), view(name), value))
    }

    /// What this rank holds and has moved since the phase began.
    ///
    /// # Errors
    /// FAILED_PRECONDITION from another thread.
    pub fn usage(&self) -> Result<Use> {
        let raw: sys::fts_session_use = call!(fts_session_get_use(self.as_ptr()) -> out)?;
        Ok(Use {
            gathered: raw.bytes_gathered,
            frozen_gathered: raw.frozen_bytes_gathered,
            reduced: raw.bytes_reduced,
            gradients: raw.gradient_bytes,
            moments: raw.moment_bytes,
            peak: raw.peak_bytes,
        })
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("units", &self.units()).finish()
    }
}

/// A closure that is called within one call, and what it returned.
struct Walk<F> {
    f: F,
    failure: Option<BoxError>,
}

/// A handle of its own on a tensor that the library lends us.
///
/// # Safety
/// `raw` is alive.
unsafe fn borrowed(raw: *const sys::fts_tensor) -> Tensor {
    // SAFETY: alive; the count taken is the handle's.
    unsafe { sys::fts_tensor_retain(raw.cast_mut()) };
    Tensor::from_raw(raw.cast_mut())
}

unsafe extern "C" fn load<F>(
    name: sys::fts_string,
    begin: i64,
    end: i64,
    dst: *const sys::fts_tensor,
    user_data: *mut c_void,
) -> *mut sys::fts_status
where
    F: FnMut(&str, std::ops::Range<i64>, &Tensor) -> PortResult,
{
    // SAFETY: the walk of load_from, which waits for the call.
    let walk = unsafe { &mut *user_data.cast::<Walk<F>>() };
    let f = &mut walk.f;
    run("the loader", &mut walk.failure, || {
        // SAFETY: both are alive during the call.
        let (name, dst) = unsafe { (text(name), borrowed(dst)) };
        f(&name, begin..end, &dst)
    })
}

unsafe extern "C" fn full<F>(
    name: sys::fts_string,
    value: *const sys::fts_tensor,
    user_data: *mut c_void,
) -> *mut sys::fts_status
where
    F: FnMut(&str, &Tensor) -> PortResult,
{
    // SAFETY: the walk of for_each_full, which waits for the call.
    let walk = unsafe { &mut *user_data.cast::<Walk<F>>() };
    let f = &mut walk.f;
    run("the closure of for_each_full", &mut walk.failure, || {
        // SAFETY: both are alive during the call.
        let (name, value) = unsafe { (text(name), borrowed(value)) };
        f(&name, &value)
    })
}
