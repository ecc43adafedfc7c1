// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Reads the JSON text of a safetensors header into plain entries.
//
// Only the grammar is checked here (which keys, which value types, where);
// header.cc checks what the numbers mean. Streaming: nesting depth costs no
// stack, and an entry out of place ends the parse at once.
// Threads: pure function.
#ifndef FTS_CORE_SAFETENSORS_HEADER_JSON_H_
#define FTS_CORE_SAFETENSORS_HEADER_JSON_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fts::safetensors {

// A tensor's entry as written. `at` counts from the start of the JSON text and
// points at the opening quote of the name.
struct RawEntry {
  std::string name;
  std::optional<std::string> dtype;
  std::optional<std::vector<uint64_t>> shape;
  std::optional<std::vector<uint64_t>> offsets;
  uint64_t at = 0;
};

struct RawHeader {
  std::map<std::string, std::string> metadata;
  bool has_metadata = false;
  std::vector<RawEntry> entries;  // as written, duplicates kept
};

struct HeaderJsonError {
  std::string text;  // "the 'shape' of tensor 'a' is a string, not a list"
  uint64_t at = 0;   // byte within the JSON text
};

// Fills `out`; on failure returns what was wrong first.
std::optional<HeaderJsonError> ParseHeaderJson(const uint8_t* text,
                                               uint64_t size,
                                               size_t max_tensors,
                                               size_t max_rank, RawHeader* out);

// `name` fit for a message: control characters and bytes that are no UTF-8
// escaped as \xNN, cut after some 200 bytes.
std::string Printable(const std::string& name);

}  // namespace fts::safetensors

#endif  // FTS_CORE_SAFETENSORS_HEADER_JSON_H_
