// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/models/llama/heads.h"

#include <string>

#include "absl/strings/match.h"

namespace fts::llama {

ModelDescription WithHeads(const ModelDescription& native,
                           const LlamaConfig& config) {
  ModelDescription out = native;
  for (ModuleInfo& module : out.modules) {
    if (absl::EndsWith(module.name, ".attention.wq") ||
        absl::EndsWith(module.name, ".attention.wo")) {
      module.heads = config.n_heads;
    } else if (absl::EndsWith(module.name, ".attention.wk") ||
               absl::EndsWith(module.name, ".attention.wv")) {
      module.heads = config.n_kv_heads;
    }
  }
  return out;
}

}  // namespace fts::llama
