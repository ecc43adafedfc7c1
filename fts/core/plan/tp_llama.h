// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// `tp_plan: llama`: torchtitan's plan for a Llama, found by the modules' names,
// native (torchtitan) or Hugging Face's, under any prefix.
//
//   tok_embeddings  embed_tokens           rowwise -> shard(1)
//   attention_norm  input_layernorm        sequence
//   ffn_norm        post_attention_layernorm
//   attention       self_attn              prepare_input shard(1) -> replicate
//   feed_forward    mlp
//   wq wk wv        q_proj k_proj v_proj   colwise
//   w1 w3           gate_proj up_proj
//   wo w2           o_proj down_proj       rowwise -> shard(1)
//   norm            norm                   sequence
//   output          lm_head                colwise, shard(1) -> shard(-1) under
//                                          loss parallel, else replicate
//
// Without sequence parallel every shard(1) is replicate and norms have no rule.
// Threads: pure functions.
#ifndef FTS_CORE_PLAN_TP_LLAMA_H_
#define FTS_CORE_PLAN_TP_LLAMA_H_

#include <string>
#include <vector>

#include "fts/core/base/diagnostics.h"
#include "fts/core/base/source_location.h"
#include "fts/core/match/model_description.h"
#include "fts/core/plan/tp_entry.h"

namespace fts {

struct TpChoice {
  std::string module;
  TpEntry entry;
};

// `where` is the place of the plan's name. Errors: not_a_llama, naming what is
// missing; then the list is empty.
std::vector<TpChoice> LlamaTpPlan(const ModelDescription& model,
                                  bool loss_parallel, bool sequence_parallel,
                                  const SourceLocation& where,
                                  Diagnostics* diags);

}  // namespace fts

#endif  // FTS_CORE_PLAN_TP_LLAMA_H_
