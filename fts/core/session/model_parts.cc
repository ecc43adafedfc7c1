// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/session/model_parts.h"

#include <c10/util/Exception.h>

#include <string>
#include <unordered_map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace fts {

SessionModel ModelParts(nn::Module& root) {
  SessionModel parts;
  for (const auto& [name, tensor] : root.NamedParameters()) {
    parts.parameters.push_back({name, tensor});
  }
  parts.modules = root.NamedModules();
  return parts;
}

shard::RangeLoader ValuesNow(const nn::Module& root) {
  return ValuesOf(root.NamedParameters());
}

shard::RangeLoader ValuesOf(
    const std::vector<std::pair<std::string, at::Tensor>>& tensors) {
  // Detached tensors keep the storage that the parameters are about to leave.
  std::unordered_map<std::string, at::Tensor> values;
  for (const auto& [name, tensor] : tensors) {
    values.emplace(name, tensor.detach());
  }
  return [values = std::move(values)](const std::string& name, int64_t begin,
                                      int64_t end,
                                      at::Tensor dst) -> absl::Status {
    const auto found = values.find(name);
    if (found == values.end()) {
      return absl::NotFoundError(
          absl::StrCat("parameter '", name,
                       "' is not in the model whose values are loaded"));
    }
    try {
      dst.copy_(found->second.reshape({-1}).slice(0, begin, end));
    } catch (const c10::Error& e) {
      return absl::FailedPreconditionError(e.what_without_backtrace());
    }
    return absl::OkStatus();
  };
}

}  // namespace fts
