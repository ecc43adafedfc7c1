// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/models/llama/init.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include <cmath>
#include <cstdlib>

#include "fts/core/base/status.h"
#include "fts/core/nn/init.h"

namespace fts::llama {

double InitStd(const LlamaConfig& config, const std::string& native_name) {
  constexpr double kStd = 0.02;
  const double by_dim = std::pow(static_cast<double>(config.dim), -0.5);
  const std::string layers = "model.layers.";
  if (native_name == kEmbeddingName) {
    return config.tied_embeddings ? by_dim : 1.0;
  }
  if (native_name == kOutputName) return by_dim;
  if (native_name.find("norm") != std::string::npos) return 0;
  const size_t leaf = native_name.rfind('.', native_name.rfind('.') - 1) + 1;
  const std::string linear =
      native_name.substr(leaf, native_name.rfind('.') - leaf);
  if (linear != "wo" && linear != "w2" && linear != "w3") return kStd;
  const double layer =
      static_cast<double>(std::atoll(native_name.c_str() + layers.size()));
  return kStd / std::sqrt(2 * (layer + 1));
}

InitSource::InitSource(const LlamaConfig& config, uint64_t seed)
    : config_(config), seed_(seed) {
  for (ParameterShape& parameter : ParameterShapes(config)) {
    infos_[parameter.name] = {std::move(parameter.shape), at::kFloat};
  }
}

const nn::ParameterSource::Info* InitSource::Find(
    const std::string& name) const {
  const auto found = infos_.find(name);
  return found == infos_.end() ? nullptr : &found->second;
}

absl::Status InitSource::CopyRange(const std::string& name, int64_t begin,
                                   int64_t end, at::Tensor dst) const {
  FTS_RETURN_IF_ERROR(CheckRange(name, begin, end, dst));
  at::NoGradGuard no_grad;
  const double std = InitStd(config_, name);
  if (std == 0) {
    dst.fill_(1);
    return absl::OkStatus();
  }
  if (drawn_name_ != name) {
    drawn_ = at::Tensor();
    drawn_ = at::empty(infos_.at(name).shape, at::kFloat);
    nn::InitNormal(drawn_, std, seed_, name);
    drawn_name_ = name;
  }
  dst.copy_(drawn_.view(at::IntArrayRef({-1})).narrow(0, begin, end - begin));
  return absl::OkStatus();
}

}  // namespace fts::llama
