// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Changed schedule files through everything that reads a schedule without a
// device: YAML, resolution, linter, rules, plan, timeline, state machine. Each
// ends in a result or in errors with codes; none crashes, throws or hangs.
//
// The default run takes seconds; a million inputs:
//   tools/bazel test --config=asan --config=ubsan <target>
// with the target //fts/core/scheduler:schedule_fuzz_million.
// FTS_FUZZ_ROUNDS and FTS_FUZZ_SEED in the environment override both.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <random>
#include <string>
#include <vector>

#include "fts/core/base/diagnostics_json.h"
#include "fts/core/plan/optimizer_moments.h"
#include "fts/core/plan/resolve_plan.h"
#include "fts/core/plan/timeline.h"
#include "fts/core/plan/timeline_text.h"
#include "fts/core/schedule/lint.h"
#include "fts/core/schedule/resolve.h"
#include "fts/core/schedule/schedule_json.h"
#include "fts/core/scheduler/schedule_mutator.h"
#include "fts/core/scheduler/scheduler.h"

#ifndef FTS_FUZZ_ROUNDS
#define FTS_FUZZ_ROUNDS 20000
#endif

extern "C" void __sanitizer_set_death_callback(void (*)(void))
    __attribute__((weak));

namespace fts {
namespace {

// CPU seconds for one input: far above what the slowest takes under sanitizers.
constexpr int kBudgetSeconds = 60;

std::string* g_input = nullptr;

void ShowInput() {
  if (g_input == nullptr) return;
  const char head[] = "\n--- the input:\n";
  const char tail[] = "\n--- end of the input\n";
  // In a dying process: nothing that allocates, and nobody left to tell.
  if (write(2, head, sizeof(head) - 1) < 0 ||
      write(2, g_input->data(), g_input->size()) < 0 ||
      write(2, tail, sizeof(tail) - 1) < 0) {
    return;
  }
}

void OnSignal(int number) {
  ShowInput();
  signal(number == SIGVTALRM ? SIGABRT : number, SIG_DFL);
  raise(number == SIGVTALRM ? SIGABRT : number);
}

void StartBudget() {
  itimerval budget = {};
  budget.it_value.tv_sec = kBudgetSeconds;
  setitimer(ITIMER_VIRTUAL, &budget, nullptr);
}

long FromEnvironment(const char* name, long otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::atol(text) : otherwise;
}

std::vector<std::string> Names(int layers) {
  std::vector<std::string> names = {"model.emb.weight"};
  for (int i = 0; i < layers; ++i) {
    for (const char* part : {"att.wq.weight", "att.wq.bias", "norm.weight"}) {
      names.push_back("model.layers." + std::to_string(i) + "." + part);
    }
  }
  names.push_back("model.norm.weight");
  names.push_back("model.out.weight");
  return names;
}

ModelDescription Model(const std::vector<std::string>& names, bool tied) {
  ModelDescription model;
  model.modules = {{"", "Net", false},
                   {"model", "Body", false},
                   {"model.emb", "Embedding", false},
                   {"model.layers", "ModuleList", true},
                   {"model.layers.0", "Block", false},
                   {"model.layers.1", "Block", false},
                   {"model.out", "Linear", false}};
  for (const std::string& name : names) {
    ParameterInfo parameter;
    parameter.name = name;
    parameter.shape = {8, 4};
    parameter.dtype = model.parameters.size() % 5 == 4 ? "bfloat16" : "float32";
    model.parameters.push_back(parameter);
  }
  if (tied) {
    model.parameters.back().shared_with = names.front();
    model.parameters.back().dtype = model.parameters.front().dtype;
  }
  return model;
}

// Every problem is one that a user can act on.
void CheckDiagnostics(const Diagnostics& diags) {
  for (const Diagnostic& diagnostic : diags.all()) {
    EXPECT_FALSE(diagnostic.code.empty());
    EXPECT_FALSE(diagnostic.message.empty()) << diagnostic.code;
  }
  EXPECT_NO_THROW(Json::parse(ErrorsToJson(diags)));
}

class Fuzz {
 public:
  explicit Fuzz(long rounds, uint64_t seed) : rounds_(rounds), rng_(seed) {
    for (const int layers : {2, 12}) {
      for (const bool tied : {false, true}) {
        models_.push_back(Model(Names(layers), tied));
      }
    }
    Diagnostics diags;
    strategy_ = *ParseYaml(
        "fsdp_plan: {model.out: {reshard_after_forward: false}, "
        "'model.layers.\\d$': {}}",
        "plan.yaml", &diags);
  }

  void Run() {
    testing::ScheduleMutator small(rng_(), models_[0].CanonicalNames());
    testing::ScheduleMutator large(rng_(), models_[2].CanonicalNames());
    for (long round = 0; round < rounds_ && !::testing::Test::HasFailure();
         ++round) {
      const size_t model = rng_() % models_.size();
      std::string text = model < 2 ? small.Next() : large.Next();
      g_input = &text;
      StartBudget();
      try {
        One(text, models_[model]);
      } catch (const std::exception& error) {
        ADD_FAILURE() << "a raw exception: " << error.what();
      }
      if (::testing::Test::HasFailure()) ShowInput();
      g_input = nullptr;
    }
  }

  long unread = 0, refused = 0, resolved = 0, warned = 0, ran = 0;

 private:
  void One(const std::string& text, const ModelDescription& model) {
    Diagnostics diags;
    const auto yaml = ParseYaml(text, "f.yaml", &diags);
    ASSERT_EQ(yaml.ok(), diags.ok());
    CheckDiagnostics(diags);
    if (!yaml.ok()) {
      ++unread;
      return;
    }
    ResolveOptions options;
    options.epoch_transitions_only = rng_() % 7 == 0;
    options.max_depth = static_cast<int>(rng_() % 5) - 1;
    if (rng_() % 3 == 0) options.max_epochs = rng_() % 6;
    if (rng_() % 9 == 0) options.base_max_lr.reset();
    if (rng_() % 4 == 0) options.match = MatchRule::kFull;
    const auto schedule = ResolveSchedule(*yaml, model, options, &diags);
    ASSERT_EQ(schedule.ok(), diags.ok());
    CheckDiagnostics(diags);
    if (!schedule.ok()) {
      ++refused;
      return;
    }
    ++resolved;
    ASSERT_GE(schedule->max_depth, 0);
    ASSERT_LT(schedule->max_depth, static_cast<int>(schedule->phases.size()));
    Tell(*yaml, *schedule, model, options);
    Play(*schedule, options);
  }

  void Tell(const YamlNode& yaml, const Schedule& schedule,
            const ModelDescription& model, const ResolveOptions& options) {
    Diagnostics diags;
    LintContext context;
    context.match = options.match;
    context.epoch_transitions_only = options.epoch_transitions_only;
    context.has_validation = rng_() % 3 > 0;
    if (rng_() % 2 == 0) context.reach.steps_per_epoch = 1 + rng_() % 9;
    if (rng_() % 2 == 0) context.reach.tokens_per_step = rng_() % 100;
    if (rng_() % 2 == 0) context.max_steps = rng_() % 100;
    LintSchedule(yaml, schedule, model, context, &diags);
    ASSERT_TRUE(diags.ok()) << diags.ToString();  // it only warns
    if (!diags.all().empty()) ++warned;

    PlanOptions plan_options;
    plan_options.schedule = &schedule;
    if (rng_() % 2 == 0) plan_options.no_decay = {"norm", "bias"};
    const auto plan = ResolvePlan(strategy_, model, plan_options, &diags);
    ASSERT_TRUE(plan.ok()) << diags.ToString();
    TimelineOptions told;
    told.no_decay = plan_options.no_decay;
    told.reach = context.reach;
    told.memory.world_size = 1 + rng_() % 3;
    const auto moments = MomentsByPhase(schedule, "adamw", YamlNode());
    told.moments_unknown = !moments;
    if (moments) told.memory.moments = *moments;
    const Timeline timeline = MakeTimeline(schedule, model, *plan, told);
    ASSERT_EQ(timeline.phases.size(), schedule.phases.size());
    for (const TimelinePhase& phase : timeline.phases) {
      ASSERT_LE(phase.trainable_parameters, timeline.total_parameters);
      ASSERT_GE(phase.trainable_parameters, 0);
      ASSERT_GE(phase.bytes.total(), 0);
    }
    ASSERT_FALSE(TimelineToText(timeline).empty());
    CheckDiagnostics(diags);
    ASSERT_NO_THROW(Json::parse(DumpJson(TimelineToJson(timeline))));
    ASSERT_NO_THROW(Json::parse(ScheduleToJson(schedule, diags)));
  }

  // A few epochs of the state machine.
  void Play(const Schedule& schedule, const ResolveOptions& options) {
    Diagnostics diags;
    SchedulerOptions rules;
    rules.epoch_transitions_only = options.epoch_transitions_only;
    rules.max_steps = 12;
    rules.has_validation = rng_() % 5 > 0;
    const auto config = MakeSchedulerConfig(schedule, rules, &diags);
    ASSERT_EQ(config.ok(), diags.ok());
    CheckDiagnostics(diags);
    if (!config.ok()) return;
    ++ran;
    SchedulerState state;
    const auto feed = [&](const SchedulerEvent& event) {
      const auto next = Advance(*config, state, event);
      ASSERT_TRUE(next.ok()) << event.ToString() << ": " << next.status();
      state = next->state;
      ASSERT_LE(state.phase, schedule.max_depth);
    };
    int64_t step = 0;
    feed(SchedulerEvent::RunStart());
    for (int64_t epoch = 0; epoch < 6 && state.stage != Stage::kFinished;
         ++epoch) {
      feed(SchedulerEvent::EpochStart(epoch));
      for (int i = 0; i < 2 && state.stage == Stage::kTraining; ++i) {
        feed(SchedulerEvent::StepStart(step, step * 64, step * 0.5));
        feed(SchedulerEvent::StepEnd(step++));
      }
      if (rules.has_validation && state.stage != Stage::kFinished) {
        const double loss = rng_() % 20 == 0 ? 1e308 * 10 : rng_() % 5;
        feed(SchedulerEvent::ValidationEnd(epoch, {{"val_loss", loss}}));
      }
      if (state.stage != Stage::kFinished) {
        feed(SchedulerEvent::EpochEnd(epoch));
      }
    }
    const auto again = SchedulerStateFromJson(SchedulerStateToJson(state));
    ASSERT_TRUE(again.ok()) << again.status();
    ASSERT_TRUE(*again == state);
  }

  const long rounds_;
  std::mt19937_64 rng_;
  std::vector<ModelDescription> models_;
  YamlNode strategy_;
};

TEST(ScheduleFuzz, EveryInputEndsInAResultOrInErrorsWithCodes) {
  signal(SIGVTALRM, OnSignal);
  signal(SIGABRT, OnSignal);
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(ShowInput);
  } else {
    signal(SIGSEGV, OnSignal);
    signal(SIGFPE, OnSignal);
  }
  const long rounds = FromEnvironment("FTS_FUZZ_ROUNDS", FTS_FUZZ_ROUNDS);
  Fuzz fuzz(rounds, FromEnvironment("FTS_FUZZ_SEED", 20261124));
  fuzz.Run();
  std::fprintf(stderr,
               "%ld inputs: %ld no YAML, %ld refused, %ld resolved (%ld with "
               "warnings, %ld through the state machine)\n",
               fuzz.unread + fuzz.refused + fuzz.resolved, fuzz.unread,
               fuzz.refused, fuzz.resolved, fuzz.warned, fuzz.ran);
  // Inputs reach every stage.
  EXPECT_GT(fuzz.unread, rounds / 50);
  EXPECT_GT(fuzz.refused, rounds / 10);
  EXPECT_GT(fuzz.resolved, rounds / 10);
  EXPECT_GT(fuzz.warned, rounds / 50);
  EXPECT_GT(fuzz.ran, rounds / 20);
}

}  // namespace
}  // namespace fts
