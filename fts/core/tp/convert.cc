// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/tp/convert.h"

#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>

#include <memory>
#include <utility>

#include "fts/core/tp/move.h"

namespace fts::tp {
namespace {

using torch::autograd::variable_list;

// The gradient of a conversion is the way back; a gradient's gradient lies as
// the value does.
Layout OfGradient(const Layout& layout) {
  return {layout.gradient, layout.value};
}

struct ConvertBackward : torch::autograd::Node {
  ConvertBackward(Layout from, Layout to, GroupPtr group,
                  ConvertOptions options)
      : from(std::move(from)),
        to(std::move(to)),
        group(std::move(group)),
        options(std::move(options)) {
    // A gradient may be someone else's too.
    this->options.consume = false;
  }

  variable_list apply(variable_list&& grads) override {
    if (!grads[0].defined()) return {at::Tensor()};
    return {
        Convert(grads[0], OfGradient(to), OfGradient(from), group, options)};
  }
  std::string name() const override { return "ConvertBackward"; }

  Layout from, to;
  GroupPtr group;
  ConvertOptions options;
};

}  // namespace

at::Tensor Convert(const at::Tensor& x, const Layout& from, const Layout& to,
                   const GroupPtr& group, const ConvertOptions& options) {
  if (group->size() == 1) return x;
  const Layout before = Resolved(from, x, options);
  const Layout after = Resolved(to, x, options);
  if (before == after) return x;
  const bool graph = at::GradMode::is_enabled() && x.requires_grad();
  if (!graph) return Move(x, before.value, after.value, *group, options);

  auto node = std::shared_ptr<ConvertBackward>(
      new ConvertBackward(before, after, group, options),
      torch::autograd::deleteNode);
  node->set_next_edges(torch::autograd::collect_next_edges(x));
  at::Tensor y;
  {
    // Below autograd: what Move does with views and copies is not recorded.
    at::AutoDispatchBelowADInplaceOrView below;
    y = Move(x, before.value, after.value, *group, options);
    // A tensor of its own, with a history of its own.
    if (y.is_same(x)) y = x.alias();
  }
  torch::autograd::set_history(y, node);
  return y;
}

}  // namespace fts::tp
