// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What a rank along tp allocates in a step: norms keep a part of the sequence,
// and logits of the whole vocabulary never exist.
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "fts/core/nn/module.h"
#include "tests/tensor_parallel/llama_run.h"

namespace fts::testing {
namespace {

// Counts what this thread takes from torch's allocator while it lives.
class Counter : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, int64_t bytes, size_t, size_t,
                         c10::Device) override {
    live += bytes;
    peak = std::max(peak, live);
    largest = std::max(largest, bytes);
  }
  bool memoryProfilingEnabled() const override { return true; }

  int64_t live = 0, peak = 0, largest = 0;
};

class Counted {
 public:
  Counted()
      : counter_(std::make_shared<Counter>()),
        guard_(c10::DebugInfoKind::PROFILER_STATE, counter_) {}
  Counter* operator->() { return counter_.get(); }

 private:
  std::shared_ptr<Counter> counter_;
  c10::DebugInfoGuard guard_;
};

// What a module's call leaves behind: its result and what backward needs.
class Leaves : public nn::Interceptor {
 public:
  explicit Leaves(Counted* counted) : counted_(counted) {}
  nn::Tensors Intercept(nn::Module&, nn::Tensors inputs,
                        const Next& next) override {
    const int64_t before = (*counted_)->live;
    nn::Tensors outputs = next(inputs);
    bytes += (*counted_)->live - before;
    return outputs;
  }
  int64_t bytes = 0;

 private:
  Counted* counted_;
};

// Of rank 0, in a step that trains everything.
struct Seen {
  int64_t norms = 0;    // bytes that all norms leave behind
  int64_t largest = 0;  // of a single allocation
  int64_t peak = 0;
};

Seen Observe(LlamaRun run) {
  run.schedule = "0: {params: ['model.*'], max_transition_epoch: 1}\n";
  run.steps = {1};
  Seen seen;
  run.step = [&](Session& session, llama::Llama& model, int64_t step) {
    const bool look = session.engine().context().everyone->rank() == 0;
    const at::Tensor rows = LlamaTokens(run.model, step, run.sequences);
    Counted counted;
    const auto leaves = std::make_shared<Leaves>(&counted);
    for (const auto& [name, module] : model.NamedModules()) {
      if (look && module->ClassName() == "RMSNorm") {
        module->PrependInterceptor(leaves);
      }
    }
    const auto result =
        session.TrainStep(1, [&](int64_t) -> absl::StatusOr<at::Tensor> {
          const at::Tensor logits =
              model(rows.narrow(1, 0, kLlamaLength).contiguous());
          return session
              .TokenLoss(logits, rows.narrow(1, 1, kLlamaLength).contiguous())
              .sum;
        });
    ASSERT_TRUE(result.ok()) << result.status();
    if (!look) return;
    seen.norms = leaves->bytes;
    seen.largest = counted->largest;
    seen.peak = counted->peak;
  };
  RunLlama(run);
  return seen;
}

TEST(TensorParallelMemory, SequenceParallelDividesWhatNormsKeep) {
  LlamaRun run;
  run.tp = 1;
  const Seen whole = Observe(run);
  ASSERT_GT(whole.norms, 0);
  for (const int tp : {2, 4}) {
    run.tp = tp;
    run.sequence_parallel = true;
    EXPECT_EQ(Observe(run).norms * tp, whole.norms);
    run.sequence_parallel = false;
    EXPECT_EQ(Observe(run).norms, whole.norms);
  }
}

TEST(TensorParallelMemory, LossParallelNeverHoldsAllLogits) {
  LlamaRun run;
  run.model.vocab_size = 4096;
  const int64_t logits =
      run.sequences * kLlamaLength * run.model.vocab_size * 4;
  for (const int tp : {2, 4}) {
    run.tp = tp;
    run.loss_parallel = true;
    const Seen split = Observe(run);
    run.loss_parallel = false;
    const Seen gathered = Observe(run);
    EXPECT_LE(split.largest, logits / tp);
    EXPECT_GE(gathered.largest, logits);
    // Logits, their exponentials and their gradient: the rest is small.
    EXPECT_LT(split.peak, gathered.peak * 6 / 10);
  }
}

}  // namespace
}  // namespace fts::testing
