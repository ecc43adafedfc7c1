// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A small Llama and a place for files, for tests.
// Threads: pure functions.
#ifndef FTS_MODELS_LLAMA_TEST_UTIL_H_
#define FTS_MODELS_LLAMA_TEST_UTIL_H_

#include <cstdlib>
#include <filesystem>
#include <string>

#include "fts/models/llama/config.h"

namespace fts::llama {

inline LlamaConfig SmallConfig() {
  LlamaConfig config;
  config.vocab_size = 40;
  config.dim = 32;
  config.n_layers = 2;
  config.n_heads = 4;
  config.n_kv_heads = 2;
  config.head_dim = 8;
  config.hidden_dim = 48;
  config.max_seq_len = 64;
  return config;
}

// A new empty directory under the test's own.
inline std::string FreshDirectory(const std::string& name) {
  const char* base = std::getenv("TEST_TMPDIR");
  const std::string path =
      std::string(base == nullptr ? "/tmp" : base) + "/" + name;
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

}  // namespace fts::llama

#endif  // FTS_MODELS_LLAMA_TEST_UTIL_H_
