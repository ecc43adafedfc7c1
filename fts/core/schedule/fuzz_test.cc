// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Damaged schedule texts: every one resolves or gives errors with codes; none
// crashes, throws or hangs. FTS_FUZZ_ROUNDS raises the number of inputs.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "fts/core/schedule/phase_keys.h"
#include "fts/core/schedule/schedule_json.h"
#include "fts/core/schedule/schedule_testutil.h"

namespace fts {
namespace {

std::vector<std::string> Seeds() {
  return {
      "0:\n  params:\n  - model.3.*\n  max_transition_epoch: 1\n1:\n  params:\n"
      "  - model.2.(weight|bias)\n  lr: 1e-06\n2: {params: [model.[01].*]}\n",
      "{0: {params: [model.3]}, '1': {params: ['model.2.*'], lr: 0.5}, 2.0: "
      "{params: []}}",
      "1: &a\n  params: [model.0.weight]\n  new_optimizer: {optimizer_init: "
      "{class_path: torch.optim.SGD, init_args: {lr: 1}}}\n0: *a\n",
      "0: {params: [model.3.weight]}\n1:\n  params: [model.2]\n"
      "  new_lr_scheduler:\n    lr_scheduler_init: {class_path: StepLR, "
      "init_args: {optimizer: x}}\n    pl_lrs_cfg: {interval: epoch}\n"
      "    init_pg_lrs: [1e-6, 2]\n  max_transition_tokens: 5\n"
      "  best_score: global\n",
      "0: {params: [model.3, model.0], lr_decay: 0.5}\n1:\n"
      "  params: [model.2]\n  freeze: ['model.3.*']\n"
      "  weight_decay: 0.1\n  clip_grad_norm: 2\n"
      "2: {params: [model.3], freeze: [.*bias], max_transition_step: 3}\n",
  };
}

std::string Mutate(std::mt19937& rng, std::string text,
                   const std::vector<std::string>& seeds) {
  static const std::vector<std::string> parts = {
      "0:",           "1:",     "-1",     "2",      "'",
      "\"",           "{",      "}",      "[",      "]",
      ": ",           "- ",     "\n",     "\n  ",   "*",
      "&a ",          "*a",     "~",      "null",   "true",
      "1e-06",        "1e400",  ".nan",   "params", "lr",
      "model",        "(a+)+$", "(",      "\\",     "\\N{x}",
      "(?i)",         "{0,9}",  "!!str ", "!!int ", "<<: ",
      "---\n",        "#",      "|",      ">",      "99999999999999999999",
      "0x10",         "010",    "1_0",    "\xff",   std::string(1, '\0'),
      "\xe4\xb8\xad", "\t"};
  const int edits = 1 + rng() % 5;
  for (int e = 0; e < edits; ++e) {
    const size_t at = rng() % (text.size() + 1);
    switch (rng() % 5) {
      case 0:
        text.insert(at, parts[rng() % parts.size()]);
        break;
      case 1:
        text.erase(at, 1 + rng() % 6);
        break;
      case 2:
        if (at < text.size()) text[at] = static_cast<char>(rng());
        break;
      case 3: {
        const std::string& other = seeds[rng() % seeds.size()];
        const size_t from = rng() % other.size();
        text.insert(at, other.substr(from, rng() % 30));
        break;
      }
      default:
        text.insert(at, text.substr(rng() % (text.size() + 1), rng() % 20));
    }
  }
  return text;
}

TEST(Fuzz, MutatedSchedulesResolveOrExplain) {
  const char* asked = std::getenv("FTS_FUZZ_ROUNDS");
  const int rounds = asked != nullptr ? std::atoi(asked) : 20000;
  std::mt19937 rng(20261124);
  const auto seeds = Seeds();
  const ModelDescription model = schedule_testing::ModelA();
  int resolved = 0;
  int refused = 0;
  for (int round = 0; round < rounds; ++round) {
    const std::string text = Mutate(rng, seeds[rng() % seeds.size()], seeds);
    SCOPED_TRACE(text);
    Diagnostics diags;
    const auto yaml = ParseYaml(text, "f.yaml", &diags);
    ASSERT_EQ(yaml.ok(), diags.ok());
    if (!yaml.ok()) continue;
    ResolveOptions options;
    options.epoch_transitions_only = round % 7 == 0;
    if (round % 5 == 0) options.max_epochs = round % 3;
    const auto schedule = ResolveSchedule(*yaml, model, options, &diags);
    ASSERT_EQ(schedule.ok(), diags.ok());
    if (!schedule.ok()) {
      ++refused;
      continue;
    }
    ++resolved;
    // What resolved can be written, and resolves to the same again.
    const std::string json = ScheduleToJson(*schedule, {});
    const std::string again_text = ScheduleToYaml(*schedule);
    Diagnostics again_diags;
    const auto again_yaml = ParseYaml(again_text, "", &again_diags);
    ASSERT_TRUE(again_yaml.ok()) << again_diags.ToString() << again_text;
    const auto again =
        ResolveSchedule(*again_yaml, model, options, &again_diags);
    ASSERT_TRUE(again.ok()) << again_diags.ToString() << again_text;
    ASSERT_EQ(ScheduleToJson(*again, {}), json) << again_text;
    ASSERT_EQ(ScheduleToYaml(*again), again_text);
  }
  EXPECT_GT(resolved, rounds / 50);
  EXPECT_GT(refused, rounds / 50);
}

}  // namespace
}  // namespace fts
