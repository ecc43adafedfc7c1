// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/recompute/parse_options.h"

#include <string>
#include <vector>

#include "fts/core/base/codes.h"
#include "fts/core/base/did_you_mean.h"

namespace fts::recompute {
namespace {

void ReadBool(const std::string& key, const YamlNode& value, bool* out,
              Diagnostics* diags) {
  if (value.is_bool()) {
    *out = value.as_bool();
    return;
  }
  diags->Error(codes::kBadType,
               "act_ckpt: '" + key + "' is " + DescribeYaml(value) +
                   "; it must be true or false",
               value.where());
}

void ReadDeterminismCheck(const YamlNode& value, bool* out,
                          Diagnostics* diags) {
  if (value.is_string() && value.text() == "default") {
    *out = true;
  } else if (value.is_string() && value.text() == "none") {
    *out = false;
  } else {
    diags->Error(codes::kBadValue,
                 "act_ckpt: 'determinism_check' is " + DescribeYaml(value) +
                     "; it must be 'default' or 'none'",
                 value.where());
  }
}

void ReadSave(const YamlNode& value, CheckpointOptions* options,
              Diagnostics* diags) {
  static const std::vector<std::string> kKinds = {"matmul", "attention"};
  if (!value.is_sequence()) {
    diags->Error(codes::kBadType,
                 "act_ckpt: 'save' is " + DescribeYaml(value) +
                     "; it must be a list of matmul and attention",
                 value.where());
  }
  for (const YamlNode& kind : value.items()) {
    if (kind.is_string() && kind.text() == kKinds[0]) {
      options->save_matmul = true;
    } else if (kind.is_string() && kind.text() == kKinds[1]) {
      options->save_attention = true;
    } else {
      diags->Error(codes::kBadValue,
                   "act_ckpt: 'save' names " + DescribeYaml(kind) +
                       "; it may name matmul and attention" +
                       DidYouMean(kind.text(), kKinds),
                   kind.where());
    }
  }
}

void ReadReentrant(const std::string& mode, const YamlNode::Entry& entry,
                   Diagnostics* diags) {
  bool reentrant = false;
  ReadBool(entry.key.text(), entry.value, &reentrant, diags);
  if (!reentrant || mode != "composable") return;
  diags->Error(codes::kBadValue,
               "act_ckpt: 'use_reentrant: true' is not possible under "
               "composable, which is non-reentrant; remove it",
               entry.key.where());
}

}  // namespace

absl::StatusOr<CheckpointOptions> ParseCheckpointOptions(
    const std::string& mode, const YamlNode& kwargs, Diagnostics* diags) {
  static const std::vector<std::string> kKnown = {"preserve_rng_state",
                                                  "determinism_check",
                                                  "early_stop",
                                                  "use_reentrant",
                                                  "debug",
                                                  "context_fn",
                                                  "every",
                                                  "save"};
  CheckpointOptions options;
  const int errors_before = diags->num_errors();
  if (!kwargs.is_null() && !kwargs.is_mapping()) {
    diags->Error(codes::kBadType,
                 "act_ckpt: the keywords are " + DescribeYaml(kwargs) +
                     "; they must be a mapping",
                 kwargs.where());
  }
  for (const YamlNode::Entry& entry : kwargs.entries()) {
    const YamlNode& value = entry.value;
    const std::string& key = entry.key.text();
    if (key == "preserve_rng_state") {
      ReadBool(key, value, &options.preserve_rng_state, diags);
    } else if (key == "early_stop") {
      ReadBool(key, value, &options.early_stop, diags);
    } else if (key == "debug") {
      ReadBool(key, value, &options.debug, diags);
    } else if (key == "determinism_check") {
      ReadDeterminismCheck(value, &options.determinism_check, diags);
    } else if (key == "use_reentrant") {
      ReadReentrant(mode, entry, diags);
    } else if (key == "save") {
      ReadSave(value, &options, diags);
    } else if (key == "every") {
      continue;
    } else if (key == "context_fn") {
      if (value.is_null()) continue;
      diags->Error(codes::kBadType,
                   "act_ckpt: 'context_fn' takes a function, which a file "
                   "cannot hold; remove it",
                   entry.key.where());
    } else {
      diags->Error(
          codes::kUnknownKey,
          "act_ckpt: unknown keyword '" + key + "'" + DidYouMean(key, kKnown),
          entry.key.where());
    }
  }
  if (diags->num_errors() > errors_before) return diags->status();
  return options;
}

}  // namespace fts::recompute
