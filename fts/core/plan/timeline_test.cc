// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A timeline in numbers and as it is printed. Also covers timeline_text.
#include "fts/core/plan/timeline.h"

#include <gtest/gtest.h>

#include <string>

#include "fts/core/plan/resolve_plan.h"
#include "fts/core/plan/test_models.h"
#include "fts/core/plan/timeline_text.h"
#include "fts/core/schedule/resolve.h"

namespace fts {
namespace {

// Resolves against a Llama of 4 layers; every tensor has 8 elements.
struct Told {
  ModelDescription model = LlamaModel(4);
  Schedule schedule;
  Plan plan;

  explicit Told(const std::string& text, const std::string& strategy = "{}",
                ResolveOptions options = {}) {
    Diagnostics diags;
    auto made = ResolveSchedule(Yaml(text), model, options, &diags);
    EXPECT_TRUE(made.ok()) << diags.ToString();
    if (!made.ok()) return;
    schedule = *made;
    PlanOptions plan_options;
    plan_options.schedule = &schedule;
    plan = *ResolvePlan(Yaml(strategy), model, plan_options, &diags);
  }
  Timeline Tell(const TimelineOptions& options) const {
    return MakeTimeline(schedule, model, plan, options);
  }
};

constexpr char kThree[] =
    "0: {params: [model.output.weight, model.norm.*], max_transition_epoch: "
    "1}\n"
    "1: {params: ['model.layers.3\\..*'], max_transition_epoch: 2}\n"
    "2: {params: ['model.layers.[0-2]\\..*', model.tok_embeddings.weight]}\n";

TEST(Timeline, ThreePhases) {
  TimelineOptions options;
  options.lr = 1e-3;
  options.reach.patience = 2;
  options.max_epochs = 4;
  options.memory.world_size = 2;
  options.memory.moments = {2};
  options.precision = "32-true";
  options.optimizer = "adamw";
  const Told run(kThree,
                 "{fsdp_plan: {model.output: {}, 'model.layers.\\d*$': "
                 "{}}}");
  const Timeline timeline = run.Tell(options);
  EXPECT_EQ(
      TimelineToText(timeline),
      "phase  begins        thaws  parameters  trains    share  lr     ends "
      "by\n"
      "0      at once           2          16      16    5.1 %  0.001  early "
      "stopping (patience 2), epoch 1\n"
      "1      from epoch 1      9          72      88   28.2 %  1e-05  early "
      "stopping (patience 2), epoch 2\n"
      "2      from epoch 2     28         224     312  100.0 %  1e-05  run: "
      "early stopping (patience 2),\n"
      "                                                                "
      "max_epochs 4\n"
      "\n"
      "per rank, world size 2, 32-true, adamw:\n"
      "phase  parameters  masters  gradients  moments    total  largest "
      "gather\n"
      "0         1.7 KiB      0 B      128 B    256 B  2.1 KiB           128 "
      "B\n"
      "1         1.5 KiB      0 B      320 B    640 B  2.4 KiB           384 "
      "B\n"
      "2           960 B      0 B      960 B  1.9 KiB  3.8 KiB           384 "
      "B\n");
  const Json json = TimelineToJson(timeline);
  EXPECT_EQ(json["total_parameters"], 312);
  const Json& phase = json["phases"][1];
  EXPECT_EQ(phase["begins"].dump(), "{\"epoch\":1,\"step\":1}");
  EXPECT_EQ(phase["thaws"].dump(), "{\"tensors\":9,\"parameters\":72}");
  EXPECT_EQ(phase["trains"]["parameters"], 88);
  EXPECT_DOUBLE_EQ(phase["trains"]["share"], 88.0 / 312);
  EXPECT_EQ(phase["ends"].dump(),
            "[{\"by\":\"early_stopping\",\"value\":2.0},{\"by\":\"epoch\","
            "\"value\":2.0}]");
  EXPECT_EQ(phase["bytes"]["trainable_sharded"], 4 * (16 + 48));
  EXPECT_EQ(phase["bytes"]["total"], timeline.phases[1].bytes.total());
}

TEST(Timeline, GroupsFreezeAndWhatChanges) {
  TimelineOptions options;
  options.no_decay = {"norm"};
  options.weight_decay = 0.1;
  options.moments_unknown = true;
  const Told run(
      "0: {params: [model.output.weight, 'model.layers.3\\.'], lr_decay: 0.5}\n"
      "1: {params: ['model.layers.2\\.'], freeze: [model.output.weight], lr: "
      "1.0e-4, clip_grad_norm: 0.5, weight_decay: 0.2, max_transition_step: "
      "90, new_optimizer: {optimizer_init: {class_path: torch.optim.SGD, "
      "init_args: {lr: 1.0e-4}}}}\n"
      "2: {params: [model.norm.weight]}\n");
  const std::string text = TimelineToText(run.Tell(options));
  const std::string tables =
      "phase  also\n"
      "1      freezes 1 tensor, 8 parameters, new optimizer torch.optim.SGD, "
      "clip_grad_norm 0.5\n"
      "\n"
      "phase  group                     lr         weight decay  tensors  "
      "parameters\n"
      "0      head                      own        0.1                 1  "
      "         8\n"
      "0      head, no decay            own        0                   0  "
      "         0\n"
      "0      model.layers.3            own x 0.5  0.1                 7  "
      "        56\n"
      "0      model.layers.3, no decay  own x 0.5  0                   2  "
      "        16\n"
      "1      all                       0.0001     0.2                 7  "
      "        56\n";
  EXPECT_NE(text.find(tables), std::string::npos) << text;
  for (const char* part : {"own..own x 0.5", "step 90", "    ?  > "}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
  size_t start = 0;
  for (size_t end; (end = text.find('\n', start)) != text.npos;
       start = end + 1) {
    EXPECT_LE(end - start, 100u) << text.substr(start, end - start);
  }
}

TEST(Timeline, PhasesThatBeginBetweenTwoEpochs) {
  const Told run(
      "0: {params: [model.output], max_transition_step: 90}\n"
      "1: {params: [model.norm], max_transition_tokens: 5000}\n"
      "2: {params: ['model.layers.3\\.'], max_transition_time: 60}\n"
      "3: {params: ['model.layers.2\\.'], best_score: per_phase}\n");
  TimelineOptions options;
  std::string text = TimelineToText(run.Tell(options));
  for (const char* part :
       {"1      from step 90 ", "2      after 5000 tokens ",
        "3      after 60 s ", "run: early stopping per phase"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
  options.reach.steps_per_epoch = 100;
  options.reach.tokens_per_step = 50;
  text = TimelineToText(run.Tell(options));
  EXPECT_NE(text.find("2      from step 100 "), std::string::npos) << text;
}

TEST(Timeline, PhasesThatNeverRun) {
  ResolveOptions resolve;
  resolve.max_depth = 0;
  const std::string text =
      TimelineToText(Told(kThree, "{}", resolve).Tell(TimelineOptions()));
  EXPECT_NE(text.find("1      never        9          72       -"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("beyond max_depth"), std::string::npos) << text;
  EXPECT_NE(text.find("run: early stopping (patience 3)"), std::string::npos)
      << text;
  EXPECT_EQ(TimelineToText(Timeline()), "no phases\n");
}

TEST(Timeline, ShortFigures) {
  EXPECT_EQ(ShortCount(0), "0");
  EXPECT_EQ(ShortCount(99'999), "99,999");
  EXPECT_EQ(ShortCount(131'328), "131 k");
  EXPECT_EQ(ShortCount(46'404'096), "46.4 M");
  EXPECT_EQ(ShortCount(8'030'261'248), "8.03 B");
  EXPECT_EQ(ShortCount(999'600), "1.00 M");
  EXPECT_EQ(ShortBytes(1023), "1023 B");
  EXPECT_EQ(ShortBytes(1536), "1.5 KiB");
  EXPECT_EQ(ShortBytes(int64_t{3} << 30), "3.0 GiB");
  EXPECT_EQ(ShortBytes((int64_t{1} << 20) - 1), "1.0 MiB");
}

TEST(Timeline, CountsARanksPartAlongTp) {
  const ModelDescription model = ShapedLlama({});
  const Schedule schedule = MakeSchedule({model.CanonicalNames()}, 0);
  PlanOptions options;
  options.schedule = &schedule;
  TimelineOptions told;
  told.memory.world_size = 2;
  const auto tell = [&](int64_t tp) {
    options.tp = tp;
    Diagnostics diags;
    const auto plan = ResolvePlan(Yaml("{tp_plan: llama, unplanned: shard}"),
                                  model, options, &diags);
    EXPECT_TRUE(plan.ok()) << plan.status();
    return MakeTimeline(schedule, model, *plan, told);
  };
  const Timeline whole = tell(1), split = tell(2);
  EXPECT_EQ(split.tp, 2);
  // 736 elements in matrices, of which a rank along tp has half, and 24 in
  // norms, on two data-parallel ranks; segments are padded to 32.
  EXPECT_EQ(whole.phases[0].bytes.trainable_sharded, 4 * 768 / 2);
  EXPECT_EQ(split.phases[0].bytes.trainable_sharded, 4 * (384 + 32) / 2);
  EXPECT_EQ(TimelineToJson(whole)["world_size"], 2);
  EXPECT_FALSE(TimelineToJson(whole).contains("tp"));
  EXPECT_EQ(TimelineToJson(split)["world_size"], 4);
  EXPECT_EQ(TimelineToJson(split)["tp"], 2);
  EXPECT_NE(TimelineToText(split).find("per rank, world size 4, 2 along tp"),
            std::string::npos);
}

}  // namespace
}  // namespace fts
