// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/tp_llama.h"

#include <algorithm>
#include <cctype>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fts/core/plan/codes.h"
#include "fts/core/plan/segments.h"

namespace fts {
namespace {

struct LlamaNames {
  const char* embedding;
  const char* attention;
  const char* feed_forward;
  std::vector<const char*> norms;    // of a layer
  std::vector<const char*> columns;  // of a layer, colwise
  std::vector<const char*> rows;     // of a layer, rowwise
  const char* head;
};

const LlamaNames& Native() {
  static const auto* const names =
      new LlamaNames{"tok_embeddings",
                     "attention",
                     "feed_forward",
                     {"attention_norm", "ffn_norm"},
                     {"attention.wq", "attention.wk", "attention.wv",
                      "feed_forward.w1", "feed_forward.w3"},
                     {"attention.wo", "feed_forward.w2"},
                     "output"};
  return *names;
}

const LlamaNames& HuggingFace() {
  static const auto* const names =
      new LlamaNames{"embed_tokens",
                     "self_attn",
                     "mlp",
                     {"input_layernorm", "post_attention_layernorm"},
                     {"self_attn.q_proj", "self_attn.k_proj",
                      "self_attn.v_proj", "mlp.gate_proj", "mlp.up_proj"},
                     {"self_attn.o_proj", "mlp.down_proj"},
                     "lm_head"};
  return *names;
}

std::string Join(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : absl::StrCat(prefix, ".", name);
}

std::string LastOf(const std::string& module) {
  const size_t dot = module.rfind('.');
  return dot == std::string::npos ? module : module.substr(dot + 1);
}

bool IsNumber(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0;
  });
}

class Finder {
 public:
  Finder(const ModelDescription& model, bool loss_parallel,
         bool sequence_parallel)
      : model_(model), loss_parallel_(loss_parallel) {
    for (const ModuleInfo& module : model.modules) names_.insert(module.name);
    if (sequence_parallel) between_ = Placement::Shard(1);
  }

  // The transformer whose embedding is at prefix.embedding.
  void Plan(const std::string& prefix, const LlamaNames& names) {
    Add(Join(prefix, names.embedding), Row(/*ids=*/true));
    const std::string layers = Join(prefix, "layers");
    int found = 0;
    for (const ModuleInfo& module : model_.modules) {
      if (module.name.empty() || ParentOf(module.name) != layers ||
          !IsNumber(LastOf(module.name))) {
        continue;
      }
      ++found;
      PlanLayer(module.name, names);
    }
    if (found == 0) missing_.push_back(Join(layers, "0"));
    AddNorm(Join(prefix, "norm"));
    // Hugging Face's head stands beside the transformer.
    std::string head = Join(prefix, names.head);
    if (&names == &HuggingFace() && names_.count(head) == 0) {
      head = Join(prefix.empty() ? "" : ParentOf(prefix), names.head);
    }
    TpEntry entry = Column();
    entry.input = {{between_}};
    entry.result = {
        {loss_parallel_ ? Placement::Shard(-1) : Placement::Replicate()}};
    entry.use_local_output = !loss_parallel_;
    Add(head, std::move(entry));
  }

  const std::vector<std::string>& missing() const { return missing_; }
  std::vector<TpChoice> choices() && { return std::move(choices_); }

 private:
  void PlanLayer(const std::string& layer, const LlamaNames& names) {
    for (const char* norm : names.norms) AddNorm(Join(layer, norm));
    for (const char* body : {names.attention, names.feed_forward}) {
      TpEntry entry;
      entry.style = TpStyle::kPrepareInput;
      entry.input = {{between_}};
      entry.compute = {{Placement::Replicate()}};
      Add(Join(layer, body), std::move(entry));
    }
    for (const char* name : names.columns) Add(Join(layer, name), Column());
    for (const char* name : names.rows) {
      Add(Join(layer, name), Row(/*ids=*/false));
    }
  }

  static TpEntry Column() {
    TpEntry entry;
    entry.style = TpStyle::kColwise;
    return entry;
  }

  TpEntry Row(bool ids) const {
    TpEntry entry;
    entry.style = TpStyle::kRowwise;
    if (ids) entry.input = {{Placement::Replicate()}};
    entry.result = {{between_}};
    return entry;
  }

  void AddNorm(const std::string& module) {
    if (!between_.is_shard()) {
      if (names_.count(module) == 0) missing_.push_back(module);
      return;
    }
    TpEntry entry;
    entry.style = TpStyle::kSequence;
    Add(module, std::move(entry));
  }

  void Add(const std::string& module, TpEntry entry) {
    if (names_.count(module) == 0) {
      missing_.push_back(module);
      return;
    }
    choices_.push_back({module, std::move(entry)});
  }

  const ModelDescription& model_;
  const bool loss_parallel_;
  // How activations lie between blocks.
  Placement between_ = Placement::Replicate();
  std::unordered_set<std::string> names_;
  std::vector<std::string> missing_;
  std::vector<TpChoice> choices_;
};

}  // namespace

std::vector<TpChoice> LlamaTpPlan(const ModelDescription& model,
                                  bool loss_parallel, bool sequence_parallel,
                                  const SourceLocation& where,
                                  Diagnostics* diags) {
  Finder finder(model, loss_parallel, sequence_parallel);
  bool found = false;
  for (const ModuleInfo& module : model.modules) {
    for (const LlamaNames* names : {&Native(), &HuggingFace()}) {
      if (LastOf(module.name) != names->embedding) continue;
      found = true;
      finder.Plan(ParentOf(module.name), *names);
    }
  }
  constexpr char kFix[] =
      "; write the plan as a mapping {module pattern: style} for another model";
  if (!found) {
    diags->Error(codes::kNotALlama,
                 absl::StrCat("tp_plan 'llama': the model is no Llama, it has "
                              "neither a 'tok_embeddings' nor an "
                              "'embed_tokens'",
                              kFix),
                 where);
    return {};
  }
  const std::vector<std::string>& missing = finder.missing();
  if (!missing.empty()) {
    constexpr size_t kMost = 4;
    const size_t shown = std::min(missing.size(), kMost);
    diags->Error(
        codes::kNotALlama,
        absl::StrCat(
            "tp_plan 'llama': the model is no Llama, it lacks '",
            absl::StrJoin(missing.begin(), missing.begin() + shown, "', '"),
            "'",
            missing.size() > shown
                ? absl::StrCat(" and ", missing.size() - shown, " more modules")
                : "",
            kFix),
        where);
    return {};
  }
  return std::move(finder).choices();
}

}  // namespace fts
