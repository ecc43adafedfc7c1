// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A loop over host tensors through the C interface, without autograd: three
// phases of a linear chain, held against the same arithmetic written out here.
#include "fts/capi/session.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "fts/capi/communicator.h"
#include "fts/capi/event.h"
#include "fts/capi/mesh.h"
#include "fts/capi/optimizer.h"
#include "fts/capi/torch.h"

namespace {

std::string Text(fts_string view) { return std::string(view.data, view.size); }

// OK, or the message; releases it.
std::string Message(fts_status* status) {
  if (status == nullptr) return "OK";
  const std::string text = Text(fts_status_message(status));
  fts_status_release(status);
  return text;
}

#define ASSERT_FTS_OK(call) ASSERT_EQ(Message(call), "OK")
#define EXPECT_FTS_OK(call) EXPECT_EQ(Message(call), "OK")

constexpr char kModel[] = R"({"format":"fts-model/1","modules":[
  {"name":"","class":"Chain","container":false},
  {"name":"a","class":"Scale","container":false},
  {"name":"b","class":"Scale","container":false},
  {"name":"c","class":"Scale","container":false}],
 "parameters":[
  {"name":"a.w","shape":[4],"dtype":"float32","shared_with":null},
  {"name":"b.w","shape":[4],"dtype":"float32","shared_with":null},
  {"name":"c.w","shape":[4],"dtype":"float32","shared_with":null}]})";

constexpr char kSchedule[] =
    "0: {params: [c.w], max_transition_epoch: 1}\n"
    "1: {params: [b.w], max_transition_epoch: 2, lr: 0.05}\n"
    "2: {params: [a.w], max_transition_epoch: 3, lr: 0.02}\n";

constexpr char kPlan[] = "fsdp_plan: {a: {}, b: {}, c: {}}\n";

// y = a * b * c elementwise, loss = sum((y - 1)^2) / 2.
class HostLoop : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_FTS_OK(
        fts_model_parse(fts_str(kModel), fts_str("m"), nullptr, &model_));
    fts_schedule_options options = FTS_SCHEDULE_OPTIONS_INIT;
    options.epoch_transitions_only = 1;
    options.max_epochs = 3;
    ASSERT_FTS_OK(fts_schedule_resolve(model_, fts_str(kSchedule),
                                       fts_str("s.yaml"), &options, nullptr,
                                       &schedule_));
    ASSERT_FTS_OK(fts_plan_resolve(model_, schedule_, fts_str(kPlan),
                                   fts_str("p.yaml"), nullptr, &plan_));
    ASSERT_FTS_OK(fts_mesh_create(nullptr, &mesh_));
    const char* names[] = {"a.w", "b.w", "c.w"};
    const int64_t shape[] = {4};
    for (int i = 0; i < 3; ++i) {
      for (int j = 0; j < 4; ++j) values_[i][j] = 0.5F + 0.1F * (i + j);
      ASSERT_FTS_OK(fts_tensor_from_host(values_[i], shape, 1,
                                         FTS_DTYPE_FLOAT32, nullptr, nullptr,
                                         &weights_[i]));
      named_.push_back({fts_str(names[i]), weights_[i]});
    }
    ASSERT_FTS_OK(fts_session_create(plan_, schedule_, mesh_, named_.data(), 3,
                                     nullptr, nullptr, &session_));
    ASSERT_FTS_OK(fts_session_load(session_));
  }

  void TearDown() override {
    fts_scheduler_release(scheduler_);
    fts_optimizer_release(optimizer_);
    fts_session_release(session_);
    for (fts_tensor* w : weights_) fts_tensor_release(w);
    fts_mesh_release(mesh_);
    fts_plan_release(plan_);
    fts_schedule_release(schedule_);
    fts_model_release(model_);
  }

  void MakeScheduler() {
    fts_scheduler_callbacks callbacks;
    ASSERT_FTS_OK(fts_session_get_callbacks(session_, &callbacks));
    fts_scheduler_options options = FTS_SCHEDULER_OPTIONS_INIT;
    options.epoch_transitions_only = 1;
    options.has_validation = 0;
    options.restore_best = 0;
    ASSERT_FTS_OK(fts_scheduler_create(schedule_, &options, &callbacks, nullptr,
                                       &scheduler_));
  }

  const float* Read(int i) {
    fts_tensor_info info;
    EXPECT_FTS_OK(fts_tensor_get_info(weights_[i], &info));
    return static_cast<const float*>(info.data);
  }

  // Forward and backward by hand; the loss.
  double Gradients(int phase) {
    for (size_t unit = 0; unit < 3; ++unit) {
      EXPECT_FTS_OK(fts_session_pre_forward(session_, unit, nullptr, 0));
      EXPECT_FTS_OK(fts_session_post_forward(session_, unit, 0, nullptr, 0));
    }
    double loss = 0;
    float g[3][4];
    for (size_t unit = 0; unit < 3; ++unit) {
      EXPECT_FTS_OK(fts_session_gather(session_, unit));
    }
    const float* w[] = {Read(0), Read(1), Read(2)};
    for (int j = 0; j < 4; ++j) {
      const float y = w[0][j] * w[1][j] * w[2][j];
      loss += (y - 1) * (y - 1) / 2;
      for (int i = 0; i < 3; ++i) g[i][j] = (y - 1) * y / w[i][j];
    }
    const int64_t shape[] = {4};
    for (int i = 2; i >= 2 - phase; --i) {
      fts_tensor* grad = nullptr;
      EXPECT_FTS_OK(fts_tensor_from_host(g[i], shape, 1, FTS_DTYPE_FLOAT32,
                                         nullptr, nullptr, &grad));
      const auto index = static_cast<size_t>(i);
      EXPECT_FTS_OK(fts_session_add_gradients(session_, &index, &grad, 1));
      fts_tensor_release(grad);
    }
    for (size_t unit = 0; unit < 3; ++unit) {
      EXPECT_FTS_OK(fts_session_release_unit(session_, unit));
    }
    return loss;
  }

  fts_model* model_ = nullptr;
  fts_schedule* schedule_ = nullptr;
  fts_plan* plan_ = nullptr;
  fts_mesh* mesh_ = nullptr;
  fts_session* session_ = nullptr;
  fts_scheduler* scheduler_ = nullptr;
  fts_optimizer* optimizer_ = nullptr;
  float values_[3][4];
  fts_tensor* weights_[3] = {};
  std::vector<fts_named_tensor> named_;
};

// SGD as written here, in float32 like the engine.
struct Plain {
  float w[3][4];
  Plain() {
    for (int i = 0; i < 3; ++i) {
      for (int j = 0; j < 4; ++j) w[i][j] = 0.5F + 0.1F * (i + j);
    }
  }
  double Step(int phase, const double lr[]) {
    double loss = 0;
    float g[3][4];
    for (int j = 0; j < 4; ++j) {
      const float y = w[0][j] * w[1][j] * w[2][j];
      loss += (y - 1) * (y - 1) / 2;
      for (int i = 0; i < 3; ++i) g[i][j] = (y - 1) * y / w[i][j];
    }
    for (int i = 2; i >= 2 - phase; --i) {
      for (int j = 0; j < 4; ++j) {
        w[i][j] -= static_cast<float>(lr[2 - i]) * g[i][j];
      }
    }
    return loss;
  }
};

constexpr double kRates[] = {0.1, 0.05, 0.02};

TEST_F(HostLoop, OurOptimizerFollowsThePhases) {
  ASSERT_FTS_OK(fts_optimizer_create(session_,
                                     fts_str("optimizer: {name: sgd, lr: 0.1}"),
                                     fts_str("o.yaml"), nullptr, &optimizer_));
  MakeScheduler();
  ASSERT_FTS_OK(fts_scheduler_run_start(scheduler_, nullptr));
  Plain plain;
  for (int epoch = 0; epoch < 3; ++epoch) {
    ASSERT_FTS_OK(fts_scheduler_epoch_start(scheduler_, epoch, nullptr));
    const int phase = fts_scheduler_phase(scheduler_);
    EXPECT_EQ(phase, epoch);
    EXPECT_EQ(fts_optimizer_num_groups(optimizer_), phase + 1u);
    for (int step = 0; step < 5; ++step) {
      const double loss = Gradients(phase);
      EXPECT_NEAR(loss, plain.Step(phase, kRates), 1e-6);
      fts_step_args args = FTS_STEP_ARGS_INIT;
      args.loss = loss;
      fts_step_info info;
      ASSERT_FTS_OK(fts_optimizer_step(optimizer_, phase, &args, &info));
      EXPECT_EQ(info.loss, loss);
      EXPECT_GT(info.grad_norm, 0);
      ASSERT_FTS_OK(
          fts_scheduler_step_end(scheduler_, epoch * 5 + step, nullptr));
      ASSERT_FTS_OK(fts_optimizer_after_step(optimizer_, step));
    }
    ASSERT_FTS_OK(fts_scheduler_epoch_end(scheduler_, epoch, nullptr));
    ASSERT_FTS_OK(fts_optimizer_after_epoch(optimizer_, epoch));
  }
  fts_group_info group;
  ASSERT_FTS_OK(fts_optimizer_get_group(optimizer_, 2, &group));
  EXPECT_EQ(Text(group.name), "phase 2");
  EXPECT_EQ(group.lr, 0.02);
  EXPECT_EQ(Text(fts_optimizer_name(optimizer_)), "SGD");
  for (int i = 0; i < 3; ++i) {
    ASSERT_FTS_OK(fts_session_gather(session_, i));
    for (int j = 0; j < 4; ++j) EXPECT_NEAR(Read(i)[j], plain.w[i][j], 1e-6);
  }
}

// The caller's optimizer sees shards and their gradients.
TEST_F(HostLoop, TheCallersOptimizerWritesShards) {
  MakeScheduler();
  ASSERT_FTS_OK(fts_scheduler_run_start(scheduler_, nullptr));
  Plain plain;
  for (int epoch = 0; epoch < 3; ++epoch) {
    ASSERT_FTS_OK(fts_scheduler_epoch_start(scheduler_, epoch, nullptr));
    for (int step = 0; step < 3; ++step) {
      EXPECT_NEAR(Gradients(epoch), plain.Step(epoch, kRates), 1e-6);
      ASSERT_FTS_OK(fts_session_complete_gradients(session_, nullptr, nullptr));
      ASSERT_FTS_OK(fts_session_begin_update(session_));
      for (size_t i = 0; i < 3; ++i) {
        fts_tensor *value = nullptr, *grad = nullptr;
        fts_shard_info info;
        ASSERT_FTS_OK(fts_session_get_shard(session_, i, &info, &value, &grad));
        EXPECT_EQ(info.trainable, static_cast<int>(i) >= 2 - epoch);
        EXPECT_EQ(info.has_gradient, info.trainable);
        EXPECT_EQ(info.size, 4);
        if (grad != nullptr) {
          float w[4], g[4];
          ASSERT_FTS_OK(fts_tensor_read(value, w, sizeof w));
          ASSERT_FTS_OK(fts_tensor_read(grad, g, sizeof g));
          for (int j = 0; j < 4; ++j) {
            w[j] -= static_cast<float>(kRates[2 - i]) * g[j];
          }
          ASSERT_FTS_OK(fts_tensor_write(value, w, sizeof w));
        }
        fts_tensor_release(value);
        fts_tensor_release(grad);
      }
      ASSERT_FTS_OK(fts_session_finish_update(session_));
      ASSERT_FTS_OK(
          fts_scheduler_step_end(scheduler_, epoch * 3 + step, nullptr));
    }
    ASSERT_FTS_OK(fts_scheduler_epoch_end(scheduler_, epoch, nullptr));
  }
  fts_session_use use;
  ASSERT_FTS_OK(fts_session_get_use(session_, &use));
  EXPECT_EQ(use.bytes_gathered, 0);  // one rank
}

TEST_F(HostLoop, MistakesAreNamed) {
  MakeScheduler();
  ASSERT_FTS_OK(fts_scheduler_run_start(scheduler_, nullptr));
  EXPECT_EQ(Message(fts_session_pre_forward(session_, 9, nullptr, 0)),
            "unit 9 was named; the session has 3");
  EXPECT_EQ(Message(fts_session_begin_update(session_)),
            "the update: gradients of this step are not complete; call "
            "CompleteGradients after the last backward and before it");
  float bad[2] = {1, 2};
  const int64_t shape[] = {2};
  fts_tensor* grad = nullptr;
  ASSERT_FTS_OK(fts_tensor_from_host(bad, shape, 1, FTS_DTYPE_FLOAT32, nullptr,
                                     nullptr, &grad));
  size_t index = 2;
  EXPECT_EQ(Message(fts_session_add_gradients(session_, &index, &grad, 1)),
            "the gradient of parameter 'c.w' has shape [2]; it must be [4]");
  index = 0;
  EXPECT_EQ(Message(fts_session_add_gradients(session_, &index, &grad, 1)),
            "parameter 'a.w' is frozen and takes no gradient; leave it out "
            "until its phase");
  fts_tensor_release(grad);
  EXPECT_EQ(
      Message(fts_session_find_parameter(session_, fts_str("d.w"), &index)),
      "fts_session_find_parameter: the model has no parameter 'd.w'");
  EXPECT_EQ(Message(fts_session_thaw(session_, 7)),
            "phase 7 was named; the schedule has 3");
}

TEST(TensorTest, HostMemoryIsSharedAndGivenBackOnce) {
  static int destroyed = 0;
  destroyed = 0;
  const auto destroy = [](void*) { ++destroyed; };
  float data[6] = {0, 1, 2, 3, 4, 5};
  const int64_t shape[] = {2, 3};
  fts_tensor* tensor = nullptr;
  ASSERT_FTS_OK(fts_tensor_from_host(data, shape, 2, FTS_DTYPE_FLOAT32, destroy,
                                     data, &tensor));
  fts_tensor_info info;
  ASSERT_FTS_OK(fts_tensor_get_info(tensor, &info));
  EXPECT_EQ(info.data, data);
  EXPECT_EQ(info.num_elements, 6);
  fts_tensor_retain(tensor);
  fts_tensor_release(tensor);
  EXPECT_EQ(destroyed, 0);
  fts_tensor_release(tensor);
  EXPECT_EQ(destroyed, 1);
  const int64_t negative[] = {2, -3};
  EXPECT_EQ(Message(fts_tensor_from_host(data, negative, 2, FTS_DTYPE_FLOAT32,
                                         destroy, data, &tensor)),
            "fts_tensor_from_host: size -3 of dimension 1 is negative or too "
            "large");
  EXPECT_EQ(tensor, nullptr);
  EXPECT_EQ(destroyed, 2);
}

TEST(TensorTest, ATagOfAnotherLibTorchIsRefusedBeforeTheTensorIsTouched) {
  fts_tensor* out = nullptr;
  const std::string tag = Text(fts_torch_tag());
  EXPECT_EQ(
      Message(fts_tensor_from_at(reinterpret_cast<const void*>(8),
                                 fts_str("2.10.0/cxx11abi=1"), &out)),
      "fts_tensor_from_at: the caller's LibTorch is '2.10.0/cxx11abi=1', this "
      "library was built for '" +
          tag +
          "'; an at::Tensor of the one is none of the other. Install the torch "
          "that fts was built for, or build fts for yours");
  EXPECT_EQ(out, nullptr);
}

TEST(MeshTest, OneRankAgreesWithItself) {
  fts_mesh* mesh = nullptr;
  ASSERT_FTS_OK(fts_mesh_create(nullptr, &mesh));
  EXPECT_EQ(fts_mesh_rank(mesh), 0);
  EXPECT_EQ(fts_mesh_size(mesh), 1);
  double numbers[] = {1, 2};
  ASSERT_FTS_OK(fts_mesh_sum(mesh, numbers, 2));
  EXPECT_EQ(numbers[1], 2);
  fts_communicator* comm = nullptr;
  ASSERT_FTS_OK(
      fts_mesh_get_communicator(mesh, FTS_MESH_DIM_UNSPECIFIED, &comm));
  float data[4] = {1, 2, 3, 4};
  const int64_t shape[] = {4};
  fts_tensor* tensor = nullptr;
  ASSERT_FTS_OK(fts_tensor_from_host(data, shape, 1, FTS_DTYPE_FLOAT32, nullptr,
                                     nullptr, &tensor));
  fts_event* event = nullptr;
  ASSERT_FTS_OK(
      fts_communicator_all_reduce(comm, tensor, FTS_REDUCE_OP_SUM, &event));
  ASSERT_FTS_OK(fts_event_wait(event, 1000000000));
  EXPECT_EQ(fts_event_is_ready(event), 1);
  static int called = 0, destroyed = 0;
  ASSERT_FTS_OK(fts_event_on_ready(
      event, [](const fts_status* s, void*) { called += s == nullptr; },
      nullptr, [](void*) { ++destroyed; }));
  EXPECT_EQ(called, 1);
  EXPECT_EQ(destroyed, 1);
  fts_event_release(event);
  EXPECT_EQ(Message(fts_communicator_all_reduce(comm, tensor, 9, &event)),
            "fts_communicator_all_reduce: op is 9; it must be one of the "
            "FTS_REDUCE_OP_ constants");
  fts_tensor_release(tensor);
  fts_communicator_release(comm);
  fts_mesh_release(mesh);
  EXPECT_EQ(Message(fts_mesh_join(fts_str("no such group"), nullptr, &mesh))
                .substr(0, 45),
            "process group 'no such group' cannot be joine");
}

}  // namespace
