// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What a tp_plan's rules say of the activations between the modules of one
// body: whole, or parts of the sequence.
//
// [Note: what can be told]
// The order in which a model calls its modules is not known, only which stand
// together below one module. Between them, activations are taken to lie as the
// rules there leave them: rowwise modules, prepare_output and sequence modules
// say it, for the nearest module around that has any.
// Threads: immutable; it refers to the modules.
#ifndef FTS_CORE_PLAN_TP_BODIES_H_
#define FTS_CORE_PLAN_TP_BODIES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "fts/core/plan/tp_modules.h"

namespace fts {

// Of the first tensor: whole on every rank, or a part of the sequence.
bool TpIsWhole(const std::vector<TpLayout>& layouts);
bool TpIsPart(const std::vector<TpLayout>& layouts);

struct TpBetween {
  struct Part {
    int64_t dim;
    const TpRuleSource* by;
  };
  std::vector<Part> parts;              // of the sequence, by what leaves them
  const TpRuleSource* whole = nullptr;  // leaves whole activations

  // Who leaves parts of that dimension; null: nobody.
  const TpRuleSource* By(int64_t dim) const;
};

class TpBodies {
 public:
  explicit TpBodies(const TpModules& modules) : modules_(modules) {}

  // What is below `body`. `self` is left out, and so is what sequence modules
  // say where `makers_only`.
  TpBetween Look(const std::string& body, const TpRuleSource* self,
                 bool makers_only) const;

  // The module's rule, if it says how what runs in it gets its input.
  const TpRuleSource* PreparedBy(const std::string& module) const;

  // Entering or leaving split sequences within this body, by declaration.
  bool HasBoundary(const std::string& body) const;

  // A sequence module among the heads of an attention, as norms of queries and
  // keys: what it splits are no sequences.
  bool IsInner(const TpRule& rule) const;

  // Whether the module has parameters that fit a head of what colwise modules
  // right in this body leave, as norms of queries and keys have, and not what
  // these take.
  bool FitsColumns(const std::string& module, const std::string& body) const;

 private:
  std::vector<const ParameterInfo*> ColumnsOf(const std::string& body) const;
  bool IsHead(int i) const;
  const TpRuleSource* OutOf(int i, const std::string& body) const;

  const TpModules& modules_;
};

}  // namespace fts

#endif  // FTS_CORE_PLAN_TP_BODIES_H_
