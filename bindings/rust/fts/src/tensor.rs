// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! Tensors that cross the border: memory with a shape, shared.

use std::ffi::c_void;
use std::fmt;

use fts_sys as sys;

use crate::call::{call, slice};
use crate::callback::destroy;
use crate::handle::handle;
use crate::{Code, Error, Result};

handle! {
    /// Memory with a shape, shared and never copied unless a method says so.
    ///
    /// Its contents are those of whoever shares them, a session perhaps, so it
    /// stays on its thread: neither `Send` nor `Sync`.
    pub Tensor: fts_tensor, fts_tensor_retain, fts_tensor_release
}

/// The type of an element, as DLPack has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dtype {
    /// A signed integer of so many bits.
    Int(u8),
    /// An unsigned one.
    UInt(u8),
    /// IEEE: 16, 32 or 64 bits.
    Float(u8),
    /// bfloat16.
    BFloat16,
    /// A byte.
    Bool,
    /// What this crate does not know: DLPack's code and bits.
    Other(u8, u8),
}

impl Dtype {
    pub(crate) fn from_raw(raw: sys::fts_dtype) -> Self {
        match (raw.code, raw.bits) {
            (sys::FTS_DTYPE_CODE_INT, bits) => Self::Int(bits),
            (sys::FTS_DTYPE_CODE_UINT, bits) => Self::UInt(bits),
            (sys::FTS_DTYPE_CODE_FLOAT, bits) => Self::Float(bits),
            (sys::FTS_DTYPE_CODE_BFLOAT, 16) => Self::BFloat16,
            (sys::FTS_DTYPE_CODE_BOOL, _) => Self::Bool,
            (code, bits) => Self::Other(code, bits),
        }
    }

    fn to_raw(self) -> sys::fts_dtype {
        let (code, bits) = match self {
            Self::Int(bits) => (sys::FTS_DTYPE_CODE_INT, bits),
            Self::UInt(bits) => (sys::FTS_DTYPE_CODE_UINT, bits),
            Self::Float(bits) => (sys::FTS_DTYPE_CODE_FLOAT, bits),
            Self::BFloat16 => (sys::FTS_DTYPE_CODE_BFLOAT, 16),
            Self::Bool => (sys::FTS_DTYPE_CODE_BOOL, 8),
            Self::Other(code, bits) => (code, bits),
        };
        sys::fts_dtype { code, bits, lanes: 1 }
    }
}

/// Where a tensor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Device {
    /// The host's memory.
    Cpu,
    /// A CUDA device.
    Cuda(i32),
    /// What this crate does not know: DLPack's type and number.
    Other(i32, i32),
}

/// Shape, type and place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TensorInfo {
    /// Empty for a scalar.
    pub shape: Vec<i64>,
    /// In elements.
    pub strides: Vec<i64>,
    /// Of an element.
    pub dtype: Dtype,
    /// Where.
    pub device: Device,
    /// Never for what is not torch's.
    pub requires_grad: bool,
}

mod sealed {
    pub trait Sealed {}
}

/// Rust's numbers that a tensor can hold.
pub trait Element: sealed::Sealed + Copy + Send + 'static {
    /// As the library calls it.
    const DTYPE: Dtype;
}

macro_rules! elements {
    ($($type:ty = $dtype:expr;)*) => {$(
        impl sealed::Sealed for $type {}
        impl Element for $type {
            const DTYPE: Dtype = $dtype;
        }
    )*};
}

elements! {
    f32 = Dtype::Float(32);
    f64 = Dtype::Float(64);
    i8 = Dtype::Int(8);
    i16 = Dtype::Int(16);
    i32 = Dtype::Int(32);
    i64 = Dtype::Int(64);
    u8 = Dtype::UInt(8);
}

impl Tensor {
    /// Host memory with a shape, row-major. Nothing is copied; the vector is
    /// dropped when no one uses it any more.
    ///
    /// ```
    /// let tensor = fts::Tensor::from_vec(vec![1.0_f32, 2.0, 3.0, 4.0], &[2, 2])?;
    /// assert_eq!(tensor.read::<f32>()?, [1.0, 2.0, 3.0, 4.0]);
    /// # Ok::<(), fts::Error>(())
    /// ```
    ///
    /// # Errors
    /// INVALID_ARGUMENT for a shape with another number of elements.
    pub fn from_vec<T: Element>(values: Vec<T>, shape: &[i64]) -> Result<Self> {
        let elements = shape.iter().try_fold(1_i64, |product, n| product.checked_mul(*n));
        if elements != i64::try_from(values.len()).ok() || shape.iter().any(|n| *n < 0) {
            let text = format!("{} values do not fill shape {shape:?}", values.len());
            return Err(Error::new(Code::InvalidArgument, text));
        }
        let mut owner = Box::new(values);
        let data = owner.as_mut_ptr();
        let owner = Box::into_raw(owner).cast::<c_void>();
        let (sizes, rank) = slice(shape);
        // The vector is the library's from here on, also when the call fails; it
        // is Send, since any thread may drop it.
        call!(fts_tensor_from_host(
            data.cast(), sizes, rank, T::DTYPE.to_raw(), Some(destroy::<Vec<T>>), owner
        ) -> out)
        .map(Self::from_raw)
    }

    /// Memory of the caller's, row-major, without a copy.
    ///
    /// # Safety
    /// `data` points to as many elements as `shape` has, which live, and are
    /// written by nobody else, as long as the tensor or a session that was given
    /// it does.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for a negative size.
    pub unsafe fn from_raw_parts<T: Element>(
        data: *mut T,
        shape: &[i64],
    ) -> Result<Self> {
        let (sizes, rank) = slice(shape);
        call!(fts_tensor_from_host(
            data.cast(), sizes, rank, T::DTYPE.to_raw(), None, std::ptr::null_mut()
        ) -> out)
        .map(Self::from_raw)
    }

    /// Shares what DLPack (version 1) describes. Ownership passes on success
    /// only.
    ///
    /// # Safety
    /// `managed` is valid, work that writes its memory is done, and nobody else
    /// writes it while the tensor is used.
    ///
    /// # Errors
    /// INVALID_ARGUMENT, UNIMPLEMENTED (a version, device or dtype),
    /// PERMISSION_DENIED (memory that is flagged read-only).
    pub unsafe fn from_dlpack(
        managed: *mut sys::DLManagedTensorVersioned,
    ) -> Result<Self> {
        call!(fts_tensor_from_dlpack(managed) -> out).map(Self::from_raw)
    }

    /// The tensor's memory for another library, which calls the deleter.
    ///
    /// # Errors
    /// FAILED_PRECONDITION for a parameter that is not in memory.
    pub fn to_dlpack(&self) -> Result<*mut sys::DLManagedTensorVersioned> {
        call!(fts_tensor_to_dlpack(self.as_ptr()) -> out)
    }

    fn raw_info(&self) -> Result<sys::fts_tensor_info> {
        call!(fts_tensor_get_info(self.as_ptr()) -> out)
    }

    /// Shape, type and place as they are now.
    ///
    /// # Errors
    /// FAILED_PRECONDITION for a parameter whose values are not in memory.
    pub fn info(&self) -> Result<TensorInfo> {
        let raw = self.raw_info()?;
        let numbers = |at: *const i64| match raw.rank {
            0 => Vec::new(),
            // SAFETY: rank numbers, alive as long as self.
            rank => unsafe { std::slice::from_raw_parts(at, rank) }.to_vec(),
        };
        Ok(TensorInfo {
            shape: numbers(raw.shape),
            strides: numbers(raw.strides),
            dtype: Dtype::from_raw(raw.dtype),
            device: match raw.device.r#type {
                sys::FTS_DEVICE_TYPE_CPU => Device::Cpu,
                sys::FTS_DEVICE_TYPE_CUDA => Device::Cuda(raw.device.id),
                other => Device::Other(other, raw.device.id),
            },
            requires_grad: raw.requires_grad != 0,
        })
    }

    /// How many elements of type `T` it has.
    fn elements<T: Element>(&self) -> Result<usize> {
        let raw = self.raw_info()?;
        let dtype = Dtype::from_raw(raw.dtype);
        if dtype != T::DTYPE {
            let text =
                format!("the tensor holds {dtype:?}, {:?} was asked for", T::DTYPE);
            return Err(Error::new(Code::InvalidArgument, text));
        }
        Ok(usize::try_from(raw.num_elements).unwrap_or(0))
    }

    /// Copies all elements, row-major.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for another type, FAILED_PRECONDITION for what is not in
    /// memory.
    pub fn read<T: Element>(&self) -> Result<Vec<T>> {
        let size = self.elements::<T>()?;
        let mut values = Vec::<T>::with_capacity(size);
        let data = values.as_mut_ptr().cast::<c_void>();
        call!(fts_tensor_read(self.as_ptr(), data, size * size_of::<T>()))?;
        // SAFETY: so many have been written.
        unsafe { values.set_len(size) };
        Ok(values)
    }

    /// Copies all elements, row-major, into it.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for another type or number, FAILED_PRECONDITION for what
    /// is not in memory.
    pub fn write<T: Element>(&self, values: &[T]) -> Result<()> {
        self.elements::<T>()?;
        let data = values.as_ptr().cast::<c_void>();
        call!(fts_tensor_write(self.as_ptr(), data, size_of_val(values)))
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.info() {
            Ok(info) => write!(f, "Tensor {:?} {:?}", info.shape, info.dtype),
            Err(_) => f.write_str("Tensor, not in memory"),
        }
    }
}
