// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/tensor.h"

#include <ATen/DLConvertor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "absl/strings/str_join.h"
#include "fts/capi/internal/callback.h"
#include "fts/capi/internal/torch_handles.h"
#include "fts/capi/torch.h"
#include "fts/core/base/status.h"

using fts::capi::NotNull;
using fts::capi::TorchGuard;

namespace fts::capi {

fts_dtype ToDtype(at::ScalarType type) {
  const auto bits = static_cast<uint8_t>(8 * c10::elementSize(type));
  if (type == at::kBFloat16) return {FTS_DTYPE_CODE_BFLOAT, bits, 1};
  if (type == at::kBool) return {FTS_DTYPE_CODE_BOOL, bits, 1};
  if (at::isFloatingType(type)) return {FTS_DTYPE_CODE_FLOAT, bits, 1};
  if (!at::isIntegralType(type, false)) return {0, 0, 0};
  const bool is_signed = c10::isSignedType(type);
  return {static_cast<uint8_t>(is_signed ? FTS_DTYPE_CODE_INT
                                         : FTS_DTYPE_CODE_UINT),
          bits, 1};
}

}  // namespace fts::capi

namespace {

std::optional<at::ScalarType> FromDtype(fts_dtype dtype) {
  for (const at::ScalarType type :
       {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16, at::kChar, at::kByte,
        at::kShort, at::kInt, at::kLong, at::kBool}) {
    const fts_dtype known = fts::capi::ToDtype(type);
    if (std::memcmp(&known, &dtype, sizeof(dtype)) == 0) return type;
  }
  return std::nullopt;
}

// Elements of that shape. Sizes that multiply beyond int64, a zero among them
// or not, would describe other memory than is given.
absl::StatusOr<int64_t> CountOf(const int64_t* shape, size_t rank,
                                const char* function) {
  int64_t count = 1, extent = 1;
  for (size_t i = 0; i < rank; ++i) {
    const int64_t factor = shape[i] == 0 ? 1 : shape[i];
    if (shape[i] < 0 || __builtin_mul_overflow(extent, factor, &extent) ||
        extent > (int64_t{1} << 56)) {
      return absl::InvalidArgumentError(
          absl::StrCat(function, ": size ", shape[i], " of dimension ", i,
                       " is negative or too large"));
    }
    count *= shape[i];
  }
  return count;
}

// Strides in elements, NULL for row-major. LibTorch ends the process on those
// that reach before the first element or beyond what int64 counts.
absl::Status CheckStrides(const int64_t* shape, const int64_t* strides,
                          int rank, const char* function) {
  if (strides == nullptr) return absl::OkStatus();
  int64_t last = 0;
  for (int i = 0; i < rank; ++i) {
    int64_t reach = 0;
    if (strides[i] < 0 ||
        __builtin_mul_overflow(strides[i], std::max<int64_t>(shape[i], 1),
                               &reach) ||
        __builtin_add_overflow(last, reach, &last) ||
        last > (int64_t{1} << 56)) {
      return absl::InvalidArgumentError(
          absl::StrCat(function, ": stride ", strides[i], " of dimension ", i,
                       " is negative or too large"));
    }
  }
  return absl::OkStatus();
}

// A device that is not there would be noticed by whoever reads it first.
absl::Status CheckDevice(int32_t type, int32_t id, const char* function) {
  if (type != FTS_DEVICE_TYPE_CPU && type != FTS_DEVICE_TYPE_CUDA) {
    return absl::UnimplementedError(absl::StrCat(
        function, ": device type ", type,
        " is not one that fts computes on; use the CPU (1) or CUDA (2)"));
  }
  int count = 1;
  if (type == FTS_DEVICE_TYPE_CUDA) {
    const bool built = c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA);
    count = built ? c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA)
                        ->deviceCount()
                  : 0;
  }
  if (id >= 0 && id < count) return absl::OkStatus();
  return absl::UnimplementedError(
      absl::StrCat(function, ": device ", id, " of type ", type,
                   " was named; this process has ", count, " of them"));
}

absl::Status InMemory(const at::Tensor& tensor, const char* function) {
  try {
    (void)tensor.const_data_ptr();
    return absl::OkStatus();
  } catch (const c10::Error& e) {
    return absl::FailedPreconditionError(
        absl::StrCat(function, ": ", e.what_without_backtrace()));
  }
}

// A view of the caller's memory that has the tensor's shape and dtype.
absl::StatusOr<at::Tensor> HostView(const fts_tensor* tensor, void* data,
                                    size_t size, const char* function) {
  FTS_RETURN_IF_ERROR(
      NotNull(tensor, absl::StrCat(function, ": tensor").c_str()));
  const at::Tensor& value = tensor->value;
  if (size != static_cast<size_t>(value.nbytes())) {
    return absl::InvalidArgumentError(absl::StrCat(
        function, ": ", size, " bytes were given; the tensor [",
        absl::StrJoin(value.sizes(), ", "), "] of ",
        c10::toString(value.scalar_type()), " has ", value.nbytes()));
  }
  if (size > 0) {
    FTS_RETURN_IF_ERROR(
        NotNull(data, absl::StrCat(function, ": data").c_str()));
  }
  FTS_RETURN_IF_ERROR(InMemory(value, function));
  return at::from_blob(data, value.sizes(), value.options().device(at::kCPU));
}

// The user's destroy, called with the last copy.
std::shared_ptr<void> Destroyer(void (*destroy)(void*), void* user_data) {
  return {nullptr, [destroy, user_data](void*) {
            const fts::capi::UserData ended(user_data, destroy);
          }};
}

}  // namespace

fts_status* fts_tensor_from_host(void* data, const int64_t* shape, size_t rank,
                                 fts_dtype dtype,
                                 void (*destroy)(void* user_data),
                                 void* user_data, fts_tensor** out) noexcept {
  if (out != nullptr) *out = nullptr;
  return TorchGuard([&]() -> absl::Status {
    const std::shared_ptr<void> owner = Destroyer(destroy, user_data);
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_tensor_from_host: out"));
    if (rank > 0) {
      FTS_RETURN_IF_ERROR(NotNull(shape, "fts_tensor_from_host: shape"));
    }
    const std::optional<at::ScalarType> type = FromDtype(dtype);
    if (!type.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("fts_tensor_from_host: dtype {code ", dtype.code,
                       ", bits ", dtype.bits, ", lanes ", dtype.lanes,
                       "} is none that tensors have; float32 is {2, 32, 1}"));
    }
    FTS_ASSIGN_OR_RETURN(const int64_t count,
                         CountOf(shape, rank, "fts_tensor_from_host"));
    if (count > 0) {
      FTS_RETURN_IF_ERROR(NotNull(data, "fts_tensor_from_host: data"));
    }
    *out = new fts_tensor(at::from_blob(
        data, at::IntArrayRef(shape, rank),
        [owner](void*) {},  // the copy of owner is what counts
        at::TensorOptions().dtype(*type)));
    return absl::OkStatus();
  });
}

fts_status* fts_tensor_from_dlpack(DLManagedTensorVersioned* managed,
                                   fts_tensor** out) noexcept {
  if (out != nullptr) *out = nullptr;
  return TorchGuard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(managed, "fts_tensor_from_dlpack: managed"));
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_tensor_from_dlpack: out"));
    if (managed->version.major != DLPACK_MAJOR_VERSION) {
      return absl::UnimplementedError(
          absl::StrCat("fts_tensor_from_dlpack: the tensor is of DLPack ",
                       managed->version.major, ".", managed->version.minor,
                       "; this library reads version ", DLPACK_MAJOR_VERSION));
    }
    if ((managed->flags & DLPACK_FLAG_BITMASK_READ_ONLY) != 0) {
      return absl::PermissionDeniedError(
          "fts_tensor_from_dlpack: the tensor is flagged read-only, and what a "
          "session holds is written; pass a copy");
    }
    const DLTensor& dl = managed->dl_tensor;
    if (dl.ndim < 0 || dl.ndim > 64 || (dl.ndim > 0 && dl.shape == nullptr)) {
      return absl::InvalidArgumentError(
          absl::StrCat("fts_tensor_from_dlpack: ndim is ", dl.ndim,
                       dl.shape == nullptr ? " and shape is NULL" : ""));
    }
    FTS_ASSIGN_OR_RETURN(const int64_t count,
                         CountOf(dl.shape, static_cast<size_t>(dl.ndim),
                                 "fts_tensor_from_dlpack"));
    FTS_RETURN_IF_ERROR(
        CheckStrides(dl.shape, dl.strides, dl.ndim, "fts_tensor_from_dlpack"));
    if (count > 0 && dl.data == nullptr) {
      return absl::InvalidArgumentError("fts_tensor_from_dlpack: data is NULL");
    }
    FTS_RETURN_IF_ERROR(CheckDevice(static_cast<int32_t>(dl.device.device_type),
                                    dl.device.device_id,
                                    "fts_tensor_from_dlpack"));
    // The layout of fts_dtype is that of DLDataType.
    fts_dtype dtype;
    static_assert(sizeof dtype == sizeof dl.dtype);
    std::memcpy(&dtype, &dl.dtype, sizeof dtype);
    if (!FromDtype(dtype).has_value()) {
      return absl::UnimplementedError(
          absl::StrCat("fts_tensor_from_dlpack: dtype {code ", dtype.code,
                       ", bits ", dtype.bits, ", lanes ", dtype.lanes,
                       "} is none that fts computes with; float32 is "
                       "{2, 32, 1}"));
    }
    try {
      *out = new fts_tensor(at::fromDLPackVersioned(managed));
    } catch (const c10::Error& e) {
      return absl::UnimplementedError(
          absl::StrCat("fts_tensor_from_dlpack: ", e.what_without_backtrace()));
    }
    return absl::OkStatus();
  });
}

fts_status* fts_tensor_to_dlpack(const fts_tensor* tensor,
                                 DLManagedTensorVersioned** out) noexcept {
  if (out != nullptr) *out = nullptr;
  return TorchGuard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(tensor, "fts_tensor_to_dlpack: tensor"));
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_tensor_to_dlpack: out"));
    const at::Tensor value = tensor->value.detach();
    FTS_RETURN_IF_ERROR(InMemory(value, "fts_tensor_to_dlpack"));
    *out = at::toDLPackVersioned(value);
    return absl::OkStatus();
  });
}

void fts_tensor_retain(fts_tensor* tensor) noexcept {
  fts::capi::Retain(tensor);
}

void fts_tensor_release(fts_tensor* tensor) noexcept {
  fts::capi::Release(tensor);
}

fts_status* fts_tensor_get_info(const fts_tensor* tensor,
                                fts_tensor_info* out) noexcept {
  if (out != nullptr) *out = {};
  return TorchGuard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(tensor, "fts_tensor_get_info: tensor"));
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_tensor_get_info: out"));
    const at::Tensor& value = tensor->value;
    FTS_RETURN_IF_ERROR(InMemory(value, "fts_tensor_get_info"));
    out->data = value.numel() == 0 ? nullptr : value.data_ptr();
    out->rank = static_cast<size_t>(value.dim());
    out->shape = out->rank == 0 ? nullptr : value.sizes().data();
    out->strides = out->rank == 0 ? nullptr : value.strides().data();
    out->num_elements = value.numel();
    out->dtype = fts::capi::ToDtype(value.scalar_type());
    out->device.type =
        value.is_cuda() ? FTS_DEVICE_TYPE_CUDA : FTS_DEVICE_TYPE_CPU;
    out->device.id = value.is_cuda() ? value.get_device() : 0;
    out->requires_grad = value.requires_grad() ? 1 : 0;
    return absl::OkStatus();
  });
}

fts_status* fts_tensor_read(const fts_tensor* tensor, void* data,
                            size_t size) noexcept {
  return TorchGuard([&]() -> absl::Status {
    FTS_ASSIGN_OR_RETURN(const at::Tensor host,
                         HostView(tensor, data, size, "fts_tensor_read"));
    host.copy_(tensor->value.detach());
    return absl::OkStatus();
  });
}

fts_status* fts_tensor_write(const fts_tensor* tensor, const void* data,
                             size_t size) noexcept {
  return TorchGuard([&]() -> absl::Status {
    FTS_ASSIGN_OR_RETURN(
        const at::Tensor host,
        HostView(tensor, const_cast<void*>(data), size, "fts_tensor_write"));
    tensor->value.detach().copy_(host);
    return absl::OkStatus();
  });
}
