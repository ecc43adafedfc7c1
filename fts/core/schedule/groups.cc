// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/schedule/groups.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "fts/core/schedule/layers.h"

namespace fts {

PhaseGrouper::PhaseGrouper(const ModelDescription& model) {
  const std::vector<std::string> names = model.CanonicalNames();
  places_.reserve(names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    places_[names[i]].position = static_cast<int>(i);
  }
  for (const Layer& layer : ModelLayers(model)) {
    for (const std::string& name : layer.params) {
      places_[name].layer = static_cast<int>(layer_names_.size());
    }
    layer_names_.push_back(layer.name);
  }
}

std::vector<PhaseGroup> PhaseGrouper::Groups(
    const std::vector<std::string>& params,
    std::optional<double> lr_decay) const {
  std::vector<std::pair<Place, const std::string*>> sorted;
  sorted.reserve(params.size());
  for (const std::string& name : params) {
    sorted.push_back({places_.at(name), &name});
  }
  std::sort(sorted.begin(), sorted.end(), [&](const auto& a, const auto& b) {
    if (lr_decay && a.first.layer != b.first.layer) {
      return a.first.layer < b.first.layer;
    }
    return a.first.position < b.first.position;
  });
  std::vector<PhaseGroup> groups;
  int layer = -1;
  for (const auto& [place, name] : sorted) {
    if (groups.empty() || (lr_decay && place.layer != layer)) {
      PhaseGroup group;
      if (lr_decay) {
        group.name = layer_names_[place.layer];
        group.lr_scale = std::pow(*lr_decay, static_cast<int>(groups.size()));
      }
      layer = place.layer;
      groups.push_back(std::move(group));
    }
    groups.back().params.push_back(*name);
  }
  return groups;
}

}  // namespace fts
