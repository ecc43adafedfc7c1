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

}  // namespace

absl::StatusOr<CheckpointOptions> ParseCheckpointOptions(const YamlNode& kwargs,
                                                         Diagnostics* diags) {
  static const std::vector<std::string> kKnown = {"preserve_rng_state",
                                                  "determinism_check",
                                                  "early_stop",
                                                  "use_reentrant",
                                                  "debug",
                                                  "context_fn"};
  CheckpointOptions options;
  const int errors_before = diags->num_errors();
  if (!kwargs.is_null() && !kwargs.is_mapping()) {
    diags->Error(codes::kBadType,
                 "act_ckpt: the keywords are " + DescribeYaml(kwargs) +
                     "; they must be a mapping",
                 kwargs.where());
  }
  for (const auto& [key_node, value] : kwargs.entries()) {
    const std::string& key = key_node.text();
    if (key == "preserve_rng_state") {
      ReadBool(key, value, &options.preserve_rng_state, diags);
    } else if (key == "early_stop") {
      ReadBool(key, value, &options.early_stop, diags);
    } else if (key == "determinism_check") {
      ReadDeterminismCheck(value, &options.determinism_check, diags);
    } else if (key == "use_reentrant") {
      bool reentrant = false;
      ReadBool(key, value, &reentrant, diags);
      if (reentrant) {
        diags->Error(codes::kBadValue,
                     "act_ckpt: 'use_reentrant: true' is not possible under "
                     "composable, which is non-reentrant; remove it",
                     key_node.where());
      }
    } else if (key == "debug" || key == "context_fn") {
      const bool off = value.is_null() || (value.is_bool() && !value.as_bool());
      if (!off) {
        diags->Error(codes::kNotAvailable,
                     "act_ckpt: '" + key +
                         "' is not available in this version; remove it",
                     key_node.where());
      }
    } else {
      diags->Error(
          codes::kUnknownKey,
          "act_ckpt: unknown keyword '" + key + "'" + DidYouMean(key, kKnown),
          key_node.where());
    }
  }
  if (diags->num_errors() > errors_before) return diags->status();
  return options;
}

}  // namespace fts::recompute
