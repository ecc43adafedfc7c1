// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Reads one safetensors file without copying it.
//
// The file is memory-mapped; a TensorView points into the mapping, and pages
// are read when they are touched. Opening reads the header only.
// Threads: immutable after Open; safe to share.
#ifndef FTS_CORE_SAFETENSORS_READER_H_
#define FTS_CORE_SAFETENSORS_READER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/safetensors/dtype.h"
#include "fts/core/safetensors/header.h"

namespace fts::safetensors {

// A tensor inside an open file. `data` is borrowed from the Reader and, for
// wide types, aligned only as well as the writer aligned it: copy with memcpy.
struct TensorView {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
  const uint8_t* data = nullptr;
  uint64_t size = 0;         // bytes
  uint64_t file_offset = 0;  // of `data`

  int64_t numel() const { return static_cast<int64_t>(size) / SizeOf(dtype); }
};

// [Note: a file that changes while it is mapped]
//
// The mapping is private and read-only, but a file that another process
// truncates meanwhile raises SIGBUS on access, as with any mapping. Our own
// writer never changes a file in place: it renames a new one over it, and the
// old content lives until the mapping goes.
class Reader {
 public:
  // Errors: missing_file if it cannot be opened; bad_safetensors for all that
  // is wrong with its content.
  static absl::StatusOr<std::shared_ptr<const Reader>> Open(
      const std::string& path, Diagnostics* diags,
      const HeaderBudget& budget = {});

  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  const std::string& path() const { return path_; }
  // In the order of their data in the file.
  const std::vector<TensorView>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const {
    return metadata_;
  }
  // nullptr if there is no such tensor.
  const TensorView* Find(const std::string& name) const;

 private:
  Reader() = default;

  std::string path_;
  void* mapping_ = nullptr;
  uint64_t size_ = 0;
  std::map<std::string, std::string> metadata_;
  std::vector<TensorView> tensors_;
  std::unordered_map<std::string, size_t> by_name_;
};

}  // namespace fts::safetensors

#endif  // FTS_CORE_SAFETENSORS_READER_H_
