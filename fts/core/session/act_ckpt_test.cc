// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Activation checkpointing as a plan asks for it: every mode leaves every bit
// of the gradients as it was, costs what it should, and composes with sharding.
#include <ATen/ops/arange.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/zeros.h>
#include <arpa/inet.h>
#include <c10/core/GradMode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <torch/csrc/autograd/custom_function.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "fts/core/comm/testing/rank_threads.h"
#include "fts/core/nn/attention.h"
#include "fts/core/nn/describe.h"
#include "fts/core/nn/embedding.h"
#include "fts/core/nn/linear.h"
#include "fts/core/nn/loss.h"
#include "fts/core/recompute/saved_outputs.h"
#include "fts/core/session/session.h"
#include "fts/core/session/testing/toy_model.h"

extern char** environ;

namespace fts::testing {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;
using recompute::OutputsReused;
using ::testing::ElementsAre;
using Values = std::map<std::string, at::Tensor>;

constexpr int64_t kWidth = 8, kHeads = 2;

// Attention, dropout and a feed-forward.
class Block : public nn::Module {
 public:
  Block()
      : qkv_(AddModule("qkv", std::make_shared<nn::Linear>(kWidth, 3 * kWidth,
                                                           /*bias=*/false))),
        up_(AddModule("up",
                      std::make_shared<nn::Linear>(kWidth, 2 * kWidth, true))),
        down_(AddModule(
            "down", std::make_shared<nn::Linear>(2 * kWidth, kWidth, true))) {}
  std::string ClassName() const override { return "Block"; }
  int forwards = 0;
  double dropout = 0;
  std::function<at::Tensor(int, at::Tensor)> change = [](int, at::Tensor x) {
    return x;
  };

 protected:
  nn::Tensors Forward(nn::Tensors inputs) override {
    const int index = forwards++;
    const auto parts = (*qkv_)(inputs[0]).split(kWidth, -1);
    const int64_t dim = kWidth / kHeads;
    at::Tensor x = nn::JoinHeads(nn::CausalAttention(
        nn::SplitHeads(parts[0], dim), nn::SplitHeads(parts[1], dim),
        nn::SplitHeads(parts[2], dim)));
    x = inputs[0].add(dropout > 0 ? at::dropout(x, dropout, true) : x);
    return {x.add((*down_)(at::gelu(change(index, (*up_)(x)))))};
  }

 private:
  std::shared_ptr<nn::Linear> qkv_, up_, down_;
};

class Model : public nn::Module {
 public:
  explicit Model(double dropout = 0) {
    emb_ = AddModule("emb", std::make_shared<nn::Embedding>(kVocab, kWidth));
    const auto layers = AddModule("layers", std::make_shared<nn::ModuleList>());
    for (int i = 0; i < 4; ++i) {
      blocks.push_back(std::make_shared<Block>());
      blocks.back()->dropout = dropout;
      layers->Append(blocks.back());
    }
    head_ =
        AddModule("head", std::make_shared<nn::Linear>(kWidth, kVocab, false));
  }
  std::string ClassName() const override { return "Model"; }

  std::vector<std::shared_ptr<Block>> blocks;
  // How a block is called.
  std::function<at::Tensor(Block&, at::Tensor)> run =
      [](Block& block, at::Tensor x) { return block(x); };

 protected:
  nn::Tensors Forward(nn::Tensors inputs) override {
    at::Tensor x = (*emb_)(inputs[0]);
    for (const auto& block : blocks) x = run(*block, x);
    return {(*head_)(x)};
  }

 private:
  std::shared_ptr<nn::Embedding> emb_;
  std::shared_ptr<nn::Linear> head_;
};

absl::Status LoadSines(const std::string& name, int64_t begin, int64_t end,
                       at::Tensor dst) {
  at::Tensor values = at::arange(begin, end, at::kDouble).mul(12.9898);
  dst.copy_(values.add(static_cast<double>(name.size())).sin().mul(0.4));
  return absl::OkStatus();
}

// One rank with everything thawed.
struct Rank {
  Rank(const Ranks& ranks, const std::string& strategy, double dropout = 0,
       const PrecisionSpec& precision = {})
      : model(dropout), rank(ranks.rank()), world(ranks.size()) {
    ToyOptions options;
    options.plan = false;
    options.strategy = strategy;
    options.phases = {"[head.*]", "['layers.3.*']",
                      "['layers.[0-2].*', emb.*]"};
    options.precision = precision;
    Diagnostics diags;
    auto made = Session::Create(
        PartsOf(model), MakeSessionOptions(model, options), ranks, &diags);
    if (!made.ok()) std::fprintf(stderr, "%s\n", diags.ToString().c_str());
    session = *std::move(made);
    EXPECT_TRUE(session->Load(LoadSines).ok());
  }

  at::Tensor Loss(int64_t sample = 0) {
    const at::Tensor tokens =
        at::arange(2 * 6, at::kLong).view({2, 6}).mul(7).add(sample + rank);
    const nn::LossSum loss =
        nn::SumCrossEntropy(model(tokens.remainder(kVocab)),
                            tokens.mul(3).add(1).remainder(kVocab));
    return loss.sum.div(12.0 * world);
  }

  // As a run would come to its last phase, without a step.
  void Start() {
    EXPECT_TRUE(session->RunStart().ok());
    for (int64_t epoch = 0; epoch < 3; ++epoch) {
      EXPECT_TRUE(session->EpochStart(epoch).ok());
      if (epoch < 2) {
        EXPECT_TRUE(session->EpochEnd(epoch).ok());
      }
    }
  }

  absl::Status TrainStep() {
    return session
        ->TrainStep(
            1, [&](int64_t) -> absl::StatusOr<at::Tensor> { return Loss(); })
        .status();
  }

  // Of one backward, gathered to full size, by name.
  Values Gradients() {
    auto& engine = session->engine();
    for (int phase = 0; phase < 3; ++phase) engine.Thaw(phase);
    at::manual_seed(7 + rank);
    Loss().backward();
    EXPECT_TRUE(engine.CompleteGradients().ok());
    Values out;
    for (const auto& segment : engine.segments()) {
      at::Tensor full = segment->grad();
      if (segment->sharded()) {
        full = at::zeros({segment->padded()}, segment->grad().scalar_type());
        full.slice(0, segment->begin(),
                   segment->begin() + segment->grad().numel())
            .copy_(segment->grad());
        EXPECT_TRUE(
            (*engine.context().gather->AllGatherInPlace(full))->Wait().ok());
      }
      for (const auto& leaf : segment->leaves()) {
        out[leaf->name()] = leaf->RangeOf(full).clone();
      }
    }
    return out;
  }

  std::vector<int> TakeForwards() {
    std::vector<int> out;
    for (const auto& block : model.blocks) {
      out.push_back(std::exchange(block->forwards, 0));
    }
    return out;
  }

  Model model;
  const int rank, world;
  std::unique_ptr<Session> session;
};

std::string PlanOf(const std::string& block_options) {
  return "fsdp_plan: {'layers.\\d*$': " + block_options + ", head: {}}\n";
}

void ExpectSameBits(const Values& got, const Values& want) {
  ASSERT_EQ(got.size(), want.size());
  for (const auto& [name, value] : want) {
    EXPECT_TRUE(at::equal(got.at(name), value)) << name;
  }
}

const char* const kModes[] = {
    "{act_ckpt: composable}",
    "{act_ckpt: wrapped}",
    "{act_ckpt: wrapped_offload}",
    "{act_ckpt: [composable, {every: 2}]}",
    "{act_ckpt: [composable, {save: [matmul]}]}",
    "{act_ckpt: [wrapped, {save: [attention]}]}",
    "{act_ckpt: [wrapped, {save: [matmul, attention], early_stop: false}]}",
    "{act_ckpt: [composable, {determinism_check: none, debug: true}]}",
    "{act_ckpt: composable, reshard_after_forward: false}",
    "{act_ckpt: wrapped_offload, reshard_after_forward: false}",
};

void ExpectEveryModeGivesTheSameBits(const Ranks& ranks, double dropout) {
  const Values want = Rank(ranks, PlanOf("{}"), dropout).Gradients();
  for (const char* mode : kModes) {
    SCOPED_TRACE(mode);
    Rank r(ranks, PlanOf(mode), dropout);
    ExpectSameBits(r.Gradients(), want);
    for (const auto& unit : r.session->engine().units()) {
      EXPECT_EQ(unit->gathered(), ranks.size() == 1) << unit->module();
    }
  }
  // The comparison sees a mask that is another one.
  if (dropout > 0) {
    Rank r(ranks,
           PlanOf("{act_ckpt: [composable, {preserve_rng_state: false}]}"),
           dropout);
    const Values other = r.Gradients();
    EXPECT_FALSE(at::equal(other.at("emb.weight"), want.at("emb.weight")));
  }
}

TEST(ActCkptTest, EveryModeGivesTheSameBits) {
  RunRanks(1, [](RankComms c) {
    ExpectEveryModeGivesTheSameBits(Ranks(c.first, c.second), 0.3);
  });
  RunRanks(2, [](RankComms c) {  // threads share one random generator
    ExpectEveryModeGivesTheSameBits(Ranks(c.first, c.second), 0);
  });
}

// Two processes, each with a random generator of its own. This test starts
// itself twice.
TEST(ActCkptTest, EveryModeGivesTheSameBitsThroughDropoutOnTwoRanks) {
  const char* const kRank = "FTS_ACT_CKPT_TEST_RANK";
  const char* const kPort = "FTS_ACT_CKPT_TEST_PORT";
  constexpr int kListenFd = 100;
  if (const char* rank = getenv(kRank)) {
    comm::LaunchEnvironment launch;
    launch.launched = true;
    launch.world_size = 2;
    launch.rank = std::atoi(rank);
    launch.master_port = std::atoi(getenv(kPort));
    if (launch.rank == 0) launch.listen_fd = kListenFd;
    const auto ranks = Ranks::Connect(launch, std::chrono::seconds(120));
    ASSERT_TRUE(ranks.ok()) << ranks.status();
    ExpectEveryModeGivesTheSameBits(*ranks, 0.3);
    EXPECT_TRUE(ranks->Barrier().ok());
    return;
  }
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(fd, 16), 0);
  ASSERT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ASSERT_EQ(dup2(fd, kListenFd), kListenFd);
  setenv("FTS_COMM", "gloo", 1);  // units are gathered and released
  for (const char* ours : {"XML_OUTPUT_FILE", "TEST_PREMATURE_EXIT_FILE"}) {
    unsetenv(ours);
  }
  setenv(kPort, std::to_string(ntohs(address.sin_port)).c_str(), 1);
  char program[] = "/proc/self/exe";
  char filter[] =
      "--gtest_filter="
      "ActCkptTest.EveryModeGivesTheSameBitsThroughDropoutOnTwoRanks";
  char* const arguments[] = {program, filter, nullptr};
  std::vector<pid_t> children(2);
  for (int rank = 0; rank < 2; ++rank) {
    setenv(kRank, std::to_string(rank).c_str(), 1);
    ASSERT_EQ(posix_spawn(&children[rank], program, nullptr, nullptr, arguments,
                          environ),
              0);
  }
  unsetenv(kRank);
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
  close(fd);
  close(kListenFd);
}

TEST(ActCkptTest, ForOneEntryAsDefaultAndOff) {
  const struct {
    const char* plan;
    std::vector<int> forwards;
    int64_t reused;
  } cases[] = {
      {"fsdp_default_kwargs: {act_ckpt: composable}\n"
       "fsdp_plan: {layers.1: {act_ckpt: null}, 'layers.\\d*$': {}, head: {}}",
       // The later entry matches layers.1 too and replaces what was said.
       {2, 2, 2, 2},
       0},
      {"fsdp_default_kwargs: {act_ckpt: composable}\n"
       "fsdp_plan: {'layers.\\d*$': {}, layers.1: {act_ckpt: null}, head: {}}",
       {2, 1, 2, 2},
       0},
      {"fsdp_plan: {'layers.\\d*$': {}, layers.1: {act_ckpt: wrapped}}",
       {1, 2, 1, 1},
       0},
      {"fsdp_default_kwargs: {act_ckpt: [composable, {every: 2}]}\n"
       "fsdp_plan: {'layers.\\d*$': {}, head: {}}",
       {1, 2, 1, 2},
       0},
      {"fsdp_default_kwargs: {act_ckpt: [wrapped, {every: 3, save: "
       "[attention]}]}\n"
       "fsdp_plan: {'layers.\\d*$': {}, head: {act_ckpt: null}}",
       {1, 1, 2, 1},
       1},
      {"fsdp_default_kwargs: {act_ckpt: wrapped_offload}\n"
       "fsdp_plan: {'layers.\\d*$': {}, head: {}}",
       {1, 1, 1, 1},
       0},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.plan);
    RunRanks(1, [&](RankComms comms) {
      Rank r(Ranks(comms.first, comms.second), c.plan);
      const int64_t before = OutputsReused();
      r.Gradients();
      EXPECT_EQ(r.TakeForwards(), c.forwards);
      EXPECT_EQ(OutputsReused() - before, c.reused);
    });
  }
}

// Nothing is run again in a phase that trains nothing below.
TEST(ActCkptTest, PhasesWithNothingToRecomputeSkipIt) {
  for (const int world : {1, 2}) {
    for (const char* mode : {"composable", "wrapped",
                             "[composable, {save: [matmul, attention]}]"}) {
      RunRanks(world, [&](RankComms comms) {
        Rank r(Ranks(comms.first, comms.second),
               PlanOf("{act_ckpt: " + std::string(mode) + "}"));
        std::vector<std::vector<int>> seen;
        for (int phase = 0; phase < 3; ++phase) {
          r.session->engine().Thaw(phase);
          r.Loss().backward();
          seen.push_back(r.TakeForwards());
        }
        EXPECT_THAT(
            seen, ElementsAre(ElementsAre(1, 1, 1, 1), ElementsAre(1, 1, 1, 2),
                              ElementsAre(2, 2, 2, 2)));
        // And in validation.
        EXPECT_TRUE(r.session
                        ->Evaluate([&]() -> absl::Status {
                          r.Loss();
                          return absl::OkStatus();
                        })
                        .ok());
        EXPECT_THAT(r.TakeForwards(), ElementsAre(1, 1, 1, 1));
      });
    }
  }
}

// A checkpoint outside of the sharding: the recomputation enters the unit's
// forward inside backward, with casts and all.
TEST(ActCkptTest, OutsideOfShardingItGathersOnceForBackward) {
  for (const bool mixed : {false, true}) {
    RunRanks(2, [&](RankComms comms) {
      const Ranks ranks(comms.first, comms.second);
      PrecisionSpec precision;
      if (mixed) precision.param = "bfloat16";
      const Values want = Rank(ranks, PlanOf("{}"), 0, precision).Gradients();
      for (const char* inside : {"{}", "{act_ckpt: composable}"}) {
        Rank r(ranks, PlanOf(inside), 0, precision);
        for (const auto& block : r.model.blocks) {
          block->PrependInterceptor(
              std::make_shared<recompute::CheckpointInterceptor>());
        }
        r.session->engine().trace().Enable(true);
        ExpectSameBits(r.Gradients(), want);
        EXPECT_THAT(r.TakeForwards(), ElementsAre(2, 2, 2, 2));
        std::map<std::string, int> gathers;
        for (const auto& event : r.session->engine().trace().Take()) {
          ++gathers[event];
        }
        for (int i = 0; i < 4; ++i) {
          EXPECT_EQ(gathers["all_gather layers." + std::to_string(i)], 2) << i;
        }
        for (const auto& unit : r.session->engine().units()) {
          EXPECT_FALSE(unit->gathered()) << unit->module();
        }
      }
    });
  }
}

TEST(ActCkptTest, NamesAreWhatTheyWere) {
  RunRanks(1, [&](RankComms comms) {
    Model fresh;
    const ModelDescription want = nn::Describe(fresh);
    for (const char* mode : kModes) {
      Rank r(Ranks(comms.first, comms.second), PlanOf(mode));
      const ModelDescription got = nn::Describe(r.model);
      ASSERT_EQ(got.modules.size(), want.modules.size());
      for (size_t i = 0; i < want.modules.size(); ++i) {
        EXPECT_EQ(got.modules[i].name, want.modules[i].name);
        EXPECT_EQ(got.modules[i].class_name, want.modules[i].class_name);
      }
      std::vector<std::string> exported;
      EXPECT_TRUE(
          r.session
              ->ForEachFull([&](const std::string& name, const at::Tensor&) {
                exported.push_back(name);
                return absl::OkStatus();
              })
              .ok());
      for (const ParameterInfo& parameter : want.parameters) {
        EXPECT_THAT(exported, ::testing::Contains(parameter.name));
      }
      EXPECT_EQ(exported.size(), want.parameters.size());
    }
  });
}

TEST(ActCkptTest, ADifferentForwardIsAnErrorThatNamesTheModule) {
  RunRanks(1, [&](RankComms comms) {
    Rank r(Ranks(comms.first, comms.second), PlanOf("{act_ckpt: composable}"));
    r.Start();
    Block& block = *r.model.blocks[1];
    block.change = [](int index, at::Tensor x) {
      return index == 0 ? x.sin().cos() : x;
    };
    EXPECT_THAT(std::string(r.TrainStep().message()),
                ::testing::MatchesRegex(
                    "checkpoint: recomputing layers.1 saved a different number "
                    "of tensors than its forward: [0-9]+ in the forward, "
                    "[0-9]+ in the recomputation; the forward must do the same "
                    "work each time"));
    r.TakeForwards();
    block.change = [](int index, at::Tensor x) {
      return index == 0 ? x : x.to(at::kDouble);
    };
    EXPECT_THAT(std::string(r.TrainStep().message()),
                ::testing::HasSubstr("checkpoint: recomputing layers.1"));
    block.change = [](int, at::Tensor x) { return x; };
    r.TakeForwards();
    EXPECT_TRUE(r.TrainStep().ok());
  });
}

TEST(ActCkptTest, AnEndedSessionLeavesNoCheckpointBehind) {
  RunRanks(1, [&](RankComms comms) {
    Rank r(Ranks(comms.first, comms.second), PlanOf("{act_ckpt: composable}"));
    r.Start();
    r.session.reset();
    r.Loss().backward();
    EXPECT_THAT(r.TakeForwards(), ElementsAre(1, 1, 1, 1));
  });
}

// ---- Backward within backward ----------------------------------------------

// What PyTorch calls a reentrant checkpoint: no graph in forward, and in
// backward a forward and a backward of its own.
struct Reentrant : torch::autograd::Function<Reentrant> {
  static at::Tensor forward(torch::autograd::AutogradContext* context,
                            at::Tensor x, int64_t block) {
    context->save_for_backward({x});
    context->saved_data["block"] = block;
    return (*reinterpret_cast<Block*>(block))(x);
  }
  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* context,
      torch::autograd::variable_list gradients) {
    at::Tensor x = context->get_saved_variables()[0].detach();
    x.set_requires_grad(true);
    c10::AutoGradMode grad_mode(true);
    const at::Tensor y =
        (*reinterpret_cast<Block*>(context->saved_data["block"].toInt()))(x);
    y.backward(gradients[0]);
    return {x.grad(), at::Tensor()};
  }
};

TEST(NestedBackwardTest, AUnitMayRunForwardAndBackwardInsideBackward) {
  for (const int world : {1, 2, 4}) {
    for (const char* options : {"{}", "{reshard_after_forward: false}"}) {
      RunRanks(world, [&](RankComms comms) {
        const Ranks ranks(comms.first, comms.second);
        const Values want = Rank(ranks, PlanOf(options)).Gradients();
        Rank r(ranks, PlanOf(options));
        r.model.run = [&](Block& block, at::Tensor x) {
          // Two nested ones with an ordinary one between them.
          return &block == r.model.blocks[1].get() ||
                         &block == r.model.blocks[3].get()
                     ? Reentrant::apply(x, reinterpret_cast<int64_t>(&block))
                     : block(x);
        };
        ExpectSameBits(r.Gradients(), want);
        EXPECT_THAT(r.TakeForwards(), ElementsAre(1, 2, 1, 2));
        for (const auto& unit : r.session->engine().units()) {
          EXPECT_EQ(unit->gathered(), world == 1) << unit->module();
        }
        // And the step after it.
        r.Start();
        EXPECT_TRUE(r.TrainStep().ok());
      });
    }
  }
}

}  // namespace
}  // namespace fts::testing
