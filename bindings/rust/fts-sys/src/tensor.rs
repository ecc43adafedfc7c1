// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! fts/capi/tensor.h

use crate::fts_status;
use core::ffi::c_void;

crate::base::handles! {
    /// Memory with a shape.
    fts_tensor;
    /// dlpack.h, version 1.
    DLManagedTensorVersioned;
}

/// DLPack's code.
pub const FTS_DTYPE_CODE_INT: u8 = 0;
/// DLPack's code.
pub const FTS_DTYPE_CODE_UINT: u8 = 1;
/// DLPack's code.
pub const FTS_DTYPE_CODE_FLOAT: u8 = 2;
/// DLPack's code.
pub const FTS_DTYPE_CODE_BFLOAT: u8 = 4;
/// DLPack's code.
pub const FTS_DTYPE_CODE_BOOL: u8 = 6;

/// As DLDataType.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct fts_dtype {
    /// One of FTS_DTYPE_CODE_.
    pub code: u8,
    /// Of an element.
    pub bits: u8,
    /// 1
    pub lanes: u16,
}

impl fts_dtype {
    /// FTS_DTYPE_FLOAT32
    pub const FLOAT32: Self = Self { code: FTS_DTYPE_CODE_FLOAT, bits: 32, lanes: 1 };
}

/// DLPack's device type.
pub const FTS_DEVICE_TYPE_CPU: i32 = 1;
/// DLPack's device type.
pub const FTS_DEVICE_TYPE_CUDA: i32 = 2;

/// As DLDevice.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct fts_device {
    /// One of FTS_DEVICE_TYPE_.
    pub r#type: i32,
    /// Which of them.
    pub id: i32,
}

/// Shape, type and place.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct fts_tensor_info {
    /// Of the first element; null when there is none.
    pub data: *mut c_void,
    /// rank numbers; null for a scalar.
    pub shape: *const i64,
    /// In elements.
    pub strides: *const i64,
    /// Of shape and strides.
    pub rank: usize,
    /// Product of shape.
    pub num_elements: i64,
    /// Of an element.
    pub dtype: fts_dtype,
    /// Where.
    pub device: fts_device,
    /// Always 0 for what is not torch's.
    pub requires_grad: i32,
    /// 0
    pub reserved: i32,
}

extern "C" {
    /// The host memory at data, row-major.
    pub fn fts_tensor_from_host(
        data: *mut c_void,
        shape: *const i64,
        rank: usize,
        dtype: fts_dtype,
        destroy: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
        user_data: *mut c_void,
        out: *mut *mut fts_tensor,
    ) -> *mut fts_status;
    /// Shares what DLPack describes; ownership passes on success only.
    pub fn fts_tensor_from_dlpack(
        managed: *mut DLManagedTensorVersioned,
        out: *mut *mut fts_tensor,
    ) -> *mut fts_status;
    /// Shares the tensor's memory.
    pub fn fts_tensor_to_dlpack(
        tensor: *const fts_tensor,
        out: *mut *mut DLManagedTensorVersioned,
    ) -> *mut fts_status;
    /// Adds an owner.
    pub fn fts_tensor_retain(tensor: *mut fts_tensor);
    /// Takes one away.
    pub fn fts_tensor_release(tensor: *mut fts_tensor);
    /// As they are now.
    pub fn fts_tensor_get_info(
        tensor: *const fts_tensor,
        out: *mut fts_tensor_info,
    ) -> *mut fts_status;
    /// Copies all elements to host memory.
    pub fn fts_tensor_read(
        tensor: *const fts_tensor,
        data: *mut c_void,
        size: usize,
    ) -> *mut fts_status;
    /// Copies all elements from host memory.
    pub fn fts_tensor_write(
        tensor: *const fts_tensor,
        data: *const c_void,
        size: usize,
    ) -> *mut fts_status;
}
