// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// TpPlan: a `tp_plan` resolved to data. Which modules take part in tensor
// parallelism, in which style, how tensors lie along the tp dimension where
// they enter and leave, and how each parameter is split. The engine
// (fts/core/tp), the dry run and the bindings read it; nothing else decides.
// Made by ResolveTp (resolve_tp.h).
//
// The styles and their layouts are those of torch.distributed.tensor.parallel.
// Threads: values; share freely once made.
#ifndef FTS_CORE_PLAN_TP_PLAN_H_
#define FTS_CORE_PLAN_TP_PLAN_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fts/core/base/source_location.h"
#include "fts/core/config/yaml.h"
#include "fts/core/mesh/placement.h"

namespace fts {

enum class TpStyle {
  kColwise,   // Linear: outputs split; Embedding: columns split
  kRowwise,   // Linear: inputs split; Embedding: vocabulary split
  kSequence,  // works on a part of the sequence: norms, dropout
  kPrepareInput,
  kPrepareOutput,
  kPrepareInputOutput,
};

// "colwise", "prepare_input": as written in YAML.
const char* TpStyleName(TpStyle style);

// How one tensor lies; nullopt: left as it is.
using TpLayout = std::optional<Placement>;

// Tensors are placed per tensor argument and result, in order; a list that is
// shorter than there are tensors leaves the rest alone. Dimensions may be
// negative. The lists of a rule are complete: defaults are filled in.
struct TpRule {
  std::string module;
  std::string class_name;  // of the module, "Linear"
  TpStyle style = TpStyle::kColwise;
  std::vector<TpLayout> input;    // as tensors come in
  std::vector<TpLayout> compute;  // as the module works on them
  std::vector<TpLayout> output;   // as the module makes them
  std::vector<TpLayout> result;   // as they leave
  // Kept for PyTorch's sake: there it says whether a plain tensor leaves or one
  // that knows its layout. Here tensors are always plain.
  bool use_local_output = true;
  // Size, over all ranks, of what the style splits: features or vocabulary;
  // 0 for styles that split no parameter.
  int64_t whole = 0;
  SourceLocation where;  // the entry, or the name of a built-in plan
};

// A parameter along the tp dimension. Those that are not listed are whole on
// every rank, with whole gradients.
struct TpParameter {
  Placement placement = Placement::Replicate();  // or Shard(dim)
  // Whole on every rank, but each rank's gradient is only one term of a sum:
  // its module works on a part of the sequence.
  bool partial_gradient = false;
  // Of the whole parameter; empty: not told.
  std::vector<int64_t> shape;
};

struct TpPlan {
  // `tp_plan` as written; null when absent.
  YamlNode written;
  bool loss_parallel = false;
  // The module whose split results are the logits, under loss_parallel.
  std::string loss_module;
  // `sequence_parallel`: whether a built-in plan splits the sequence between
  // blocks.
  bool sequence_parallel = true;
  // Ranks along tp that it was resolved for. With 1 there is nothing to do:
  // parameters are whole and rules are not applied.
  int64_t size = 1;
  std::vector<TpRule> rules;  // in pre-order of the modules
  // By canonical name.
  std::map<std::string, TpParameter> parameters;

  bool active() const { return size > 1 && !rules.empty(); }
  const TpRule* Find(const std::string& module) const;
};

// Elements [begin, begin + size) of a dimension that `parts` ranks share: equal
// chunks of the size rounded up, the last ones shorter, as torch.chunk makes
// them. 0 <= index < parts.
struct TpChunk {
  int64_t begin = 0;
  int64_t size = 0;
};
TpChunk ChunkOf(int64_t whole, int64_t parts, int64_t index);

// The shape that a rank holds of a parameter of that shape.
std::vector<int64_t> TpLocalShape(const std::vector<int64_t>& shape,
                                  const TpParameter& parameter, int64_t parts,
                                  int64_t index);

}  // namespace fts

#endif  // FTS_CORE_PLAN_TP_PLAN_H_
