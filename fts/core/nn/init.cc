// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/nn/init.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

namespace fts::nn {

uint64_t ParameterSeed(uint64_t seed, const std::string& name) {
  // FNV-1a over the seed's bytes and the name, then a splitmix64 finish.
  uint64_t h = 0xcbf29ce484222325u;
  auto mix = [&h](unsigned char byte) {
    h ^= byte;
    h *= 0x100000001b3u;
  };
  for (int i = 0; i < 8; ++i) mix(static_cast<unsigned char>(seed >> (8 * i)));
  for (char c : name) mix(static_cast<unsigned char>(c));
  h += 0x9e3779b97f4a7c15u;
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
  return h ^ (h >> 31);
}

void InitNormal(at::Tensor parameter, double std, uint64_t seed,
                const std::string& name) {
  at::NoGradGuard no_grad;
  at::Generator generator =
      at::detail::createCPUGenerator(ParameterSeed(seed, name));
  const at::Tensor drawn = at::empty(parameter.sizes(), at::kFloat);
  drawn.normal_(0.0, std, generator);
  parameter.copy_(drawn);
}

void InitParameters(Module& root, double std, uint64_t seed) {
  at::NoGradGuard no_grad;
  for (auto& [name, tensor] : root.NamedParameters()) {
    const std::string leaf = name.substr(name.rfind('.') + 1);
    if (tensor.dim() >= 2) {
      InitNormal(tensor, std, seed, name);
    } else {
      tensor.fill_(leaf == "bias" ? 0 : 1);
    }
  }
}

}  // namespace fts::nn
