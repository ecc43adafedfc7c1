// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! What a host does around its modules under a tp_plan: tensors that change how
//! they lie, embeddings and losses over a vocabulary that ranks share.

use fts_sys as sys;

use crate::call::{call, view};
use crate::{Mesh, Placement, Result, Tensor};

/// How a tensor lies, and how the gradient does that comes back for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The tensor.
    pub value: Placement,
    /// Its gradient.
    pub gradient: Placement,
}

impl Layout {
    /// Whole everywhere, and each rank goes on with its own part of the weights:
    /// its gradient is one term of a sum.
    pub const SHARED: Self =
        Self { value: Placement::Replicate, gradient: Placement::Partial };

    fn raw(self) -> sys::fts_tp_layout {
        sys::fts_tp_layout { value: self.value.raw(), gradient: self.gradient.raw() }
    }
}

impl From<Placement> for Layout {
    /// As tensors usually have it: the gradient lies as the value, and that of one
    /// term of a sum is whole.
    fn from(value: Placement) -> Self {
        let gradient = match value {
            Placement::Partial => Placement::Replicate,
            other => other,
        };
        Self { value, gradient }
    }
}

/// From which layout to which a tensor goes.
#[derive(Clone, Debug)]
pub struct Conversion {
    from: Layout,
    to: Layout,
    whole: i64,
    label: String,
}

impl Conversion {
    /// Its gradient goes from `to.gradient` to `from.gradient`.
    pub fn new(from: impl Into<Layout>, to: impl Into<Layout>) -> Self {
        Self { from: from.into(), to: to.into(), whole: 0, label: String::new() }
    }

    /// Size of the whole of a split dimension that ranks do not share evenly.
    pub fn whole(mut self, size: i64) -> Self {
        self.whole = size;
        self
    }

    /// For errors: the module that it is done for.
    pub fn label(mut self, module: &str) -> Self {
        self.label = module.to_owned();
        self
    }

    /// As the library takes it; valid as long as self.
    pub(crate) fn raw(&self) -> sys::fts_tp_convert_options {
        sys::fts_tp_convert_options {
            from: self.from.raw(),
            to: self.to.raw(),
            whole: self.whole,
            label: view(&self.label),
            ..sys::fts_tp_convert_options::INIT
        }
    }
}

/// Of split logits, without a graph.
#[derive(Debug)]
#[non_exhaustive]
pub struct CrossEntropy {
    /// Over the labels; the same on every rank.
    pub sum: f64,
    /// Labels that count.
    pub count: i64,
    /// Of the sum, for this rank's logits.
    pub gradient: Tensor,
}

/// Tensor parallelism. Every rank along tp makes the same calls in the same order;
/// they block. With the feature `tch` the functions that end in `_tch` keep their
/// place in autograd's graph.
///
/// # Errors
/// INVALID_ARGUMENT for a shape, a type or a number out of range, and those of
/// [`Communicator`](crate::Communicator).
impl Mesh {
    /// Moves values from one layout to another; gradients made by hand go the other
    /// way round. The result may share the tensor's memory.
    pub fn convert(&self, tensor: &Tensor, how: &Conversion) -> Result<Tensor> {
        let options = how.raw();
        call!(fts_tp_convert(self.as_ptr(), tensor.as_ptr(), &options) -> out)
            .map(Tensor::from_raw)
    }

    /// Rows, by their numbers, of a table of `vocabulary` rows of which `weight` is
    /// this rank's part: one term of a sum, zero where a row is another rank's.
    pub fn embedding(
        &self,
        ids: &Tensor,
        weight: &Tensor,
        vocabulary: i64,
    ) -> Result<Tensor> {
        call!(fts_tp_embedding(
            self.as_ptr(), ids.as_ptr(), weight.as_ptr(), vocabulary
        ) -> out)
        .map(Tensor::from_raw)
    }

    /// Cross entropy of logits that hold this rank's part of a vocabulary; labels
    /// of -100 are left out.
    pub fn cross_entropy(
        &self,
        logits: &Tensor,
        labels: &Tensor,
        vocabulary: i64,
        label: &str,
    ) -> Result<CrossEntropy> {
        let (mut sum, mut count) = (0.0, 0);
        let gradient = call!(fts_tp_cross_entropy(
            self.as_ptr(), logits.as_ptr(), labels.as_ptr(), vocabulary, view(label),
            &raw mut sum, &raw mut count
        ) -> out)?;
        Ok(CrossEntropy { sum, count, gradient: Tensor::from_raw(gradient) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MeshOptions;

    /// One rank: the whole is its part.
    #[test]
    fn operations_at_one_rank() {
        let mesh = Mesh::new(&MeshOptions::new()).unwrap();
        let x = Tensor::from_vec(vec![1.0_f32, 2.0, 3.0, 4.0], &[2, 2]).unwrap();
        let how = Conversion::new(Placement::Partial, Layout::SHARED).label("x").whole(2);
        assert_eq!(mesh.convert(&x, &how).unwrap().read::<f32>().unwrap().len(), 4);
        let ids = Tensor::from_vec(vec![1_i64, 0], &[2]).unwrap();
        let rows = mesh.embedding(&ids, &x, 2).unwrap();
        assert_eq!(rows.read::<f32>().unwrap(), [3.0, 4.0, 1.0, 2.0]);
        let loss = mesh.cross_entropy(&x, &ids, 2, "loss").unwrap();
        assert_eq!(loss.count, 2);
        let p = 1.0 / (1.0 + 1.0_f64.exp());
        assert!((loss.sum + (1.0 - p).ln() + p.ln()).abs() < 1e-6);
        assert!((f64::from(loss.gradient.read::<f32>().unwrap()[0]) - p).abs() < 1e-6);
        let error = mesh.embedding(&ids, &x, 7).unwrap_err();
        assert_eq!(error.code(), crate::Code::InvalidArgument);
        assert_eq!(mesh.along(crate::MeshDim::Tp).unwrap(), (0, 1));
    }
}
