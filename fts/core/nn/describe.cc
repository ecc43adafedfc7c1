// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/nn/describe.h"

#include <cctype>
#include <unordered_map>

namespace fts::nn {

std::string DtypeName(at::ScalarType dtype) {
  switch (dtype) {
    case at::kFloat:
      return "float32";
    case at::kDouble:
      return "float64";
    case at::kHalf:
      return "float16";
    case at::kBFloat16:
      return "bfloat16";
    case at::kLong:
      return "int64";
    case at::kInt:
      return "int32";
    case at::kShort:
      return "int16";
    case at::kChar:
      return "int8";
    case at::kByte:
      return "uint8";
    case at::kBool:
      return "bool";
    default: {
      std::string name = c10::toString(dtype);
      for (char& c : name) c = static_cast<char>(std::tolower(c));
      return name;
    }
  }
}

ModelDescription Describe(const Module& root) {
  ModelDescription out;
  for (const auto& [name, module] : root.NamedModules()) {
    out.modules.push_back({name, module->ClassName(), module->IsContainer()});
  }
  std::unordered_map<const void*, std::string> first;
  for (const auto& [name, tensor] : root.AllParameterNames()) {
    ParameterInfo info;
    info.name = name;
    info.shape.assign(tensor.sizes().begin(), tensor.sizes().end());
    info.dtype = DtypeName(tensor.scalar_type());
    auto [it, added] = first.emplace(tensor.unsafeGetTensorImpl(), name);
    if (!added) info.shared_with = it->second;
    out.parameters.push_back(std::move(info));
  }
  return out;
}

}  // namespace fts::nn
