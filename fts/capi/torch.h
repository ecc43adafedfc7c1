// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The bridge to a LibTorch that the caller uses itself: an at::Tensor goes in
// and out as the same object, so that a parameter keeps its identity, its place
// in the graph, and whether it requires a gradient. Both sides must be one
// LibTorch in one process, which a tag proves.
// Threads: any.

#ifndef FTS_CAPI_TORCH_H_
#define FTS_CAPI_TORCH_H_

#include "fts/capi/base.h"
#include "fts/capi/status.h"
#include "fts/capi/tensor.h"

FTS_EXTERN_C_BEGIN

// "2.11.0/cxx11abi=1": version and C++ ABI of the LibTorch that this library
// was built for, which fix the layout of at::Tensor. A caller makes its own
// from the LibTorch it was built for: TORCH_VERSION and _GLIBCXX_USE_CXX11_ABI,
// in Python torch.__version__ without what follows a +, and
// torch.compiled_with_cxx11_abi(). Lives for ever.
// \since 1.1
FTS_API fts_string fts_torch_tag(void) FTS_NOEXCEPT;

// at_tensor points to an at::Tensor, whose TensorImpl gets one more owner. tag
// is the caller's, compared before the tensor is touched. Errors:
// FAILED_PRECONDITION when the tags differ, showing both; INVALID_ARGUMENT for
// an undefined tensor.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_tensor_from_at(
    const void* at_tensor, fts_string tag, fts_tensor** out) FTS_NOEXCEPT;
// Assigns the tensor to the at::Tensor that at_tensor points to (a live one,
// undefined or not). Errors: as above.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_tensor_to_at(
    const fts_tensor* tensor, fts_string tag, void* at_tensor) FTS_NOEXCEPT;

FTS_EXTERN_C_END

#endif  // FTS_CAPI_TORCH_H_
