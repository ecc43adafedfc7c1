// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/schedule/generate.h"

#include <algorithm>
#include <cstdio>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fts/core/base/codes.h"
#include "fts/core/schedule/layers.h"

namespace fts {
namespace {

using Names = std::vector<std::string>;

YamlNode ToSchedule(const std::vector<Names>& phases) {
  std::vector<YamlNode::Entry> entries;
  for (const Names& names : phases) {
    std::vector<YamlNode> params;
    params.reserve(names.size());
    for (const std::string& name : names) {
      params.push_back(YamlNode::String(name));
    }
    std::vector<YamlNode::Entry> phase;
    phase.push_back(
        {YamlNode::String("params"), YamlNode::Sequence(std::move(params))});
    entries.push_back({YamlNode::Int(static_cast<int64_t>(entries.size())),
                       YamlNode::Mapping(std::move(phase))});
  }
  return YamlNode::Mapping(std::move(entries));
}

void Append(const Names& from, Names* to) {
  to->insert(to->end(), from.begin(), from.end());
}

int CountKind(const std::vector<Layer>& layers, Layer::Kind kind) {
  return static_cast<int>(
      std::count_if(layers.begin(), layers.end(),
                    [kind](const Layer& layer) { return layer.kind == kind; }));
}

}  // namespace

YamlNode GenerateImplicitSchedule(const ModelDescription& model) {
  Names names = model.CanonicalNames();
  std::reverse(names.begin(), names.end());
  std::vector<Names> phases;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i % 2 == 0) phases.emplace_back();
    phases.back().push_back(names[i]);
  }
  return ToSchedule(phases);
}

absl::StatusOr<YamlNode> GenerateBlockSchedule(const ModelDescription& model,
                                               int phases, Diagnostics* diags) {
  const std::vector<Layer> layers = ModelLayers(model);
  const int most = static_cast<int>(layers.size());
  const int heads = CountKind(layers, Layer::Kind::kHead);
  const int blocks = CountKind(layers, Layer::Kind::kBlock);
  const int stems = CountKind(layers, Layer::Kind::kEmbeddings);
  if (phases < 1 || phases > most) {
    diags->Error(codes::kOutOfRange,
                 "phases must be from 1 to " + std::to_string(most) +
                     " for this model (" + std::to_string(heads) + " head, " +
                     std::to_string(blocks) + " blocks, " +
                     std::to_string(stems) + " embeddings), got " +
                     std::to_string(phases));
    return diags->status();
  }
  const bool own_head = heads == 1 && phases > 1;
  const bool own_stem = phases == most && stems == 1 && phases > 1;
  const int shares = phases - (own_head ? 1 : 0) - (own_stem ? 1 : 0);
  std::vector<Names> out;
  if (heads == 1) out.push_back(layers.front().params);
  // Larger shares come later.
  for (int share = 0; share < shares; ++share) {
    if (share > 0 || own_head || heads == 0) out.emplace_back();
    const int begin = blocks * share / shares;
    const int end = blocks * (share + 1) / shares;
    for (int b = begin; b < end; ++b) {
      Append(layers[heads + b].params, &out.back());
    }
  }
  if (own_stem) out.emplace_back();
  if (stems == 1) Append(layers.back().params, &out.back());
  return ToSchedule(out);
}

YamlNode GenerateDepthSchedule(const ModelDescription& model) {
  std::vector<Names> phases;
  for (Layer& layer : ModelLayers(model)) {
    phases.push_back(std::move(layer.params));
  }
  return ToSchedule(phases);
}

std::string AnnotateSchedule(const YamlNode& schedule,
                             const ModelDescription& model,
                             const std::string& how) {
  std::unordered_map<std::string, int64_t> sizes;
  int64_t total = 0;
  for (const ParameterInfo& parameter : model.parameters) {
    if (parameter.shared_with) continue;
    sizes.emplace(parameter.name, parameter.numel());
    total += parameter.numel();
  }
  std::string line;
  for (char c : how) line += c == '\n' || c == '\r' ? ' ' : c;
  std::string out = "# A fine-tuning schedule, " + line +
                    ".\n# A phase thaws its params and keeps those of earlier "
                    "phases; edit freely.\n# lr: of the phase's parameters, "
                    "else base_max_lr (phase 0 has the optimizer's own).\n"
                    "# max_transition_epoch: the epoch, from 0, at whose start "
                    "the next phase begins\n# at the latest; without it, early "
                    "stopping alone ends the phase.\n";
  const size_t last = schedule.entries().size();
  size_t index = 0;
  for (const YamlNode::Entry& phase : schedule.entries()) {
    const YamlNode* params = phase.value.Find("params");
    int64_t elements = 0;
    size_t tensors = 0;
    if (params != nullptr) {
      tensors = params->items().size();
      for (const YamlNode& name : params->items()) {
        const auto found = sizes.find(name.text());
        if (found != sizes.end()) elements += found->second;
      }
    }
    char share[32];
    std::snprintf(share, sizeof(share), "%.1f %%",
                  total > 0 ? 100.0 * elements / total : 0.0);
    out += "# phase " + phase.key.text() + ": " + std::to_string(tensors) +
           " tensors, " + std::to_string(elements) + " elements (" + share +
           " of the model)\n";
    std::vector<YamlNode::Entry> one = {phase};
    out += EmitYaml(YamlNode::Mapping(std::move(one)));
    if (index > 0) out += "  # lr: 1.0e-05\n";
    if (++index < last) {
      out += "  # max_transition_epoch: " + std::to_string(index) + "\n";
    }
  }
  if (schedule.entries().empty()) out += "{}\n";
  return out;
}

}  // namespace fts
