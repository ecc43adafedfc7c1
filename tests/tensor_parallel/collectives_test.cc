// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What ranks along tp tell each other in one step of a Llama, layer by layer
// and pass by pass, in trainable, frozen-on-path and frozen-prefix states: the
// collectives of PyTorch's table for these styles, and nothing else.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "fts/core/nn/loss.h"
#include "tests/tensor_parallel/llama_run.h"

namespace fts::testing {
namespace {

struct Passes {
  std::string forward, loss, backward, end;
};

// The calls along tp since the last look, one a line: "all_gather
// layers.0.attention".
std::string Take(comm::Trace* trace) {
  std::vector<std::string> lines;
  for (const comm::TraceRecord& record : trace->records()) {
    if (record.communicator.find("/tp") == std::string::npos) continue;
    if (record.op == comm::Op::kSplit) continue;
    lines.push_back(
        absl::StrCat(OpName(record.op), " ",
                     absl::StrReplaceAll(record.label, {{"model.", ""}})));
  }
  trace->Clear();
  return absl::StrJoin(lines, "\n");
}

// One step of each phase, on rank 0 of a mesh of `shards` x 2.
std::vector<Passes> Observe(LlamaRun run) {
  run.tp = 2;
  run.steps = {1, 1, 1};
  run.trace = std::make_shared<comm::Trace>();
  std::vector<Passes> passes;
  run.step = [&](Session& session, llama::Llama& model, int64_t step) {
    const at::Tensor rows = LlamaTokens(run.model, step * 2, 2);
    Passes seen;
    const bool look = session.engine().context().everyone->rank() == 0;
    if (look) Take(run.trace.get());
    const auto result =
        session.TrainStep(1, [&](int64_t) -> absl::StatusOr<at::Tensor> {
          const at::Tensor logits =
              model(rows.narrow(1, 0, kLlamaLength).contiguous());
          if (look) seen.forward = Take(run.trace.get());
          const nn::LossSum loss = session.TokenLoss(
              logits, rows.narrow(1, 1, kLlamaLength).contiguous());
          if (look) seen.loss = Take(run.trace.get());
          return loss.sum;
        });
    ASSERT_TRUE(result.ok()) << result.status();
    if (!look) return;
    // The sum of partial gradients ends the step.
    const std::string rest = Take(run.trace.get());
    const size_t end = rest.find("all_reduce (partial");
    seen.backward = rest.substr(0, end);
    while (!seen.backward.empty() && seen.backward.back() == '\n') {
      seen.backward.pop_back();
    }
    if (end != std::string::npos) seen.end = rest.substr(end);
    passes.push_back(seen);
  };
  RunLlama(run);
  return passes;
}

std::string Lines(const std::vector<std::string>& lines) {
  return absl::StrJoin(lines, "\n");
}

// With the sequence split between layers: per block two all-gathers and two
// reduce-scatters, and their mirror in backward.
std::string ForwardSequence(bool loss_parallel) {
  std::vector<std::string> lines = {"reduce_scatter tok_embeddings"};
  for (int i = 0; i < 3; ++i) {
    const std::string layer = absl::StrCat("layers.", i, ".");
    lines.push_back("all_gather " + layer + "attention");
    lines.push_back("reduce_scatter " + layer + "attention.wo");
    lines.push_back("all_gather " + layer + "feed_forward");
    lines.push_back("reduce_scatter " + layer + "feed_forward.w2");
  }
  lines.push_back("all_gather output");
  if (!loss_parallel) lines.push_back("all_gather output");
  return Lines(lines);
}

std::vector<std::string> BackwardOfLayer(int i) {
  const std::string layer = absl::StrCat("layers.", i, ".");
  return {"all_gather " + layer + "feed_forward.w2",
          "reduce_scatter " + layer + "feed_forward",
          "all_gather " + layer + "attention.wo",
          "reduce_scatter " + layer + "attention"};
}

const char kLoss[] = "all_reduce output\nall_reduce output\nall_reduce output";
const char kEnd[] = "all_reduce (partial gradients)";

TEST(Collectives, OfASplitSequenceAreTheTables) {
  for (const bool loss_parallel : {true, false}) {
    for (const int shards : {1, 2}) {
      SCOPED_TRACE(
          absl::StrCat("loss_parallel ", loss_parallel, " shards ", shards));
      LlamaRun run;
      run.loss_parallel = loss_parallel;
      run.shards = shards;
      const std::vector<Passes> seen = Observe(run);
      ASSERT_EQ(seen.size(), 3u);
      for (const Passes& passes : seen) {
        EXPECT_EQ(passes.forward, ForwardSequence(loss_parallel));
        EXPECT_EQ(passes.loss, loss_parallel ? kLoss : "");
        EXPECT_EQ(passes.end, kEnd);
      }
      // Phase 0 trains head and last norm: all layers are a frozen prefix.
      EXPECT_EQ(seen[0].backward, "reduce_scatter output");
      // Phase 1 adds the last layer; its first norm needs the last gather's
      // gradient, what lies before needs none.
      std::vector<std::string> lines = {"reduce_scatter output"};
      for (const std::string& line : BackwardOfLayer(2)) lines.push_back(line);
      EXPECT_EQ(seen[1].backward, Lines(lines));
      // Phase 2 trains everything.
      for (const int i : {1, 0}) {
        for (const std::string& line : BackwardOfLayer(i)) {
          lines.push_back(line);
        }
      }
      lines.push_back("all_gather tok_embeddings");
      EXPECT_EQ(seen[2].backward, Lines(lines));
    }
  }
}

TEST(Collectives, OfAWholeSequenceAreTheTables) {
  LlamaRun run;
  run.sequence_parallel = false;
  const std::vector<Passes> seen = Observe(run);
  ASSERT_EQ(seen.size(), 3u);
  std::vector<std::string> forward = {"all_reduce tok_embeddings"};
  for (int i = 0; i < 3; ++i) {
    forward.push_back(absl::StrCat("all_reduce layers.", i, ".attention.wo"));
    forward.push_back(
        absl::StrCat("all_reduce layers.", i, ".feed_forward.w2"));
  }
  std::vector<std::string> backward = {"all_reduce output"};
  const auto add = [&](int i) {
    backward.push_back(absl::StrCat("all_reduce layers.", i, ".feed_forward"));
    backward.push_back(absl::StrCat("all_reduce layers.", i, ".attention"));
  };
  for (const Passes& passes : seen) {
    EXPECT_EQ(passes.forward, Lines(forward));
    EXPECT_EQ(passes.loss, kLoss);
    EXPECT_EQ(passes.end, "");  // every gradient is whole
  }
  EXPECT_EQ(seen[0].backward, Lines(backward));
  add(2);
  EXPECT_EQ(seen[1].backward, Lines(backward));
  add(1);
  add(0);
  EXPECT_EQ(seen[2].backward, Lines(backward));
}

// Frozen layers above what trains pass gradients on, and that is all.
TEST(Collectives, OfFrozenLayersOnTheWayAreThoseOfTheGradientAlone) {
  LlamaRun run;
  run.schedule =
      "0: {params: ['model.tok_embeddings.*'], max_transition_epoch: 1}\n"
      "1: {params: ['model.layers.1.attention.wq.weight'], "
      "max_transition_epoch: 2, lr: 0.003}\n"
      "2: {params: ['model.norm.*'], max_transition_epoch: 3, lr: 0.003}\n";
  const std::vector<Passes> seen = Observe(run);
  ASSERT_EQ(seen.size(), 3u);
  std::vector<std::string> all = {"reduce_scatter output"};
  for (const int i : {2, 1, 0}) {
    for (const std::string& line : BackwardOfLayer(i)) all.push_back(line);
  }
  all.push_back("all_gather tok_embeddings");
  EXPECT_EQ(seen[0].backward, Lines(all));
  EXPECT_EQ(seen[0].end, "");  // no norm trains
  EXPECT_EQ(seen[2].end, kEnd);
}

// A recomputed block issues its forward calls once more, before its backward's.
TEST(Collectives, OfARecomputedBlockComeTwice) {
  LlamaRun run;
  run.block_options = "{act_ckpt: composable}";
  const std::vector<Passes> seen = Observe(run);
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].backward, "reduce_scatter output");
  // The gradient of the block's result comes first; recomputation begins with
  // the first tensor that backward wants, and ends when the last one is there,
  // before w2's sum.
  EXPECT_EQ(seen[1].backward, Lines({"reduce_scatter output",
                                     "all_gather layers.2.feed_forward.w2",
                                     "all_gather layers.2.attention",
                                     "reduce_scatter layers.2.attention.wo",
                                     "all_gather layers.2.feed_forward",
                                     "reduce_scatter layers.2.feed_forward",
                                     "all_gather layers.2.attention.wo",
                                     "reduce_scatter layers.2.attention"}));
}

}  // namespace
}  // namespace fts::testing
