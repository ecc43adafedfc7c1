// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! fts/capi/torch.h

use crate::{fts_status, fts_string, fts_tensor};
use core::ffi::c_void;

extern "C" {
    /// Version and C++ ABI of the library's LibTorch.
    pub fn fts_torch_tag() -> fts_string;
    /// at_tensor points to an at::Tensor; the same object comes in.
    pub fn fts_tensor_from_at(
        at_tensor: *const c_void,
        tag: fts_string,
        out: *mut *mut fts_tensor,
    ) -> *mut fts_status;
    /// Assigns the tensor to an at::Tensor.
    pub fn fts_tensor_to_at(
        tensor: *const fts_tensor,
        tag: fts_string,
        at_tensor: *mut c_void,
    ) -> *mut fts_status;
}
