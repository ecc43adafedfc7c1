// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/new_lr_scheduler.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "fts/core/base/codes.h"
#include "fts/core/optim/class_node.h"
#include "fts/core/optim/codes.h"
#include "fts/core/optim/keyword_reader.h"
#include "fts/core/optim/lr_scheduler_factory.h"

namespace fts::optim {
namespace {

// pl_lrs_cfg: Lightning's LRSchedulerConfig. Other keys were warned of when the
// schedule was resolved.
void ReadIntervalConfig(const YamlNode& node, bool needs_metric,
                        NewLrScheduler* out, Diagnostics* diags) {
  KeywordReader config("new_lr_scheduler.pl_lrs_cfg", node, diags);
  const size_t interval = config.Choice("interval", {"epoch", "step"}, 0);
  out->scheduler.interval = interval == 0 ? LrSchedulerSpec::Interval::kEpoch
                                          : LrSchedulerSpec::Interval::kStep;
  out->scheduler.frequency = config.Int("frequency", 1, 1);
  out->strict = config.Bool("strict", true);
  out->name = config.String("name", "");
  if (const YamlNode* monitor = config.Find("monitor");
      monitor != nullptr && !monitor->is_null()) {
    out->scheduler.monitor = config.String("monitor", "");
  } else if (needs_metric) {
    config.Problem(codes::kMissingKey,
                   "ReduceLROnPlateau needs a 'monitor', for example val_loss",
                   node.where());
  }
  if (config.Bool("reduce_on_plateau", needs_metric) != needs_metric) {
    config.Problem(codes::kBadValue,
                   std::string("'reduce_on_plateau' must be ") +
                       (needs_metric ? "true" : "false") +
                       " for this class; remove it",
                   config.Find("reduce_on_plateau")->where());
  }
}

}  // namespace

absl::StatusOr<NewLrScheduler> ReadNewLrSchedulerSpec(const YamlNode& node,
                                                      Diagnostics* diags) {
  const int errors_before = diags->num_errors();
  NewLrScheduler out;
  out.where = node.where();
  const YamlNode* init = node.Find("lr_scheduler_init");
  if (init == nullptr) {
    diags->Error(codes::kMissingKey,
                 "new_lr_scheduler is " + DescribeYaml(node) +
                     "; write lr_scheduler_init: {class_path: ..., init_args: "
                     "{...}}",
                 node.where());
    return diags->status();
  }
  ClassNode made;
  if (!ReadClassNode(*init, "new_lr_scheduler.lr_scheduler_init", &made,
                     diags)) {
    return diags->status();
  }
  out.scheduler.name = std::move(made.name);
  out.scheduler.args = std::move(made.args);
  out.scheduler.where = init->where();
  const auto scheduler =
      MakeLrScheduler(out.scheduler.name, out.scheduler.args, diags);
  const bool needs_metric = scheduler.ok() && (*scheduler)->needs_metric();

  const YamlNode* config = node.Find("pl_lrs_cfg");
  const bool has_config = config != nullptr && !config->is_null();
  ReadIntervalConfig(has_config ? *config : YamlNode::Null(init->where()),
                     needs_metric, &out, diags);
  KeywordReader reader("new_lr_scheduler", node, diags);
  out.use_current_optimizer_pg_lrs =
      reader.Bool("use_current_optimizer_pg_lrs", false);
  if (const YamlNode* lrs = node.Find("init_pg_lrs");
      lrs != nullptr && !lrs->is_null()) {
    out.where = lrs->where();
    out.init_pg_lrs = lrs->is_sequence() && lrs->items().empty()
                          ? std::vector<double>{}
                          : reader.Numbers("init_pg_lrs", {}, kNotNegative);
  }
  if (diags->num_errors() > errors_before) return diags->status();
  return out;
}

void CheckInitPgLrs(const NewLrScheduler& spec, size_t num_old, size_t num_new,
                    const std::string& phase, Diagnostics* diags) {
  if (!spec.init_pg_lrs.has_value()) return;
  const size_t listed = spec.init_pg_lrs->size();
  if (listed == num_old) return;
  std::string effect;
  if (listed < num_old) {
    effect = "the last " + std::to_string(num_old - listed) +
             " keep their present rate";
  } else if (listed <= num_old + num_new) {
    effect = "the rest replaces the lr of the phase's own groups";
  } else {
    effect = "the last " + std::to_string(listed - num_old - num_new) +
             " have no effect";
  }
  diags->Warning(codes::kGroupLrsCount,
                 phase + ": new_lr_scheduler.init_pg_lrs lists " +
                     std::to_string(listed) + " rates for " +
                     std::to_string(num_old) + " groups of earlier phases; " +
                     effect,
                 spec.where);
}

void PrepareGroupsForNewScheduler(std::vector<Group>* groups,
                                  const NewLrScheduler& spec) {
  if (spec.init_pg_lrs.has_value()) {
    const size_t count = std::min(groups->size(), spec.init_pg_lrs->size());
    for (size_t i = 0; i < count; ++i) {
      (*groups)[i].lr = (*groups)[i].initial_lr = (*spec.init_pg_lrs)[i];
    }
    return;
  }
  if (spec.use_current_optimizer_pg_lrs) return;
  for (Group& group : *groups) group.lr = group.initial_lr;
}

}  // namespace fts::optim
