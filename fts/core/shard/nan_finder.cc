// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/shard/nan_finder.h"

#include <ATen/ops/isfinite.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fts/core/shard/tensor_util.h"

namespace fts::shard {

bool HasNonfinite(const at::Tensor& tensor) {
  if (!tensor.defined() || !at::isFloatingType(tensor.scalar_type())) {
    return false;
  }
  SilentWrites guard;
  return !at::isfinite(tensor).all().item<bool>();
}

void NanFinder::Look(const char* what, const std::string& name,
                     const at::Tensor& tensor) {
  if (HasNonfinite(tensor)) first_ = absl::StrCat(what, name);
}

std::string JoinFindings(const std::vector<std::string>& texts) {
  std::vector<std::string> findings;
  std::vector<std::string> done = {""};
  for (const std::string& text : texts) {
    if (std::find(done.begin(), done.end(), text) != done.end()) continue;
    done.push_back(text);
    std::vector<size_t> ranks;
    for (size_t rank = 0; rank < texts.size(); ++rank) {
      if (texts[rank] == text) ranks.push_back(rank);
    }
    findings.push_back(absl::StrCat(text, " on rank",
                                    ranks.size() == 1 ? " " : "s ",
                                    absl::StrJoin(ranks, ", ")));
  }
  if (findings.empty()) return "the sum over the ranks";
  return absl::StrJoin(findings, "; ");
}

}  // namespace fts::shard
