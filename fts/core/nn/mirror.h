// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Call boundaries for a model that was written without fts::nn, such as a
// torch::nn::Module: a tree with its names and its own parameter tensors, on
// which descriptions, schedules, plans and engines work as on any other, and
// through which the model's forward calls the modules that a plan may name:
//
//   struct NetImpl : torch::nn::Module {
//     torch::Tensor forward(torch::Tensor x) {
//       for (const Block& block : blocks) x = mirror(block, x);
//       return mirror(head, x);
//     }
//     fts::nn::Mirror mirror;  // empty: plain calls
//   };
//   net->mirror = *fts::nn::MirrorOf(*net);  // mirror_torch.h
//
// Modules that are no units of the plan need no boundary, and one costs next to
// nothing. See docs/attach.md.
//
// [Note: bodies run again]
// Activation checkpointing runs what stands inside a boundary once more during
// backward, when the forward that called it is long over. So a body holds what
// it uses by value (a shared_ptr, a holder, a tensor), never by reference to
// locals. And it gets every tensor that may need a gradient through `inputs`:
// what it captured is no input for casts, for checkpointing, for the end of
// the unit's backward, or for deciding that a call needs no graph.
//
// Threads: confined to the training thread; bodies may run again on autograd's.

#ifndef FTS_CORE_NN_MIRROR_H_
#define FTS_CORE_NN_MIRROR_H_

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "fts/core/nn/module.h"

namespace torch::nn {
class Module;
}

namespace fts::nn {

// Stands for one module of the model: its class, its parameters, its children.
class MirrorModule : public Module {
 public:
  MirrorModule(std::string class_name, bool container);

  std::string ClassName() const override { return class_name_; }
  bool IsContainer() const override { return container_; }

  // As RegisterParameter, and leaves requires_grad as it is.
  void AddParameter(std::string name, const at::Tensor& parameter);
  using Module::RegisterModule;

 protected:
  // Throws std::logic_error: the forward is elsewhere.
  Tensors Forward(Tensors inputs) override;

 private:
  std::string class_name_;
  bool container_;
};

// A handle: copies share the tree, which lives as long as one of them or a
// graph recorded through it.
class Mirror {
 public:
  using Body = Interceptor::Next;
  // What a mirrored module is called by, beside its name.
  using Addresses = std::unordered_map<const void*, MirrorModule*>;

  // Empty: there are no boundaries, calls are plain calls.
  Mirror() = default;

  // Neither the tree nor the modules behind `addresses` may change from now on.
  // Errors: INVALID_ARGUMENT for a parameter that is not floating-point, and
  // for two that are different tensors in the same memory.
  static absl::StatusOr<Mirror> Create(std::shared_ptr<MirrorModule> root,
                                       Addresses addresses = {});

  explicit operator bool() const { return state_ != nullptr; }

  // For Describe and for a session. Throws std::logic_error when empty.
  Module& root() const;

  // body(inputs) through the boundary of the module of that name; the root is
  // "". See [Note: bodies run again]. Throws std::invalid_argument when there
  // is no such module, and what body and interceptors throw.
  Tensors Call(const std::string& name, Tensors inputs, Body body) const;

  // The same, one tensor in and one out.
  at::Tensor CallOne(const std::string& name, const at::Tensor& input,
                     std::function<at::Tensor(const at::Tensor&)> body) const;

  // module->forward(inputs...) through that module's boundary. `module` points
  // to it: a shared_ptr, a holder such as torch::nn::Linear, or a plain pointer
  // that stays valid until backward is over; a copy is kept. `inputs` are
  // tensors, undefined ones too; for other arguments, other results, or another
  // method than forward, use Call. Throws as Call.
  template <typename M, typename... T>
  at::Tensor operator()(const M& module, const T&... inputs) const;

  // The modules of a torch::nn::Sequential one after another, each through its
  // boundary. (Its own forward knows no boundaries.)
  template <typename S>
  at::Tensor InTurn(const S& sequential, at::Tensor x) const;

 private:
  struct State {
    std::shared_ptr<MirrorModule> root;
    std::unordered_map<std::string, MirrorModule*> by_name;
    Addresses by_address;
  };

  template <typename M>
  MirrorModule& Find(M& module) const {
    const torch::nn::Module& base = module;
    return FindAddress(&base, typeid(module));
  }
  MirrorModule& FindAddress(const void* address,
                            const std::type_info& type) const;
  MirrorModule& FindName(const std::string& name) const;
  Tensors Run(MirrorModule& module, Tensors inputs, Body body) const;
  // Of a body with one result.
  at::Tensor RunOne(MirrorModule& module, Tensors inputs, Body body) const;

  template <typename M, size_t... I>
  static Body ForwardOf(M module, std::index_sequence<I...>) {
    return [callee = std::move(module)](Tensors in) mutable -> Tensors {
      return {callee->forward(in[I]...)};
    };
  }

  std::shared_ptr<const State> state_;  // null: empty
};

// The mirror of a list of parameters without modules. Names are dotted;
// whatever stands before a dot becomes a module that Call may name. Parameters
// come in the order of the tree: a module's own, then those below it.
// Errors: those of Mirror::Create, and INVALID_ARGUMENT for a name that is
// empty, repeated, or both a parameter and a module.
absl::StatusOr<Mirror> MirrorOf(
    const std::vector<std::pair<std::string, at::Tensor>>& parameters);

template <typename M, typename... T>
at::Tensor Mirror::operator()(const M& module, const T&... inputs) const {
  static_assert((std::is_convertible_v<T, at::Tensor> && ...),
                "a boundary takes tensors; use Mirror::Call for the rest");
  M callee = module;
  if (state_ == nullptr) return callee->forward(inputs...);
  MirrorModule& mirrored = Find(*callee);
  return RunOne(mirrored, Tensors{inputs...},
                ForwardOf(std::move(callee), std::index_sequence_for<T...>()));
}

template <typename S>
at::Tensor Mirror::InTurn(const S& sequential, at::Tensor x) const {
  for (const auto& any : *sequential) {
    Body body = [callee = any](Tensors in) mutable -> Tensors {
      return {callee.forward(in[0])};
    };
    x = state_ == nullptr ? std::move(body({x})[0])
                          : RunOne(Find(*any.ptr()), {x}, std::move(body));
  }
  return x;
}

}  // namespace fts::nn

#endif  // FTS_CORE_NN_MIRROR_H_
