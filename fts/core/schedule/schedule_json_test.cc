// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/schedule/schedule_json.h"

#include <gtest/gtest.h>

#include <string>

#include "fts/core/schedule/schedule_testutil.h"

namespace fts {
namespace {

using schedule_testing::ModelA;
using schedule_testing::Outcome;
using schedule_testing::Resolve;

// Every key a phase may have.
constexpr char kRich[] =
    "0: {params: [model.3.*], max_transition_epoch: 1, lr_decay: 0.5}\n"
    "1:\n"
    "  params: [model.2.bias, model.1.weight]\n"
    "  lr: 1e-06\n"
    "  new_optimizer: {optimizer_init: {class_path: torch.optim.SGD, "
    "init_args: {lr: 0.1}}}\n"
    "  new_lr_scheduler: {lr_scheduler_init: {class_path: StepLR, init_args: "
    "{step_size: 1}}}\n"
    "  freeze: [model.3]\n"
    "  lr_decay: 0.1\n"
    "  weight_decay: 1e-2\n"
    "  clip_grad_norm: 0.3\n"
    "  max_transition_epoch: -3\n"
    "  max_transition_step: 5\n"
    "  max_transition_tokens: 100\n"
    "  max_transition_time: 2.5\n"
    "  patience: 1\n"
    "  min_delta: 0.25\n"
    "  best_score: per_phase\n"
    "2: {params: [model.3.bias]}\n";

TEST(ScheduleJson, Contract) {
  Diagnostics diags;
  const auto yaml = ParseYaml(
      "0: {params: [model.3.*], max_transition_epoch: 1, lr: 1}\n"
      "1: {params: [model.2.weight], lr: 1e-06}\n",
      "s.yaml", &diags);
  ResolveOptions options;
  options.max_epochs = 7;
  const auto schedule = ResolveSchedule(*yaml, ModelA(), options, &diags);
  ASSERT_TRUE(schedule.ok());
  EXPECT_EQ(
      ScheduleToJson(*schedule, diags),
      "{\"phases\":[{\"phase\":0,\"params\":[\"model.3.weight\","
      "\"model.3.bias\"],\"max_transition_epoch\":1,\"lr\":null},"
      "{\"phase\":1,\"params\":[\"model.2.weight\"],"
      "\"max_transition_epoch\":-1,\"lr\":1e-06}],\"max_depth\":1,"
      "\"max_epochs\":7,\"warnings\":[{\"code\":\"phase0_lr\",\"message\":"
      "\"phase 0: lr 1 is dropped: the first phase uses the optimizer's own "
      "lr; set it there\",\"file\":\"s.yaml\",\"line\":1,\"column\":55}]}");
}

TEST(ScheduleJson, EpochsAreNullUnlessGiven) {
  const Outcome out = Resolve("0: {params: [model.3]}");
  EXPECT_EQ(ScheduleToJson(*out.schedule, {}),
            "{\"phases\":[{\"phase\":0,\"params\":[\"model.3.weight\","
            "\"model.3.bias\"],\"max_transition_epoch\":-1,\"lr\":null}],"
            "\"max_depth\":0,\"max_epochs\":null,\"warnings\":[]}");
}

TEST(ScheduleJson, OwnKeysAppearWhereUsed) {
  const Outcome out = Resolve(
      "0: {params: [model.3]}\n"
      "1: {params: [model.2.bias, model.1], freeze: [model.3.bias], "
      "lr_decay: 0.5, weight_decay: 0, clip_grad_norm: 2, "
      "max_transition_step: 5, max_transition_tokens: 6, "
      "max_transition_time: 7, patience: 8, min_delta: 9, "
      "best_score: global}\n"
      "2: {params: [model.0]}");
  ASSERT_TRUE(out.schedule) << out.problems;
  EXPECT_EQ(ScheduleToJson(*out.schedule, {}),
            "{\"phases\":[{\"phase\":0,\"params\":[\"model.3.weight\","
            "\"model.3.bias\"],\"max_transition_epoch\":-1,\"lr\":null},"
            "{\"phase\":1,\"params\":[\"model.2.bias\",\"model.1.weight\","
            "\"model.1.bias\"],\"max_transition_epoch\":-1,\"lr\":1e-05,"
            "\"freeze\":[\"model.3.bias\"],\"weight_decay\":0.0,"
            "\"clip_grad_norm\":2.0,\"lr_decay\":0.5,\"groups\":[{\"name\":"
            "\"model.2\",\"lr_scale\":1.0,\"params\":[\"model.2.bias\"]},"
            "{\"name\":\"model.1\",\"lr_scale\":0.5,\"params\":["
            "\"model.1.weight\",\"model.1.bias\"]}],\"max_transition_step\":5,"
            "\"max_transition_tokens\":6,\"max_transition_time\":7.0,"
            "\"patience\":8,\"min_delta\":9.0,\"best_score\":\"global\"},"
            "{\"phase\":2,\"params\":[\"model.0.weight\",\"model.0.bias\"],"
            "\"max_transition_epoch\":-1,\"lr\":1e-05}],\"max_depth\":2,"
            "\"max_epochs\":null,\"warnings\":[]}");
}

TEST(ScheduleYaml, ResolvesToTheSameScheduleAgain) {
  const Outcome first = Resolve(kRich);
  ASSERT_TRUE(first.schedule) << first.problems;
  const std::string text = ScheduleToYaml(*first.schedule);
  const Outcome second = Resolve(text);
  ASSERT_TRUE(second.schedule) << second.problems << text;
  EXPECT_EQ(second.problems, "");
  EXPECT_EQ(ScheduleToYaml(*second.schedule), text);
  EXPECT_EQ(ScheduleToJson(*second.schedule, {}),
            ScheduleToJson(*first.schedule, {}));
  EXPECT_TRUE(YamlEqual(second.schedule->phases[1].new_optimizer,
                        first.schedule->phases[1].new_optimizer));
  EXPECT_TRUE(YamlEqual(second.schedule->phases[1].new_lr_scheduler,
                        first.schedule->phases[1].new_lr_scheduler));
}

}  // namespace
}  // namespace fts
