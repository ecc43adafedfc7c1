// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The interface through the library, as a C++ caller: handles, errors, places,
// callbacks and confinement.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "fts/capi/buffer.h"
#include "fts/capi/diagnostics.h"
#include "fts/capi/model.h"
#include "fts/capi/plan.h"
#include "fts/capi/schedule.h"
#include "fts/capi/scheduler.h"
#include "fts/capi/status.h"

namespace {

constexpr char kModel[] = R"({"format": "fts-model/1", "modules": [
  {"name": "", "class": "Net", "container": false},
  {"name": "body", "class": "Linear", "container": false},
  {"name": "head", "class": "Linear", "container": false}],
 "parameters": [
  {"name": "body.weight", "shape": [4, 3], "dtype": "float32",
   "shared_with": null},
  {"name": "body.bias", "shape": [4], "dtype": "bfloat16",
   "shared_with": null},
  {"name": "head.weight", "shape": [4, 3], "dtype": "float32",
   "shared_with": "body.weight"}]})";
constexpr char kSchedule[] =
    "0: {params: ['body.bias']}\n"
    "1: {params: ['body.w.*'], freeze: [body.bias], lr: 0.5}\n";

std::string Str(fts_string view) { return {view.data, view.size}; }

std::string Text(fts_status* status) {
  const std::string text = Str(fts_status_code_name(status)) + ": " +
                           Str(fts_status_message(status));
  fts_status_release(status);
  return text;
}

// Whether it is an error; releases it.
bool Fails(fts_status* status) {
  const bool failed = status != nullptr;
  fts_status_release(status);
  return failed;
}

std::string Take(fts_buffer* buffer) {
  std::string text = Str(fts_buffer_view(buffer));
  fts_buffer_release(buffer);
  return text;
}

class Capi : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(
        fts_model_parse(fts_str(kModel), fts_str("m.json"), nullptr, &model_),
        nullptr);
    ASSERT_EQ(
        fts_schedule_resolve(model_, fts_str(kSchedule), fts_str("s.yaml"),
                             nullptr, nullptr, &schedule_),
        nullptr);
  }
  void TearDown() override {
    fts_schedule_release(schedule_);
    fts_model_release(model_);
  }

  fts_scheduler* Scheduler(fts_scheduler_callbacks callbacks) {
    fts_scheduler_options options = FTS_SCHEDULER_OPTIONS_INIT;
    options.max_steps = 10;
    fts_scheduler* scheduler = nullptr;
    fts_status* const status = fts_scheduler_create(
        schedule_, &options, &callbacks, nullptr, &scheduler);
    EXPECT_EQ(status, nullptr) << Text(status);
    return scheduler;
  }

  fts_model* model_ = nullptr;
  fts_schedule* schedule_ = nullptr;
};

TEST_F(Capi, ShowsTheModel) {
  ASSERT_EQ(fts_model_num_modules(model_), 3u);
  ASSERT_EQ(fts_model_num_parameters(model_), 3u);
  fts_module_info module;
  ASSERT_EQ(fts_model_get_module(model_, 1, &module), nullptr);
  EXPECT_EQ(Str(module.name), "body");
  EXPECT_EQ(Str(module.class_name), "Linear");
  fts_parameter_info parameter;
  ASSERT_EQ(fts_model_get_parameter(model_, 2, &parameter), nullptr);
  EXPECT_EQ(Str(parameter.name), "head.weight");
  ASSERT_EQ(parameter.rank, 2u);
  EXPECT_EQ(parameter.shape[1], 3);
  EXPECT_EQ(Str(parameter.shared_with), "body.weight");
  EXPECT_EQ(Text(fts_model_get_parameter(model_, 3, &parameter)),
            "OUT_OF_RANGE: fts_model_get_parameter: parameter 3 was asked for; "
            "there are 3");
  fts_buffer* json = nullptr;
  ASSERT_EQ(fts_model_to_json(model_, &json), nullptr);
  fts_model* again = nullptr;
  ASSERT_EQ(
      fts_model_parse(fts_buffer_view(json), fts_str("again"), nullptr, &again),
      nullptr);
  fts_buffer* json2 = nullptr;
  ASSERT_EQ(fts_model_to_json(again, &json2), nullptr);
  EXPECT_EQ(Take(json), Take(json2));
  fts_model_release(again);
}

TEST_F(Capi, ShowsTheSchedule) {
  ASSERT_EQ(fts_schedule_num_phases(schedule_), 2u);
  EXPECT_EQ(fts_schedule_max_depth(schedule_), 1);
  EXPECT_EQ(fts_schedule_max_epochs(schedule_), -1);
  fts_phase_info phase;
  ASSERT_EQ(fts_schedule_get_phase(schedule_, 1, &phase), nullptr);
  EXPECT_EQ(phase.has_lr, 1);
  EXPECT_EQ(phase.lr, 0.5);
  ASSERT_EQ(phase.num_params, 1u);
  ASSERT_EQ(phase.num_freeze, 1u);
  fts_string name;
  ASSERT_EQ(fts_schedule_get_param(schedule_, 1, 0, &name), nullptr);
  EXPECT_EQ(Str(name), "body.weight");
  ASSERT_EQ(fts_schedule_get_freeze(schedule_, 1, 0, &name), nullptr);
  EXPECT_EQ(Str(name), "body.bias");
  EXPECT_TRUE(Fails(fts_schedule_get_param(schedule_, 2, 0, &name)));
}

TEST_F(Capi, AnErrorHasCodeAndPlace) {
  fts_diagnostics* found = nullptr;
  fts_schedule* out = schedule_;  // overwritten with NULL
  fts_status* status =
      fts_schedule_resolve(model_, fts_str("0:\n  params: [nothing.like.it]\n"),
                           fts_str("s.yaml"), nullptr, &found, &out);
  ASSERT_NE(status, nullptr);
  EXPECT_EQ(out, nullptr);
  EXPECT_EQ(fts_status_code(status), FTS_CODE_INVALID_ARGUMENT);
  ASSERT_EQ(fts_status_num_details(status), 4u);
  EXPECT_EQ(Str(fts_status_detail_value(status, 1)), "s.yaml");
  EXPECT_EQ(Str(fts_status_detail_value(status, 2)), "2");
  ASSERT_GE(fts_diagnostics_size(found), 1u);
  fts_diagnostic first;
  ASSERT_EQ(fts_diagnostics_get(found, 0, &first), nullptr);
  EXPECT_EQ(first.severity, FTS_SEVERITY_ERROR);
  EXPECT_EQ(Str(first.code), Str(fts_status_detail_value(status, 0)));
  EXPECT_EQ(first.line, 2);
  fts_buffer* text = nullptr;
  ASSERT_EQ(fts_diagnostics_to_text(found, &text), nullptr);
  EXPECT_EQ(Take(text).rfind("s.yaml:2:", 0), 0u);
  fts_status_release(status);
  fts_diagnostics_release(found);
}

TEST_F(Capi, OptionsOutOfRangeAreNamed) {
  fts_schedule* out = nullptr;
  const auto resolve = [&](const fts_schedule_options& options) {
    return Text(fts_schedule_resolve(model_, fts_str(kSchedule),
                                     fts_str("s.yaml"), &options, nullptr,
                                     &out));
  };
  fts_schedule_options options = FTS_SCHEDULE_OPTIONS_INIT;
  options.max_depth = -2;
  EXPECT_EQ(resolve(options),
            "INVALID_ARGUMENT: fts_schedule_options: max_depth is -2; it must "
            "be at least -1");
  options = FTS_SCHEDULE_OPTIONS_INIT;
  options.match = 9;
  EXPECT_EQ(resolve(options),
            "INVALID_ARGUMENT: fts_schedule_options: match is 9; it must be "
            "one of the FTS_MATCH_ constants");
  options = FTS_SCHEDULE_OPTIONS_INIT;
  options.base_max_lr = -1;
  EXPECT_EQ(resolve(options),
            "INVALID_ARGUMENT: fts_schedule_options: base_max_lr is -1; it "
            "must be a number of at least 0");
  options = FTS_SCHEDULE_OPTIONS_INIT;
  options.max_epochs = 0;
  EXPECT_EQ(resolve(options),
            "INVALID_ARGUMENT: fts_schedule_options: max_epochs is 0; it must "
            "be at least 1, or -1 for none");
}

TEST_F(Capi, NullArgumentsAreErrorsNotCrashes) {
  EXPECT_EQ(Text(fts_model_parse(fts_str("{}"), fts_str(""), nullptr, nullptr)),
            "INVALID_ARGUMENT: fts_model_parse: out is NULL");
  fts_schedule* schedule = nullptr;
  EXPECT_EQ(Text(fts_schedule_resolve(nullptr, fts_str(""), fts_str(""),
                                      nullptr, nullptr, &schedule)),
            "INVALID_ARGUMENT: fts_schedule_resolve: model is NULL");
  EXPECT_EQ(Text(fts_scheduler_run_start(nullptr, nullptr)),
            "INVALID_ARGUMENT: fts_scheduler_run_start: scheduler is NULL");
  EXPECT_EQ(fts_model_num_parameters(nullptr), 0u);
  EXPECT_EQ(fts_scheduler_phase(nullptr), -1);
  EXPECT_EQ(fts_status_code(nullptr), FTS_CODE_OK);
  fts_model_release(nullptr);
  fts_status_release(nullptr);
  fts_scheduler_release(nullptr);
}

TEST_F(Capi, HandlesLiveAsLongAsAnyOwner) {
  fts_model_retain(model_);
  fts_model_release(model_);
  EXPECT_EQ(fts_model_num_parameters(model_), 3u);
  // A schedule does not need its model.
  fts_model_release(model_);
  model_ = nullptr;
  EXPECT_EQ(fts_schedule_num_phases(schedule_), 2u);
}

TEST_F(Capi, GeneratesSchedulesThatResolve) {
  for (const fts_generate_by by :
       {FTS_GENERATE_BY_PAIRS, FTS_GENERATE_BY_BLOCKS, FTS_GENERATE_BY_DEPTH}) {
    fts_buffer* yaml = nullptr;
    ASSERT_EQ(fts_schedule_generate(model_, by, 1, &yaml), nullptr);
    fts_schedule* out = nullptr;
    EXPECT_EQ(fts_schedule_resolve(model_, fts_buffer_view(yaml),
                                   fts_str("made"), nullptr, nullptr, &out),
              nullptr);
    fts_schedule_release(out);
    fts_buffer_release(yaml);
  }
  fts_buffer* yaml = nullptr;
  EXPECT_NE(
      Text(fts_schedule_generate(model_, FTS_GENERATE_BY_BLOCKS, 99, &yaml))
          .find("99"),
      std::string::npos);
  EXPECT_EQ(yaml, nullptr);
}

TEST_F(Capi, ShowsThePlan) {
  fts_plan* plan = nullptr;
  ASSERT_EQ(
      fts_plan_resolve(model_, schedule_, fts_str("fsdp_plan: {body: {}}"),
                       fts_str("p.yaml"), nullptr, &plan),
      nullptr);
  ASSERT_EQ(fts_plan_num_units(plan), 1u);
  fts_unit_info unit;
  ASSERT_EQ(fts_plan_get_unit(plan, 0, &unit), nullptr);
  EXPECT_EQ(Str(unit.module), "body");
  fts_unit_info rest;
  ASSERT_EQ(fts_plan_get_unit(plan, 1, &rest), nullptr);
  EXPECT_EQ(unit.num_elements + rest.num_elements, 16);
  fts_buffer* json = nullptr;
  ASSERT_EQ(fts_plan_to_json(plan, &json), nullptr);
  EXPECT_EQ(Take(json).rfind("{\"units\":[{\"module\":\"body\"", 0), 0u);
  fts_plan_release(plan);
  EXPECT_NE(
      Text(fts_plan_resolve(model_, nullptr, fts_str("fsdp_plan: {nobody: {}}"),
                            fts_str("p.yaml"), nullptr, &plan))
          .find("nobody"),
      std::string::npos);
}

struct Seen {
  fts_scheduler* scheduler = nullptr;
  int thawed = 0;
  int destroyed = 0;
  std::string inner;  // what a call from inside the callback returned
};

fts_status* CountThaw(const fts_phase_args*, void* user_data) {
  ++static_cast<Seen*>(user_data)->thawed;
  return nullptr;
}

fts_status* FailThaw(const fts_phase_args* args, void*) {
  return fts_status_create(
      FTS_CODE_UNAVAILABLE,
      fts_str(args->phase == 0 ? "thaw 0 failed" : "thaw failed"));
}

fts_status* CallBack(const fts_phase_args*, void* user_data) {
  auto* seen = static_cast<Seen*>(user_data);
  seen->inner = Text(fts_scheduler_step_end(seen->scheduler, 0, nullptr));
  return nullptr;
}

void CountDestroy(void* user_data) {
  ++static_cast<Seen*>(user_data)->destroyed;
}

TEST_F(Capi, DestroyRunsOnceWhateverHappens) {
  Seen seen;
  fts_scheduler_callbacks callbacks = FTS_SCHEDULER_CALLBACKS_INIT;
  callbacks.user_data = &seen;
  callbacks.destroy = CountDestroy;
  callbacks.thaw = CountThaw;
  fts_scheduler* scheduler = Scheduler(callbacks);
  ASSERT_EQ(fts_scheduler_run_start(scheduler, nullptr), nullptr);
  EXPECT_EQ(seen.thawed, 1);
  EXPECT_EQ(seen.destroyed, 0);
  fts_scheduler_release(scheduler);
  EXPECT_EQ(seen.destroyed, 1);
  // Also when the scheduler is never made: neither epochs nor steps are given.
  EXPECT_TRUE(Fails(fts_scheduler_create(schedule_, nullptr, &callbacks,
                                         nullptr, &scheduler)));
  EXPECT_EQ(seen.destroyed, 2);
  EXPECT_TRUE(Fails(
      fts_scheduler_create(nullptr, nullptr, &callbacks, nullptr, &scheduler)));
  EXPECT_EQ(seen.destroyed, 3);
}

TEST_F(Capi, AnErrorOfACallbackComesBackAndStays) {
  fts_scheduler_callbacks callbacks = FTS_SCHEDULER_CALLBACKS_INIT;
  callbacks.thaw = FailThaw;
  fts_scheduler* scheduler = Scheduler(callbacks);
  fts_outcome* outcome = nullptr;
  const std::string first = Text(fts_scheduler_run_start(scheduler, &outcome));
  EXPECT_EQ(first.rfind("UNAVAILABLE: ", 0), 0u) << first;
  EXPECT_NE(first.find("thaw 0 failed"), std::string::npos) << first;
  EXPECT_EQ(outcome, nullptr);
  EXPECT_EQ(Text(fts_scheduler_epoch_start(scheduler, 0, nullptr)), first);
  fts_scheduler_release(scheduler);
}

TEST_F(Capi, ACallbackMayNotCallItsScheduler) {
  Seen seen;
  fts_scheduler_callbacks callbacks = FTS_SCHEDULER_CALLBACKS_INIT;
  callbacks.user_data = &seen;
  callbacks.thaw = CallBack;
  seen.scheduler = Scheduler(callbacks);
  ASSERT_EQ(fts_scheduler_run_start(seen.scheduler, nullptr), nullptr);
  EXPECT_EQ(seen.inner,
            "FAILED_PRECONDITION: fts_scheduler_step_end: another call on this "
            "scheduler is under way; a scheduler is for one thread at a time, "
            "and its callbacks must not call it");
  fts_scheduler_release(seen.scheduler);
}

TEST_F(Capi, EventsOutOfOrderAndMissingMetricsAreErrors) {
  fts_scheduler* scheduler = Scheduler(FTS_SCHEDULER_CALLBACKS_INIT);
  EXPECT_EQ(Text(fts_scheduler_epoch_start(scheduler, 0, nullptr))
                .rfind("FAILED_PRECONDITION: ", 0),
            0u);
  ASSERT_EQ(fts_scheduler_run_start(scheduler, nullptr), nullptr);
  ASSERT_EQ(fts_scheduler_epoch_start(scheduler, 0, nullptr), nullptr);
  ASSERT_EQ(fts_scheduler_step_end(scheduler, 0, nullptr), nullptr);
  const std::string text =
      Text(fts_scheduler_validation_end(scheduler, 0, nullptr));
  EXPECT_NE(text.find("needs the metric 'val_loss' and has no metric callback"),
            std::string::npos)
      << text;
  fts_scheduler_release(scheduler);
}

TEST_F(Capi, AStateResumes) {
  fts_scheduler* a = Scheduler(FTS_SCHEDULER_CALLBACKS_INIT);
  ASSERT_EQ(fts_scheduler_run_start(a, nullptr), nullptr);
  ASSERT_EQ(fts_scheduler_epoch_start(a, 0, nullptr), nullptr);
  ASSERT_EQ(fts_scheduler_step_end(a, 0, nullptr), nullptr);
  fts_buffer* state = nullptr;
  ASSERT_EQ(fts_scheduler_state_to_json(a, &state), nullptr);
  fts_scheduler* b = Scheduler(FTS_SCHEDULER_CALLBACKS_INIT);
  ASSERT_EQ(fts_scheduler_resume(b, fts_buffer_view(state)), nullptr);
  fts_buffer* again = nullptr;
  ASSERT_EQ(fts_scheduler_state_to_json(b, &again), nullptr);
  EXPECT_EQ(Take(again), Str(fts_buffer_view(state)));
  fts_buffer_release(state);
  EXPECT_EQ(Text(fts_scheduler_resume(b, fts_str("{")))
                .rfind("INVALID_ARGUMENT: ", 0),
            0u);
  fts_scheduler_release(a);
  fts_scheduler_release(b);
}

TEST_F(Capi, ImmutableHandlesAreSharedByThreads) {
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        fts_model_retain(model_);
        fts_schedule* out = nullptr;
        if (fts_schedule_resolve(model_, fts_str(kSchedule), fts_str("s"),
                                 nullptr, nullptr, &out) != nullptr) {
          ++wrong;
        }
        fts_schedule_release(out);
        fts_model_release(model_);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

// Bytes deleted, doubled and overwritten in all three parsers: a handle or an
// error with a text, never both, never neither.
}  // namespace
