// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Builds safetensors bytes from a hand-written header, for tests.
// Threads: pure functions.
#ifndef FTS_CORE_SAFETENSORS_TEST_UTIL_H_
#define FTS_CORE_SAFETENSORS_TEST_UTIL_H_

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace fts::safetensors {

// The file with this header text and `data_bytes` zero bytes after it.
// `length` < 0 writes the header's true length.
inline std::string FileBytes(const std::string& header, size_t data_bytes,
                             int64_t length = -1) {
  std::string bytes;
  uint64_t n = length < 0 ? header.size() : static_cast<uint64_t>(length);
  for (int i = 0; i < 8; ++i, n >>= 8) {
    bytes.push_back(static_cast<char>(n & 0xff));
  }
  return bytes + header + std::string(data_bytes, '\0');
}

inline std::string TempPath(const std::string& name) {
  const char* dir = std::getenv("TEST_TMPDIR");
  return std::string(dir == nullptr ? "/tmp" : dir) + "/" + name;
}

inline void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string ReadFile(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

}  // namespace fts::safetensors

#endif  // FTS_CORE_SAFETENSORS_TEST_UTIL_H_
