// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/log.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "fts/capi/diagnostics.h"
#include "fts/capi/model.h"
#include "fts/capi/schedule.h"
#include "fts/capi/scheduler.h"

namespace {

constexpr char kModel[] = R"({"format": "fts-model/1", "modules": [
  {"name": "", "class": "Net", "container": false}], "parameters": [
  {"name": "a", "shape": [1], "dtype": "float32", "shared_with": null},
  {"name": "b", "shape": [1], "dtype": "float32", "shared_with": null}]})";

std::string Str(fts_string view) { return {view.data, view.size}; }

fts_code CodeOf(fts_status* status) {
  const fts_code code = fts_status_code(status);
  fts_status_release(status);
  return code;
}

// Collects entries; counts how often it was destroyed.
struct Listener {
  std::vector<std::string> lines;
  int destroyed = 0;

  static void Hear(const fts_log_entry* entry, void* user_data) {
    EXPECT_EQ(entry->struct_size, sizeof *entry);
    std::string line = std::to_string(entry->level) + " " + Str(entry->code);
    if (entry->file.size > 0) {
      line += " " + Str(entry->file) + ":" + std::to_string(entry->line) + ":" +
              std::to_string(entry->column);
    }
    static_cast<Listener*>(user_data)->lines.push_back(line + " " +
                                                       Str(entry->message));
  }
  static void Destroy(void* user_data) {
    ++static_cast<Listener*>(user_data)->destroyed;
  }
};

class Log : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(
        fts_model_parse(fts_str(kModel), fts_str("m.json"), nullptr, &model_),
        nullptr);
  }
  void TearDown() override {
    EXPECT_EQ(fts_log_set_callback(nullptr, 0, nullptr, nullptr), nullptr);
    fts_model_release(model_);
  }
  void Listen(fts_log_level min_level) {
    ASSERT_EQ(fts_log_set_callback(Listener::Hear, min_level, &listener_,
                                   Listener::Destroy),
              nullptr);
  }
  // Resolves a schedule that draws one warning.
  void Warn(fts_diagnostics** out_diagnostics = nullptr) {
    fts_schedule* schedule = nullptr;
    ASSERT_EQ(fts_schedule_resolve(
                  model_, fts_str("'0': {params: [a]}\n1: {params: [b]}\n"),
                  fts_str("s.yaml"), nullptr, out_diagnostics, &schedule),
              nullptr);
    fts_schedule_release(schedule);
  }

  fts_model* model_ = nullptr;
  Listener listener_;
};

TEST_F(Log, TellsWarningsThatNobodyAskedFor) {
  Warn();  // nobody listens
  Listen(FTS_LOG_LEVEL_UNSPECIFIED);
  fts_diagnostics* asked = nullptr;
  Warn(&asked);
  EXPECT_EQ(fts_diagnostics_size(asked), 1u);
  fts_diagnostics_release(asked);
  EXPECT_TRUE(listener_.lines.empty());
  Warn();
  ASSERT_EQ(listener_.lines.size(), 1u);
  EXPECT_EQ(listener_.lines[0].rfind("2 phase_keys_converted s.yaml:1:1 ", 0),
            0u)
      << listener_.lines[0];
}

TEST_F(Log, TellsWhatASchedulerDecidedWhereTheOutcomeIsNotTaken) {
  Listen(FTS_LOG_LEVEL_NOTE);
  fts_schedule* schedule = nullptr;
  ASSERT_EQ(
      fts_schedule_resolve(
          model_,
          fts_str("0: {params: [a], max_transition_epoch: 1}\n1: {params: "
                  "[b]}\n"),
          fts_str("s.yaml"), nullptr, nullptr, &schedule),
      nullptr);
  fts_scheduler_options options = FTS_SCHEDULER_OPTIONS_INIT;
  options.max_steps = 2;
  fts_scheduler* scheduler = nullptr;
  ASSERT_EQ(
      fts_scheduler_create(schedule, &options, nullptr, nullptr, &scheduler),
      nullptr);
  ASSERT_EQ(fts_scheduler_run_start(scheduler, nullptr), nullptr);
  ASSERT_EQ(fts_scheduler_epoch_start(scheduler, 0, nullptr), nullptr);
  ASSERT_EQ(fts_scheduler_step_end(scheduler, 0, nullptr), nullptr);
  ASSERT_EQ(fts_scheduler_epoch_end(scheduler, 0, nullptr), nullptr);
  listener_.lines.clear();
  ASSERT_EQ(fts_scheduler_epoch_start(scheduler, 1, nullptr), nullptr);
  EXPECT_EQ(
      listener_.lines,
      (std::vector<std::string>{
          "1 scheduler_note restore_best is skipped: no best has been seen "
          "yet; phase 1 goes on from the current weights",
          "1 scheduler_phase phase 1: max_transition_epoch 1 of phase 0 "
          "reached"}));
  listener_.lines.clear();
  fts_outcome* outcome = nullptr;
  ASSERT_EQ(fts_scheduler_step_end(scheduler, 1, &outcome), nullptr);
  EXPECT_GT(fts_outcome_size(outcome), 0u);
  fts_outcome_release(outcome);
  EXPECT_TRUE(listener_.lines.empty());
  fts_scheduler_release(scheduler);
  fts_schedule_release(schedule);
}

TEST_F(Log, LeavesOutWhatIsBelowItsLevel) {
  Listen(FTS_LOG_LEVEL_ERROR);
  Warn();
  EXPECT_TRUE(listener_.lines.empty());
}

TEST_F(Log, DestroyRunsOnceWhenReplacedOrRefused) {
  Listen(FTS_LOG_LEVEL_NOTE);
  Listener refused, other;
  EXPECT_EQ(CodeOf(fts_log_set_callback(Listener::Hear, 4, &refused,
                                        Listener::Destroy)),
            FTS_CODE_INVALID_ARGUMENT);
  EXPECT_EQ(refused.destroyed, 1);
  EXPECT_EQ(listener_.destroyed, 0);  // the one before stays
  Warn();
  EXPECT_EQ(listener_.lines.size(), 1u);
  ASSERT_EQ(fts_log_set_callback(Listener::Hear, 0, &other, Listener::Destroy),
            nullptr);
  EXPECT_EQ(listener_.destroyed, 1);
  Warn();
  EXPECT_EQ(listener_.lines.size(), 1u);
  EXPECT_EQ(other.lines.size(), 1u);
  Listener nobody;
  ASSERT_EQ(fts_log_set_callback(nullptr, 0, &nobody, Listener::Destroy),
            nullptr);
  EXPECT_EQ(nobody.destroyed, 1);
  EXPECT_EQ(other.destroyed, 1);
}

TEST_F(Log, ACallbackMayCallTheLibraryButNotItself) {
  struct Inner {
    fts_model* model;
    int calls = 0;
    fts_code code = 0;
  } inner{model_};
  ASSERT_EQ(fts_log_set_callback(
                [](const fts_log_entry*, void* user_data) {
                  auto* in = static_cast<Inner*>(user_data);
                  ++in->calls;
                  // Draws the same warning, which is not told again.
                  fts_schedule* schedule = nullptr;
                  EXPECT_EQ(fts_schedule_resolve(
                                in->model, fts_str("'0': {params: [a, b]}\n"),
                                fts_str("s.yaml"), nullptr, nullptr, &schedule),
                            nullptr);
                  fts_schedule_release(schedule);
                  in->code = CodeOf(
                      fts_log_set_callback(nullptr, 0, nullptr, nullptr));
                },
                0, &inner, nullptr),
            nullptr);
  Warn();
  EXPECT_EQ(inner.calls, 1);
  EXPECT_EQ(inner.code, FTS_CODE_FAILED_PRECONDITION);
}

TEST_F(Log, WhatACallbackThrowsGoesNoFurther) {
  ASSERT_EQ(
      fts_log_set_callback(
          [](const fts_log_entry*, void*) { throw std::runtime_error("boom"); },
          0, nullptr, [](void*) { throw 7; }),
      nullptr);
  Warn();
  // destroy throws too: that is told to the next one.
  Listen(FTS_LOG_LEVEL_NOTE);
  ASSERT_EQ(listener_.lines.size(), 1u);
  EXPECT_EQ(listener_.lines[0],
            "3 callback_threw the callback destroy threw: an exception of "
            "unknown type");
}

TEST_F(Log, IsReplacedWhileOtherThreadsLog) {
  // One that is destroyed is not called any more.
  struct Counting {
    std::atomic<int> calls{0};
    std::atomic<bool> gone{false};
  } listeners[2];
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      while (!stop) Warn();
    });
  }
  for (int i = 0; i < 200 || listeners[0].calls + listeners[1].calls < 20;
       ++i) {
    Counting& next = listeners[i % 2];
    // Still in use when its last call has not ended.
    if (i >= 2) {
      while (!next.gone) std::this_thread::yield();
      next.gone = false;
    }
    ASSERT_EQ(fts_log_set_callback(
                  [](const fts_log_entry*, void* user_data) {
                    auto* c = static_cast<Counting*>(user_data);
                    EXPECT_FALSE(c->gone);
                    ++c->calls;
                  },
                  0, &next,
                  [](void* user_data) {
                    static_cast<Counting*>(user_data)->gone = true;
                  }),
              nullptr);
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(fts_log_set_callback(nullptr, 0, nullptr, nullptr), nullptr);
  EXPECT_TRUE(listeners[0].gone);
  EXPECT_TRUE(listeners[1].gone);
}

TEST_F(Log, GoesOnInAForkedChild) {
  Listen(FTS_LOG_LEVEL_NOTE);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Warn();
    _exit(listener_.lines.size() == 1 ? 0 : 1);
  }
  int ended = 0;
  ASSERT_EQ(waitpid(child, &ended, 0), child);
  EXPECT_TRUE(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
  EXPECT_TRUE(listener_.lines.empty());
}

}  // namespace
