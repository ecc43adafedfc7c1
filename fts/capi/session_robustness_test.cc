// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What a caller may do wrong or at an unusual time with what stands on
// LibTorch: threads, forks, exceptions, handles after their release, the end of
// the process.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

#include "fts/capi/communicator.h"
#include "fts/capi/debug.h"
#include "fts/capi/event.h"
#include "fts/capi/log.h"
#include "fts/capi/mesh.h"
#include "fts/capi/session.h"

namespace {

std::string Message(fts_status* status) {
  if (status == nullptr) return "OK";
  const fts_string view = fts_status_message(status);
  const std::string text(view.data, view.size);
  fts_status_release(status);
  return text;
}

#define ASSERT_FTS_OK(call) ASSERT_EQ(Message(call), "OK")
#define EXPECT_FTS_OK(call) EXPECT_EQ(Message(call), "OK")

// A session over one parameter, loaded.
struct Parts {
  fts_model* model = nullptr;
  fts_schedule* schedule = nullptr;
  fts_plan* plan = nullptr;
  fts_mesh* mesh = nullptr;
  fts_tensor* tensor = nullptr;
  fts_session* session = nullptr;
  float values[4] = {1, 2, 3, 4};

  Parts() {
    const int64_t shape[] = {4};
    EXPECT_FTS_OK(fts_model_parse(fts_str(R"({"format":"fts-model/1","modules":[
            {"name":"","class":"Net","container":false}],"parameters":[
            {"name":"w","shape":[4],"dtype":"float32","shared_with":null}]})"),
                                  fts_str("m"), nullptr, &model));
    EXPECT_FTS_OK(fts_schedule_resolve(model, fts_str("0: {params: [w]}"),
                                       fts_str("s"), nullptr, nullptr,
                                       &schedule));
    EXPECT_FTS_OK(fts_plan_resolve(model, schedule, fts_str("unplanned: shard"),
                                   fts_str("p"), nullptr, &plan));
    EXPECT_FTS_OK(fts_mesh_create(nullptr, &mesh));
    EXPECT_FTS_OK(fts_tensor_from_host(values, shape, 1, FTS_DTYPE_FLOAT32,
                                       nullptr, nullptr, &tensor));
    const fts_named_tensor named = {fts_str("w"), tensor};
    EXPECT_FTS_OK(fts_session_create(plan, schedule, mesh, &named, 1, nullptr,
                                     nullptr, &session));
    EXPECT_FTS_OK(fts_session_load(session));
  }
  void Release() {
    fts_session_release(session);
    fts_tensor_release(tensor);
    fts_mesh_release(mesh);
    fts_plan_release(plan);
    fts_schedule_release(schedule);
    fts_model_release(model);
  }
};

TEST(SessionRobustness, AllHandlesComeBack) {
  const int64_t live = fts_live_handles();
  Parts parts;
  EXPECT_EQ(fts_live_handles(), live + 6);
  fts_scheduler_callbacks callbacks;
  ASSERT_FTS_OK(fts_session_get_callbacks(parts.session, &callbacks));
  fts_scheduler_options options = FTS_SCHEDULER_OPTIONS_INIT;
  options.max_steps = 1;
  fts_scheduler* scheduler = nullptr;
  ASSERT_FTS_OK(fts_scheduler_create(parts.schedule, &options, &callbacks,
                                     nullptr, &scheduler));
  // The scheduler's callbacks own the session.
  parts.Release();
  EXPECT_EQ(fts_live_handles(), live + 2);
  ASSERT_FTS_OK(fts_scheduler_run_start(scheduler, nullptr));
  fts_scheduler_release(scheduler);
  EXPECT_EQ(fts_live_handles(), live);
}

TEST(SessionRobustness, AnExceptionOfACallbackIsAnError) {
  Parts parts;
  const int64_t live = fts_live_handles();
  EXPECT_EQ(Message(fts_session_for_each_full(
                parts.session,
                [](fts_string, const fts_tensor*, void*) -> fts_status* {
                  throw std::runtime_error("boom");
                },
                nullptr)),
            "the callback fn of fts_session_for_each_full threw: boom");
  EXPECT_EQ(fts_live_handles(), live);
  EXPECT_EQ(Message(fts_session_load_from(
                parts.session,
                [](fts_string, int64_t, int64_t, const fts_tensor*,
                   void*) -> fts_status* { throw 7; },
                nullptr)),
            "the callback fn of fts_session_load_from threw an exception of "
            "unknown type");
  EXPECT_EQ(fts_live_handles(), live);

  // One that cannot report an error goes to the log.
  std::string heard;
  ASSERT_FTS_OK(fts_log_set_callback(
      [](const fts_log_entry* entry, void* user_data) {
        *static_cast<std::string*>(user_data) += entry->message.data;
      },
      FTS_LOG_LEVEL_ERROR, &heard, nullptr));
  fts_communicator* comm = nullptr;
  fts_event* event = nullptr;
  ASSERT_FTS_OK(fts_mesh_get_communicator(parts.mesh, FTS_MESH_DIM_ALL, &comm));
  ASSERT_FTS_OK(fts_communicator_all_reduce(comm, parts.tensor,
                                            FTS_REDUCE_OP_SUM, &event));
  ASSERT_FTS_OK(fts_event_wait(event, -1));
  EXPECT_FTS_OK(fts_event_on_ready(
      event, [](const fts_status*, void*) { throw std::runtime_error("oops"); },
      nullptr, nullptr));
  EXPECT_EQ(heard, "the callback fn of fts_event_on_ready threw: oops");
  EXPECT_FTS_OK(fts_log_set_callback(nullptr, 0, nullptr, nullptr));
  fts_event_release(event);
  fts_communicator_release(comm);
  parts.Release();
}

TEST(SessionRobustness, ASecondThreadIsTold) {
  Parts parts;
  struct Meeting {
    fts_session* session;
    std::string told;
  } meeting{parts.session, ""};
  ASSERT_FTS_OK(fts_session_for_each_full(
      parts.session,
      [](fts_string, const fts_tensor*, void* user_data) -> fts_status* {
        auto* m = static_cast<Meeting*>(user_data);
        std::thread([m] {
          m->told = Message(fts_session_finish_update(m->session));
        }).join();
        return nullptr;
      },
      &meeting));
  EXPECT_EQ(meeting.told,
            "fts_session_finish_update: another call on this session is under "
            "way; a session is for one thread at a time, and its callbacks "
            "must not call it");
  parts.Release();
}

TEST(SessionRobustness, AForkedChildIsRefused) {
  Parts parts;
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    double number = 1;
    const bool refused =
        Message(fts_mesh_sum(parts.mesh, &number, 1))
                .find("is a forked child") != std::string::npos &&
        Message(fts_session_begin_evaluation(parts.session))
                .find("is a forked child") != std::string::npos &&
        Message(fts_plan_to_json(parts.plan, nullptr)) ==
            "fts_plan_to_json: out is NULL";
    _exit(refused ? 0 : 1);
  }
  int ended = 0;
  ASSERT_EQ(waitpid(child, &ended, 0), child);
  EXPECT_TRUE(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
  double number = 1;
  EXPECT_FTS_OK(fts_mesh_sum(parts.mesh, &number, 1));
  parts.Release();
}

#ifndef __SANITIZE_ADDRESS__  // which tells this itself

TEST(SessionRobustness, AReleasedHandleIsRefused) {
  Parts parts;
  fts_session* session = parts.session;
  fts_mesh* mesh = parts.mesh;
  fts_tensor* tensor = parts.tensor;
  parts.Release();
  EXPECT_EQ(Message(fts_session_load(session)),
            "fts_session_load: session was released before; retain what is "
            "used later");
  EXPECT_EQ(Message(fts_mesh_barrier(mesh)),
            "fts_mesh_barrier: mesh was released before; retain what is used "
            "later");
  fts_tensor_info info;
  EXPECT_EQ(Message(fts_tensor_get_info(tensor, &info)),
            "fts_tensor_get_info: tensor was released before; retain what is "
            "used later");
  fts_session_release(session);
  fts_mesh_release(mesh);
  fts_tensor_release(tensor);
}

#endif

// exit() ends LibTorch's static objects while sessions are alive.
TEST(SessionRobustnessDeathTest, AProcessMayEndWithAllItHas) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        Parts parts;
        fts_scheduler_callbacks callbacks;
        EXPECT_FTS_OK(fts_session_get_callbacks(parts.session, &callbacks));
        EXPECT_FTS_OK(fts_log_set_callback([](const fts_log_entry*, void*) {},
                                           0, nullptr,
                                           [](void*) { _exit(9); }));
        std::exit(testing::Test::HasFailure() ? 1 : 0);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
