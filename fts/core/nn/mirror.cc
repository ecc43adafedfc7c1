// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/nn/mirror.h"

#include <ATen/MemoryOverlap.h>
#include <c10/util/Type.h>

#include <stdexcept>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fts/core/base/did_you_mean.h"
#include "fts/core/base/status.h"
#include "fts/core/nn/describe.h"

namespace fts::nn {
namespace {

absl::Status CheckDtype(const std::string& name, const at::Tensor& parameter) {
  switch (parameter.scalar_type()) {
    case at::kFloat:
    case at::kBFloat16:
    case at::kHalf:
    case at::kDouble:
      return absl::OkStatus();
    default:
      return absl::InvalidArgumentError(absl::StrCat(
          "parameter '", name, "' is ", DtypeName(parameter.scalar_type()),
          "; parameters are float32, bfloat16, float16 or float64. Register "
          "it as a buffer: buffers are not sharded and stay the model's own"));
  }
}

// Two tensors in one memory would be two independent parameters once each has
// its place in a shard.
absl::Status CheckMemory(const Module& root) {
  using Named = std::pair<std::string, at::Tensor>;
  std::unordered_map<const void*, std::vector<Named>> by_storage;
  for (auto& [name, tensor] : root.NamedParameters()) {
    auto& others = by_storage
        [tensor.unsafeGetTensorImpl()->unsafe_storage().unsafeGetStorageImpl()];
    for (const auto& [other, known] : others) {
      if (at::get_overlap_status(known, tensor) == at::MemOverlapStatus::No) {
        continue;
      }
      return absl::InvalidArgumentError(absl::StrCat(
          "parameters '", other, "' and '", name,
          "' are two tensors in the "
          "same memory, which sharding would take apart. To tie them, register "
          "one tensor under both names; to part them, clone one"));
    }
    others.emplace_back(name, tensor);
  }
  return absl::OkStatus();
}

}  // namespace

MirrorModule::MirrorModule(std::string class_name, bool container)
    : class_name_(std::move(class_name)), container_(container) {}

void MirrorModule::AddParameter(std::string name, const at::Tensor& parameter) {
  const bool requires_grad = parameter.requires_grad();
  RegisterParameter(std::move(name), parameter)
      .set_requires_grad(requires_grad);
}

Tensors MirrorModule::Forward(Tensors) {
  throw std::logic_error(class_name_ +
                         ": the mirror of a module has no forward of its own; "
                         "call the module through nn::Mirror");
}

absl::StatusOr<Mirror> Mirror::Create(std::shared_ptr<MirrorModule> root,
                                      Addresses addresses) {
  for (const auto& [name, parameter] : root->NamedParameters()) {
    FTS_RETURN_IF_ERROR(CheckDtype(name, parameter));
  }
  FTS_RETURN_IF_ERROR(CheckMemory(*root));
  auto state = std::make_shared<State>();
  state->root = std::move(root);
  state->by_address = std::move(addresses);
  for (const auto& [name, module] : state->root->NamedModules()) {
    // A tree of mirrors has no others.
    state->by_name.emplace(name, static_cast<MirrorModule*>(module));
  }
  Mirror mirror;
  mirror.state_ = std::move(state);
  return mirror;
}

Module& Mirror::root() const {
  if (state_ == nullptr) {
    throw std::logic_error(
        "an empty nn::Mirror has no root; make it with "
        "MirrorOf");
  }
  return *state_->root;
}

MirrorModule& Mirror::FindName(const std::string& name) const {
  const auto found = state_->by_name.find(name);
  if (found != state_->by_name.end()) return *found->second;
  std::vector<std::string> known;
  for (const auto& [other, module] : state_->root->NamedModules()) {
    known.push_back(other);
  }
  throw std::invalid_argument(
      absl::StrCat("nn::Mirror: the model has no module '", name, "'",
                   DidYouMean(name, known)));
}

MirrorModule& Mirror::FindAddress(const void* address,
                                  const std::type_info& type) const {
  const auto found = state_->by_address.find(address);
  if (found != state_->by_address.end()) return *found->second;
  throw std::invalid_argument(absl::StrCat(
      "nn::Mirror: this ", c10::demangle(type.name()),
      " is no module of the model that was mirrored; register it, and make "
      "the mirror when the model is complete"));
}

Tensors Mirror::Run(MirrorModule& module, Tensors inputs, Body body) const {
  if (module.num_interceptors() == 0) return body(std::move(inputs));
  // What is kept of the call for a recomputation keeps the tree.
  return module.CallWith(
      std::move(inputs),
      [state = state_, body = std::move(body)](Tensors in) -> Tensors {
        return body(std::move(in));
      });
}

at::Tensor Mirror::RunOne(MirrorModule& module, Tensors inputs,
                          Body body) const {
  return std::move(Run(module, std::move(inputs), std::move(body))[0]);
}

Tensors Mirror::Call(const std::string& name, Tensors inputs, Body body) const {
  if (state_ == nullptr) return body(std::move(inputs));
  return Run(FindName(name), std::move(inputs), std::move(body));
}

at::Tensor Mirror::CallOne(
    const std::string& name, const at::Tensor& input,
    std::function<at::Tensor(const at::Tensor&)> body) const {
  if (state_ == nullptr) return body(input);
  return RunOne(FindName(name), {input},
                [body = std::move(body)](Tensors in) -> Tensors {
                  return {body(in[0])};
                });
}

absl::StatusOr<Mirror> MirrorOf(
    const std::vector<std::pair<std::string, at::Tensor>>& parameters) {
  const auto make = [] {
    return std::make_shared<MirrorModule>("Parameters", /*container=*/false);
  };
  std::unordered_map<std::string, std::shared_ptr<MirrorModule>> modules;
  const auto root = make();
  for (const auto& [name, tensor] : parameters) {
    try {
      std::shared_ptr<MirrorModule> parent = root;
      size_t begin = 0;
      for (size_t dot = name.find('.'); dot != std::string::npos;
           dot = name.find('.', begin)) {
        std::shared_ptr<MirrorModule>& module = modules[name.substr(0, dot)];
        if (module == nullptr) {
          module = make();
          parent->RegisterModule(name.substr(begin, dot - begin), module);
        }
        parent = module;
        begin = dot + 1;
      }
      parent->AddParameter(name.substr(begin), tensor);
    } catch (const std::invalid_argument& e) {
      return absl::InvalidArgumentError(
          absl::StrCat("parameter '", name, "': ", e.what()));
    }
  }
  return Mirror::Create(root);
}

}  // namespace fts::nn
