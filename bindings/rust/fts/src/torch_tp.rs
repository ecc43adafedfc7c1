// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! Tensor parallelism over tensors of tch, which keep their place in the graph.

use std::ffi::c_void;

use crate::call::{call, view};
use crate::torch::{address, TAG};
use crate::{Conversion, Mesh, Result, Session};

fn out(tensor: &mut tch::Tensor) -> *mut c_void {
    tensor.as_mut_ptr().cast::<c_void>()
}

/// With the feature `tch`.
impl Mesh {
    /// [`convert`](Self::convert), and its gradient the other way round in backward.
    ///
    /// # Errors
    /// As there.
    pub fn convert_tch(
        &self,
        tensor: &tch::Tensor,
        how: &Conversion,
    ) -> Result<tch::Tensor> {
        let (options, mut to) = (how.raw(), tch::Tensor::new());
        // The tag is compared before an address is looked at.
        call!(fts_tp_convert_at(
            self.as_ptr(),
            view(TAG),
            address(tensor),
            &options,
            out(&mut to)
        ))?;
        Ok(to)
    }

    /// For two kinds of readers at once, by one gather: what does the same on every
    /// rank takes the first, what goes on with its own part of the weights the
    /// second, whose gradient is one term of a sum. `how.to` is not looked at.
    ///
    /// # Errors
    /// As [`convert`](Self::convert).
    pub fn convert_for_readers_tch(
        &self,
        tensor: &tch::Tensor,
        how: &Conversion,
    ) -> Result<(tch::Tensor, tch::Tensor)> {
        let options = how.raw();
        let (mut handed, mut shared) = (tch::Tensor::new(), tch::Tensor::new());
        call!(fts_tp_convert_for_readers_at(
            self.as_ptr(),
            view(TAG),
            address(tensor),
            &options,
            out(&mut handed),
            out(&mut shared)
        ))?;
        Ok((handed, shared))
    }

    /// [`embedding`](Self::embedding); the weight's gradient has this rank's rows.
    ///
    /// # Errors
    /// As there.
    pub fn embedding_tch(
        &self,
        ids: &tch::Tensor,
        weight: &tch::Tensor,
        vocabulary: i64,
    ) -> Result<tch::Tensor> {
        let mut rows = tch::Tensor::new();
        call!(fts_tp_embedding_at(
            self.as_ptr(),
            view(TAG),
            address(ids),
            address(weight),
            vocabulary,
            out(&mut rows)
        ))?;
        Ok(rows)
    }

    /// [`cross_entropy`](Self::cross_entropy): sum, in the graph, and count.
    ///
    /// # Errors
    /// As there.
    pub fn cross_entropy_tch(
        &self,
        logits: &tch::Tensor,
        labels: &tch::Tensor,
        vocabulary: i64,
        label: &str,
    ) -> Result<(tch::Tensor, tch::Tensor)> {
        let (mut sum, mut count) = (tch::Tensor::new(), tch::Tensor::new());
        call!(fts_tp_cross_entropy_at(
            self.as_ptr(),
            view(TAG),
            address(logits),
            address(labels),
            vocabulary,
            view(label),
            out(&mut sum),
            out(&mut count)
        ))?;
        Ok((sum, count))
    }
}

/// With the feature `tch`.
impl Session {
    /// Token cross entropy of the logits that the model returned, this rank's part
    /// of the vocabulary under `loss_parallel`: sum, in the graph, and count. Labels
    /// of -100 are left out.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for shapes and types, those of
    /// [`Communicator`](crate::Communicator).
    pub fn token_loss_tch(
        &self,
        logits: &tch::Tensor,
        labels: &tch::Tensor,
    ) -> Result<(tch::Tensor, tch::Tensor)> {
        let (mut sum, mut count) = (tch::Tensor::new(), tch::Tensor::new());
        call!(fts_session_token_loss_at(
            self.as_ptr(),
            view(TAG),
            address(logits),
            address(labels),
            out(&mut sum),
            out(&mut count)
        ))?;
        Ok((sum, count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Layout, MeshOptions, Placement};

    /// One rank: the whole is its part, and the graph goes through.
    #[test]
    fn operations_keep_their_place_in_the_graph() {
        let mesh = Mesh::new(&MeshOptions::new()).unwrap();
        let weight = tch::Tensor::from_slice(&[1.0_f32, 2.0, 3.0, 4.0]).reshape([2, 2]);
        let weight = weight.set_requires_grad(true);
        let ids = tch::Tensor::from_slice(&[1_i64, 0]);
        let rows = mesh.embedding_tch(&ids, &weight, 2).unwrap();
        let how = Conversion::new(Placement::Partial, Layout::SHARED);
        let rows = mesh.convert_tch(&rows, &how).unwrap();
        let how = Conversion::new(Placement::Replicate, Placement::Replicate);
        let (_, rows) = mesh.convert_for_readers_tch(&rows, &how).unwrap();
        let (sum, count) = mesh.cross_entropy_tch(&rows, &ids, 2, "loss").unwrap();
        sum.backward();
        assert_eq!(count.int64_value(&[]), 2);
        let expected = rows.softmax(-1, tch::Kind::Float).double_value(&[0, 0]);
        assert!((weight.grad().double_value(&[1, 0]) - expected).abs() < 1e-6);
    }
}
