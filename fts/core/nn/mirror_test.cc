// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/nn/mirror.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/moduledict.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/container/parameterlist.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "fts/core/nn/describe.h"
#include "fts/core/nn/mirror_torch.h"

namespace fts::nn {
namespace {

// What a user wrote.
struct BlockImpl : torch::nn::Module {
  BlockImpl()
      : up(register_module("up", torch::nn::Linear(2, 3))),
        scale(register_parameter("scale", at::ones({1}))) {}
  at::Tensor forward(const at::Tensor& x) { return up(x) * scale; }
  torch::nn::Linear up;
  at::Tensor scale;
};
TORCH_MODULE(Block);

struct NetImpl : torch::nn::Module {
  NetImpl() {
    layers = register_module("layers", torch::nn::ModuleList());
    for (int i = 0; i < 2; ++i) layers->push_back(Block());
    register_buffer("seen", at::zeros({1}));
    head = register_module(
        "head", torch::nn::Linear(torch::nn::LinearOptions(3, 4).bias(false)));
    register_parameter("temperature", at::ones({}), /*requires_grad=*/false);
  }
  torch::nn::ModuleList layers;
  torch::nn::Linear head{nullptr};
};
TORCH_MODULE(Net);

// Counts the calls of a module and keeps the last chain.
class Watcher : public Interceptor {
 public:
  Tensors Intercept(Module&, Tensors inputs, const Next& next) override {
    ++calls;
    num_inputs = inputs.size();
    kept = next;
    return next(std::move(inputs));
  }
  int calls = 0;
  size_t num_inputs = 0;
  Next kept;
};

std::shared_ptr<Watcher> Watch(const Mirror& mirror, const std::string& name) {
  auto watcher = std::make_shared<Watcher>();
  mirror.root().FindModule(name)->AddInterceptor(watcher);
  return watcher;
}

Mirror Must(absl::StatusOr<Mirror> mirror) {
  EXPECT_TRUE(mirror.ok()) << mirror.status();
  return *std::move(mirror);
}

template <typename F>
std::string Thrown(F&& f) {
  try {
    f();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

TEST(MirrorTest, DescribesATorchModule) {
  Net net;
  const ModelDescription got = Describe(Must(MirrorOf(*net)).root());
  std::vector<std::string> modules, parameters;
  for (const ModuleInfo& m : got.modules) {
    modules.push_back(m.name + ":" + m.class_name +
                      (m.container ? " (container)" : ""));
  }
  EXPECT_EQ(modules,
            (std::vector<std::string>{":Net", "layers:ModuleList (container)",
                                      "layers.0:Block", "layers.0.up:Linear",
                                      "layers.1:Block", "layers.1.up:Linear",
                                      "head:Linear"}));
  for (const ParameterInfo& p : got.parameters) {
    EXPECT_FALSE(p.shared_with.has_value());
    parameters.push_back(p.name);
  }
  // A buffer is not among them, nor the bias that head does not have.
  EXPECT_EQ(parameters,
            (std::vector<std::string>{"temperature", "layers.0.scale",
                                      "layers.0.up.weight", "layers.0.up.bias",
                                      "layers.1.scale", "layers.1.up.weight",
                                      "layers.1.up.bias", "head.weight"}));
  EXPECT_EQ(got.parameters.back().shape, (std::vector<int64_t>{4, 3}));
}

// Names and shapes are all that is read: planning needs no memory.
TEST(MirrorTest, DescribesWhatIsNotInMemory) {
  const std::vector<std::pair<std::string, at::Tensor>> parameters = {
      {"up.weight", at::ones({3, 2}, at::kMeta)}, {"scale", at::ones({1})}};
  const ModelDescription got = Describe(Must(MirrorOf(parameters)).root());
  ASSERT_EQ(got.parameters.size(), 2u);
  EXPECT_EQ(got.parameters[1].name, "up.weight");
  EXPECT_EQ(got.parameters[1].shape, (std::vector<int64_t>{3, 2}));
}

TEST(MirrorTest, HoldsTheModelsOwnTensorsAsTheyAre) {
  Net net;
  const Mirror mirror = Must(MirrorOf(*net));
  const auto parameters = mirror.root().NamedParameters();
  EXPECT_TRUE(parameters.back().second.is_same(net->head->weight));
  EXPECT_FALSE(parameters.front().second.requires_grad());  // temperature
  EXPECT_TRUE(net->head->weight.requires_grad());
}

TEST(MirrorTest, KnowsWhatIsNeverCalled) {
  struct Layers : torch::nn::ModuleListImpl {};
  struct Open : torch::nn::Module {
    using Module::register_module;
  } net;
  net.register_module("own_list", std::make_shared<Layers>());
  net.register_module("dict", torch::nn::ModuleDict());
  net.register_module("loose", torch::nn::ParameterList());
  net.register_module("chain", torch::nn::Sequential());
  std::vector<bool> containers;
  for (const ModuleInfo& m : Describe(Must(MirrorOf(net)).root()).modules) {
    containers.push_back(m.container);
  }
  EXPECT_EQ(containers, (std::vector<bool>{false, true, true, true, false}));
}

TEST(MirrorTest, TiesFollowTheTensorAndTheModule) {
  struct Tied : torch::nn::Module {
    Tied() {
      first = register_module("first", torch::nn::Linear(2, 2));
      register_parameter("again", first->weight);
      register_module("second", first.ptr());
    }
    torch::nn::Linear first{nullptr};
  } net;
  const Mirror mirror = Must(MirrorOf(net));
  EXPECT_EQ(mirror.root().SharedParameters(),
            (std::vector<std::pair<std::string, std::string>>{
                {"first.weight", "again"}}));
  EXPECT_EQ(mirror.root().NamedModules().size(), 2u);
  // Both ways to the module are one boundary.
  const auto watcher = Watch(mirror, "second");
  mirror(net.first, at::ones({1, 2}));
  EXPECT_EQ(watcher->calls, 1);
}

TEST(MirrorTest, CallsThroughTheBoundaryOfTheModule) {
  Net net;
  const Mirror mirror = Must(MirrorOf(*net));
  const auto layer = Watch(mirror, "layers.1");
  const auto head = Watch(mirror, "head");
  const at::Tensor x = at::ones({5, 2});
  const std::shared_ptr<BlockImpl> block = net->layers->ptr<BlockImpl>(1);
  const at::Tensor want = block->forward(x);
  EXPECT_EQ(layer->calls, 0);
  EXPECT_TRUE(at::equal(mirror(block, x), want));         // shared_ptr
  EXPECT_TRUE(at::equal(mirror(Block(block), x), want));  // holder
  EXPECT_TRUE(at::equal(mirror(block.get(), x), want));   // pointer
  EXPECT_TRUE(at::equal(mirror(net->layers->ptr<BlockImpl>(0), x),
                        net->layers->ptr<BlockImpl>(0)->forward(x)));
  EXPECT_EQ(layer->calls, 3);
  EXPECT_EQ(head->calls, 0);
  EXPECT_TRUE(at::equal(mirror(net->head, want), net->head(want)));
  EXPECT_EQ(head->calls, 1);
}

TEST(MirrorTest, CallsByNameWithAnyBody) {
  Net net;
  const Mirror mirror = Must(MirrorOf(*net));
  const auto watcher = Watch(mirror, "layers.0");
  const Tensors out = mirror.Call(
      "layers.0", {at::ones({1}), at::ones({1}) * 2}, [](Tensors in) {
        return Tensors{in[1], in[0], in[1]};
      });
  EXPECT_EQ(out.size(), 3u);
  EXPECT_EQ(watcher->num_inputs, 2u);
  EXPECT_EQ(mirror
                .CallOne("layers.0", at::ones({1}),
                         [](const at::Tensor& x) { return x * 7; })
                .item<float>(),
            7);
  EXPECT_EQ(watcher->calls, 2);
}

// Each call keeps its own body, and what keeps a call keeps the tree.
TEST(MirrorTest, KeptCallsRunTheBodyTheyWereMadeWith) {
  std::weak_ptr<MirrorModule> tree;
  Interceptor::Next first, second;
  {
    auto root = std::make_shared<MirrorModule>("Net", /*container=*/false);
    tree = root;
    const Mirror mirror = Must(Mirror::Create(std::move(root)));
    const auto watcher = Watch(mirror, "");
    const auto times = [&](double factor) {
      mirror.CallOne("", at::ones({1}),
                     [factor](const at::Tensor& x) { return x * factor; });
      return std::exchange(watcher->kept, nullptr);
    };
    first = times(2);
    second = times(3);
  }
  EXPECT_EQ(first({at::ones({1})})[0].item<float>(), 2);
  EXPECT_EQ(second({at::ones({1})})[0].item<float>(), 3);
  EXPECT_EQ(first({at::ones({1})})[0].item<float>(), 2);
  first = nullptr;
  EXPECT_FALSE(tree.expired());
  second = nullptr;
  EXPECT_TRUE(tree.expired());
}

TEST(MirrorTest, RunsASequentialPieceByPiece) {
  struct WithChain : torch::nn::Module {
    WithChain() {
      chain = register_module(
          "chain",
          torch::nn::Sequential(torch::nn::Linear(2, 3), torch::nn::Tanh(),
                                torch::nn::Linear(3, 2)));
    }
    torch::nn::Sequential chain{nullptr};
  } net;
  const at::Tensor x = at::ones({4, 2});
  const at::Tensor want = net.chain->forward(x);
  EXPECT_TRUE(at::equal(Mirror().InTurn(net.chain, x), want));
  const Mirror mirror = Must(MirrorOf(net));
  const auto last = Watch(mirror, "chain.2");
  EXPECT_TRUE(at::equal(mirror.InTurn(net.chain, x), want));
  EXPECT_EQ(last->calls, 1);
}

TEST(MirrorTest, EmptyItAddsNothing) {
  const Mirror mirror;
  EXPECT_FALSE(mirror);
  torch::nn::Linear linear(2, 2);
  const at::Tensor x = at::ones({1, 2});
  EXPECT_TRUE(at::equal(mirror(linear, x), linear(x)));
  EXPECT_TRUE(at::equal(mirror.CallOne("any", x, [](auto t) { return t; }), x));
  EXPECT_EQ(mirror.Call("any", {x}, [](Tensors in) { return in; }).size(), 1u);
  EXPECT_EQ(Thrown([&] { mirror.root(); }),
            "an empty nn::Mirror has no root; make it with MirrorOf");
}

TEST(MirrorTest, WrongCallsAreClearErrors) {
  Net net;
  const Mirror mirror = Must(MirrorOf(*net));
  const auto same = [](Tensors in) { return in; };
  EXPECT_EQ(Thrown([&] { mirror.Call("layer.0", {}, same); }),
            "nn::Mirror: the model has no module 'layer.0'; did you mean "
            "'layers.0'?");
  EXPECT_EQ(Thrown([&] { mirror.Call("encoder", {}, same); }),
            "nn::Mirror: the model has no module 'encoder'");
  const std::string stranger = Thrown([&] {
    mirror(torch::nn::Linear(2, 2), at::ones({1, 2}));
  });
  EXPECT_EQ(stranger,
            "nn::Mirror: this torch::nn::LinearImpl is no module of the model "
            "that was mirrored; register it, and make the mirror when the "
            "model is complete");
  EXPECT_EQ(Thrown([&] { mirror.root()(at::ones({1})); }),
            "Net: the mirror of a module has no forward of its own; call the "
            "module through nn::Mirror");
}

TEST(MirrorTest, RefusesWhatCannotBeSharded) {
  struct Open : torch::nn::Module {
    using Module::register_module;
    using Module::register_parameter;
  };
  const auto error = [](const torch::nn::Module& module) {
    const auto mirror = MirrorOf(module);
    EXPECT_EQ(mirror.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(mirror.status().message());
  };
  Open counts;
  counts.register_parameter("counts", at::zeros({2}, at::kLong), false);
  EXPECT_EQ(error(counts),
            "parameter 'counts' is int64; parameters are float32, bfloat16, "
            "float16 or float64. Register it as a buffer: buffers are not "
            "sharded and stay the model's own");
  // The tie that LibTorch's users write, which is none.
  Open tied;
  torch::nn::Linear a(2, 2), b(2, 2);
  tied.register_module("a", a);
  tied.register_module("b", b);
  EXPECT_TRUE(MirrorOf(tied).ok());
  b->weight.set_data(a->weight);
  EXPECT_EQ(error(tied),
            "parameters 'a.weight' and 'b.weight' are two tensors in the same "
            "memory, which sharding would take apart. To tie them, register "
            "one tensor under both names; to part them, clone one");
  // Side by side in one memory is fine.
  const at::Tensor both = at::ones({8});
  a->weight.set_data(both.slice(0, 0, 4).view({2, 2}));
  b->weight.set_data(both.slice(0, 4, 8).view({2, 2}));
  EXPECT_TRUE(MirrorOf(tied).ok());
  Open twice;
  twice.register_parameter("x", at::ones({1}));
  twice.register_module("x", torch::nn::Linear(1, 1));
  EXPECT_EQ(error(twice), "Open: module 'x' is registered already");
}

TEST(MirrorTest, AListOfParametersBecomesATree) {
  const at::Tensor w = at::ones({2, 2}), b = at::zeros({2});
  const Mirror mirror = Must(MirrorOf(
      {{"layers.0.w", w}, {"layers.1.w", b}, {"scale", b}, {"layers.0.b", w}}));
  std::vector<std::string> modules, parameters;
  for (const auto& [name, module] : mirror.root().NamedModules()) {
    modules.push_back(name);
  }
  for (const auto& [name, tensor] : mirror.root().NamedParameters()) {
    parameters.push_back(name);
  }
  EXPECT_EQ(modules,
            (std::vector<std::string>{"", "layers", "layers.0", "layers.1"}));
  EXPECT_EQ(parameters, (std::vector<std::string>{"scale", "layers.0.w"}));
  EXPECT_EQ(mirror.root().SharedParameters().size(), 2u);
  const auto watcher = Watch(mirror, "layers.1");
  mirror.Call("layers.1", {w}, [](Tensors in) { return in; });
  EXPECT_EQ(watcher->calls, 1);

  const auto error = [](auto list) {
    return std::string(MirrorOf(list).status().message());
  };
  using List = std::vector<std::pair<std::string, at::Tensor>>;
  EXPECT_EQ(error(List{{"a..w", w}}),
            "parameter 'a..w': Parameters: module '' needs a name without "
            "dots");
  EXPECT_EQ(error(List{{"a.w", w}, {"a.w", b}}),
            "parameter 'a.w': Parameters: parameter 'w' is registered already");
  EXPECT_EQ(error(List{{"a.w", w}, {"a", b}}),
            "parameter 'a': Parameters: parameter 'a' is registered already");
  EXPECT_EQ(error(List{{"w", at::Tensor()}}),
            "parameter 'w': Parameters: parameter 'w' must be a defined leaf "
            "tensor");
}

}  // namespace
}  // namespace fts::nn
