// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// trainer, optimizer, lr_scheduler, schedule, scheduler, early_stopping,
// checkpoint, strategy_adapter_cfg, loggers.
#include <algorithm>
#include <limits>
#include <utility>

#include "fts/core/base/codes.h"
#include "fts/core/base/did_you_mean.h"
#include "fts/core/config/run_config_sections.h"

namespace fts::config_internal {
namespace {

constexpr double kNoMin = -std::numeric_limits<double>::infinity();

}  // namespace

void ReadTrainer(MappingReader* root, TrainerSpec* out, Diagnostics* diags) {
  const YamlNode* node = root->Take("trainer");
  MappingReader r(node == nullptr ? YamlNode() : *node, "trainer", diags);
  r.OptionalInt("max_epochs", &out->max_epochs, 1);
  r.OptionalInt("max_steps", &out->max_steps, 1);
  const auto given = [&](const char* key) {
    const YamlNode* value = node == nullptr ? nullptr : node->Find(key);
    return value != nullptr && !value->is_null();
  };
  if (!given("max_epochs") && !given("max_steps") &&
      (node == nullptr || node->is_mapping() || node->is_null())) {
    Missing(node == nullptr ? *root : r, "trainer.max_epochs",
            "set trainer.max_epochs or trainer.max_steps", diags);
  }
  r.OptionalInt("steps_per_epoch", &out->steps_per_epoch, 1);
  r.OptionalInt("limit_val_batches", &out->limit_val_batches, 1);
  r.Int("accumulate", &out->accumulate, 1);
  r.OptionalDouble("clip_grad_norm", &out->clip_grad_norm, 0, true);
  r.Int("val_interval", &out->val_interval, 1);
  r.Int("log_interval", &out->log_interval, 1);
  size_t device = 0;
  if (const YamlNode* value = r.Take("device");
      value != nullptr && value->text().rfind("cuda", 0) == 0) {
    diags->Error(codes::kNotAvailable,
                 "trainer.device: " + value->text() +
                     " is not available in this version; use auto or cpu",
                 r.Where("device"));
  } else if (r.Choice("device", {"auto", "cpu"}, &device)) {
    out->device = device == 0 ? "auto" : "cpu";
  }
  r.Int("cpu_ranks", &out->cpu_ranks, 1);
  r.OptionalInt("threads", &out->threads, 1);
  std::optional<double> hang = out->hang_timeout;
  out->hang_timeout_given = r.OptionalDouble("hang_timeout", &hang, 0, false);
  out->hang_timeout = hang.value_or(0);
  r.Done();
}

namespace {

// The two ways to write a component: {name, args...} and
// {class_path, init_args, ...}. Keys that are not the class's own must have
// been taken from `r` before.
struct Component {
  std::string name;
  std::vector<YamlNode::Entry> args;
  bool class_path = false;
};

bool ReadComponent(const YamlNode& node, const std::string& key,
                   const std::vector<std::string>& own_keys, MappingReader* r,
                   Component* out, Diagnostics* diags) {
  if (!node.is_mapping()) return false;  // reported by the reader
  out->class_path = r->Has("class_path");
  if (out->class_path) {
    const bool good = r->String("class_path", &out->name);
    if (const YamlNode* args = r->Take("init_args");
        args != nullptr && !args->is_null()) {
      if (!args->is_mapping()) {
        r->BadType("init_args", *args, "a mapping");
        return false;
      }
      out->args = args->entries();
    }
    r->Done();
    return good;
  }
  if (!r->Has("name")) {
    Missing(*r, key + ".name",
            "name the class, for example name: " +
                std::string(key == "optimizer" ? "adamw" : "step_lr"),
            diags);
    return false;
  }
  if (!r->String("name", &out->name)) return false;
  for (const YamlNode::Entry& e : node.entries()) {
    const std::string& text = e.key.text();
    const bool own =
        text == "name" ||
        std::find(own_keys.begin(), own_keys.end(), text) != own_keys.end();
    if (!own) out->args.push_back(e);
  }
  return true;
}

}  // namespace

void ReadOptimizer(MappingReader* root, OptimizerSpec* out,
                   Diagnostics* diags) {
  const YamlNode* node = root->Take("optimizer");
  const auto lr_entry = [] {
    return YamlNode::Entry{YamlNode::String("lr"), YamlNode::Float(1e-5)};
  };
  if (node == nullptr || node->is_null()) {
    out->args = YamlNode::Mapping(std::vector<YamlNode::Entry>{lr_entry()});
    return;
  }
  out->where = node->where();
  MappingReader r(*node, "optimizer", diags);
  r.StringList("no_decay", &out->no_decay);
  Component component;
  component.name = out->name;
  // Without a name the keys belong to the default, adamw.
  const YamlNode* name = node->Find("name");
  if (node->is_mapping() && name == nullptr && !r.Has("class_path")) {
    for (const YamlNode::Entry& e : node->entries()) {
      if (e.key.text() != "no_decay") component.args.push_back(e);
    }
  } else if (!ReadComponent(*node, "optimizer", {"no_decay"}, &r, &component,
                            diags)) {
    return;
  }
  out->name = component.name;
  const bool has_lr = std::any_of(
      component.args.begin(), component.args.end(),
      [](const YamlNode::Entry& e) { return e.key.text() == "lr"; });
  // Under class_path the class's own default holds, as in PyTorch.
  if (!has_lr && !component.class_path) component.args.push_back(lr_entry());
  out->args = YamlNode::Mapping(std::move(component.args), node->where());
}

void ReadLrScheduler(MappingReader* root, std::optional<LrSchedulerSpec>* out,
                     Diagnostics* diags) {
  const YamlNode* node = root->Take("lr_scheduler");
  if (node == nullptr || node->is_null()) return;
  LrSchedulerSpec spec;
  spec.where = node->where();
  MappingReader r(*node, "lr_scheduler", diags);
  size_t interval = 0;
  if (r.Choice("interval", {"epoch", "step"}, &interval)) {
    spec.interval = interval == 0 ? LrSchedulerSpec::Interval::kEpoch
                                  : LrSchedulerSpec::Interval::kStep;
  }
  r.Int("frequency", &spec.frequency, 1);
  size_t monitor = 0;
  r.Choice("monitor", {"val_loss"}, &monitor);
  Component component;
  if (!ReadComponent(*node, "lr_scheduler",
                     {"interval", "frequency", "monitor"}, &r, &component,
                     diags)) {
    return;
  }
  spec.name = component.name;
  spec.args = YamlNode::Mapping(std::move(component.args), node->where());
  *out = std::move(spec);
}

void ReadSchedule(MappingReader* root, ScheduleSpec* out, Diagnostics* diags) {
  const YamlNode* node = root->Take("schedule");
  if (node == nullptr || node->is_null()) return;
  out->where = root->Where("schedule");
  if (node->is_string() && node->text() == "implicit") {
    out->kind = ScheduleSpec::Kind::kImplicit;
    return;
  }
  if (!node->is_mapping()) {
    diags->Error(codes::kBadType,
                 "schedule is " + DescribeYaml(*node) +
                     "; it must be a mapping of phases, a file that holds one, "
                     "implicit, {generate: blocks, phases: N} or {generate: "
                     "depth}",
                 out->where);
    return;
  }
  if (node->Find("generate") == nullptr) {
    out->kind = ScheduleSpec::Kind::kExplicit;
    out->phases = *node;
    return;
  }
  MappingReader r(*node, "schedule", diags);
  constexpr ScheduleSpec::Kind kKinds[] = {ScheduleSpec::Kind::kImplicit,
                                           ScheduleSpec::Kind::kBlocks,
                                           ScheduleSpec::Kind::kDepth};
  size_t generate = 0;
  if (r.Choice("generate", {"pairs", "blocks", "depth"}, &generate)) {
    out->kind = kKinds[generate];
    const bool blocks = out->kind == ScheduleSpec::Kind::kBlocks;
    if (blocks && !r.Has("phases")) {
      Missing(r, "schedule.phases", "say how many phases to make", diags);
    }
    if (!blocks && r.Has("phases")) {
      diags->Error(codes::kBadValue,
                   "schedule.phases belongs to generate: blocks; remove it",
                   r.Where("phases"));
    }
  }
  r.Int("phases", &out->num_phases, 1);
  r.Done();
}

namespace {

// A mapping, or null for none.
void ReadMapping(const std::string& key, MappingReader* r, YamlNode* out) {
  const YamlNode* value = r->Take(key);
  if (value == nullptr || value->is_null()) return;
  if (!value->is_mapping()) {
    r->BadType(key, *value, "a mapping");
    return;
  }
  *out = *value;
}

}  // namespace

void ReadScheduler(MappingReader* root, SchedulerSpec* out,
                   Diagnostics* diags) {
  const YamlNode* node = root->Take("scheduler");
  if (node == nullptr) return;
  MappingReader r(*node, "scheduler", diags);
  r.Int("max_depth", &out->max_depth, -1);
  r.OptionalDouble("base_max_lr", &out->base_max_lr, 0, false);
  r.Bool("restore_best", &out->restore_best);
  r.Bool("epoch_transitions_only", &out->epoch_transitions_only);
  size_t match = 0;
  if (r.Choice("match", {"fts", "full"}, &match)) out->full_match = match == 1;
  r.Bool("apply_lambdas_new_pgs", &out->apply_lambdas_new_pgs);
  r.Bool("enforce_phase0_params", &out->enforce_phase0_params);
  ReadMapping("reinit_optim_cfg", &r, &out->reinit_optim_cfg);
  ReadMapping("reinit_lr_cfg", &r, &out->reinit_lr_cfg);
  r.Done();
}

namespace {

// `monitor` and `mode`, the same for early stopping and checkpoints.
void ReadMonitor(MappingReader* r, bool* mode_max) {
  size_t choice = 0;
  r->Choice("monitor", {"val_loss"}, &choice);
  if (r->Choice("mode", {"min", "max"}, &choice)) *mode_max = choice == 1;
}

}  // namespace

void ReadEarlyStopping(MappingReader* root, EarlyStoppingSpec* out,
                       Diagnostics* diags) {
  const YamlNode* node = root->Take("early_stopping");
  if (node == nullptr || node->is_null()) return;
  out->configured = true;
  MappingReader r(*node, "early_stopping", diags);
  ReadMonitor(&r, &out->mode_max);
  r.Int("patience", &out->patience, 0);
  r.Double("min_delta", &out->min_delta, kNoMin, false);
  r.OptionalDouble("stopping_threshold", &out->stopping_threshold, kNoMin,
                   false);
  r.OptionalDouble("divergence_threshold", &out->divergence_threshold, kNoMin,
                   false);
  r.Bool("check_finite", &out->check_finite);
  size_t best = 0;
  if (r.Choice("best_score", {"global", "per_phase"}, &best)) {
    out->best_score_per_phase = best == 1;
  }
  r.Done();
}

void ReadCheckpoint(MappingReader* root, CheckpointSpec* out,
                    Diagnostics* diags) {
  const YamlNode* node = root->Take("checkpoint");
  if (node == nullptr) return;
  MappingReader r(*node, "checkpoint", diags);
  ReadMonitor(&r, &out->mode_max);
  const std::string what = " (checkpoints on disk)";
  r.NotAvailable("save_top_k", what, false);
  r.NotAvailable("save_last", what, false);
  r.NotAvailable("every_n_steps", what, true);
  r.NotAvailable("resume", what, true);
  r.Done();
}

void ReadStrategy(MappingReader* root, YamlNode* out, Diagnostics* diags) {
  const YamlNode* node = root->Take("strategy_adapter_cfg");
  if (node == nullptr || node->is_null()) return;
  const MappingReader r(*node, "strategy_adapter_cfg", diags);  // a mapping?
  // The rest is checked where the plan is resolved.
  *out = *node;
}

void ReadLoggers(MappingReader* root, std::vector<std::string>* out,
                 Diagnostics* diags) {
  const YamlNode* node = root->Take("loggers");
  if (node == nullptr || !root->StringList("loggers", out)) return;
  for (const YamlNode& item : node->items()) {
    if (item.text() == "jsonl") continue;
    if (item.text() == "tensorboard") {
      diags->Error(codes::kNotAvailable,
                   "the logger tensorboard is not available in this version; "
                   "use loggers: [jsonl]",
                   item.where());
    } else {
      diags->Error(codes::kBadValue,
                   "unknown logger '" + item.text() + "'; the choice is jsonl" +
                       DidYouMean(item.text(), {"jsonl"}),
                   item.where());
    }
  }
}

}  // namespace fts::config_internal
