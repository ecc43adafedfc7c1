// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Calls every function of the interface that needs no LibTorch, well and badly,
// and releases all it gets: the count of handles must come back to where it
// was, and valgrind (leaks_test.py) must find nothing.

#include <stdio.h>
#include <string.h>

#include "fts/capi/base.h"
#include "fts/capi/buffer.h"
#include "fts/capi/config.h"
#include "fts/capi/debug.h"
#include "fts/capi/diagnostics.h"
#include "fts/capi/log.h"
#include "fts/capi/model.h"
#include "fts/capi/plan.h"
#include "fts/capi/schedule.h"
#include "fts/capi/scheduler.h"
#include "fts/capi/status.h"
#include "fts/capi/tp_plan.h"
#include "fts/capi/version.h"

static const char kModel[] =
    "{\"format\": \"fts-model/1\", \"modules\": ["
    "{\"name\": \"\", \"class\": \"Net\", \"container\": false},"
    "{\"name\": \"body\", \"class\": \"Linear\", \"container\": false}],"
    "\"parameters\": ["
    "{\"name\": \"body.weight\", \"shape\": [4, 4], \"dtype\": \"float32\","
    " \"shared_with\": null},"
    "{\"name\": \"body.bias\", \"shape\": [4], \"dtype\": \"float32\","
    " \"shared_with\": null}]}";

#define LITERAL(text) \
  { text, sizeof text - 1 }

static int problems;

static void expect(int condition, const char* what) {
  if (condition) return;
  fprintf(stderr, "not so: %s\n", what);
  ++problems;
}

// Success is expected.
static void good(fts_status* status, const char* what) {
  if (status == NULL) return;
  fprintf(stderr, "%s: %s\n", what, fts_status_message(status).data);
  fts_status_release(status);
  ++problems;
}

// An error is expected; all of it is read.
static void bad(fts_status* status, const char* what) {
  expect(status != NULL, what);
  fts_status_retain(status);
  expect(fts_status_code(status) != FTS_CODE_OK &&
             fts_status_code_name(status).size > 0 &&
             fts_status_message(status).size > 0,
         what);
  for (size_t i = 0; i <= fts_status_num_details(status); ++i) {
    const fts_string key = fts_status_detail_key(status, i);
    const fts_string value = fts_status_detail_value(status, i);
    expect(strlen(key.data) == key.size && strlen(value.data) == value.size,
           what);
  }
  fts_status_release(status);
  fts_status_release(status);
}

static void text(fts_status* status, fts_buffer* buffer, const char* what) {
  good(status, what);
  fts_buffer_retain(buffer);
  expect(
      fts_buffer_view(buffer).size > 0 &&
          strlen(fts_buffer_view(buffer).data) == fts_buffer_view(buffer).size,
      what);
  fts_buffer_release(buffer);
  fts_buffer_release(buffer);
}

#define TEXT(function, handle)                      \
  do {                                              \
    fts_buffer* buffer = NULL;                      \
    fts_status* status = function(handle, &buffer); \
    text(status, buffer, #function);                \
    bad(function(handle, NULL), #function " NULL"); \
  } while (0)

static void read_diagnostics(fts_diagnostics* found) {
  fts_diagnostic d;
  fts_diagnostics_retain(found);
  for (size_t i = 0; i < fts_diagnostics_size(found); ++i) {
    good(fts_diagnostics_get(found, i, &d), "diagnostics_get");
    expect(d.message.size > 0 && d.code.size > 0, "a diagnostic has text");
  }
  bad(fts_diagnostics_get(found, fts_diagnostics_size(found), &d), "too far");
  if (fts_diagnostics_size(found) > 0) TEXT(fts_diagnostics_to_text, found);
  fts_diagnostics_release(found);
  fts_diagnostics_release(found);
}

static fts_model* models(void) {
  fts_model* model = NULL;
  fts_diagnostics* found = NULL;
  bad(fts_model_parse(fts_str("{\"format\": 1"), fts_str("m.json"), &found,
                      &model),
      "a model that is none");
  expect(model == NULL, "out is NULL after an error");
  read_diagnostics(found);
  good(fts_model_parse(fts_str(kModel), fts_str("m.json"), NULL, &model),
       "model");
  fts_model_retain(model);
  fts_model_release(model);
  fts_module_info module;
  fts_parameter_info parameter;
  for (size_t i = 0; i < fts_model_num_modules(model); ++i) {
    good(fts_model_get_module(model, i, &module), "module");
  }
  for (size_t i = 0; i < fts_model_num_parameters(model); ++i) {
    good(fts_model_get_parameter(model, i, &parameter), "parameter");
  }
  bad(fts_model_get_module(model, 9, &module), "module 9");
  bad(fts_model_get_parameter(model, 9, &parameter), "parameter 9");
  TEXT(fts_model_to_json, model);
  return model;
}

static fts_schedule* schedules(const fts_model* model) {
  fts_schedule* schedule = NULL;
  fts_diagnostics* found = NULL;
  fts_schedule_options options = FTS_SCHEDULE_OPTIONS_INIT;
  bad(fts_schedule_resolve(model, fts_str("0: {params: [no.such]}"),
                           fts_str("s.yaml"), NULL, &found, &schedule),
      "a schedule of no parameters");
  read_diagnostics(found);
  options.max_depth = -5;
  bad(fts_schedule_resolve(model, fts_str("{}"), fts_str("s.yaml"), &options,
                           NULL, &schedule),
      "options that are wrong");
  // Draws a warning, which nobody takes.
  good(fts_schedule_resolve(
           model,
           fts_str("'0': {params: [body.weight], max_transition_epoch: 1}\n"
                   "1: {params: [body.bias], freeze: [body.weight]}\n"),
           fts_str("s.yaml"), NULL, NULL, &schedule),
       "schedule");
  fts_schedule_retain(schedule);
  fts_schedule_release(schedule);
  expect(fts_schedule_num_phases(schedule) == 2 &&
             fts_schedule_max_depth(schedule) == 1 &&
             fts_schedule_max_epochs(schedule) == -1,
         "two phases");
  fts_phase_info phase;
  fts_string name;
  good(fts_schedule_get_phase(schedule, 1, &phase), "phase");
  good(fts_schedule_get_param(schedule, 1, 0, &name), "param");
  good(fts_schedule_get_freeze(schedule, 1, 0, &name), "freeze");
  bad(fts_schedule_get_phase(schedule, 2, &phase), "phase 2");
  bad(fts_schedule_get_param(schedule, 0, 1, &name), "param 1");
  bad(fts_schedule_get_freeze(schedule, 0, 0, &name), "no freeze");
  TEXT(fts_schedule_to_json, schedule);
  TEXT(fts_schedule_to_yaml, schedule);
  fts_buffer* made = NULL;
  fts_status* status = fts_schedule_phase_to_json(schedule, 1, &made);
  text(status, made, "phase to json");
  bad(fts_schedule_phase_to_json(schedule, 2, &made), "phase 2 to json");
  status = fts_schedule_generate(model, FTS_GENERATE_BY_PAIRS, 0, &made);
  text(status, made, "generate");
  made = NULL;
  bad(fts_schedule_generate(model, FTS_GENERATE_BY_BLOCKS, 99, &made),
      "99 phases");
  return schedule;
}

static fts_plan* plans(const fts_model* model, const fts_schedule* schedule) {
  fts_plan* plan = NULL;
  fts_diagnostics* found = NULL;
  fts_unit_info unit;
  bad(fts_plan_resolve(model, schedule, fts_str("fsdp_plan: [1"),
                       fts_str("p.yaml"), &found, &plan),
      "a plan that is none");
  read_diagnostics(found);
  good(fts_plan_resolve(model, schedule, fts_str("fsdp_plan: {body: {}}"),
                        fts_str("p.yaml"), &found, &plan),
       "plan");
  read_diagnostics(found);
  fts_plan_retain(plan);
  fts_plan_release(plan);
  for (size_t i = 0; i <= fts_plan_num_units(plan); ++i) {
    good(fts_plan_get_unit(plan, i, &unit), "unit");
  }
  bad(fts_plan_get_unit(plan, 9, &unit), "unit 9");
  TEXT(fts_plan_to_json, plan);
  TEXT(fts_plan_to_full_json, plan);
  TEXT(fts_plan_to_text, plan);
  return plan;
}

static void tp_plans(const fts_model* model) {
  fts_plan* plan = NULL;
  fts_tp_info info;
  fts_tp_rule rule;
  fts_tp_parameter parameter;
  fts_placement one, other;
  int64_t begin, size;
  fts_plan_options options = FTS_PLAN_OPTIONS_INIT;
  options.tp = 2;
  bad(fts_plan_resolve_with(model, NULL, fts_str("tp_plan: {nobody: colwise}"),
                            fts_str("p.yaml"), &options, NULL, &plan),
      "a tp_plan for nobody");
  good(fts_plan_resolve_with(
           model, NULL,
           fts_str("tp_plan: {body: {style: colwise, output: replicate}}"),
           fts_str("p.yaml"), &options, NULL, &plan),
       "a tp_plan");
  good(fts_plan_get_tp(plan, &info), "tp");
  good(fts_plan_get_tp_rule(plan, 0, &rule), "rule");
  bad(fts_plan_get_tp_rule(plan, 9, &rule), "rule 9");
  good(fts_plan_get_tp_input(plan, 0, 0, &one, &other), "input");
  bad(fts_plan_get_tp_output(plan, 0, 9, &one, &other), "output 9");
  good(fts_plan_get_tp_parameter(plan, 0, &parameter), "tp parameter");
  bad(fts_plan_get_tp_parameter(plan, 9, &parameter), "tp parameter 9");
  good(fts_tp_chunk(5, 2, 1, &begin, &size), "chunk");
  bad(fts_tp_chunk(5, 0, 1, &begin, &size), "no chunks");
  fts_plan_release(plan);
}

typedef struct user_data {
  int destroyed;
  int fails;
} user_data;

static void destroy(void* data) { ++((user_data*)data)->destroyed; }

static fts_status* on_thaw(const fts_phase_args* args, void* data) {
  (void)args;
  return ((user_data*)data)->fails
             ? fts_status_create(FTS_CODE_UNAVAILABLE, fts_str("not now"))
             : NULL;
}

static void schedulers(const fts_schedule* schedule) {
  user_data data = {0, 0};
  fts_scheduler_options options = FTS_SCHEDULER_OPTIONS_INIT;
  fts_scheduler_callbacks callbacks = FTS_SCHEDULER_CALLBACKS_INIT;
  fts_scheduler* scheduler = NULL;
  fts_outcome* outcome = NULL;
  fts_effect effect;
  callbacks.user_data = &data;
  callbacks.destroy = destroy;
  callbacks.thaw = on_thaw;
  bad(fts_scheduler_create(schedule, &options, &callbacks, NULL, &scheduler),
      "a run without end");
  expect(data.destroyed == 1, "destroy after an error");
  options.max_steps = 4;
  options.has_validation = 0;
  options.restore_best = 0;
  good(fts_scheduler_create(schedule, &options, &callbacks, NULL, &scheduler),
       "scheduler");
  fts_scheduler_retain(scheduler);
  fts_scheduler_release(scheduler);
  bad(fts_scheduler_resume(scheduler, fts_str("{\"format\": 7}")), "state 7");
  good(fts_scheduler_run_start(scheduler, NULL), "run_start");
  bad(fts_scheduler_run_start(scheduler, &outcome), "run_start again");
  for (int64_t epoch = 0; epoch < 2; ++epoch) {
    good(fts_scheduler_epoch_start(scheduler, epoch, &outcome), "epoch_start");
    fts_outcome_retain(outcome);
    fts_outcome_release(outcome);
    for (size_t i = 0; i < fts_outcome_size(outcome); ++i) {
      good(fts_outcome_get(outcome, i, &effect), "effect");
    }
    bad(fts_outcome_get(outcome, 99, &effect), "effect 99");
    fts_outcome_release(outcome);
    good(fts_scheduler_step_start(scheduler, epoch, 10 * epoch, 1.0, NULL),
         "step_start");
    good(fts_scheduler_step_end(scheduler, epoch, NULL), "step_end");
    good(fts_scheduler_epoch_end(scheduler, epoch, NULL), "epoch_end");
  }
  bad(fts_scheduler_validation_end(scheduler, 1, NULL), "too late");
  expect(fts_scheduler_phase(scheduler) == 1, "the second phase");
  expect(!fts_scheduler_finished(scheduler), "steps are left");

  fts_buffer* state = NULL;
  good(fts_scheduler_state_to_json(scheduler, &state), "state");
  fts_scheduler* second = NULL;
  good(fts_scheduler_create(schedule, &options, NULL, NULL, &second), "second");
  good(fts_scheduler_resume(second, fts_buffer_view(state)), "resume");
  expect(fts_scheduler_phase(second) == 1, "resumed in the second phase");
  fts_scheduler_release(second);
  fts_buffer_release(state);
  fts_scheduler_release(scheduler);
  expect(data.destroyed == 2, "destroy with the scheduler");

  data.fails = 1;
  good(fts_scheduler_create(schedule, &options, &callbacks, NULL, &scheduler),
       "scheduler");
  bad(fts_scheduler_run_start(scheduler, NULL), "a callback that fails");
  fts_scheduler_release(scheduler);
  expect(data.destroyed == 3, "destroy after a callback's error");
}

static void configs(void) {
  const fts_config_text texts[] = {
      {LITERAL("seed: 1\n"), LITERAL("a.yaml")},
      {LITERAL("trainer: {max_epochs: 2}\nloggers: [jsonl]\n"),
       LITERAL("b.yaml")}};
  const fts_string overrides[] = {LITERAL("loggers+=csv"), LITERAL("seed")};
  const fts_string files[] = {LITERAL("/no/such.yaml")};
  fts_config *config = NULL, *value = NULL;
  fts_diagnostics* found = NULL;
  fts_config_info info;
  fts_string key;
  bad(fts_config_parse(texts, 2, overrides, 2, &found, &config), "override");
  read_diagnostics(found);
  bad(fts_config_load(files, 1, NULL, 0, &found, &config), "no file");
  read_diagnostics(found);
  good(fts_config_parse(texts, 2, overrides, 1, NULL, &config), "config");
  fts_config_retain(config);
  fts_config_release(config);
  bad(fts_config_check(config, FTS_CONFIG_SCOPE_RUN, &found), "half a config");
  read_diagnostics(found);
  good(fts_config_get_info(config, &info), "info");
  expect(info.kind == FTS_CONFIG_KIND_MAPPING && info.size == 3, "three keys");
  good(fts_config_get_key(config, 1, &key), "key");
  good(fts_config_get_value(config, 1, &value), "value");
  fts_config_release(value);
  good(fts_config_get(config, fts_str("trainer.max_epochs"), &value), "get");
  // A value outlives the config that it is of.
  TEXT(fts_config_to_yaml, config);
  TEXT(fts_config_to_text, config);
  fts_config_release(config);
  TEXT(fts_config_to_json, value);
  bad(fts_config_get(value, fts_str("x"), &config), "no key");
  bad(fts_config_get_key(value, 0, &key), "no mapping");
  bad(fts_config_get_value(value, 0, &config), "no list");
  fts_config_release(value);
}

static void on_entry(const fts_log_entry* entry, void* data) {
  expect(entry->message.size > 0 && entry->code.size > 0, "an entry has text");
  (void)data;
}

static void everything(void) {
  fts_model* model = models();
  fts_schedule* schedule = schedules(model);
  fts_plan* plan = plans(model, schedule);
  tp_plans(model);
  schedulers(schedule);
  configs();
  fts_plan_release(plan);
  fts_schedule_release(schedule);
  fts_model_release(model);
}

int main(void) {
  int32_t major = 0, minor = 0;
  user_data data = {0, 0};
  fts_api_version(&major, &minor);
  expect(major == FTS_API_MAJOR && fts_version().size > 0, "version");
  const int64_t before = fts_live_handles();
  everything();
  expect(fts_live_handles() == before, "all handles were released");
  good(fts_log_set_callback(on_entry, FTS_LOG_LEVEL_NOTE, &data, destroy),
       "log");
  everything();
  good(fts_log_set_callback(NULL, 0, NULL, NULL), "no log");
  expect(data.destroyed == 1, "the log callback was destroyed");
  expect(fts_live_handles() == before, "all handles were released again");
  return problems != 0;
}
