// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/schedule/generate.h"

#include <algorithm>
#include <cstdio>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fts/core/base/codes.h"

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

std::string ParentOf(const std::string& name) {
  const size_t dot = name.rfind('.');
  return dot == name.npos ? "" : name.substr(0, dot);
}

// "model.layers.3" for "model.layers.3.attention.wq.weight"; "" when no part of
// the name but the last is a number.
std::string NumberedModule(const std::string& name) {
  size_t start = 0;
  for (size_t dot = name.find('.'); dot != name.npos;
       dot = name.find('.', start)) {
    const bool digits =
        dot > start && std::all_of(name.begin() + start, name.begin() + dot,
                                   [](char c) { return c >= '0' && c <= '9'; });
    if (digits) return name.substr(0, dot);
    start = dot + 1;
  }
  return "";
}

bool IsEmbedding(const std::string& parent,
                 const std::unordered_map<std::string, std::string>& classes) {
  const auto found = classes.find(parent);
  return found != classes.end() &&
         found->second.find("Embedding") != std::string::npos;
}

// A model's parameters as it is thawed.
struct Groups {
  Names head;
  std::vector<Names> blocks;  // registration order
  Names embeddings;
};

Groups Divide(const ModelDescription& model) {
  std::unordered_map<std::string, std::string> classes;
  for (const ModuleInfo& module : model.modules) {
    classes.emplace(module.name, module.class_name);
  }
  const Names names = model.CanonicalNames();
  const bool numbered = std::any_of(
      names.begin(), names.end(),
      [](const std::string& name) { return !NumberedModule(name).empty(); });
  auto block_of = [&](const std::string& name) {
    return numbered ? NumberedModule(name) : ParentOf(name);
  };
  Groups groups;
  std::unordered_map<std::string, size_t> index;
  size_t last_in_block = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    if (!block_of(names[i]).empty()) last_in_block = i;
  }
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string block = block_of(names[i]);
    if (numbered && block.empty()) {
      if (IsEmbedding(ParentOf(names[i]), classes)) {
        groups.embeddings.push_back(names[i]);
      } else if (i > last_in_block) {
        groups.head.push_back(names[i]);
      } else if (groups.blocks.empty()) {
        groups.embeddings.push_back(names[i]);
      } else {
        groups.blocks.back().push_back(names[i]);
      }
      continue;
    }
    if (!numbered && IsEmbedding(block, classes)) {
      groups.embeddings.push_back(names[i]);
      continue;
    }
    const auto [it, inserted] = index.emplace(block, groups.blocks.size());
    if (inserted) groups.blocks.emplace_back();
    groups.blocks[it->second].push_back(names[i]);
  }
  if (!numbered && groups.blocks.size() > 1) {
    groups.head = std::move(groups.blocks.back());
    groups.blocks.pop_back();
  }
  return groups;
}

void Append(const Names& from, Names* to) {
  to->insert(to->end(), from.begin(), from.end());
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
  const Groups groups = Divide(model);
  const int heads = groups.head.empty() ? 0 : 1;
  const int blocks = static_cast<int>(groups.blocks.size());
  const int stems = groups.embeddings.empty() ? 0 : 1;
  const int most = heads + blocks + stems;
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
  if (heads == 1) out.push_back(groups.head);
  // Blocks from the last to the first; larger shares come later.
  for (int share = 0; share < shares; ++share) {
    if (share > 0 || own_head || heads == 0) out.emplace_back();
    const int begin = blocks * share / shares;
    const int end = blocks * (share + 1) / shares;
    for (int b = begin; b < end; ++b) {
      Append(groups.blocks[blocks - 1 - b], &out.back());
    }
  }
  if (own_stem) out.emplace_back();
  Append(groups.embeddings, &out.back());
  return ToSchedule(out);
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
                    "phases; edit freely:\n# lr and max_transition_epoch may "
                    "be added to a phase.\n";
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
  }
  if (schedule.entries().empty()) out += "{}\n";
  return out;
}

}  // namespace fts
