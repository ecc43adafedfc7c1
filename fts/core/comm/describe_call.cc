// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/describe_call.h"

#include "absl/strings/str_cat.h"

namespace fts::comm {

std::string DescribeCall(const std::string& label, const std::string& name,
                         int rank, int size, const char* op) {
  return absl::StrCat(op, label.empty() ? "" : absl::StrCat(" '", label, "'"),
                      " on ", name, " (rank ", rank, " of ", size, ")");
}

}  // namespace fts::comm
