// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! The bridge to LibTorch. With the feature `tch`, tensors of the crate tch cross
//! as the same object: a parameter keeps its identity, its place in the graph,
//! and whether it requires a gradient.

use crate::call::text;

/// Version and C++ ABI of the LibTorch that the library was built for, such as
/// "2.11.0/cxx11abi=1". tch must use the same.
pub fn torch_tag() -> String {
    // SAFETY: lives for ever.
    unsafe { text(fts_sys::fts_torch_tag()) }
}

#[cfg(feature = "tch")]
mod bridge {
    use std::ffi::c_void;

    use crate::call::{call, slice, view};
    use crate::{
        Dtype, Mesh, ModelBuilder, Plan, Result, Schedule, Session, SessionOptions,
        Tensor, Unit,
    };

    /// That of the LibTorch that tch was built with (build.rs).
    pub(crate) const TAG: &str = env!("FTS_RUST_TORCH_TAG");

    /// Address of the at::Tensor behind a tensor of tch's: a `C_tensor*` is one.
    pub(crate) fn address(tensor: &tch::Tensor) -> *const c_void {
        tensor.as_ptr().cast::<c_void>()
    }

    /// With the feature `tch`.
    impl Tensor {
        /// The same tensor, for calls of this crate.
        ///
        /// # Errors
        /// FAILED_PRECONDITION when tch was built with another LibTorch than the
        /// library, showing both; INVALID_ARGUMENT for an undefined tensor.
        pub fn from_tch(tensor: &tch::Tensor) -> Result<Self> {
            // The tag is compared before the address is looked at, and both
            // sides load one LibTorch: its object counts its owners itself.
            call!(fts_tensor_from_at(address(tensor), view(TAG)) -> out)
                .map(Self::from_raw)
        }

        /// The same tensor, for tch.
        ///
        /// # Errors
        /// As [`from_tch`](Self::from_tch).
        pub fn to_tch(&self) -> Result<tch::Tensor> {
            let mut out = tch::Tensor::new();
            let at = out.as_mut_ptr().cast::<c_void>();
            call!(fts_tensor_to_at(self.as_ptr(), view(TAG), at))?;
            Ok(out)
        }
    }

    /// With the feature `tch`.
    impl ModelBuilder {
        /// A parameter, in order of registration.
        pub fn tch_parameter(self, name: &str, tensor: &tch::Tensor) -> Self {
            self.parameter(name, &tensor.size(), name_of(tensor.kind()))
        }
    }

    fn name_of(kind: tch::Kind) -> &'static str {
        match kind {
            tch::Kind::Float => "float32",
            tch::Kind::Double => "float64",
            tch::Kind::Half => "float16",
            tch::Kind::BFloat16 => "bfloat16",
            tch::Kind::Int64 => "int64",
            tch::Kind::Int => "int32",
            tch::Kind::Int16 => "int16",
            tch::Kind::Int8 => "int8",
            tch::Kind::Uint8 => "uint8",
            tch::Kind::Bool => "bool",
            // The description refuses it by name.
            _ => "unknown",
        }
    }

    fn kind_of(dtype: Dtype) -> Option<tch::Kind> {
        match dtype {
            Dtype::Float(32) => Some(tch::Kind::Float),
            Dtype::Float(64) => Some(tch::Kind::Double),
            Dtype::Float(16) => Some(tch::Kind::Half),
            Dtype::BFloat16 => Some(tch::Kind::BFloat16),
            _ => None,
        }
    }

    fn is_floating(tensor: &tch::Tensor) -> bool {
        use tch::Kind::{BFloat16, Double, Float, Half};
        matches!(tensor.kind(), Float | Double | Half | BFloat16)
    }

    /// With the feature `tch`.
    impl Session {
        /// [`Session::new`] over parameters of tch's. From here on the engine
        /// decides about `requires_grad`, and while a unit is not in use its
        /// parameters are not in memory: reading one is an error of tch's.
        ///
        /// # Errors
        /// As [`Session::new`] and [`Tensor::from_tch`].
        pub fn from_tch<N: AsRef<str>>(
            plan: &Plan,
            schedule: &Schedule,
            mesh: &Mesh,
            parameters: &[(N, tch::Tensor)],
            options: &SessionOptions,
        ) -> Result<Self> {
            let mut ours = Vec::with_capacity(parameters.len());
            for (name, tensor) in parameters {
                ours.push((name.as_ref(), Tensor::from_tch(tensor)?));
            }
            Self::new(plan, schedule, mesh, &ours, options)
        }
    }

    /// What a forward makes: one tensor, several, or a pair.
    pub trait TchOutputs {
        /// Each of them, in order.
        fn each(&mut self, f: &mut dyn FnMut(&mut tch::Tensor));
    }

    impl TchOutputs for tch::Tensor {
        fn each(&mut self, f: &mut dyn FnMut(&mut tch::Tensor)) {
            f(self);
        }
    }

    impl TchOutputs for Vec<tch::Tensor> {
        fn each(&mut self, f: &mut dyn FnMut(&mut tch::Tensor)) {
            self.iter_mut().for_each(f);
        }
    }

    impl TchOutputs for (tch::Tensor, tch::Tensor) {
        fn each(&mut self, f: &mut dyn FnMut(&mut tch::Tensor)) {
            f(&mut self.0);
            f(&mut self.1);
        }
    }

    /// With the feature `tch`.
    impl Unit {
        /// Runs the forward of the unit's module: `f` gets every tensor that the
        /// module is given, cast as the unit's mp_policy says, and returns every
        /// tensor that it makes. The weights are in memory while it runs, and
        /// again while autograd runs its backward.
        ///
        /// ```no_run
        /// # fn f(unit: fts::Unit, x: tch::Tensor, w: tch::Tensor) -> fts::Result<()> {
        /// let y = unit.forward_tch(&[&x], |xs| xs[0].matmul(&w).tanh())?;
        /// # Ok(()) }
        /// ```
        ///
        /// # Errors
        /// Those of [`Communicator`](crate::Communicator); then the step is to be
        /// given up ([`Session::reset_step`]).
        pub fn forward_tch<T: TchOutputs>(
            &self,
            inputs: &[&tch::Tensor],
            f: impl FnOnce(&[tch::Tensor]) -> T,
        ) -> Result<T> {
            self.forward_tch_of(0, inputs, |xs| Ok(f(xs)))
        }

        /// The same with a forward that may fail, as one does that holds other
        /// units.
        ///
        /// # Errors
        /// Those of `f`, and as [`forward_tch`](Self::forward_tch).
        pub fn try_forward_tch<T: TchOutputs>(
            &self,
            inputs: &[&tch::Tensor],
            f: impl FnOnce(&[tch::Tensor]) -> Result<T>,
        ) -> Result<T> {
            self.forward_tch_of(0, inputs, f)
        }

        /// The same for module `module` of a unit of several.
        ///
        /// # Errors
        /// Those of `f`, and as [`forward_tch`](Self::forward_tch).
        pub fn forward_tch_of<T: TchOutputs>(
            &self,
            module: usize,
            inputs: &[&tch::Tensor],
            f: impl FnOnce(&[tch::Tensor]) -> Result<T>,
        ) -> Result<T> {
            let session = self.session().as_ptr();
            let wanted = self.input_dtype().and_then(kind_of);
            let inputs: Vec<tch::Tensor> = inputs
                .iter()
                .map(|t| match wanted {
                    Some(kind) if is_floating(t) => t.to_kind(kind),
                    _ => t.shallow_clone(),
                })
                .collect();
            // The parameters came in by from_tch, so the tags are equal.
            let at: Vec<*const c_void> = inputs.iter().map(address).collect();
            let (at, size) = slice(&at);
            call!(fts_session_pre_forward_at(session, self.place(), at, size))?;
            let mut outputs = f(&inputs)?;
            let mut at: Vec<*const c_void> = Vec::new();
            outputs.each(&mut |t| at.push(address(t)));
            let (at, size) = slice(&at);
            call!(fts_session_post_forward_at(session, self.place(), module, at, size))?;
            if let Some(kind) = self.output_dtype().and_then(kind_of) {
                outputs.each(&mut |t| {
                    if is_floating(t) {
                        *t = t.to_kind(kind);
                    }
                });
            }
            Ok(outputs)
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        /// A C_tensor of torch-sys is behind every tensor of tch's.
        #[test]
        fn a_tensor_crosses_as_itself() {
            let mut theirs = tch::Tensor::from_slice(&[1.0_f32, 2.0]);
            let ours = Tensor::from_tch(&theirs).unwrap();
            ours.write(&[3.0_f32, 4.0]).unwrap();
            assert_eq!(theirs.double_value(&[1]), 4.0);
            assert!(!ours.info().unwrap().requires_grad);
            // The same object, not only the same memory.
            theirs = theirs.set_requires_grad(true);
            assert!(ours.info().unwrap().requires_grad);
            let again = ours.to_tch().unwrap();
            assert!(again.requires_grad());
            assert_eq!(TAG, super::super::torch_tag());
            let _: *const torch_sys::C_tensor = again.as_ptr();
            let undefined = tch::Tensor::new();
            let error = Tensor::from_tch(&undefined).unwrap_err();
            assert_eq!(error.code(), crate::Code::InvalidArgument);
        }
    }
}

#[cfg(feature = "tch")]
pub use bridge::TchOutputs;
#[cfg(feature = "tch")]
pub(crate) use bridge::{address, TAG};
