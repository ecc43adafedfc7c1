// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! The units of a session: what comes into memory, and leaves it, together.

use fts_sys as sys;

use crate::call::{call, slice, text};
use crate::tensor::Dtype;
use crate::{Result, Session, Tensor};

/// A unit of a session: one module of the model, or several, whose weights are
/// in memory between the boundaries of its forward, and again in its backward.
/// Shares its session: neither `Send` nor `Sync`.
#[derive(Clone)]
pub struct Unit {
    session: Session,
    place: usize,
    modules: Vec<String>,
    input_dtype: Option<Dtype>,
    output_dtype: Option<Dtype>,
    act_ckpt: Option<(String, String)>,
}

impl Unit {
    pub(crate) fn new(session: &Session, place: usize) -> Result<Self> {
        let info: sys::fts_session_unit =
            call!(fts_session_get_unit(session.as_ptr(), place) -> out)?;
        let mut modules = Vec::with_capacity(info.num_modules);
        for i in 0..info.num_modules {
            let name =
                call!(fts_session_get_unit_module(session.as_ptr(), place, i) -> out)?;
            // SAFETY: the view lives as long as the session.
            modules.push(unsafe { text(name) });
        }
        let cast = |raw: sys::fts_dtype| (raw.bits != 0).then(|| Dtype::from_raw(raw));
        // SAFETY: views live as long as the session.
        let (mode, kwargs) = unsafe { (text(info.act_ckpt), text(info.act_ckpt_kwargs)) };
        Ok(Self {
            session: session.clone(),
            place,
            modules,
            input_dtype: cast(info.input_dtype),
            output_dtype: cast(info.output_dtype),
            act_ckpt: (!mode.is_empty()).then_some((mode, kwargs)),
        })
    }

    /// Its place in [`Session::units`].
    pub fn place(&self) -> usize {
        self.place
    }

    /// Its modules; "" is the root.
    pub fn modules(&self) -> &[String] {
        &self.modules
    }

    /// What floating inputs are cast to, before the forward: the unit's
    /// mp_policy, for the caller to apply.
    pub fn input_dtype(&self) -> Option<Dtype> {
        self.input_dtype
    }

    /// What outputs are cast to, after it.
    pub fn output_dtype(&self) -> Option<Dtype> {
        self.output_dtype
    }

    /// Activation checkpointing that the plan asks for, for the caller to apply
    /// inside the boundary: the mode, and its keywords as JSON.
    pub fn act_ckpt(&self) -> Option<(&str, &str)> {
        self.act_ckpt.as_ref().map(|(mode, kwargs)| (mode.as_str(), kwargs.as_str()))
    }

    #[cfg(feature = "tch")]
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// Runs the forward of the unit's module: `f` gets `inputs`, every tensor
    /// that the module is given, and returns every tensor that it makes. The
    /// weights are in memory while it runs. Of a unit of several modules see
    /// [`forward_of`](Self::forward_of).
    ///
    /// # Errors
    /// Those of `f` and of [`Communicator`](crate::Communicator); then the step is
    /// to be given up ([`Session::reset_step`]).
    pub fn forward(
        &self,
        inputs: &[&Tensor],
        f: impl FnOnce(&[&Tensor]) -> Result<Vec<Tensor>>,
    ) -> Result<Vec<Tensor>> {
        self.forward_of(0, inputs, f)
    }

    /// The same for module `module` of the unit.
    ///
    /// # Errors
    /// As [`forward`](Self::forward).
    pub fn forward_of(
        &self,
        module: usize,
        inputs: &[&Tensor],
        f: impl FnOnce(&[&Tensor]) -> Result<Vec<Tensor>>,
    ) -> Result<Vec<Tensor>> {
        let raw: Vec<_> = inputs.iter().map(|t| t.as_ptr()).collect();
        let (at, size) = slice(&raw);
        call!(fts_session_pre_forward(self.session.as_ptr(), self.place, at, size))?;
        let outputs = f(inputs)?;
        let raw: Vec<_> = outputs.iter().map(Tensor::as_ptr).collect();
        let (at, size) = slice(&raw);
        let session = self.session.as_ptr();
        call!(fts_session_post_forward(session, self.place, module, at, size))?;
        Ok(outputs)
    }

    /// Runs `f` with the unit's weights in memory, for gradients made by hand and
    /// for looking at them.
    ///
    /// # Errors
    /// Those of `f` and of [`Communicator`](crate::Communicator).
    pub fn gathered<T>(&self, f: impl FnOnce() -> Result<T>) -> Result<T> {
        self.gather()?;
        let value = f();
        self.release()?;
        value
    }

    /// The unit's weights into memory.
    ///
    /// # Errors
    /// Those of [`Communicator`](crate::Communicator).
    pub fn gather(&self) -> Result<()> {
        call!(fts_session_gather(self.session.as_ptr(), self.place))
    }

    /// And out of it.
    ///
    /// # Errors
    /// FAILED_PRECONDITION from another thread.
    pub fn release(&self) -> Result<()> {
        call!(fts_session_release_unit(self.session.as_ptr(), self.place))
    }
}

impl std::fmt::Debug for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unit")
            .field("place", &self.place)
            .field("modules", &self.modules)
            .finish_non_exhaustive()
    }
}
