// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The module tree: named parameters, children, and a call boundary that
// engines can intercept.
//
// LibTorch's own torch::nn::Module has no hooks, and its header costs seconds
// per file; this one is small and runs every Forward through an ordered list
// of interceptors, which is the only way engines (sharding, recomputation,
// tensor parallelism) attach to a model in C++.
// Threads: a module tree is confined to the thread that trains it; backward
// may call back into Next from autograd's threads, one at a time.

#ifndef FTS_CORE_NN_MODULE_H_
#define FTS_CORE_NN_MODULE_H_

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fts::nn {

using Tensors = std::vector<at::Tensor>;

class Module;

// One link of the chain around Module::Forward.
class Interceptor {
 public:
  // The rest of the chain, ending in Module::Forward or in what CallWith was
  // given. A copy may be kept and called again later (recomputation does): it
  // holds the chain as it was when the call began, and needs the module to be
  // still alive.
  using Next = std::function<Tensors(Tensors)>;

  virtual ~Interceptor() = default;

  // Runs once per Module::Call. Calls `next` zero or more times. May throw;
  // whatever it set up must then be undone by its own destructors.
  virtual Tensors Intercept(Module& module, Tensors inputs,
                            const Next& next) = 0;
};

// [Note: parameters keep their identity]
//
// A registered parameter is one leaf tensor for the life of the module.
// Engines re-point it with set_data(view), and between uses its storage may be
// absent (reading it then throws). So a layer uses its registered handle anew
// at each call and keeps no view, transpose or pointer of it.
class Module {
 public:
  Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  virtual ~Module();

  // Runs the interceptors, first added outermost, and then Forward.
  Tensors Call(Tensors inputs);

  // The same with `body` in place of Forward, for this call and for what
  // interceptors keep of it: another method of the module, or the forward of a
  // module that this one stands for (mirror.h).
  Tensors CallWith(Tensors inputs, Interceptor::Next body);

  // One tensor in, one tensor out. Throws std::logic_error when Forward
  // returns another number of tensors.
  at::Tensor operator()(const at::Tensor& x);

  // Adds innermost, next to Forward. Calls under way keep the chain they have.
  void AddInterceptor(std::shared_ptr<Interceptor> interceptor);
  // Adds outermost.
  void PrependInterceptor(std::shared_ptr<Interceptor> interceptor);
  size_t num_interceptors() const;

  // The class name shown in model descriptions, as PyTorch would spell it.
  virtual std::string ClassName() const = 0;
  // True for modules that only hold others (ModuleList): never called.
  virtual bool IsContainer() const { return false; }

  // Parameters by dotted name: a module's own first, then its children's, in
  // registration order. A tensor registered twice is listed once, under its
  // first name.
  std::vector<std::pair<std::string, at::Tensor>> NamedParameters() const;

  // The further names of tensors registered twice: (alias, first name).
  std::vector<std::pair<std::string, std::string>> SharedParameters() const;

  // All names of parameters in order, aliases included, each with its tensor.
  std::vector<std::pair<std::string, at::Tensor>> AllParameterNames() const;

  // This module (name "") and all below it, parents before children. A module
  // reachable by two names is listed once.
  std::vector<std::pair<std::string, Module*>> NamedModules();
  std::vector<std::pair<std::string, const Module*>> NamedModules() const;

  // The module of that dotted name ("" = this one), or nullptr.
  Module* FindModule(const std::string& name);

  // The parameters registered on this module itself, undotted names.
  std::vector<std::pair<std::string, at::Tensor>> OwnParameters() const;

  // Sets the mode of this module and all below it. Modules start in training.
  void SetTraining(bool training);
  bool training() const { return training_; }

 protected:
  virtual Tensors Forward(Tensors inputs) = 0;

  // Registers a leaf tensor and returns a reference to the module's handle,
  // valid for the module's life. A floating-point tensor is set to require
  // grad. Throws std::invalid_argument on an empty, dotted or repeated name,
  // an undefined tensor, or one that is not a leaf.
  at::Tensor& RegisterParameter(std::string name, at::Tensor value);

  // Registers a child. Throws std::invalid_argument as above, or on nullptr.
  void RegisterModule(std::string name, std::shared_ptr<Module> module);

  // As RegisterModule, and returns the child under its own type.
  template <typename T>
  std::shared_ptr<T> AddModule(std::string name, std::shared_ptr<T> module) {
    RegisterModule(std::move(name), module);
    return module;
  }

 private:
  using Chain = std::vector<std::shared_ptr<Interceptor>>;

  // `body`: null for Forward.
  Tensors RunFrom(const std::shared_ptr<const Chain>& chain,
                  const std::shared_ptr<const Interceptor::Next>& body,
                  size_t index, Tensors inputs);
  void CheckNewName(const char* what, const std::string& name) const;

  std::shared_ptr<const Chain> chain_;  // null = no interceptors; never edited
  std::deque<std::pair<std::string, at::Tensor>> parameters_;
  std::vector<std::pair<std::string, std::shared_ptr<Module>>> children_;
  bool training_ = true;
};

// A module that only holds others, such as a list of layers.
class ModuleList : public Module {
 public:
  // `class_name` is what descriptions show: "ModuleList" or "ModuleDict".
  explicit ModuleList(std::string class_name = "ModuleList");

  std::string ClassName() const override { return class_name_; }
  bool IsContainer() const override { return true; }

  // Appends under the next number: "0", "1", …
  void Append(std::shared_ptr<Module> module);
  // Adds under a name of its own.
  void Insert(std::string name, std::shared_ptr<Module> module);

  size_t size() const { return items_.size(); }
  Module& at(size_t index) { return *items_.at(index); }

 protected:
  // Throws std::logic_error: a container has no forward.
  Tensors Forward(Tensors inputs) override;

 private:
  std::string class_name_;
  std::vector<std::shared_ptr<Module>> items_;
};

}  // namespace fts::nn

#endif  // FTS_CORE_NN_MODULE_H_
