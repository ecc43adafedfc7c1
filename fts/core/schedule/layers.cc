// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/schedule/layers.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace fts {
namespace {

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

class EmbeddingModules {
 public:
  explicit EmbeddingModules(const ModelDescription& model) {
    for (const ModuleInfo& module : model.modules) {
      classes_.emplace(module.name, module.class_name);
    }
  }

  bool Holds(const std::string& module) const {
    const auto found = classes_.find(module);
    return found != classes_.end() &&
           found->second.find("Embedding") != std::string::npos;
  }

 private:
  std::unordered_map<std::string, std::string> classes_;
};

}  // namespace

std::vector<Layer> ModelLayers(const ModelDescription& model) {
  const EmbeddingModules embedding_modules(model);
  const std::vector<std::string> names = model.CanonicalNames();
  std::vector<std::string> block_of;  // parallel to names
  block_of.reserve(names.size());
  for (const std::string& name : names) {
    block_of.push_back(NumberedModule(name));
  }
  const bool numbered =
      std::any_of(block_of.begin(), block_of.end(),
                  [](const std::string& block) { return !block.empty(); });
  size_t last_in_block = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    if (!numbered) block_of[i] = ParentOf(names[i]);
    if (!block_of[i].empty()) last_in_block = i;
  }

  Layer head{Layer::Kind::kHead, "head", {}};
  Layer embeddings{Layer::Kind::kEmbeddings, "embeddings", {}};
  std::vector<Layer> blocks;  // registration order
  std::unordered_map<std::string, size_t> index;
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string& block = block_of[i];
    if (embedding_modules.Holds(ParentOf(names[i])) &&
        (!numbered || block.empty())) {
      embeddings.params.push_back(names[i]);
    } else if (numbered && block.empty()) {
      Layer* layer = i > last_in_block ? &head
                     : blocks.empty()  ? &embeddings
                                       : &blocks.back();
      layer->params.push_back(names[i]);
    } else {
      const auto [it, inserted] = index.emplace(block, blocks.size());
      if (inserted) {
        blocks.push_back(
            {Layer::Kind::kBlock, block.empty() ? "root" : block, {}});
      }
      blocks[it->second].params.push_back(names[i]);
    }
  }
  if (!numbered && blocks.size() > 1) {
    head.params = std::move(blocks.back().params);
    blocks.pop_back();
  }

  std::vector<Layer> layers;
  layers.reserve(blocks.size() + 2);
  if (!head.params.empty()) layers.push_back(std::move(head));
  std::move(blocks.rbegin(), blocks.rend(), std::back_inserter(layers));
  if (!embeddings.params.empty()) layers.push_back(std::move(embeddings));
  return layers;
}

}  // namespace fts
