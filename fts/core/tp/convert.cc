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

// What a graph's node of this file holds: the way that its values took.
struct Way {
  Layout from, to;
  GroupPtr group;
  ConvertOptions options;

  // The gradient of a value that lies as `to` on the way back.
  at::Tensor Back(const at::Tensor& gradient, const Layout& there) const {
    if (!gradient.defined()) return {};
    ConvertOptions back = options;
    back.consume = false;  // a gradient may be someone else's too
    return Convert(gradient, OfGradient(there), OfGradient(from), group, back);
  }
};

struct ConvertBackward : torch::autograd::Node {
  explicit ConvertBackward(Way way) : way(std::move(way)) {}
  variable_list apply(variable_list&& grads) override {
    return {way.Back(grads[0], way.to)};
  }
  std::string name() const override { return "ConvertBackward"; }
  const Way way;
};

struct ReadersBackward : torch::autograd::Node {
  explicit ReadersBackward(Way way) : way(std::move(way)) {}
  variable_list apply(variable_list&& grads) override {
    const at::Tensor handed = way.Back(grads[0], Layout::Replicated());
    const at::Tensor shared = way.Back(grads[1], Layout::Shared());
    if (!handed.defined()) return {shared};
    return {shared.defined() ? shared.add(handed) : handed};
  }
  std::string name() const override { return "ConvertForReadersBackward"; }
  const Way way;
};

// x once more, without its history: writes to either are seen by what saved
// the other.
at::Tensor SameMemory(const at::Tensor& x) {
  const c10::TensorImpl* const impl = x.unsafeGetTensorImpl();
  return at::Tensor(impl->shallow_copy_and_detach(
      impl->version_counter(), /*allow_tensor_metadata_change=*/true));
}

bool NeedsGraph(const at::Tensor& x) {
  return c10::GradMode::is_enabled() && x.requires_grad();
}

template <typename T>
std::shared_ptr<T> MakeNode(const at::Tensor& x, Way way) {
  auto node =
      std::shared_ptr<T>(new T(std::move(way)), torch::autograd::deleteNode);
  node->set_next_edges(torch::autograd::collect_next_edges(x));
  return node;
}

}  // namespace

at::Tensor Convert(const at::Tensor& x, const Layout& from, const Layout& to,
                   const GroupPtr& group, const ConvertOptions& options) {
  if (group->size() == 1) return x;
  const Layout before = Resolved(from, x, options);
  const Layout after = Resolved(to, x, options);
  if (before == after) return x;
  if (!NeedsGraph(x)) {
    return Move(x, before.value, after.value, *group, options);
  }
  const auto node =
      MakeNode<ConvertBackward>(x, Way{before, after, group, options});
  at::Tensor y;
  {
    // Below autograd: what Move does with views and copies is not recorded.
    at::AutoDispatchBelowADInplaceOrView below;
    y = Move(x, before.value, after.value, *group, options);
    // A tensor of its own, with a history of its own.
    if (y.is_same(x)) y = SameMemory(x);
  }
  torch::autograd::set_history(y, node);
  return y;
}

Readable ConvertForReaders(const at::Tensor& x, const Layout& from,
                           const GroupPtr& group,
                           const ConvertOptions& options) {
  if (group->size() == 1) return {x, x};
  const Layout before = Resolved(from, x, options);
  const Placement whole = Placement::Replicate();
  if (!NeedsGraph(x)) {
    const at::Tensor y = Move(x, before.value, whole, *group, options);
    return {y, y};
  }
  const auto node = MakeNode<ReadersBackward>(
      x, Way{before, Layout::Shared(), group, options});
  Readable out;
  {
    at::AutoDispatchBelowADInplaceOrView below;
    out.handed = Move(x, before.value, whole, *group, options);
    if (out.handed.is_same(x)) out.handed = SameMemory(x);
    out.shared = SameMemory(out.handed);
  }
  torch::autograd::set_history(out.handed, node);
  torch::autograd::set_history(out.shared, node);
  return out;
}

}  // namespace fts::tp
