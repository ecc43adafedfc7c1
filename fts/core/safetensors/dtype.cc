// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/safetensors/dtype.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace fts::safetensors {
namespace {

struct Entry {
  DType dtype;
  const char* name;
  int64_t size;
};

constexpr Entry kEntries[] = {
    {DType::kBool, "BOOL", 1},      {DType::kU8, "U8", 1},
    {DType::kI8, "I8", 1},          {DType::kF8E5M2, "F8_E5M2", 1},
    {DType::kF8E4M3, "F8_E4M3", 1}, {DType::kI16, "I16", 2},
    {DType::kU16, "U16", 2},        {DType::kF16, "F16", 2},
    {DType::kBF16, "BF16", 2},      {DType::kI32, "I32", 4},
    {DType::kU32, "U32", 4},        {DType::kF32, "F32", 4},
    {DType::kF64, "F64", 8},        {DType::kI64, "I64", 8},
    {DType::kU64, "U64", 8},
};

const Entry& Find(DType dtype) { return kEntries[static_cast<int>(dtype)]; }

}  // namespace

int64_t SizeOf(DType dtype) { return Find(dtype).size; }

const char* NameOf(DType dtype) { return Find(dtype).name; }

std::optional<DType> DTypeFromName(const std::string& name) {
  for (const Entry& entry : kEntries) {
    if (name == entry.name) return entry.dtype;
  }
  return std::nullopt;
}

std::vector<std::string> DTypeNames() {
  std::vector<std::string> names;
  for (const Entry& entry : kEntries) names.push_back(entry.name);
  return names;
}

std::optional<int64_t> ByteSize(DType dtype,
                                const std::vector<int64_t>& shape) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  // A zero dimension makes the tensor empty whatever the others are, but the
  // others must still be representable one by one, in any order.
  int64_t bytes = SizeOf(dtype);
  bool empty = false;
  for (int64_t dim : shape) {
    if (dim < 0) return std::nullopt;
    if (dim == 0) {
      empty = true;
    } else if (bytes > kMax / dim) {
      return std::nullopt;
    } else {
      bytes *= dim;
    }
  }
  return empty ? 0 : bytes;
}

std::string ShapeToString(const std::vector<int64_t>& shape) {
  return absl::StrCat("[", absl::StrJoin(shape, ", "), "]");
}

}  // namespace fts::safetensors
