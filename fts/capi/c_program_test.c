// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A trainer in C: reads a model and a schedule, and runs a loop in which the
// scheduler says what to thaw. The metric gets worse after epoch 1, so early
// stopping ends each phase and the best state is brought back.

#include <stdio.h>
#include <string.h>

#include "fts/capi/base.h"
#include "fts/capi/buffer.h"
#include "fts/capi/diagnostics.h"
#include "fts/capi/model.h"
#include "fts/capi/plan.h"
#include "fts/capi/schedule.h"
#include "fts/capi/scheduler.h"
#include "fts/capi/status.h"
#include "fts/capi/version.h"

static const char kModel[] =
    "{\"format\": \"fts-model/1\", \"modules\": ["
    "{\"name\": \"\", \"class\": \"Net\", \"container\": false},"
    "{\"name\": \"body\", \"class\": \"Linear\", \"container\": false},"
    "{\"name\": \"head\", \"class\": \"Linear\", \"container\": false}],"
    "\"parameters\": ["
    "{\"name\": \"body.weight\", \"shape\": [4, 4], \"dtype\": \"float32\","
    " \"shared_with\": null},"
    "{\"name\": \"head.weight\", \"shape\": [2, 4], \"dtype\": \"float32\","
    " \"shared_with\": null}]}";

static const char kSchedule[] =
    "0: {params: [head.weight]}\n"
    "1: {params: [body.weight], lr: 1.0e-4}\n";

static const char kPlan[] = "fsdp_plan: {body: {}, head: {}}\n";

typedef struct trainer {
  char log[512];
  int64_t epoch;
} trainer;

static void note(trainer* t, const char* what, int32_t phase) {
  const size_t used = strlen(t->log);
  snprintf(t->log + used, sizeof t->log - used, "%s%s %d", used ? ", " : "",
           what, (int)phase);
}

static fts_status* on_thaw(const fts_phase_args* args, void* user_data) {
  note((trainer*)user_data, "thaw", args->phase);
  return NULL;
}

static fts_status* on_group(const fts_phase_args* args, void* user_data) {
  note((trainer*)user_data, args->has_lr ? "group with lr" : "group",
       args->phase);
  return NULL;
}

static fts_status* on_restore(const fts_best_args* args, void* user_data) {
  note((trainer*)user_data, "restore of epoch", (int32_t)args->epoch);
  return NULL;
}

static fts_status* on_metric(const fts_metric_args* args, void* user_data) {
  const trainer* t = (const trainer*)user_data;
  if (args->name.size != 8 || memcmp(args->name.data, "val_loss", 8) != 0) {
    return fts_status_create(FTS_CODE_NOT_FOUND, fts_str("no such metric"));
  }
  *args->value = t->epoch < 2 ? 2.0 - (double)t->epoch : 5.0;
  return NULL;
}

// 1 and a message when `status` is an error; releases it.
static int failed(fts_status* status, const char* what) {
  if (status == NULL) return 0;
  fprintf(stderr, "%s: %s: %s\n", what, fts_status_code_name(status).data,
          fts_status_message(status).data);
  fts_status_release(status);
  return 1;
}

static int run_loop(fts_scheduler* scheduler, trainer* t) {
  if (failed(fts_scheduler_run_start(scheduler, NULL), "run_start")) return 1;
  for (t->epoch = 0; !fts_scheduler_finished(scheduler); ++t->epoch) {
    fts_outcome* outcome = NULL;
    if (failed(fts_scheduler_epoch_start(scheduler, t->epoch, &outcome),
               "epoch_start")) {
      return 1;
    }
    for (size_t i = 0; i < fts_outcome_size(outcome); ++i) {
      fts_effect effect;
      if (failed(fts_outcome_get(outcome, i, &effect), "outcome_get")) return 1;
      if (effect.kind == FTS_EFFECT_PHASE) note(t, "phase", effect.phase);
    }
    fts_outcome_release(outcome);
    if (fts_scheduler_finished(scheduler)) break;
    if (failed(fts_scheduler_step_end(scheduler, t->epoch, NULL), "step_end") ||
        failed(fts_scheduler_validation_end(scheduler, t->epoch, NULL),
               "validation_end")) {
      return 1;
    }
    if (fts_scheduler_finished(scheduler)) break;  // by early stopping
    if (failed(fts_scheduler_epoch_end(scheduler, t->epoch, NULL),
               "epoch_end")) {
      return 1;
    }
  }
  return 0;
}

int main(void) {
  int32_t major = 0;
  fts_api_version(&major, NULL);
  if (major != FTS_API_MAJOR || fts_version().size == 0) return 1;

  fts_model* model = NULL;
  fts_schedule* schedule = NULL;
  fts_plan* plan = NULL;
  fts_scheduler* scheduler = NULL;
  fts_buffer* text = NULL;
  if (failed(
          fts_model_parse(fts_str(kModel), fts_str("model.json"), NULL, &model),
          "model") ||
      failed(
          fts_schedule_resolve(model, fts_str(kSchedule),
                               fts_str("schedule.yaml"), NULL, NULL, &schedule),
          "schedule") ||
      failed(fts_plan_resolve(model, schedule, fts_str(kPlan),
                              fts_str("plan.yaml"), NULL, &plan),
             "plan") ||
      failed(fts_plan_to_text(plan, &text), "plan text")) {
    return 1;
  }
  printf("%s", fts_buffer_view(text).data);

  trainer t;
  memset(&t, 0, sizeof t);
  fts_scheduler_options options = FTS_SCHEDULER_OPTIONS_INIT;
  options.has_early_stopping = 1;
  options.patience = 1;
  options.max_steps = 100;
  fts_scheduler_callbacks callbacks = FTS_SCHEDULER_CALLBACKS_INIT;
  callbacks.user_data = &t;
  callbacks.thaw = on_thaw;
  callbacks.add_group = on_group;
  callbacks.restore_best = on_restore;
  callbacks.metric = on_metric;
  if (failed(fts_scheduler_create(schedule, &options, &callbacks, NULL,
                                  &scheduler),
             "scheduler") ||
      run_loop(scheduler, &t)) {
    return 1;
  }
  const char* want =
      "thaw 0, group 0, restore of epoch 1, thaw 1, group with lr 1, phase 1";
  printf("%s\n", t.log);
  const int wrong = strcmp(t.log, want) != 0;
  if (wrong) fprintf(stderr, "wanted: %s\n", want);

  fts_buffer_release(text);
  fts_scheduler_release(scheduler);
  fts_plan_release(plan);
  fts_schedule_release(schedule);
  fts_model_release(model);
  return wrong;
}
