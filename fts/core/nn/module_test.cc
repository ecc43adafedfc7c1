// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/nn/module.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace fts::nn {
namespace {

// Adds its weight to the input; the weight is one element.
class Add : public Module {
 public:
  explicit Add(at::Tensor weight)
      : weight_(RegisterParameter("weight", std::move(weight))) {}
  std::string ClassName() const override { return "Add"; }
  at::Tensor& weight() { return weight_; }
  using Module::RegisterModule;
  using Module::RegisterParameter;

 protected:
  Tensors Forward(Tensors inputs) override { return {inputs[0] + weight_}; }

 private:
  at::Tensor& weight_;
};

// Multiplies what passes and writes down the order.
class Scale : public Interceptor {
 public:
  Scale(std::string name, double factor, std::vector<std::string>* log)
      : name_(std::move(name)), factor_(factor), log_(log) {}
  Tensors Intercept(Module&, Tensors inputs, const Next& next) override {
    log_->push_back("enter " + name_);
    kept = next;
    Tensors outputs = next({inputs[0] * factor_});
    log_->push_back("leave " + name_);
    return outputs;
  }
  Next kept;

 private:
  std::string name_;
  double factor_;
  std::vector<std::string>* log_;
};

std::vector<std::string> Names(
    const std::vector<std::pair<std::string, at::Tensor>>& pairs) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : pairs) names.push_back(name);
  return names;
}

std::shared_ptr<Add> MakeTree() {
  auto root = std::make_shared<Add>(at::ones({1}));
  auto list = std::make_shared<ModuleList>();
  list->Append(std::make_shared<Add>(at::ones({1})));
  list->Append(std::make_shared<Add>(at::ones({1})));
  root->RegisterModule("layers", list);
  root->RegisterParameter("bias", at::zeros({1}));
  return root;
}

TEST(ModuleTest, ListsNamesInRegistrationOrderOwnFirst) {
  auto root = MakeTree();
  EXPECT_EQ(Names(root->NamedParameters()),
            (std::vector<std::string>{"weight", "bias", "layers.0.weight",
                                      "layers.1.weight"}));
  std::vector<std::string> modules;
  for (const auto& [name, module] : root->NamedModules()) {
    modules.push_back(name + ":" + module->ClassName());
  }
  EXPECT_EQ(modules,
            (std::vector<std::string>{":Add", "layers:ModuleList",
                                      "layers.0:Add", "layers.1:Add"}));
}

TEST(ModuleTest, ParametersRequireGrad) {
  for (const auto& [name, tensor] : MakeTree()->NamedParameters()) {
    EXPECT_TRUE(tensor.requires_grad()) << name;
  }
}

TEST(ModuleTest, ListsTiedTensorsOnce) {
  auto root = MakeTree();
  auto tied = std::make_shared<Add>(root->weight());
  root->RegisterModule("tied", tied);
  EXPECT_EQ(Names(root->NamedParameters()),
            (std::vector<std::string>{"weight", "bias", "layers.0.weight",
                                      "layers.1.weight"}));
  ASSERT_EQ(root->SharedParameters().size(), 1u);
  EXPECT_EQ(root->SharedParameters()[0].first, "tied.weight");
  EXPECT_EQ(root->SharedParameters()[0].second, "weight");
  EXPECT_EQ(root->AllParameterNames().size(), 5u);
}

TEST(ModuleTest, SharedModulesAreListedOnce) {
  auto root = MakeTree();
  auto twice = std::make_shared<Add>(at::ones({1}));
  root->RegisterModule("a", twice);
  root->RegisterModule("b", twice);
  EXPECT_EQ(root->NamedModules().size(), 5u);
}

TEST(ModuleTest, FindsModulesByName) {
  auto root = MakeTree();
  EXPECT_EQ(root->FindModule(""), root.get());
  ASSERT_NE(root->FindModule("layers.1"), nullptr);
  EXPECT_EQ(root->FindModule("layers.1"), root->NamedModules()[3].second);
  EXPECT_EQ(root->FindModule("layers.2"), nullptr);
  EXPECT_EQ(root->FindModule("layers."), nullptr);
  EXPECT_EQ(root->FindModule("layers.1.weight"), nullptr);
}

TEST(ModuleTest, HandlesFollowSetData) {
  auto root = MakeTree();
  at::Tensor flat = at::ones({4}) * 5;
  root->NamedParameters()[0].second.set_data(flat.slice(0, 1, 2));
  EXPECT_EQ((*root)(at::zeros({1})).item<float>(), 5.0f);
  EXPECT_TRUE(root->weight().is_alias_of(flat));
}

TEST(ModuleTest, FirstInterceptorIsOutermost) {
  auto root = MakeTree();
  std::vector<std::string> log;
  root->AddInterceptor(std::make_shared<Scale>("a", 2, &log));
  root->AddInterceptor(std::make_shared<Scale>("b", 3, &log));
  root->PrependInterceptor(std::make_shared<Scale>("z", 5, &log));
  EXPECT_EQ(root->num_interceptors(), 3u);
  EXPECT_EQ((*root)(at::ones({1})).item<float>(), 31.0f);
  EXPECT_EQ(log, (std::vector<std::string>{"enter z", "enter a", "enter b",
                                           "leave b", "leave a", "leave z"}));
}

TEST(ModuleTest, KeptNextRunsTheChainAsItWas) {
  auto root = MakeTree();
  std::vector<std::string> log;
  auto outer = std::make_shared<Scale>("a", 1, &log);
  root->AddInterceptor(outer);
  (*root)(at::ones({1}));
  root->AddInterceptor(std::make_shared<Scale>("late", 100, &log));
  log.clear();
  EXPECT_EQ(outer->kept({at::ones({1})})[0].item<float>(), 2.0f);
  EXPECT_TRUE(log.empty());
}

TEST(ModuleTest, TrainingModeReachesChildren) {
  auto root = MakeTree();
  root->SetTraining(false);
  EXPECT_FALSE(root->FindModule("layers.1")->training());
}

template <typename F>
std::string ErrorOf(F&& f) {
  try {
    f();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

TEST(ModuleTest, RefusesBadRegistrations) {
  auto root = MakeTree();
  EXPECT_EQ(ErrorOf([&] { root->RegisterParameter("bias", at::ones({1})); }),
            "Add: parameter 'bias' is registered already");
  EXPECT_EQ(ErrorOf([&] { root->RegisterModule("bias", MakeTree()); }),
            "Add: module 'bias' is registered already");
  EXPECT_EQ(ErrorOf([&] { root->RegisterModule("a.b", MakeTree()); }),
            "Add: module 'a.b' needs a name without dots");
  EXPECT_EQ(ErrorOf([&] { root->RegisterModule("a", nullptr); }),
            "Add: module 'a' is null");
  EXPECT_EQ(ErrorOf([&] { root->RegisterParameter("w", at::Tensor()); }),
            "Add: parameter 'w' must be a defined leaf tensor");
  EXPECT_EQ(ErrorOf([&] { root->RegisterParameter("w", root->weight() * 2); }),
            "Add: parameter 'w' must be a defined leaf tensor");
}

TEST(ModuleTest, ContainersHaveNoForward) {
  ModuleList list("ModuleDict");
  EXPECT_TRUE(list.IsContainer());
  EXPECT_EQ(ErrorOf([&] { list.Call({}); }),
            "ModuleDict only holds modules and has no forward; call its "
            "children");
}

}  // namespace
}  // namespace fts::nn
