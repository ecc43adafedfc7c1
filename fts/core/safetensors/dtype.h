// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The element types of the safetensors format, their names and sizes.
// Threads: everything here is a pure function.
#ifndef FTS_CORE_SAFETENSORS_DTYPE_H_
#define FTS_CORE_SAFETENSORS_DTYPE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fts::safetensors {

// In the format's own order: ascending element size, which is also the order
// (reversed) in which files lay tensors out. Types below one byte (F4, F6) and
// other exotic ones are not supported; a file that holds them is refused.
enum class DType {
  kBool,
  kU8,
  kI8,
  kF8E5M2,
  kF8E4M3,
  kI16,
  kU16,
  kF16,
  kBF16,
  kI32,
  kU32,
  kF32,
  kF64,
  kI64,
  kU64,
};

// Bytes of one element.
int64_t SizeOf(DType dtype);

// The name written in a file: "F32", "BF16", "F8_E4M3", ...
const char* NameOf(DType dtype);

// The inverse of NameOf(); nothing for a name that is not supported.
std::optional<DType> DTypeFromName(const std::string& name);

// All supported names, for messages.
std::vector<std::string> DTypeNames();

// Number of bytes of a tensor; nothing if a dimension is negative or the
// product does not fit in 63 bits.
std::optional<int64_t> ByteSize(DType dtype, const std::vector<int64_t>& shape);

// "[2, 3]", "[]".
std::string ShapeToString(const std::vector<int64_t>& shape);

}  // namespace fts::safetensors

#endif  // FTS_CORE_SAFETENSORS_DTYPE_H_
