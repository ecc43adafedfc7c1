// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Damaged input through every parser of the interface that needs no LibTorch:
// each call ends, in a handle or in an error that says something, every handle
// can be read, and nothing is left over. See fuzz_mutator.h for the environment
// that turns it up: FTS_FUZZ_ROUNDS (per parser), FTS_FUZZ_SEED.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "fts/capi/buffer.h"
#include "fts/capi/config.h"
#include "fts/capi/debug.h"
#include "fts/capi/diagnostics.h"
#include "fts/capi/fuzz_mutator.h"
#include "fts/capi/log.h"
#include "fts/capi/model.h"
#include "fts/capi/plan.h"
#include "fts/capi/schedule.h"
#include "fts/capi/scheduler.h"
#include "fts/capi/status.h"
#include "fts/capi/tp_plan.h"

namespace {

using fts_fuzz::Mutator;

const std::vector<std::string>& Models() {
  static const std::vector<std::string> seeds = {
      R"({"format": "fts-model/1", "modules": [
  {"name": "", "class": "Net", "container": false},
  {"name": "body", "class": "ModuleList", "container": true},
  {"name": "body.0", "class": "Linear", "container": false},
  {"name": "head", "class": "Linear", "container": false}],
 "parameters": [
  {"name": "body.0.weight", "shape": [4, 3], "dtype": "float32",
   "shared_with": null},
  {"name": "body.0.bias", "shape": [4], "dtype": "bfloat16",
   "shared_with": null},
  {"name": "head.weight", "shape": [4, 3], "dtype": "float32",
   "shared_with": "body.0.weight"}]})",
      R"({"format":"fts-model/1","modules":[{"name":"","class":"Scalar",)"
      R"("container":false}],"parameters":[{"name":"s","shape":[],)"
      R"("dtype":"float64","shared_with":null}]})"};
  return seeds;
}

const std::vector<std::string>& Schedules() {
  static const std::vector<std::string> seeds = {
      "0: {params: ['body.0.bias']}\n"
      "1: {params: ['body.*w.*'], freeze: [body.0.bias], lr: 0.5}\n",
      "0:\n  params:\n  - body.0.(weight|bias)\n  max_transition_epoch: 2\n",
      "{0: {params: [head.weight], max_transition_step: 3, weight_decay: 0.1}, "
      "'1': {params: [body.0.bias], lr: 1e-06, clip_grad_norm: 2}}\n",
      "0: {params: [body.0.weight]}\n1:\n  params: [body.0.bias]\n"
      "  new_optimizer: {optimizer_init: {class_path: torch.optim.SGD, "
      "init_args: {lr: 1}}}\n  max_transition_tokens: 5\n"};
  return seeds;
}

const std::vector<std::string>& Plans() {
  static const std::vector<std::string> seeds = {
      "fsdp_plan: {body.0: {act_ckpt: composable}, head: {}}\n",
      "fsdp_default_kwargs:\n  reshard_after_forward: true\n"
      "  mp_policy: {param_dtype: bfloat16, reduce_dtype: float32}\n"
      "fsdp_plan:\n  'body.[0-9]+':\n    shard_placement: {dim: 1}\n"
      "    ignored_params: [body.0.bias]\n",
      "unplanned: shard\nfsdp_plan: {head: {cpu_offload_policy: {}, "
      "reshard_after_forward: 2}, body: null}\n",
      "loss_parallel: true\ntp_plan:\n  head: {style: colwise, input: "
      "[shard(1)], output: shard(-1)}\n  body.0: {style: rowwise, output: "
      "Shard(1)}\n",
      "sequence_parallel: false\ntp_plan: {'body.*': {style: prepare_input, "
      "input: [replicate, null], compute: [shard(0), null]}, body.0: "
      "sequence}\n"};
  return seeds;
}

const std::vector<std::string>& Configs() {
  static const std::vector<std::string> seeds = {
      "seed: 1\noutput_dir: runs/a\nmodel: {arch: llama, path: m}\n"
      "data: {train: {path: t.txt}, seq_len: 8}\n"
      "trainer: {max_epochs: 3, clip_grad_norm: 1.0, cpu_ranks: 2}\n",
      "optimizer: {name: adamw, lr: 1e-05, no_decay: [norm]}\n"
      "schedule: implicit\nscheduler: {base_max_lr: 1e-4, match: full}\n"
      "early_stopping: {monitor: val_loss, patience: 2}\nprecision: "
      "bf16-mixed\n",
      "lr_scheduler: {name: StepLR, step_size: 2}\nmesh: {dp_shard: -1}\n"
      "strategy_adapter_cfg: {fsdp_plan: {\"model.output\": {}}}\n"
      "loggers: [jsonl]\n"};
  return seeds;
}

const std::vector<std::string>& Overrides() {
  static const std::vector<std::string> seeds = {
      "trainer.max_epochs=3",   "loggers+=csv",      "--seed", "--seed=4",
      "schedule.0.params+=[a]", "a.\"b.c\".d={x: 1}"};
  return seeds;
}

// Whether it is UTF-8, strictly.
bool IsUtf8(fts_string text) {
  const auto* s = reinterpret_cast<const unsigned char*>(text.data);
  for (size_t i = 0; i < text.size;) {
    const unsigned c = s[i];
    const size_t more = c < 0x80                ? 0
                        : c >= 0xc2 && c < 0xe0 ? 1
                        : c >= 0xe0 && c < 0xf0 ? 2
                        : c >= 0xf0 && c < 0xf5 ? 3
                                                : 9;
    if (i + more >= text.size) return false;
    for (size_t k = 1; k <= more; ++k) {
      if ((s[i + k] & 0xc0) != 0x80) return false;
    }
    if ((c == 0xe0 && s[i + 1] < 0xa0) || (c == 0xed && s[i + 1] >= 0xa0) ||
        (c == 0xf0 && s[i + 1] < 0x90) || (c == 0xf4 && s[i + 1] >= 0x90)) {
      return false;
    }
    i += more + 1;
  }
  return true;
}

fts_string View(const std::string& text) { return {text.data(), text.size()}; }
std::string Str(fts_string view) { return {view.data, view.size}; }

class Fuzz : public testing::Test {
 protected:
  void SetUp() override {
    live_ = fts_live_handles();
    ASSERT_EQ(
        fts_model_parse(View(Models()[0]), fts_str("m.json"), nullptr, &model_),
        nullptr);
    ASSERT_EQ(
        fts_schedule_resolve(model_, View(Schedules()[0]), fts_str("s.yaml"),
                             nullptr, nullptr, &schedule_),
        nullptr);
  }
  void TearDown() override {
    fts_schedule_release(schedule_);
    fts_model_release(model_);
    EXPECT_EQ(fts_live_handles(), live_);
    // Both ways out were taken.
    EXPECT_GT(errors_, 0);
    EXPECT_GT(successes_, 0);
  }

  static int64_t Rounds(int64_t otherwise) {
    return fts_fuzz::FromEnvironment("FTS_FUZZ_ROUNDS", otherwise);
  }

  // How a call ended; releases what it is given but the handle. `input` is
  // shown when something is not as it must be.
  void Ended(fts_status* status, const void* handle, fts_diagnostics* found,
             const std::string& input) {
    ++(status == nullptr ? successes_ : errors_);
    bool well = (status == nullptr) == (handle != nullptr);
    if (status != nullptr) {
      const fts_string message = fts_status_message(status);
      well = well && fts_status_code(status) >= FTS_CODE_CANCELLED &&
             fts_status_code(status) <= FTS_CODE_UNAUTHENTICATED &&
             fts_status_code(status) != FTS_CODE_INTERNAL && message.size > 0 &&
             IsUtf8(message) && message.data[message.size] == '\0';
      for (size_t i = 0; i < fts_status_num_details(status); ++i) {
        well = well && fts_status_detail_key(status, i).size > 0 &&
               IsUtf8(fts_status_detail_value(status, i));
      }
    }
    for (size_t i = 0; i < fts_diagnostics_size(found); ++i) {
      fts_diagnostic d;
      well =
          well && fts_diagnostics_get(found, i, &d) == nullptr &&
          (d.severity == FTS_SEVERITY_WARNING ||
           (d.severity == FTS_SEVERITY_ERROR && status != nullptr)) &&
          d.message.size > 0 && IsUtf8(d.message) && d.code.size > 0 &&
          Str(d.code).find_first_not_of(
              "abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos &&
          d.line >= 0 && d.column >= 0 && (d.file.size > 0 || d.line == 0);
    }
    if (!well) {
      ADD_FAILURE() << "input: " << testing::PrintToString(input)
                    << "\ncode: " << fts_status_code(status)
                    << "\nmessage: " << Str(fts_status_message(status));
    }
    fts_diagnostics_release(found);
    fts_status_release(status);
  }

  // A text of a handle, which must come.
  std::string Text(fts_status* status, fts_buffer* buffer) {
    EXPECT_EQ(status, nullptr) << Str(fts_status_message(status));
    fts_status_release(status);
    EXPECT_TRUE(IsUtf8(fts_buffer_view(buffer)));
    std::string text = Str(fts_buffer_view(buffer));
    fts_buffer_release(buffer);
    return text;
  }
  template <typename Handle>
  std::string Text(fts_status* (*to_text)(const Handle*, fts_buffer**),
                   const Handle* handle) {
    fts_buffer* buffer = nullptr;
    fts_status* status = to_text(handle, &buffer);
    return Text(status, buffer);
  }

  int64_t live_ = 0;
  int64_t errors_ = 0, successes_ = 0;
  fts_model* model_ = nullptr;
  fts_schedule* schedule_ = nullptr;
};

TEST_F(Fuzz, Models) {
  Mutator mutator(Models());
  for (int64_t i = Rounds(30000); i > 0; --i) {
    const std::string input = mutator.Next();
    fts_model* model = nullptr;
    fts_diagnostics* found = nullptr;
    fts_status* status =
        fts_model_parse(View(input), fts_str("m.json"),
                        mutator.OneIn(2) ? nullptr : &found, &model);
    Ended(status, model, found, input);
    if (model == nullptr) continue;
    for (size_t k = 0; k < fts_model_num_parameters(model); ++k) {
      fts_parameter_info info;
      ASSERT_EQ(fts_model_get_parameter(model, k, &info), nullptr);
      EXPECT_TRUE(IsUtf8(info.name) && IsUtf8(info.dtype));
    }
    // What it writes it reads as the same.
    const std::string json = Text(fts_model_to_json, model);
    fts_model* again = nullptr;
    status = fts_model_parse(View(json), fts_str("m.json"), nullptr, &again);
    ASSERT_EQ(status, nullptr) << input << Str(fts_status_message(status));
    EXPECT_EQ(Text(fts_model_to_json, again), json);
    fts_model_release(again);
    // Any model has schedules.
    fts_buffer* made = nullptr;
    status = fts_schedule_generate(
        model, static_cast<fts_generate_by>(mutator.Below(5)),
        static_cast<int32_t>(mutator.Number()), &made);
    if (status == nullptr) {
      Text(nullptr, made);
    } else {
      Ended(status, made, nullptr, input);
    }
    fts_model_release(model);
  }
}

TEST_F(Fuzz, Schedules) {
  Mutator mutator(Schedules());
  for (int64_t i = Rounds(12000); i > 0; --i) {
    const std::string input = mutator.Next();
    fts_schedule* schedule = nullptr;
    fts_diagnostics* found = nullptr;
    fts_status* status =
        fts_schedule_resolve(model_, View(input), fts_str("s.yaml"), nullptr,
                             mutator.OneIn(2) ? nullptr : &found, &schedule);
    Ended(status, schedule, found, input);
    if (schedule == nullptr) continue;
    for (size_t p = 0; p < fts_schedule_num_phases(schedule); ++p) {
      fts_phase_info info;
      ASSERT_EQ(fts_schedule_get_phase(schedule, p, &info), nullptr);
      fts_string name;
      for (size_t k = 0; k < info.num_params; ++k) {
        ASSERT_EQ(fts_schedule_get_param(schedule, p, k, &name), nullptr);
      }
      fts_buffer* json = nullptr;
      fts_status* status = fts_schedule_phase_to_json(schedule, p, &json);
      Text(status, json);
    }
    const std::string yaml = Text(fts_schedule_to_yaml, schedule);
    fts_schedule* again = nullptr;
    status = fts_schedule_resolve(model_, View(yaml), fts_str("s.yaml"),
                                  nullptr, nullptr, &again);
    EXPECT_EQ(status, nullptr)
        << testing::PrintToString(input) << Str(fts_status_message(status));
    fts_status_release(status);
    if (again != nullptr) {
      EXPECT_EQ(Text(fts_schedule_to_yaml, again), yaml);
    }
    Text(fts_schedule_to_json, schedule);
    fts_schedule_release(again);
    fts_schedule_release(schedule);
  }
}

// Every rule and parameter of a tp_plan.
void Look(const fts_plan* plan) {
  fts_tp_info tp;
  ASSERT_EQ(fts_plan_get_tp(plan, &tp), nullptr);
  fts_placement one, other;
  for (size_t r = 0; r < tp.num_rules; ++r) {
    fts_tp_rule rule;
    ASSERT_EQ(fts_plan_get_tp_rule(plan, r, &rule), nullptr);
    ASSERT_NE(rule.style, FTS_TP_STYLE_UNSPECIFIED);
    for (size_t t = 0; t < rule.num_inputs; ++t) {
      ASSERT_EQ(fts_plan_get_tp_input(plan, r, t, &one, &other), nullptr);
    }
    for (size_t t = 0; t < rule.num_outputs; ++t) {
      ASSERT_EQ(fts_plan_get_tp_output(plan, r, t, &one, &other), nullptr);
    }
  }
  for (size_t p = 0; p < tp.num_parameters; ++p) {
    fts_tp_parameter parameter;
    ASSERT_EQ(fts_plan_get_tp_parameter(plan, p, &parameter), nullptr);
  }
}

TEST_F(Fuzz, Plans) {
  Mutator mutator(Plans());
  for (int64_t i = Rounds(20000); i > 0; --i) {
    const std::string input = mutator.Next();
    fts_plan* plan = nullptr;
    fts_diagnostics* found = nullptr;
    fts_plan_options options = FTS_PLAN_OPTIONS_INIT;
    options.tp = static_cast<int32_t>(mutator.Below(4));  // 0 is refused
    fts_status* status =
        fts_plan_resolve_with(model_, mutator.OneIn(2) ? nullptr : schedule_,
                              View(input), fts_str("p.yaml"), &options,
                              mutator.OneIn(2) ? nullptr : &found, &plan);
    Ended(status, plan, found, input);
    if (plan == nullptr) continue;
    fts_unit_info info;
    for (size_t k = 0; k <= fts_plan_num_units(plan); ++k) {
      ASSERT_EQ(fts_plan_get_unit(plan, k, &info), nullptr);
    }
    Look(plan);
    Text(fts_plan_to_json, plan);
    Text(fts_plan_to_full_json, plan);
    Text(fts_plan_to_text, plan);
    fts_plan_release(plan);
  }
}

// States of a run, from its start to its end.
std::vector<std::string> States(const fts_schedule* schedule) {
  fts_scheduler_options options = FTS_SCHEDULER_OPTIONS_INIT;
  options.max_steps = 6;
  fts_scheduler_callbacks callbacks = FTS_SCHEDULER_CALLBACKS_INIT;
  callbacks.metric = [](const fts_metric_args* args, void*) -> fts_status* {
    *args->value = 0.5;
    return nullptr;
  };
  fts_scheduler* scheduler = nullptr;
  EXPECT_EQ(
      fts_scheduler_create(schedule, &options, &callbacks, nullptr, &scheduler),
      nullptr);
  std::vector<std::string> states;
  const auto keep = [&](fts_status* status) {
    EXPECT_EQ(status, nullptr) << Str(fts_status_message(status));
    fts_buffer* json = nullptr;
    EXPECT_EQ(fts_scheduler_state_to_json(scheduler, &json), nullptr);
    states.push_back(Str(fts_buffer_view(json)));
    fts_buffer_release(json);
  };
  keep(nullptr);
  keep(fts_scheduler_run_start(scheduler, nullptr));
  for (int64_t epoch = 0; !fts_scheduler_finished(scheduler); ++epoch) {
    keep(fts_scheduler_epoch_start(scheduler, epoch, nullptr));
    keep(fts_scheduler_step_start(scheduler, epoch, 10 * epoch, 0.5, nullptr));
    keep(fts_scheduler_step_end(scheduler, epoch, nullptr));
    keep(fts_scheduler_validation_end(scheduler, epoch, nullptr));
    if (fts_scheduler_finished(scheduler)) break;
    keep(fts_scheduler_epoch_end(scheduler, epoch, nullptr));
  }
  fts_scheduler_release(scheduler);
  return states;
}

TEST_F(Fuzz, SchedulerStates) {
  Mutator mutator(States(schedule_));
  fts_scheduler_options options = FTS_SCHEDULER_OPTIONS_INIT;
  options.max_steps = 6;
  for (int64_t i = Rounds(60000); i > 0; --i) {
    const std::string input = mutator.Next();
    fts_scheduler* scheduler = nullptr;
    ASSERT_EQ(
        fts_scheduler_create(schedule_, &options, nullptr, nullptr, &scheduler),
        nullptr);
    fts_status* status = fts_scheduler_resume(scheduler, View(input));
    const bool resumed = status == nullptr;
    Ended(status, resumed ? scheduler : nullptr, nullptr, input);
    // A state that was taken is one: it is written and read again, and any
    // event ends.
    if (resumed) {
      const std::string json = Text(fts_scheduler_state_to_json, scheduler);
      fts_scheduler* again = nullptr;
      ASSERT_EQ(
          fts_scheduler_create(schedule_, &options, nullptr, nullptr, &again),
          nullptr);
      status = fts_scheduler_resume(again, View(json));
      EXPECT_EQ(status, nullptr)
          << testing::PrintToString(input) << Str(fts_status_message(status));
      fts_status_release(status);
      EXPECT_EQ(Text(fts_scheduler_state_to_json, again), json);
      fts_scheduler_release(again);
    }
    for (int n = 0; n < 4; ++n) {
      const int64_t number = mutator.Number();
      switch (mutator.Below(6)) {
        case 0:
          status = fts_scheduler_run_start(scheduler, nullptr);
          break;
        case 1:
          status = fts_scheduler_epoch_start(scheduler, number, nullptr);
          break;
        case 2:
          status = fts_scheduler_step_start(scheduler, number, mutator.Number(),
                                            1.5, nullptr);
          break;
        case 3:
          status = fts_scheduler_step_end(scheduler, number, nullptr);
          break;
        case 4:
          status = fts_scheduler_validation_end(scheduler, number, nullptr);
          break;
        default:
          status = fts_scheduler_epoch_end(scheduler, number, nullptr);
      }
      Ended(status, status == nullptr ? scheduler : nullptr, nullptr, input);
    }
    fts_scheduler_release(scheduler);
  }
}

TEST_F(Fuzz, ConfigsAndOverrides) {
  Mutator configs(Configs()), overrides(Overrides());
  for (int64_t i = Rounds(16000); i > 0; --i) {
    std::vector<std::string> inputs, arguments;
    for (uint64_t n = 1 + configs.Below(2); n > 0; --n) {
      inputs.push_back(configs.Next());
    }
    for (uint64_t n = configs.Below(3); n > 0; --n) {
      arguments.push_back(overrides.Next());
    }
    std::vector<fts_config_text> texts;
    std::string all;
    for (const std::string& input : inputs) {
      // Strings that name files look in a folder that is not there.
      texts.push_back({View(input), fts_str("/nowhere/c.yaml")});
      all += input + "\n====\n";
    }
    std::vector<fts_string> views;
    for (const std::string& argument : arguments) {
      views.push_back(View(argument));
      all += argument + "\n====\n";
    }
    fts_config* config = nullptr;
    fts_diagnostics* found = nullptr;
    fts_status* status =
        fts_config_parse(texts.data(), texts.size(), views.data(), views.size(),
                         configs.OneIn(2) ? nullptr : &found, &config);
    Ended(status, config, found, all);
    if (config == nullptr) continue;
    found = nullptr;
    status = fts_config_check(
        config, static_cast<fts_config_scope>(configs.Below(4)), &found);
    Ended(status, status == nullptr ? config : nullptr, found, all);
    Text(fts_config_to_text, config);
    const std::string yaml = Text(fts_config_to_yaml, config);
    const fts_config_text again_text = {View(yaml), fts_str("")};
    fts_config* again = nullptr;
    status = fts_config_parse(&again_text, 1, nullptr, 0, nullptr, &again);
    // It may name files, which stand elsewhere seen from no place.
    if (status == nullptr) {
      EXPECT_EQ(Text(fts_config_to_json, again),
                Text(fts_config_to_json, config))
          << testing::PrintToString(all);
    }
    fts_status_release(status);
    fts_config_release(again);

    fts_config* value = nullptr;
    const std::string path = overrides.Next();
    status = fts_config_get(config, View(path), &value);
    Ended(status, value, nullptr, path);
    fts_config_release(value);
    fts_config_info info;
    ASSERT_EQ(fts_config_get_info(config, &info), nullptr);
    for (size_t k = 0; k < info.size; ++k) {
      fts_config* item = nullptr;
      ASSERT_EQ(fts_config_get_value(config, k, &item), nullptr);
      Text(fts_config_to_json, item);
      fts_config_release(item);
    }
    fts_config_release(config);
  }
}

// Options of any size, with anything in them but pointers.
TEST_F(Fuzz, OptionStructs) {
  Mutator mutator({""});
  alignas(16) unsigned char room[512];
  // Random or zero bytes; a size that is that of the struct, one near it, or
  // anything up to `room`.
  const auto fill = [&](size_t size) {
    const bool zeros = !mutator.OneIn(4);
    for (unsigned char& byte : room) {
      byte = zeros && !mutator.OneIn(64)
                 ? 0
                 : static_cast<unsigned char>(mutator.Bits());
    }
    switch (mutator.Below(4)) {
      case 0:
        return static_cast<size_t>(mutator.Below(sizeof room + 1));
      case 1:
        return size - 4 + mutator.Below(9);
      default:
        return size;
    }
  };
  const auto number = [&](auto* field) {
    if (mutator.OneIn(2)) {
      *field = static_cast<std::decay_t<decltype(*field)>>(mutator.Number());
    }
  };
  for (int64_t i = Rounds(60000); i > 0; --i) {
    {
      const size_t size = fill(sizeof(fts_schedule_options));
      fts_schedule_options o = FTS_SCHEDULE_OPTIONS_INIT;
      number(&o.max_depth);
      number(&o.match);
      number(&o.has_base_max_lr);
      number(&o.base_max_lr);
      number(&o.max_epochs);
      if (!mutator.OneIn(4)) std::memcpy(room, &o, sizeof o);
      std::memcpy(room, &size, sizeof size);
      fts_schedule* schedule = nullptr;
      fts_status* status = fts_schedule_resolve(
          model_, View(Schedules()[i % Schedules().size()]), fts_str("s.yaml"),
          reinterpret_cast<fts_schedule_options*>(room), nullptr, &schedule);
      Ended(status, schedule, nullptr, "schedule options");
      fts_schedule_release(schedule);
    }
    {
      const size_t size = fill(sizeof(fts_scheduler_options));
      fts_scheduler_options o = FTS_SCHEDULER_OPTIONS_INIT;
      o.max_steps = 5;
      number(&o.has_early_stopping);
      number(&o.mode);
      number(&o.patience);
      number(&o.min_delta);
      number(&o.stopping_threshold);
      number(&o.best_mode);
      number(&o.max_steps);
      number(&o.has_validation);
      number(&o.reserved);
      if (mutator.OneIn(2)) o.monitor = {nullptr, 7};
      if (mutator.OneIn(2)) o.best_monitor = fts_str("\xff");
      std::memcpy(room, &o, sizeof o);  // it holds pointers
      std::memcpy(room, &size, sizeof size);
      int destroyed = 0;
      alignas(16) unsigned char other[160] = {};
      fts_scheduler_callbacks callbacks = FTS_SCHEDULER_CALLBACKS_INIT;
      callbacks.user_data = &destroyed;
      callbacks.destroy = [](void* data) { ++*static_cast<int*>(data); };
      std::memcpy(other, &callbacks, sizeof callbacks);
      size_t callbacks_size = sizeof callbacks;
      if (mutator.OneIn(3)) callbacks_size = mutator.Below(sizeof other + 1);
      if (mutator.OneIn(3)) other[mutator.Below(sizeof other - 96) + 96] = 1;
      std::memcpy(other, &callbacks_size, sizeof callbacks_size);
      fts_scheduler* scheduler = nullptr;
      fts_status* status = fts_scheduler_create(
          schedule_, reinterpret_cast<fts_scheduler_options*>(room),
          reinterpret_cast<fts_scheduler_callbacks*>(other), nullptr,
          &scheduler);
      Ended(status, scheduler, nullptr, "scheduler options");
      if (scheduler != nullptr) {
        status = fts_scheduler_run_start(scheduler, nullptr);
        Ended(status, status == nullptr ? scheduler : nullptr, nullptr, "run");
      }
      fts_scheduler_release(scheduler);
      // A struct too small to hold it has no destroy.
      EXPECT_EQ(destroyed, callbacks_size >= sizeof callbacks ? 1 : 0);
    }
  }
}

}  // namespace
