// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/recompute/checkpoint.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <c10/util/intrusive_ptr.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <functional>

#include "fts/core/nn/init.h"
#include "fts/core/nn/linear.h"
#include "fts/core/nn/module.h"
#include "fts/core/recompute/saved_tensor_hooks.h"

namespace fts::recompute {
namespace {

using nn::Tensors;
using WeakStorage = c10::weak_intrusive_ptr<c10::StorageImpl>;

WeakStorage Watch(const at::Tensor& tensor) {
  return WeakStorage(tensor.storage().getWeakStorageImpl());
}

// Two linears with dropout between, and counters.
class Block : public nn::Module {
 public:
  explicit Block(int64_t dim)
      : first_(
            AddModule("first", std::make_shared<nn::Linear>(dim, dim, true))),
        second_(
            AddModule("second", std::make_shared<nn::Linear>(dim, dim, false))),
        scale_(RegisterParameter("scale", at::ones({dim}))) {}
  std::string ClassName() const override { return "Block"; }

  int forwards = 0;
  int finished = 0;
  std::vector<WeakStorage> activations;
  // Runs inside Forward with the count of forwards so far.
  std::function<void(int)> inside;
  // Changes the hidden tensor.
  std::function<at::Tensor(int, at::Tensor)> change;

 protected:
  Tensors Forward(Tensors inputs) override {
    const int index = forwards++;
    if (inside) inside(index);
    at::Tensor hidden = (*first_)(inputs[0]);
    hidden = at::dropout(at::gelu(hidden), 0.3, /*train=*/true);
    activations.push_back(Watch(hidden));
    if (change) hidden = change(index, hidden);
    at::Tensor out = inputs[0] + (*second_)(hidden)*scale_;
    ++finished;
    return {out};
  }

 private:
  std::shared_ptr<nn::Linear> first_, second_;
  at::Tensor& scale_;
};

class Stack : public nn::Module {
 public:
  Stack() {
    for (int i = 0; i < 2; ++i) {
      blocks.push_back(std::make_shared<Block>(8));
      RegisterModule(std::to_string(i), blocks.back());
    }
    nn::InitParameters(*this, 0.4, 7);
  }
  std::string ClassName() const override { return "Stack"; }
  std::vector<std::shared_ptr<Block>> blocks;

 protected:
  Tensors Forward(Tensors inputs) override {
    for (auto& block : blocks) inputs = {(*block)(inputs[0])};
    return inputs;
  }
};

at::Tensor Input() {
  at::Tensor x = at::empty({4, 8});
  nn::InitNormal(x, 1.0, 3, "input");
  return x;
}

at::Tensor Loss(nn::Module& model, const at::Tensor& input) {
  at::manual_seed(11);
  return model(input).pow(2).sum();
}

std::vector<at::Tensor> Gradients(const nn::Module& model) {
  std::vector<at::Tensor> out;
  for (const auto& [name, tensor] : model.NamedParameters()) {
    out.push_back(tensor.grad());
  }
  return out;
}

void ExpectSame(const std::vector<at::Tensor>& a,
                const std::vector<at::Tensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    ASSERT_TRUE(a[i].defined()) << i;
    EXPECT_TRUE(at::equal(a[i], b[i])) << i;
  }
}

std::string ErrorOf(const std::function<void()>& f) {
  try {
    f();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

class CheckpointTest : public ::testing::Test {
 protected:
  void SetUp() override {
    at::set_num_threads(1);
    ASSERT_TRUE(InstallSavedTensorHooksEngine().ok());
    Stack plain;
    Loss(plain, Input()).backward();
    wanted_ = Gradients(plain);
  }

  std::shared_ptr<CheckpointInterceptor> Attach(
      nn::Module& module, CheckpointOptions options = {}) {
    auto checkpoint = std::make_shared<CheckpointInterceptor>(options);
    module.AddInterceptor(checkpoint);
    return checkpoint;
  }

  Stack model_;
  std::vector<at::Tensor> wanted_;
};

TEST_F(CheckpointTest, GradientsThroughDropoutAreBitwiseEqual) {
  auto a = Attach(*model_.blocks[0]);
  auto b = Attach(*model_.blocks[1]);
  Loss(model_, Input()).backward();
  ExpectSame(Gradients(model_), wanted_);
  EXPECT_EQ(a->recomputations(), 1);
  EXPECT_EQ(b->recomputations(), 1);
  EXPECT_EQ(model_.blocks[0]->forwards, 2);
}

TEST_F(CheckpointTest, TheRandomStateIsWhereItWas) {
  Attach(*model_.blocks[0]);
  at::Tensor loss = Loss(model_, Input());
  at::manual_seed(99);
  const at::Tensor wanted = at::rand({4});
  at::manual_seed(99);
  loss.backward();
  EXPECT_TRUE(at::equal(at::rand({4}), wanted));
}

TEST_F(CheckpointTest, WithoutRngStateDropoutDiffers) {
  CheckpointOptions options;
  options.preserve_rng_state = false;
  Attach(*model_.blocks[0], options);
  Loss(model_, Input()).backward();
  EXPECT_FALSE(at::equal(Gradients(model_)[0], wanted_[0]));
}

TEST_F(CheckpointTest, EarlyStopLeavesTheForwardUnfinished) {
  Attach(*model_.blocks[0]);
  CheckpointOptions whole;
  whole.early_stop = false;
  Attach(*model_.blocks[1], whole);
  Loss(model_, Input()).backward();
  ExpectSame(Gradients(model_), wanted_);
  EXPECT_EQ(model_.blocks[0]->finished, 1);
  EXPECT_EQ(model_.blocks[1]->finished, 2);
}

TEST_F(CheckpointTest, ActivationsAreDroppedAfterForwardAndAfterBackward) {
  at::Tensor kept = Loss(model_, Input());
  EXPECT_FALSE(model_.blocks[0]->activations[0].expired());
  Attach(*model_.blocks[0]);
  at::Tensor loss = Loss(model_, Input());
  EXPECT_TRUE(model_.blocks[0]->activations[1].expired());
  loss.backward();
  EXPECT_TRUE(model_.blocks[0]->activations[2].expired());
}

TEST_F(CheckpointTest, NestedCheckpointsAreCorrect) {
  auto outer = Attach(model_);
  auto first = Attach(*model_.blocks[0]);
  auto second = Attach(*model_.blocks[1]);
  Loss(model_, Input()).backward();
  ExpectSame(Gradients(model_), wanted_);
  EXPECT_EQ(outer->recomputations(), 1);
  EXPECT_EQ(first->recomputations(), 1);
  EXPECT_EQ(second->recomputations(), 1);
}

TEST_F(CheckpointTest, CheckpointInsideACheckpointOfTheSameModule) {
  Attach(*model_.blocks[1]);
  Attach(*model_.blocks[1]);
  Loss(model_, Input()).backward();
  ExpectSame(Gradients(model_), wanted_);
}

TEST_F(CheckpointTest, EachBackwardOfARetainedGraphRecomputes) {
  auto a = Attach(*model_.blocks[0]);
  at::Tensor loss = Loss(model_, Input());
  loss.backward({}, /*retain_graph=*/true);
  for (auto& [name, tensor] : model_.NamedParameters()) {
    tensor.mutable_grad() = at::Tensor();
  }
  loss.backward();
  ExpectSame(Gradients(model_), wanted_);
  EXPECT_EQ(a->recomputations(), 2);
}

TEST_F(CheckpointTest, InputGradientsFlow) {
  Attach(*model_.blocks[0]);
  Stack plain;
  at::Tensor x = Input().set_requires_grad(true);
  at::Tensor y = Input().set_requires_grad(true);
  Loss(plain, x).backward();
  Loss(model_, y).backward();
  EXPECT_TRUE(at::equal(x.grad(), y.grad()));
}

TEST_F(CheckpointTest, NothingHappensWithGradModeOff) {
  auto a = Attach(*model_.blocks[0]);
  {
    at::NoGradGuard no_grad;
    Loss(model_, Input());
  }
  EXPECT_EQ(model_.blocks[0]->forwards, 1);
  EXPECT_EQ(a->recomputations(), 0);
}

TEST_F(CheckpointTest, DisabledPassesThrough) {
  auto a = Attach(*model_.blocks[0]);
  a->set_enabled(false);
  Loss(model_, Input()).backward();
  ExpectSame(Gradients(model_), wanted_);
  EXPECT_EQ(a->recomputations(), 0);
}

TEST_F(CheckpointTest, AFrozenModuleIsNotRecomputed) {
  auto a = Attach(*model_.blocks[0]);
  for (auto& [name, tensor] : model_.blocks[0]->NamedParameters()) {
    tensor.set_requires_grad(false);
  }
  Loss(model_, Input()).backward();
  EXPECT_EQ(a->recomputations(), 0);
}

TEST_F(CheckpointTest, UnneededHoldersDontCountAgainstTheCheck) {
  // Only the first block's bias wants a gradient.
  auto a = Attach(*model_.blocks[0]);
  Attach(*model_.blocks[1]);
  for (auto& [name, tensor] : model_.NamedParameters()) {
    tensor.set_requires_grad(name == "0.first.bias");
  }
  Loss(model_, Input()).backward();
  EXPECT_TRUE(at::equal(model_.NamedParameters()[2].second.grad(), wanted_[2]));
  EXPECT_EQ(model_.NamedParameters()[2].first, "0.first.bias");
  EXPECT_EQ(a->recomputations(), 1);
}

TEST_F(CheckpointTest, ParametersAreReadWhenBackwardComes) {
  Attach(*model_.blocks[0]);
  Attach(*model_.blocks[1]);
  at::Tensor loss = Loss(model_, Input());
  // What a sharding engine does in between: the memory goes and comes back
  // elsewhere.
  for (auto& [name, tensor] : model_.NamedParameters()) {
    at::Tensor copy = tensor.detach().clone();
    {
      at::NoGradGuard no_grad;
      tensor.detach().view({-1}).data_ptr<float>()[0] = NAN;
    }
    tensor.set_data(copy);
  }
  loss.backward();
  ExpectSame(Gradients(model_), wanted_);
}

TEST_F(CheckpointTest, AParameterChangedInPlaceIsAnError) {
  Attach(*model_.blocks[0]);
  at::Tensor loss = Loss(model_, Input());
  {
    at::NoGradGuard no_grad;
    model_.blocks[0]->NamedParameters()[0].second.mul_(2);
  }
  EXPECT_EQ(ErrorOf([&] { loss.backward(); }),
            "checkpoint: a parameter was changed in place between forward and "
            "backward; run the forward again");
}

TEST_F(CheckpointTest, ADifferentNumberOfTensorsIsAnError) {
  Attach(*model_.blocks[0]);
  model_.blocks[0]->change = [](int index, at::Tensor hidden) {
    return index == 0 ? hidden.sin().cos() : hidden;
  };
  at::Tensor loss = Loss(model_, Input());
  const std::string error = ErrorOf([&] { loss.backward(); });
  EXPECT_EQ(error,
            "checkpoint: recomputing Block saved a different number of tensors "
            "than its forward: 8 in the forward, 6 in the recomputation; the "
            "forward must do the same work each time");
}

TEST_F(CheckpointTest, MoreTensorsAreAnErrorWithoutEarlyStop) {
  CheckpointOptions whole;
  whole.early_stop = false;
  Attach(*model_.blocks[0], whole);
  model_.blocks[0]->change = [](int index, at::Tensor hidden) {
    return index == 1 ? hidden.sin().cos() : hidden;
  };
  at::Tensor loss = Loss(model_, Input());
  EXPECT_NE(ErrorOf([&] {
              loss.backward();
            }).find("6 in the forward, 8 in the recomputation"),
            std::string::npos);
}

TEST_F(CheckpointTest, DifferentMetadataIsAnError) {
  Attach(*model_.blocks[0]);
  model_.blocks[0]->change = [](int index, at::Tensor hidden) {
    // sin saves its input: of another shape the second time.
    at::Tensor extra = hidden.narrow(0, 0, index == 0 ? 4 : 2).sin();
    return hidden + extra.sum();
  };
  at::Tensor loss = Loss(model_, Input());
  const std::string error = ErrorOf([&] { loss.backward(); });
  EXPECT_NE(error.find("checkpoint: recomputing Block saved tensors with "
                       "different metadata than its forward: tensor "),
            std::string::npos)
      << error;
  EXPECT_NE(error.find("is Float[2, 8] on cpu and was Float[4, 8] on cpu"),
            std::string::npos)
      << error;
}

TEST_F(CheckpointTest, MetadataIsNotComparedWhenToldSo) {
  CheckpointOptions options;
  options.determinism_check = false;
  Attach(*model_.blocks[0], options);
  model_.blocks[0]->change = [](int index, at::Tensor hidden) {
    return index == 0 ? hidden : hidden.to(at::kDouble).to(at::kFloat);
  };
  Loss(model_, Input()).backward();
  ExpectSame(Gradients(model_), wanted_);
}

TEST_F(CheckpointTest,
       AnExceptionInsideTheRecomputationComesOutAndLeavesNothing) {
  auto a = Attach(*model_.blocks[0]);
  model_.blocks[0]->inside = [](int index) {
    if (index == 1) throw std::runtime_error("out of luck");
  };
  at::Tensor loss = Loss(model_, Input());
  EXPECT_EQ(ErrorOf([&] { loss.backward({}, /*retain_graph=*/true); }),
            "out of luck");
  EXPECT_TRUE(at::GradMode::is_enabled());
  // Saving outside is ordinary again, and a fresh step works.
  for (auto& [name, tensor] : model_.NamedParameters()) {
    tensor.mutable_grad() = at::Tensor();
  }
  Loss(model_, Input()).backward();
  ExpectSame(Gradients(model_), wanted_);
  EXPECT_EQ(a->recomputations(), 2);
}

TEST_F(CheckpointTest, AnExceptionInTheForwardLeavesNothing) {
  Attach(*model_.blocks[0]);
  model_.blocks[0]->inside = [](int index) {
    if (index == 0) throw std::runtime_error("no");
  };
  EXPECT_EQ(ErrorOf([&] { Loss(model_, Input()); }), "no");
  Loss(model_, Input()).backward();
  ExpectSame(Gradients(model_), wanted_);
}

TEST_F(CheckpointTest, OtherInterceptorsCanStandOnBothSides) {
  class Pass : public nn::Interceptor {
   public:
    int calls = 0;
    Tensors Intercept(nn::Module&, Tensors inputs, const Next& next) override {
      ++calls;
      return next(std::move(inputs));
    }
  };
  auto outside = std::make_shared<Pass>(), within = std::make_shared<Pass>();
  model_.blocks[0]->AddInterceptor(outside);
  Attach(*model_.blocks[0]);
  model_.blocks[0]->AddInterceptor(within);
  Loss(model_, Input()).backward();
  ExpectSame(Gradients(model_), wanted_);
  EXPECT_EQ(outside->calls, 1);
  EXPECT_EQ(within->calls, 2);
}

TEST_F(CheckpointTest, AutogradGradWorksToo) {
  Attach(*model_.blocks[0]);
  at::Tensor loss = Loss(model_, Input());
  const at::Tensor weight =
      model_.blocks[0]->FindModule("first")->NamedParameters()[0].second;
  const auto grads = torch::autograd::grad({loss}, {weight});
  EXPECT_TRUE(at::equal(grads[0], wanted_[1]));
}

TEST(SavedTensorHooksTest, InstallsOnce) {
  EXPECT_TRUE(InstallSavedTensorHooksEngine().ok());
  EXPECT_TRUE(InstallSavedTensorHooksEngine().ok());
  EXPECT_TRUE(SavedTensorHooksEngineInstalled());
}

TEST(SavedTensorHooksTest, TheInnermostGuardIsAsked) {
  ASSERT_TRUE(InstallSavedTensorHooksEngine().ok());
  struct Kept : PackedTensor {
    at::Tensor tensor;
    at::Tensor Unpack() override { return tensor; }
  };
  struct Count : SavedTensorHooks {
    int packed = 0;
    std::unique_ptr<PackedTensor> Pack(const at::Tensor& tensor) override {
      ++packed;
      auto kept = std::make_unique<Kept>();
      kept->tensor = tensor.detach() * 2;
      return kept;
    }
  } outer, inner;
  at::Tensor x = at::ones({3}).set_requires_grad(true);
  at::Tensor y;
  {
    SavedTensorHooksGuard a(&outer);
    {
      SavedTensorHooksGuard b(&inner);
      y = x.sin();
    }
  }
  at::Tensor z = x.sin();
  EXPECT_EQ(outer.packed, 0);
  EXPECT_EQ(inner.packed, 1);
  y.sum().backward();
  EXPECT_TRUE(at::allclose(x.grad(), at::ones({3}).mul(2).cos()));
}

}  // namespace
}  // namespace fts::recompute
