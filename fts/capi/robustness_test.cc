// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What a caller may do wrong or at an unusual time, and what it may rely on
// then.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "fts/capi/buffer.h"
#include "fts/capi/debug.h"
#include "fts/capi/diagnostics.h"
#include "fts/capi/log.h"
#include "fts/capi/model.h"
#include "fts/capi/plan.h"
#include "fts/capi/schedule.h"
#include "fts/capi/scheduler.h"

namespace {

constexpr char kModel[] = R"({"format": "fts-model/1", "modules": [
  {"name": "", "class": "Net", "container": false}], "parameters": [
  {"name": "a", "shape": [1], "dtype": "float32", "shared_with": null}]})";

std::string Str(fts_string view) { return {view.data, view.size}; }

std::string Text(fts_status* status) {
  const std::string text = Str(fts_status_code_name(status)) + ": " +
                           Str(fts_status_message(status));
  fts_status_release(status);
  return text;
}

class Robustness : public testing::Test {
 protected:
  void SetUp() override {
    live_ = fts_live_handles();
    ASSERT_EQ(
        fts_model_parse(fts_str(kModel), fts_str("m.json"), nullptr, &model_),
        nullptr);
    ASSERT_EQ(
        fts_schedule_resolve(model_, fts_str("0: {params: [a]}\n"),
                             fts_str("s.yaml"), nullptr, nullptr, &schedule_),
        nullptr);
  }
  void TearDown() override {
    fts_schedule_release(schedule_);
    fts_model_release(model_);
    EXPECT_EQ(fts_live_handles(), live_);
  }
  fts_scheduler* Scheduler(const fts_scheduler_callbacks* callbacks) {
    fts_scheduler_options options = FTS_SCHEDULER_OPTIONS_INIT;
    options.max_steps = 10;
    fts_scheduler* scheduler = nullptr;
    EXPECT_EQ(fts_scheduler_create(schedule_, &options, callbacks, nullptr,
                                   &scheduler),
              nullptr);
    return scheduler;
  }

  int64_t live_ = 0;
  fts_model* model_ = nullptr;
  fts_schedule* schedule_ = nullptr;
};

TEST_F(Robustness, EveryHandleIsCountedUntilItsLastRelease) {
  const int64_t before = fts_live_handles();
  fts_plan* plan = nullptr;
  fts_diagnostics* found = nullptr;
  fts_buffer* text = nullptr;
  ASSERT_EQ(fts_plan_resolve(model_, schedule_, fts_str("fsdp_plan: {}"),
                             fts_str("p.yaml"), &found, &plan),
            nullptr);
  ASSERT_EQ(fts_plan_to_text(plan, &text), nullptr);
  fts_scheduler* scheduler = Scheduler(nullptr);
  fts_outcome* outcome = nullptr;
  ASSERT_EQ(fts_scheduler_run_start(scheduler, &outcome), nullptr);
  fts_status* status = fts_scheduler_run_start(scheduler, nullptr);
  ASSERT_NE(status, nullptr);
  EXPECT_EQ(fts_live_handles(), before + 6);
  fts_plan_retain(plan);
  fts_plan_release(plan);
  EXPECT_EQ(fts_live_handles(), before + 6);
  fts_status_release(status);
  fts_outcome_release(outcome);
  fts_scheduler_release(scheduler);
  fts_buffer_release(text);
  fts_diagnostics_release(found);
  fts_plan_release(plan);
  EXPECT_EQ(fts_live_handles(), before);
}

#ifndef __SANITIZE_ADDRESS__  // which tells these mistakes itself

TEST_F(Robustness, AReleasedHandleIsToldAndNothingIsDone) {
  struct Heard {
    int times = 0;
    std::string last;
  } heard;
  ASSERT_EQ(fts_log_set_callback(
                [](const fts_log_entry* entry, void* user_data) {
                  auto* h = static_cast<Heard*>(user_data);
                  ++h->times;
                  h->last = Str(entry->code) + ": " + Str(entry->message);
                },
                FTS_LOG_LEVEL_ERROR, &heard, nullptr),
            nullptr);
  fts_model* model = nullptr;
  ASSERT_EQ(
      fts_model_parse(fts_str(kModel), fts_str("m.json"), nullptr, &model),
      nullptr);
  const int64_t before = fts_live_handles();
  fts_model_release(model);
  for (int i = 0; i < 3; ++i) fts_model_release(model);
  EXPECT_EQ(heard.times, 3);
  EXPECT_EQ(heard.last,
            "released_handle: a handle was passed to release that its last "
            "owner has released; nothing was done");
  fts_model_retain(model);
  EXPECT_EQ(heard.times, 4);
  EXPECT_EQ(fts_live_handles(), before - 1);

  fts_buffer* json = nullptr;
  EXPECT_EQ(Text(fts_model_to_json(model, &json)),
            "INVALID_ARGUMENT: fts_model_to_json: model was released before; "
            "retain what is used later");
  EXPECT_EQ(json, nullptr);
  fts_scheduler* scheduler = Scheduler(nullptr);
  fts_scheduler_release(scheduler);
  EXPECT_EQ(Text(fts_scheduler_run_start(scheduler, nullptr)),
            "INVALID_ARGUMENT: fts_scheduler_run_start: scheduler was released "
            "before; retain what is used later");
  EXPECT_EQ(fts_log_set_callback(nullptr, 0, nullptr, nullptr), nullptr);
}

TEST_F(Robustness, MistakesWithHandlesEndNothingWhenNobodyListens) {
  fts_buffer* text = nullptr;
  ASSERT_EQ(fts_model_to_json(model_, &text), nullptr);
  fts_buffer_release(text);
  fts_buffer_release(text);
}

#endif

TEST_F(Robustness, AnExceptionOfACallbackIsAnErrorThatStays) {
  fts_scheduler_callbacks callbacks = FTS_SCHEDULER_CALLBACKS_INIT;
  int destroyed = 0;
  callbacks.user_data = &destroyed;
  callbacks.destroy = [](void* user_data) {
    ++*static_cast<int*>(user_data);
    throw std::runtime_error("destroy must not throw either");
  };
  callbacks.thaw = [](const fts_phase_args*, void*) -> fts_status* {
    throw std::out_of_range("no such layer");
  };
  fts_scheduler* scheduler = Scheduler(&callbacks);
  const char* const want =
      "INTERNAL: Thaw{phase 0} at RunStart failed: the callback thaw threw: no "
      "such layer";
  EXPECT_EQ(Text(fts_scheduler_run_start(scheduler, nullptr)), want);
  EXPECT_EQ(Text(fts_scheduler_epoch_start(scheduler, 0, nullptr)), want);
  fts_scheduler_release(scheduler);
  EXPECT_EQ(destroyed, 1);

  callbacks = FTS_SCHEDULER_CALLBACKS_INIT;
  callbacks.metric = [](const fts_metric_args*, void*) -> fts_status* {
    throw 7;
  };
  scheduler = Scheduler(&callbacks);
  EXPECT_EQ(fts_scheduler_run_start(scheduler, nullptr), nullptr);
  EXPECT_EQ(fts_scheduler_epoch_start(scheduler, 0, nullptr), nullptr);
  EXPECT_EQ(Text(fts_scheduler_validation_end(scheduler, 0, nullptr)),
            "INTERNAL: the callback metric threw an exception of unknown type");
  fts_scheduler_release(scheduler);
}

TEST_F(Robustness, AConfinedHandleTellsASecondThread) {
  struct Meeting {
    fts_scheduler* scheduler = nullptr;
    std::string told;
  } meeting;
  fts_scheduler_callbacks callbacks = FTS_SCHEDULER_CALLBACKS_INIT;
  callbacks.user_data = &meeting;
  callbacks.thaw = [](const fts_phase_args*, void* user_data) -> fts_status* {
    auto* m = static_cast<Meeting*>(user_data);
    std::thread([m] {
      m->told = Text(fts_scheduler_epoch_start(m->scheduler, 0, nullptr));
    }).join();
    return nullptr;
  };
  meeting.scheduler = Scheduler(&callbacks);
  EXPECT_EQ(fts_scheduler_run_start(meeting.scheduler, nullptr), nullptr);
  EXPECT_EQ(meeting.told,
            "FAILED_PRECONDITION: fts_scheduler_epoch_start: another call on "
            "this scheduler is under way; a scheduler is for one thread at a "
            "time, and its callbacks must not call it");
  // One thread at a time may be any thread.
  std::string later;
  std::thread([&] {
    later = Text(fts_scheduler_epoch_start(meeting.scheduler, 0, nullptr));
  }).join();
  EXPECT_EQ(later, "OK: ");
  fts_scheduler_release(meeting.scheduler);
}

// Runs `body` in a forked child; whether it returned true.
bool InChild(const std::function<bool()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body() ? 0 : 1);
  int ended = 0;
  return child > 0 && waitpid(child, &ended, 0) == child && WIFEXITED(ended) &&
         WEXITSTATUS(ended) == 0;
}

TEST_F(Robustness, AForkedChildGoesOnWithItsOwnCopyOfAScheduler) {
  fts_scheduler* scheduler = Scheduler(nullptr);
  ASSERT_EQ(fts_scheduler_run_start(scheduler, nullptr), nullptr);
  EXPECT_TRUE(InChild([&] {
    const bool went =
        fts_scheduler_epoch_start(scheduler, 0, nullptr) == nullptr &&
        fts_scheduler_step_end(scheduler, 0, nullptr) == nullptr;
    fts_scheduler_release(scheduler);
    return went;
  }));
  // The parent's is where it was.
  EXPECT_EQ(fts_scheduler_epoch_start(scheduler, 0, nullptr), nullptr);
  fts_scheduler_release(scheduler);
}

// exit() runs the destructors of static objects while handles and callbacks
// are alive.
TEST_F(Robustness, AProcessMayEndWithAllItHas) {
  EXPECT_TRUE(InChild([&] {
    static int destroyed = 0;
    fts_scheduler_callbacks callbacks = FTS_SCHEDULER_CALLBACKS_INIT;
    callbacks.destroy = [](void*) { ++destroyed; };
    fts_scheduler* scheduler = Scheduler(&callbacks);
    if (fts_scheduler_run_start(scheduler, nullptr) != nullptr) return false;
    if (fts_log_set_callback([](const fts_log_entry*, void*) {}, 0, nullptr,
                             [](void*) { ++destroyed; }) != nullptr) {
      return false;
    }
    std::atexit([] { _exit(destroyed == 0 ? 0 : 1); });
    std::exit(2);
  }));
}

}  // namespace
