// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/nn/module.h"

#include <algorithm>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

namespace fts::nn {
namespace {

std::string Join(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + "." + name;
}

// Visits modules parents first, each object once.
template <typename M, typename Children>
void Walk(M* module, const std::string& name, const Children& children,
          std::unordered_set<const Module*>* seen,
          std::vector<std::pair<std::string, M*>>* out) {
  if (!seen->insert(module).second) return;
  out->emplace_back(name, module);
  for (const auto& [child_name, child] : children(*module)) {
    Walk<M>(child.get(), Join(name, child_name), children, seen, out);
  }
}

}  // namespace

Module::~Module() = default;

Tensors Module::Call(Tensors inputs) {
  if (chain_ == nullptr) return Forward(std::move(inputs));
  return RunFrom(chain_, nullptr, 0, std::move(inputs));
}

Tensors Module::CallWith(Tensors inputs, Interceptor::Next body) {
  if (chain_ == nullptr) return body(std::move(inputs));
  return RunFrom(chain_,
                 std::make_shared<const Interceptor::Next>(std::move(body)), 0,
                 std::move(inputs));
}

Tensors Module::RunFrom(const std::shared_ptr<const Chain>& chain,
                        const std::shared_ptr<const Interceptor::Next>& body,
                        size_t index, Tensors inputs) {
  if (index == chain->size()) {
    return body == nullptr ? Forward(std::move(inputs))
                           : (*body)(std::move(inputs));
  }
  Interceptor::Next next = [this, chain, body, index](Tensors rest) {
    return RunFrom(chain, body, index + 1, std::move(rest));
  };
  return (*chain)[index]->Intercept(*this, std::move(inputs), next);
}

at::Tensor Module::operator()(const at::Tensor& x) {
  Tensors outputs = Call({x});
  if (outputs.size() != 1) {
    throw std::logic_error(ClassName() +
                           ": called for one output, but Forward returned " +
                           std::to_string(outputs.size()) + "; use Call()");
  }
  return std::move(outputs[0]);
}

void Module::AddInterceptor(std::shared_ptr<Interceptor> interceptor) {
  auto chain =
      chain_ ? std::make_shared<Chain>(*chain_) : std::make_shared<Chain>();
  chain->push_back(std::move(interceptor));
  chain_ = std::move(chain);
}

void Module::PrependInterceptor(std::shared_ptr<Interceptor> interceptor) {
  auto chain =
      chain_ ? std::make_shared<Chain>(*chain_) : std::make_shared<Chain>();
  chain->insert(chain->begin(), std::move(interceptor));
  chain_ = std::move(chain);
}

size_t Module::num_interceptors() const {
  return chain_ == nullptr ? 0 : chain_->size();
}

std::vector<std::pair<std::string, Module*>> Module::NamedModules() {
  std::vector<std::pair<std::string, Module*>> out;
  std::unordered_set<const Module*> seen;
  Walk<Module>(
      this, "",
      [](Module& m) -> const decltype(children_)& { return m.children_; },
      &seen, &out);
  return out;
}

std::vector<std::pair<std::string, const Module*>> Module::NamedModules()
    const {
  std::vector<std::pair<std::string, const Module*>> out;
  std::unordered_set<const Module*> seen;
  Walk<const Module>(
      this, "",
      [](const Module& m) -> const decltype(children_)& { return m.children_; },
      &seen, &out);
  return out;
}

std::vector<std::pair<std::string, at::Tensor>> Module::AllParameterNames()
    const {
  std::vector<std::pair<std::string, at::Tensor>> out;
  for (const auto& [module_name, module] : NamedModules()) {
    for (const auto& [name, tensor] : module->parameters_) {
      out.emplace_back(Join(module_name, name), tensor);
    }
  }
  return out;
}

std::vector<std::pair<std::string, at::Tensor>> Module::NamedParameters()
    const {
  std::vector<std::pair<std::string, at::Tensor>> out;
  std::unordered_set<const void*> seen;
  for (auto& [name, tensor] : AllParameterNames()) {
    if (seen.insert(tensor.unsafeGetTensorImpl()).second) {
      out.emplace_back(std::move(name), std::move(tensor));
    }
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> Module::SharedParameters()
    const {
  std::vector<std::pair<std::string, std::string>> out;
  std::unordered_map<const void*, std::string> first;
  for (const auto& [name, tensor] : AllParameterNames()) {
    auto [it, added] = first.emplace(tensor.unsafeGetTensorImpl(), name);
    if (!added) out.emplace_back(name, it->second);
  }
  return out;
}

std::vector<std::pair<std::string, at::Tensor>> Module::OwnParameters() const {
  return {parameters_.begin(), parameters_.end()};
}

Module* Module::FindModule(const std::string& name) {
  Module* module = this;
  size_t begin = 0;
  while (begin < name.size()) {
    const size_t end = std::min(name.find('.', begin), name.size());
    const std::string part = name.substr(begin, end - begin);
    Module* found = nullptr;
    for (const auto& [child_name, child] : module->children_) {
      if (child_name == part) found = child.get();
    }
    if (found == nullptr || end + 1 == name.size()) return nullptr;
    module = found;
    begin = end + 1;
  }
  return module;
}

void Module::SetTraining(bool training) {
  for (const auto& [name, module] : NamedModules()) {
    module->training_ = training;
  }
}

void Module::CheckNewName(const char* what, const std::string& name) const {
  const std::string start = ClassName() + ": " + what + " '" + name + "' ";
  if (name.empty() || name.find('.') != std::string::npos) {
    throw std::invalid_argument(start + "needs a name without dots");
  }
  for (const auto& [other, tensor] : parameters_) {
    if (other == name) {
      throw std::invalid_argument(start + "is registered already");
    }
  }
  for (const auto& [other, module] : children_) {
    if (other == name) {
      throw std::invalid_argument(start + "is registered already");
    }
  }
}

at::Tensor& Module::RegisterParameter(std::string name, at::Tensor value) {
  CheckNewName("parameter", name);
  if (!value.defined() || !value.is_leaf()) {
    throw std::invalid_argument(ClassName() + ": parameter '" + name +
                                "' must be a defined leaf tensor");
  }
  if (value.is_floating_point()) value.set_requires_grad(true);
  parameters_.emplace_back(std::move(name), std::move(value));
  return parameters_.back().second;
}

void Module::RegisterModule(std::string name, std::shared_ptr<Module> module) {
  CheckNewName("module", name);
  if (module == nullptr) {
    throw std::invalid_argument(ClassName() + ": module '" + name +
                                "' is null");
  }
  children_.emplace_back(std::move(name), std::move(module));
}

ModuleList::ModuleList(std::string class_name)
    : class_name_(std::move(class_name)) {}

void ModuleList::Append(std::shared_ptr<Module> module) {
  Insert(std::to_string(items_.size()), std::move(module));
}

void ModuleList::Insert(std::string name, std::shared_ptr<Module> module) {
  RegisterModule(std::move(name), module);
  items_.push_back(std::move(module));
}

Tensors ModuleList::Forward(Tensors) {
  throw std::logic_error(class_name_ +
                         " only holds modules and has no forward; call its "
                         "children");
}

}  // namespace fts::nn
