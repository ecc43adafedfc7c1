// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Parses and checks the header of a safetensors file.
//
// The input is hostile until proven otherwise: after a successful parse every
// tensor lies inside the file, no two overlap, no byte of the data section is
// unaccounted for, and every size equals shape x dtype. Pure and bounded:
// nothing is allocated in proportion to a number read from the file.
// Threads: pure function.
#ifndef FTS_CORE_SAFETENSORS_HEADER_H_
#define FTS_CORE_SAFETENSORS_HEADER_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/safetensors/dtype.h"

namespace fts::safetensors {

// What is accepted. The defaults are the format's own limit and values far
// beyond any real checkpoint.
struct HeaderBudget {
  uint64_t max_header_bytes = 100'000'000;
  size_t max_tensors = 1'000'000;
  size_t max_rank = 32;
};

struct HeaderEntry {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
  uint64_t begin = 0;      // of the data, as a byte offset in the file
  uint64_t end = 0;        // one past the last byte
  uint64_t header_at = 0;  // byte offset in the file of the entry's name
};

struct Header {
  std::map<std::string, std::string> metadata;  // "__metadata__", may be empty
  std::vector<HeaderEntry> entries;             // ascending data offset
  uint64_t data_begin = 0;  // first byte of the data section
};

// `bytes` points at the whole file (mapped or in memory), of which only the
// header is read; `name` is the file's name in messages.
// Errors: bad_safetensors, each naming the file, the tensor and the byte
// position in the file; all that can be found, at most 20.
absl::StatusOr<Header> ParseHeader(const uint8_t* bytes, uint64_t file_size,
                                   const std::string& name,
                                   const HeaderBudget& budget,
                                   Diagnostics* diags);

}  // namespace fts::safetensors

#endif  // FTS_CORE_SAFETENSORS_HEADER_H_
