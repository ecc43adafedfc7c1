// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Tensors that cross the border: memory with a shape, shared and never copied
// unless a function says so. From plain host memory, or by DLPack, whose
// layout is the stable way; torch.h is the way that keeps a parameter's
// identity.
// Handle: count synchronized; the contents are those of whoever shares them.

#ifndef FTS_CAPI_TENSOR_H_
#define FTS_CAPI_TENSOR_H_

#include "fts/capi/base.h"
#include "fts/capi/status.h"

FTS_EXTERN_C_BEGIN

typedef struct fts_tensor fts_tensor;

// DLPack's type codes. The layout is that of its DLDataType.
enum {
  FTS_DTYPE_CODE_INT = 0,
  FTS_DTYPE_CODE_UINT = 1,
  FTS_DTYPE_CODE_FLOAT = 2,
  FTS_DTYPE_CODE_BFLOAT = 4,
  FTS_DTYPE_CODE_BOOL = 6
};
typedef struct fts_dtype {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;  // 1
} fts_dtype;

// {FTS_DTYPE_CODE_FLOAT, 32, 1}: float32, what most calls here take.
#define FTS_DTYPE_FLOAT32 \
  { 2, 32, 1 }

// DLPack's device types. The layout is that of its DLDevice.
enum { FTS_DEVICE_TYPE_CPU = 1, FTS_DEVICE_TYPE_CUDA = 2 };
typedef struct fts_device {
  int32_t type;
  int32_t id;
} fts_device;

typedef struct fts_tensor_info {
  void* data;              // of the first element; NULL when there is none
  const int64_t* shape;    // rank numbers; NULL for a scalar
  const int64_t* strides;  // in elements
  size_t rank;
  int64_t num_elements;
  fts_dtype dtype;
  fts_device device;
  int32_t requires_grad;  // always 0 for what is not torch's
  int32_t reserved;       // 0
} fts_tensor_info;

// The host memory at data, row-major. It stays the caller's and must live until
// destroy(user_data) is called, once, from any thread, when no one uses it any
// more, or at once when the call fails. destroy may be NULL: then the memory
// outlives all use. Errors: INVALID_ARGUMENT (a negative size, an unknown
// dtype, data NULL with elements).
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_tensor_from_host(
    void* data, const int64_t* shape, size_t rank, fts_dtype dtype,
    void (*destroy)(void* user_data), void* user_data,
    fts_tensor** out) FTS_NOEXCEPT;

struct DLManagedTensorVersioned;  // dlpack.h, version 1

// Shares what DLPack describes; its deleter is called when no one uses it any
// more. Ownership passes on success only: after an error the caller still calls
// the deleter. Work that writes it on a device must be done. Errors:
// INVALID_ARGUMENT, UNIMPLEMENTED (a major version other than 1, read before
// anything else; a device or dtype that LibTorch lacks), PERMISSION_DENIED
// (memory that is flagged read-only).
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_tensor_from_dlpack(
    struct DLManagedTensorVersioned* managed, fts_tensor** out) FTS_NOEXCEPT;
// Shares the tensor's memory, not its place in a graph. The caller calls the
// deleter. Errors: FAILED_PRECONDITION for a parameter that is not in memory.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_tensor_to_dlpack(
    const fts_tensor* tensor,
    struct DLManagedTensorVersioned** out) FTS_NOEXCEPT;

// \since 1.1
FTS_API void fts_tensor_retain(fts_tensor* tensor) FTS_NOEXCEPT;
// \since 1.1
FTS_API void fts_tensor_release(fts_tensor* tensor) FTS_NOEXCEPT;
// Shape, type and place as they are now. Views are valid until the tensor is
// released or a session moves it. Errors: FAILED_PRECONDITION for a parameter
// whose values are not in memory: gather its unit first.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_tensor_get_info(
    const fts_tensor* tensor, fts_tensor_info* out) FTS_NOEXCEPT;
// Copies all elements, row-major, to host memory of `size` bytes, and from it.
// Errors: INVALID_ARGUMENT for another size than the tensor's,
// FAILED_PRECONDITION for what is not in memory.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_tensor_read(const fts_tensor* tensor,
                                                  void* data,
                                                  size_t size) FTS_NOEXCEPT;
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_tensor_write(const fts_tensor* tensor,
                                                   const void* data,
                                                   size_t size) FTS_NOEXCEPT;

FTS_EXTERN_C_END

#endif  // FTS_CAPI_TENSOR_H_
