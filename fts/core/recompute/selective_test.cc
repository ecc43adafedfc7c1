// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What a checkpoint may keep, and what lies around it: save lists, offload,
// autocast, the debug log, memory.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <gtest/gtest.h>

#include <functional>

#include "fts/core/nn/attention.h"
#include "fts/core/nn/init.h"
#include "fts/core/nn/linear.h"
#include "fts/core/nn/module.h"
#include "fts/core/recompute/checkpoint.h"
#include "fts/core/recompute/offload.h"
#include "fts/core/recompute/saved_outputs.h"
#include "fts/core/recompute/saved_tensor_hooks.h"

namespace fts::recompute {
namespace {

using nn::Tensors;

constexpr int64_t kDim = 16, kHeadDim = 8, kLength = 64;

// Attention with dropout after it, and a feed-forward.
class Block : public nn::Module {
 public:
  Block()
      : qkv_(AddModule("qkv",
                       std::make_shared<nn::Linear>(kDim, 3 * kDim, false))),
        up_(AddModule("up",
                      std::make_shared<nn::Linear>(kDim, 4 * kDim, true))),
        down_(AddModule("down",
                        std::make_shared<nn::Linear>(4 * kDim, kDim, false))) {
    nn::InitParameters(*this, 0.3, 5);
  }
  std::string ClassName() const override { return "Block"; }
  at::Tensor Parameter(const std::string& name) const {
    for (const auto& [other, tensor] : NamedParameters()) {
      if (other == name) return tensor;
    }
    return {};
  }

  int forwards = 0;
  std::function<at::Tensor(int, at::Tensor)> change = [](int, at::Tensor x) {
    return x;
  };

 protected:
  Tensors Forward(Tensors inputs) override {
    const int index = forwards++;
    const auto parts = (*qkv_)(inputs[0]).split(kDim, -1);
    const at::Tensor attended = nn::JoinHeads(nn::CausalAttention(
        nn::SplitHeads(parts[0], kHeadDim), nn::SplitHeads(parts[1], kHeadDim),
        nn::SplitHeads(parts[2], kHeadDim)));
    const at::Tensor x = inputs[0] + at::dropout(attended, 0.3, /*train=*/true);
    return {x + (*down_)(at::gelu(change(index, (*up_)(x))))};
  }

 private:
  std::shared_ptr<nn::Linear> qkv_, up_, down_;
};

at::Tensor Input() {
  at::Tensor x = at::empty({2, kLength, kDim});
  nn::InitNormal(x, 1.0, 3, "input");
  return x.set_requires_grad(true);
}

at::Tensor Loss(Block& block, const at::Tensor& x) {
  at::manual_seed(11);
  return block(x).pow(2).sum();
}

struct Result {
  std::vector<at::Tensor> gradients;  // of the input, then the parameters
  int64_t kept = 0;                   // bytes alive after the forward
};

// Bytes that this thread's CPU allocations hold.
class Bytes : public c10::MemoryReportingInfoBase {
 public:
  int64_t now = 0;
  void reportMemoryUsage(void*, int64_t size, size_t, size_t,
                         c10::Device) override {
    now += size;
  }
  bool memoryProfilingEnabled() const override { return true; }
};

// One forward and backward of a block that `attach` prepares.
Result RunBlock(const std::function<void(Block&)>& attach,
                const std::function<void(Block&)>& between = nullptr) {
  Block block;
  attach(block);
  const at::Tensor x = Input();
  const auto bytes = std::make_shared<Bytes>();
  c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, bytes);
  Result out;
  const int64_t before = bytes->now;
  const at::Tensor loss = Loss(block, x);
  out.kept = bytes->now - before;
  if (between) between(block);
  loss.backward();
  out.gradients = {x.grad()};
  for (const auto& [name, tensor] : block.NamedParameters()) {
    out.gradients.push_back(tensor.grad());
  }
  return out;
}

std::function<void(Block&)> With(CheckpointOptions options) {
  return [options](Block& block) {
    block.AddInterceptor(std::make_shared<CheckpointInterceptor>(options));
  };
}

CheckpointOptions Save(bool matmul, bool attention) {
  CheckpointOptions options;
  options.save_matmul = matmul;
  options.save_attention = attention;
  return options;
}

void ExpectSame(const Result& a, const Result& b) {
  ASSERT_EQ(a.gradients.size(), b.gradients.size());
  for (size_t i = 0; i < a.gradients.size(); ++i) {
    EXPECT_TRUE(at::equal(a.gradients[i], b.gradients[i])) << i;
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

class SelectiveTest : public ::testing::Test {
 protected:
  void SetUp() override {
    at::set_num_threads(1);
    ASSERT_TRUE(InstallSavedTensorHooksEngine().ok());
    plain_ = RunBlock([](Block&) {});
  }
  Result plain_;
};

TEST_F(SelectiveTest, GradientsAreBitwiseEqualAndSavedOperatorsRunOnce) {
  const struct {
    bool matmul, attention;
    int64_t reused;  // qkv, attention, up; nothing needs what down made
  } cases[] = {
      {false, false, 0}, {true, false, 2}, {false, true, 1}, {true, true, 3}};
  for (const auto& c : cases) {
    const int64_t before = OutputsReused();
    ExpectSame(RunBlock(With(Save(c.matmul, c.attention))), plain_);
    EXPECT_EQ(OutputsReused() - before, c.reused);
  }
  // Without an early stop `down` is reached, and is there.
  CheckpointOptions whole = Save(true, true);
  whole.early_stop = false;
  const int64_t before = OutputsReused();
  ExpectSame(RunBlock(With(whole)), plain_);
  EXPECT_EQ(OutputsReused() - before, 4);
}

// A second run of the operator would read what we put into its weight, without
// autograd's notice, after the forward.
TEST_F(SelectiveTest, ASavedOperatorDoesNotReadItsWeightAgain) {
  const auto spoil = [](Block& block) {
    const at::Tensor bias = block.Parameter("up.bias");
    bias.data_ptr<float>()[0] = NAN;
  };
  const Result saved = RunBlock(With(Save(true, true)), spoil);
  ExpectSame(saved, plain_);
  const Result full = RunBlock(With({}), spoil);
  EXPECT_TRUE(at::isnan(full.gradients.back()).any().item<bool>());
}

TEST_F(SelectiveTest, MemoryLiesBetweenFullAndNone) {
  const int64_t full = RunBlock(With({})).kept;
  const int64_t attention = RunBlock(With(Save(false, true))).kept;
  const int64_t both = RunBlock(With(Save(true, true))).kept;
  EXPECT_LT(full, attention);
  EXPECT_LT(attention, both);
  EXPECT_LT(both, plain_.kept);
  // The attention's output and one number per row and head.
  const int64_t rows = 2 * kLength * int64_t{sizeof(float)};
  EXPECT_NEAR(attention - full, rows * (kDim + kDim / kHeadDim), 512);
  // qkv and up; not down.
  EXPECT_NEAR(both - attention, rows * (3 + 4) * kDim, 512);
}

TEST_F(SelectiveTest, EachBackwardOfARetainedGraphReuses) {
  Block block;
  With(Save(true, true))(block);
  const at::Tensor x = Input();
  const at::Tensor loss = Loss(block, x);
  const int64_t before = OutputsReused();
  loss.backward({}, /*retain_graph=*/true);
  const at::Tensor first = x.grad().clone();
  x.mutable_grad() = at::Tensor();
  loss.backward();
  EXPECT_TRUE(at::equal(x.grad(), first));
  EXPECT_EQ(OutputsReused() - before, 6);
}

TEST_F(SelectiveTest, NestedInEitherOrder) {
  for (const bool outer : {false, true}) {
    ExpectSame(RunBlock([&](Block& block) {
                 With(outer ? Save(true, true) : CheckpointOptions())(block);
                 With(outer ? CheckpointOptions() : Save(true, true))(block);
               }),
               plain_);
  }
}

TEST_F(SelectiveTest, ASavedOutputChangedInPlaceIsAnError) {
  Block block;
  With(Save(true, false))(block);
  block.change = [](int, at::Tensor x) { return x.mul_(2); };
  const at::Tensor loss = Loss(block, Input());
  EXPECT_EQ(ErrorOf([&] { loss.backward(); }),
            "checkpoint: recomputing Block: operator aten::addmm has an output "
            "that act_ckpt saves and that was changed in place afterwards; "
            "change a copy, or take the operator out of `save`");
}

TEST_F(SelectiveTest, AnotherOperatorIsAnError) {
  Block block;
  With(Save(true, false))(block);
  block.change = [](int index, at::Tensor x) {
    const at::Tensor weight = at::eye(4 * kDim);
    if (index == 0) return x.reshape({-1, 4 * kDim}).mm(weight).view_as(x);
    return at::bmm(x, weight.expand({2, 4 * kDim, 4 * kDim}));
  };
  const at::Tensor loss = Loss(block, Input());
  EXPECT_EQ(ErrorOf([&] { loss.backward(); }),
            "checkpoint: recomputing Block: operator aten::bmm runs where the "
            "forward ran aten::mm; the forward must do the same work each "
            "time");
}

TEST_F(SelectiveTest, DebugSaysWhereTheOperatorsPart) {
  Block block;
  CheckpointOptions options;
  options.debug = true;
  With(options)(block);
  block.change = [](int index, at::Tensor x) {
    return index == 0 ? x.sin().cos() : x.tanh();
  };
  const at::Tensor loss = Loss(block, Input());
  const std::string error = ErrorOf([&] { loss.backward(); });
  EXPECT_NE(error.find("checkpoint: recomputing Block saved a different number "
                       "of tensors than its forward: "),
            std::string::npos)
      << error;
  EXPECT_NE(error.find("; they part at operator "), std::string::npos) << error;
  EXPECT_NE(error.find(": the forward ran aten::sin, the recomputation "
                       "aten::tanh; the forward must do the same work each "
                       "time"),
            std::string::npos)
      << error;
  ExpectSame(RunBlock(With(options)), plain_);
}

TEST_F(SelectiveTest, NothingIsRecordedWhereNothingRequiresGrad) {
  Block block;
  auto checkpoint =
      std::make_shared<CheckpointInterceptor>(Save(true, true), "block");
  block.AddInterceptor(checkpoint);
  for (auto& [name, tensor] : block.NamedParameters()) {
    tensor.set_requires_grad(false);
  }
  const auto bytes = std::make_shared<Bytes>();
  c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, bytes);
  const at::Tensor x = Input().detach();
  const int64_t before = bytes->now;
  const at::Tensor out = block(x);
  EXPECT_EQ(bytes->now - before, static_cast<int64_t>(x.nbytes()));
  EXPECT_FALSE(out.requires_grad());
}

// ---- Offload ---------------------------------------------------------------

TEST_F(SelectiveTest, OffloadComputesOnceAndNeverCountsParameters) {
  auto offload = std::make_shared<OffloadInterceptor>();
  int forwards = 0;
  const Result got =
      RunBlock([&](Block& block) { block.AddInterceptor(offload); },
               [&](Block& block) { forwards = block.forwards; });
  ExpectSame(got, plain_);
  EXPECT_EQ(forwards, 1);
  EXPECT_EQ(offload->bytes().moved, 0);  // everything is on the host
  EXPECT_GT(offload->bytes().on_host, 0);
  // The transposed weights of the three layers, for the inputs' gradients.
  EXPECT_EQ(offload->bytes().parameters,
            (3 + 4 + 4) * kDim * kDim * int64_t{sizeof(float)});
}

TEST_F(SelectiveTest, OffloadKeepsFrozenWeightsByReference) {
  auto offload = std::make_shared<OffloadInterceptor>();
  RunBlock([&](Block& block) {
    block.AddInterceptor(offload);
    for (auto& [name, tensor] : block.NamedParameters()) {
      if (name != "up.bias") tensor.set_requires_grad(false);
    }
  });
  EXPECT_EQ(offload->bytes().parameters,
            (3 + 4 + 4) * kDim * kDim * int64_t{sizeof(float)});
}

TEST_F(SelectiveTest, OffloadSeesAChangeInPlace) {
  Block block;
  block.AddInterceptor(std::make_shared<OffloadInterceptor>("layers.0"));
  const at::Tensor loss = Loss(block, Input());
  {
    at::NoGradGuard no_grad;
    block.Parameter("down.weight").mul_(2);
  }
  EXPECT_EQ(ErrorOf([&] { loss.backward(); }),
            "offload: layers.0: a parameter was changed in place between "
            "forward and backward; run the forward again");
}

TEST_F(SelectiveTest, OffloadInsideAndOutsideACheckpoint) {
  for (const bool outside : {false, true}) {
    ExpectSame(RunBlock([&](Block& block) {
                 if (outside) {
                   block.AddInterceptor(std::make_shared<OffloadInterceptor>());
                 }
                 With({})(block);
                 if (!outside) {
                   block.AddInterceptor(std::make_shared<OffloadInterceptor>());
                 }
               }),
               plain_);
  }
}

// ---- Autocast --------------------------------------------------------------

struct Autocast {
  Autocast() {
    at::autocast::set_autocast_enabled(at::kCPU, true);
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
    at::autocast::increment_nesting();
  }
  ~Autocast() {
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCPU, false);
  }
};

// Two steps: casts of weights that a recomputation kept must not live on.
TEST_F(SelectiveTest, AutocastIsRestoredAndItsCastsDoNotOutliveAStep) {
  const auto train = [](const std::function<void(Block&)>& attach) {
    Block block;
    attach(block);
    at::Tensor x = Input();
    for (int step = 0; step < 3; ++step) {
      at::Tensor loss;
      {
        Autocast autocast;
        loss = Loss(block, x);
      }
      loss.backward();
      at::NoGradGuard no_grad;
      for (auto& [name, tensor] : block.NamedParameters()) {
        tensor.add_(tensor.grad(), -1e-4);
        tensor.mutable_grad() = at::Tensor();
      }
    }
    EXPECT_FALSE(at::autocast::is_autocast_enabled(at::kCPU));
    return Result{{block.Parameter("qkv.weight").detach(),
                   block.Parameter("up.bias").detach()}};
  };
  const Result plain = train([](Block&) {});
  ASSERT_TRUE(at::isfinite(plain.gradients[0]).all().item<bool>());
  ExpectSame(train(With({})), plain);
  ExpectSame(train(With(Save(true, true))), plain);
  ExpectSame(train([](Block& block) {
               block.AddInterceptor(std::make_shared<OffloadInterceptor>());
             }),
             plain);
}

}  // namespace
}  // namespace fts::recompute
