// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/nn/mirror_torch.h"

#include <torch/nn/module.h>
#include <torch/nn/modules/container/moduledict.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/container/parameterdict.h>
#include <torch/nn/modules/container/parameterlist.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "absl/status/status.h"

namespace fts::nn {
namespace {

// my::nn::BlockImpl -> Block.
std::string ClassNameOf(const torch::nn::Module& module) {
  std::string name = module.name();
  const size_t arguments = name.find('<');
  const size_t scope = name.rfind("::", arguments);
  if (scope != std::string::npos) name = name.substr(scope + 2);
  const std::string suffix = "Impl";
  if (name.size() > suffix.size() &&
      name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0) {
    name.resize(name.size() - suffix.size());
  }
  return name;
}

template <typename T>
bool Is(const torch::nn::Module& module) {
  return dynamic_cast<const T*>(&module) != nullptr;
}

// Never called themselves.
bool IsContainer(const torch::nn::Module& module) {
  return Is<torch::nn::ModuleListImpl>(module) ||
         Is<torch::nn::ModuleDictImpl>(module) ||
         Is<torch::nn::ParameterListImpl>(module) ||
         Is<torch::nn::ParameterDictImpl>(module);
}

class Builder {
 public:
  std::shared_ptr<MirrorModule> Add(const torch::nn::Module& module) {
    const auto known = made_.find(&module);
    if (known != made_.end()) return known->second;
    const auto mirrored = std::make_shared<MirrorModule>(ClassNameOf(module),
                                                         IsContainer(module));
    made_.emplace(&module, mirrored);
    for (const auto& entry : module.named_parameters(/*recurse=*/false)) {
      mirrored->AddParameter(entry.key(), entry.value());
    }
    for (const auto& entry : module.named_children()) {
      mirrored->RegisterModule(entry.key(), entry.value() == nullptr
                                                ? nullptr
                                                : Add(*entry.value()));
    }
    return mirrored;
  }

  Mirror::Addresses Addresses() const {
    Mirror::Addresses out;
    for (const auto& [module, mirrored] : made_) {
      out.emplace(module, mirrored.get());
    }
    return out;
  }

 private:
  std::unordered_map<const torch::nn::Module*, std::shared_ptr<MirrorModule>>
      made_;
};

}  // namespace

absl::StatusOr<Mirror> MirrorOf(const torch::nn::Module& root) {
  try {
    Builder builder;
    auto mirrored = builder.Add(root);
    return Mirror::Create(std::move(mirrored), builder.Addresses());
  } catch (const std::invalid_argument& e) {
    return absl::InvalidArgumentError(e.what());
  }
}

}  // namespace fts::nn
