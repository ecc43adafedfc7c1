// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/new_optimizer.h"

#include <utility>

#include "fts/core/base/codes.h"
#include "fts/core/optim/class_node.h"

namespace fts::optim {

absl::StatusOr<OptimizerSpec> ReadNewOptimizerSpec(const YamlNode& node,
                                                   Diagnostics* diags) {
  const YamlNode* init = node.Find("optimizer_init");
  if (init == nullptr) {
    diags->Error(codes::kMissingKey,
                 "new_optimizer is " + DescribeYaml(node) +
                     "; write optimizer_init: {class_path: ..., init_args: "
                     "{...}}",
                 node.where());
    return diags->status();
  }
  ClassNode made;
  if (!ReadClassNode(*init, "new_optimizer.optimizer_init", &made, diags)) {
    return diags->status();
  }
  OptimizerSpec spec;
  spec.name = std::move(made.name);
  spec.args = std::move(made.args);
  spec.where = init->where();
  return spec;
}

}  // namespace fts::optim
