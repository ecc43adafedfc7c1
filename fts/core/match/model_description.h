// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What schedules and plans need to know of a model, without the model: its
// modules, and its parameters with shape, dtype and ties. Read from and written
// to `model.json` (format "fts-model/1"); the bindings emit the same.
// Threads: values, immutable once read.
#ifndef FTS_CORE_MATCH_MODEL_DESCRIPTION_H_
#define FTS_CORE_MATCH_MODEL_DESCRIPTION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"

namespace fts {

struct ModuleInfo {
  std::string name;        // "" for the root
  std::string class_name;  // as the framework prints it
  bool container = false;  // a list or mapping of modules, never called itself
  // The dimension that tensor parallelism splits is made of that many heads,
  // none of which may be cut; 0: of none, or not known.
  int64_t heads = 0;
};

struct ParameterInfo {
  std::string name;
  std::vector<int64_t> shape;  // {} is a scalar
  std::string dtype;           // "float32", "bfloat16", "float16", ...
  // Set on a tied alias: the canonical (first registered) name.
  std::optional<std::string> shared_with;

  // Product of the dims. Descriptions that were read never overflow it.
  int64_t numel() const;
};

struct ModelDescription {
  std::vector<ModuleInfo> modules;  // pre-order, root name ""
  std::vector<ParameterInfo>
      parameters;  // registration order, aliases included

  // Names of the parameters that are not aliases, in registration order: what
  // `named_parameters()` lists and schedule entries select from.
  std::vector<std::string> CanonicalNames() const;
};

// Reads a model.json of at most 256 MiB. Records every problem found, with
// file:line:column. Errors: missing_file, bad_json, bad_type, bad_model,
// duplicate_name, bad_shared_with, out_of_range. Unknown keys and a missing
// module list are warnings.
absl::StatusOr<ModelDescription> ReadModelDescription(const std::string& path,
                                                      Diagnostics* diags);

// The same for text in memory; `name` stands for the file in messages.
absl::StatusOr<ModelDescription> ParseModelDescription(const std::string& text,
                                                       const std::string& name,
                                                       Diagnostics* diags);

// One module or parameter a line; ParseModelDescription reads it back equal.
std::string ModelDescriptionToJson(const ModelDescription& model);

}  // namespace fts

#endif  // FTS_CORE_MATCH_MODEL_DESCRIPTION_H_
