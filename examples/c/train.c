// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A trainer in C. It owns the model (mlp.h), the data, the loss and the loop;
// fts decides what trains when, holds weights and gradients in shards over the
// ranks, sums what they computed, and updates.
//
//   train             one rank, or the rank that a launcher says
//   train --ranks N   starts N of itself
//
// Rank 0 prints a line an epoch. The same numbers come out for any N that
// divides the batch, but for rounding.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "examples/c/launch.h"
#include "examples/c/mlp.h"
#include "fts/capi/mesh.h"
#include "fts/capi/model.h"
#include "fts/capi/optimizer.h"
#include "fts/capi/plan.h"
#include "fts/capi/schedule.h"
#include "fts/capi/scheduler.h"
#include "fts/capi/session.h"
#include "fts/capi/status.h"
#include "fts/capi/tensor.h"

enum { kBatch = 32, kSteps = 8, kEpochs = 6, kParameters = 2 * kLayers };

// What a framework's binding would write from its modules.
static const char kModel[] =
    "{\"format\": \"fts-model/1\", \"modules\": ["
    " {\"name\": \"\", \"class\": \"Mlp\", \"container\": false},"
    " {\"name\": \"l0\", \"class\": \"Linear\", \"container\": false},"
    " {\"name\": \"l1\", \"class\": \"Linear\", \"container\": false},"
    " {\"name\": \"head\", \"class\": \"Linear\", \"container\": false}],"
    "\"parameters\": ["
    " {\"name\": \"l0.weight\", \"shape\": [16, 8], \"dtype\": \"float32\","
    "  \"shared_with\": null},"
    " {\"name\": \"l0.bias\", \"shape\": [16], \"dtype\": \"float32\","
    "  \"shared_with\": null},"
    " {\"name\": \"l1.weight\", \"shape\": [16, 16], \"dtype\": \"float32\","
    "  \"shared_with\": null},"
    " {\"name\": \"l1.bias\", \"shape\": [16], \"dtype\": \"float32\","
    "  \"shared_with\": null},"
    " {\"name\": \"head.weight\", \"shape\": [2, 16], \"dtype\": \"float32\","
    "  \"shared_with\": null},"
    " {\"name\": \"head.bias\", \"shape\": [2], \"dtype\": \"float32\","
    "  \"shared_with\": null}]}";

static const char kSchedule[] =
    "0: {params: ['head.*'], max_transition_epoch: 2}\n"
    "1: {params: ['l1.*'], max_transition_epoch: 4, lr: 0.02}\n"
    "2: {params: ['l0.*'], max_transition_epoch: 6, lr: 0.02}\n";

static const char kPlan[] = "fsdp_plan: {l0: {}, l1: {}, head: {}}\n";

static const char kOptimizer[] =
    "optimizer: {name: adamw, lr: 0.02, weight_decay: 0}\n"
    "clip_grad_norm: 1.0\n";

typedef struct trainer {
  fts_model* model;
  fts_schedule* schedule;
  fts_plan* plan;
  fts_mesh* mesh;
  fts_session* session;
  fts_optimizer* optimizer;
  fts_scheduler* scheduler;
  fts_tensor* weights[kParameters];  // weight and bias of each layer in turn
  float values[kParameters][kHidden * kHidden];  // where they begin
  mlp_activations activations;
} trainer;

#define FTS_TRY(call)                \
  do {                               \
    fts_status* tried = (call);      \
    if (tried != NULL) return tried; \
  } while (0)

// A sample: inputs, and two functions of them to be learned.
static void sample(int index, float* x, float* y) {
  mlp_random random = {1000003ULL * (unsigned long long)(index + 1)};
  for (int i = 0; i < kInputs; ++i) x[i] = mlp_next(&random);
  y[0] = x[0] * x[1] + x[2];
  y[1] = x[3] * x[3] - x[4] * x[5];
}

static fts_status* make(trainer* t) {
  static const char* const kNames[kParameters] = {"l0.weight",   "l0.bias",
                                                  "l1.weight",   "l1.bias",
                                                  "head.weight", "head.bias"};
  FTS_TRY(
      fts_model_parse(fts_str(kModel), fts_str("model.json"), NULL, &t->model));
  fts_schedule_options how = FTS_SCHEDULE_OPTIONS_INIT;
  how.epoch_transitions_only = 1;
  how.max_epochs = kEpochs;
  FTS_TRY(fts_schedule_resolve(t->model, fts_str(kSchedule),
                               fts_str("schedule.yaml"), &how, NULL,
                               &t->schedule));
  FTS_TRY(fts_plan_resolve(t->model, t->schedule, fts_str(kPlan),
                           fts_str("plan.yaml"), NULL, &t->plan));
  FTS_TRY(fts_mesh_create(NULL, &t->mesh));

  mlp_random random = {42};
  fts_named_tensor parameters[kParameters];
  for (int p = 0; p < kParameters; ++p) {
    const int layer = p / 2, is_bias = p % 2;
    const int64_t shape[] = {mlp_outputs(layer), mlp_inputs(layer)};
    const int size = mlp_outputs(layer) * (is_bias ? 1 : mlp_inputs(layer));
    for (int i = 0; i < size; ++i) {
      t->values[p][i] = is_bias ? 0 : 0.5F * mlp_next(&random);
    }
    FTS_TRY(fts_tensor_from_host(t->values[p], shape, is_bias ? 1 : 2,
                                 (fts_dtype)FTS_DTYPE_FLOAT32, NULL, NULL,
                                 &t->weights[p]));
    parameters[p].name = fts_str(kNames[p]);
    parameters[p].tensor = t->weights[p];
  }
  FTS_TRY(fts_session_create(t->plan, t->schedule, t->mesh, parameters,
                             kParameters, NULL, NULL, &t->session));
  FTS_TRY(fts_session_load(t->session));
  FTS_TRY(fts_optimizer_create(t->session, fts_str(kOptimizer),
                               fts_str("optimizer.yaml"), NULL, &t->optimizer));

  // Thawing, groups, best state and metrics are the session's business.
  fts_scheduler_callbacks callbacks;
  FTS_TRY(fts_session_get_callbacks(t->session, &callbacks));
  fts_scheduler_options rules = FTS_SCHEDULER_OPTIONS_INIT;
  rules.epoch_transitions_only = 1;
  return fts_scheduler_create(t->schedule, &rules, &callbacks, NULL,
                              &t->scheduler);
}

static void free_all(trainer* t) {
  fts_scheduler_release(t->scheduler);
  fts_optimizer_release(t->optimizer);
  fts_session_release(t->session);
  for (int p = 0; p < kParameters; ++p) fts_tensor_release(t->weights[p]);
  fts_mesh_release(t->mesh);
  fts_plan_release(t->plan);
  fts_schedule_release(t->schedule);
  fts_model_release(t->model);
}

// Where a parameter stands now: the engine moves it.
static fts_status* data_of(const trainer* t, int parameter, const float** out) {
  fts_tensor_info info;
  FTS_TRY(fts_tensor_get_info(t->weights[parameter], &info));
  *out = (const float*)info.data;
  return NULL;
}

// Units stand in the order of the plan, one for each layer.
static fts_status* forward(trainer* t, int batch) {
  for (int layer = 0; layer < kLayers; ++layer) {
    const size_t unit = (size_t)layer;
    const float *weight = NULL, *bias = NULL;
    FTS_TRY(fts_session_pre_forward(t->session, unit, NULL, 0));
    FTS_TRY(data_of(t, 2 * layer, &weight));
    FTS_TRY(data_of(t, 2 * layer + 1, &bias));
    mlp_forward(&t->activations, layer, weight, bias, batch);
    FTS_TRY(fts_session_post_forward(t->session, unit, 0, NULL, 0));
  }
  return NULL;
}

// Down to the last layer that trains.
static fts_status* backward(trainer* t, int lowest, int batch, float* grad) {
  float grad_weight[kHidden * kHidden], grad_bias[kHidden];
  for (int layer = kLayers - 1; layer >= lowest; --layer) {
    const size_t unit = (size_t)layer;
    const float* weight = NULL;
    if (layer > lowest) {
      FTS_TRY(fts_session_gather(t->session, unit));
      FTS_TRY(data_of(t, 2 * layer, &weight));
    }
    mlp_backward(&t->activations, layer, weight, batch, grad, grad_weight,
                 grad_bias);
    if (layer > lowest) {
      FTS_TRY(fts_session_release_unit(t->session, unit));
    }
    const int64_t shape[] = {mlp_outputs(layer), mlp_inputs(layer)};
    const size_t which[] = {2 * unit, 2 * unit + 1};
    fts_tensor* grads[2] = {NULL, NULL};
    fts_status* failed = fts_tensor_from_host(grad_weight, shape, 2,
                                              (fts_dtype)FTS_DTYPE_FLOAT32,
                                              NULL, NULL, &grads[0]);
    if (failed == NULL) {
      failed = fts_tensor_from_host(grad_bias, shape, 1,
                                    (fts_dtype)FTS_DTYPE_FLOAT32, NULL, NULL,
                                    &grads[1]);
    }
    // Copied before it returns.
    if (failed == NULL) {
      failed = fts_session_add_gradients(t->session, which, grads, 2);
    }
    fts_tensor_release(grads[0]);
    fts_tensor_release(grads[1]);
    if (failed != NULL) return failed;
  }
  return NULL;
}

// Fills a batch with this rank's part of the samples from `first` on.
static int fill(trainer* t, int first, int count, float* targets) {
  const int ranks = fts_mesh_size(t->mesh), rank = fts_mesh_rank(t->mesh);
  const int mine = count / ranks;
  for (int n = 0; n < mine; ++n) {
    sample(first + rank * mine + n, t->activations.values[0] + n * kInputs,
           targets + n * kOutputs);
  }
  return mine;
}

static fts_status* train_step(trainer* t, int epoch, int step, double* loss) {
  float targets[kMaxBatch * kOutputs], grad[kMaxBatch * kHidden];
  const int phase = fts_scheduler_phase(t->scheduler);
  const int batch = fill(t, (epoch * kSteps + step) * kBatch, kBatch, targets);
  FTS_TRY(forward(t, batch));
  fts_step_args args = FTS_STEP_ARGS_INIT;
  args.loss = mlp_loss(&t->activations, targets, batch, grad);
  FTS_TRY(backward(t, kLayers - 1 - phase, batch, grad));
  // Sums over the ranks, clips, updates.
  fts_step_info info;
  FTS_TRY(fts_optimizer_step(t->optimizer, phase, &args, &info));
  *loss += info.loss / kSteps;
  FTS_TRY(fts_optimizer_after_step(t->optimizer, step));
  return fts_scheduler_step_end(t->scheduler, epoch * kSteps + step, NULL);
}

static fts_status* validate(trainer* t, double* loss) {
  float targets[kMaxBatch * kOutputs], unused[kMaxBatch * kHidden];
  FTS_TRY(fts_session_begin_evaluation(t->session));
  const int batch = fill(t, 1000000, kBatch, targets);
  FTS_TRY(forward(t, batch));
  *loss = mlp_loss(&t->activations, targets, batch, unused) /
          fts_mesh_size(t->mesh);
  FTS_TRY(fts_session_end_evaluation(t->session));
  // Every rank must tell its scheduler the same.
  FTS_TRY(fts_mesh_sum(t->mesh, loss, 1));
  return fts_session_set_metric(t->session, fts_str("val_loss"), *loss);
}

static fts_status* run(trainer* t) {
  FTS_TRY(make(t));
  FTS_TRY(fts_scheduler_run_start(t->scheduler, NULL));
  for (int epoch = 0; !fts_scheduler_finished(t->scheduler); ++epoch) {
    FTS_TRY(fts_scheduler_epoch_start(t->scheduler, epoch, NULL));
    if (fts_scheduler_finished(t->scheduler)) break;
    double loss = 0, val_loss = 0;
    for (int step = 0; step < kSteps; ++step) {
      FTS_TRY(train_step(t, epoch, step, &loss));
    }
    FTS_TRY(validate(t, &val_loss));
    FTS_TRY(fts_scheduler_validation_end(t->scheduler, epoch, NULL));
    if (fts_mesh_rank(t->mesh) == 0) {
      printf("epoch %d phase %d loss %.7f val_loss %.7f\n", epoch,
             (int)fts_scheduler_phase(t->scheduler), loss, val_loss);
      fflush(stdout);
    }
    FTS_TRY(fts_optimizer_after_epoch(t->optimizer, epoch));
    if (fts_scheduler_finished(t->scheduler)) break;
    FTS_TRY(fts_scheduler_epoch_end(t->scheduler, epoch, NULL));
  }
  return NULL;
}

int main(int argc, char** argv) {
  if (argc == 3 && strcmp(argv[1], "--ranks") == 0) {
    return launch_ranks(argv[0], atoi(argv[2]));
  }
  static trainer t;
  fts_status* failed = run(&t);
  const int code = failed == NULL ? 0 : 1;
  if (failed != NULL) {
    const char* rank = getenv("RANK");
    fprintf(stderr, "rank %s: %s: %s\n", rank == NULL ? "0" : rank,
            fts_status_code_name(failed).data, fts_status_message(failed).data);
    // Lets peers that wait for this one go.
    if (t.mesh != NULL) {
      fts_status_release(fts_mesh_abort(t.mesh, fts_status_message(failed)));
    }
    fts_status_release(failed);
  }
  free_all(&t);
  return code;
}
