// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Writes one safetensors file, all of it or none of it.
//
// The header is fixed at creation from the tensors' names, types and shapes;
// the bytes are appended tensor by tensor, in any order and in pieces, so
// nothing larger than a piece need be in memory. The layout is that of the
// reference implementation (wide types first, then by name; header padded to
// 8 bytes), so equal content gives an equal file.
// Threads: confined to one thread.
#ifndef FTS_CORE_SAFETENSORS_WRITER_H_
#define FTS_CORE_SAFETENSORS_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/safetensors/dtype.h"

namespace fts::safetensors {

struct TensorSpec {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
};

// [Note: atomic files]
//
// The bytes go to a new file beside `path`; Commit() flushes it to the disk,
// renames it over `path` and flushes the directory. A crash at any moment
// leaves either the old file or the new one, at worst with a stray
// ".<name>.tmp-*" beside it. Space is reserved at creation, so a full disk is
// noticed before the first byte.
class Writer {
 public:
  // Errors: INVALID_ARGUMENT for a repeated or reserved name, a name that is
  // not UTF-8, a bad shape; RESOURCE_EXHAUSTED when the disk has no room;
  // INTERNAL for other failures of the file system, naming the path.
  static absl::StatusOr<std::unique_ptr<Writer>> Create(
      const std::string& path, std::vector<TensorSpec> tensors,
      std::map<std::string, std::string> metadata = {{"format", "pt"}});

  // Removes the temporary file unless Commit() succeeded.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Appends bytes to the tensor. Errors: NOT_FOUND for a name not announced,
  // OUT_OF_RANGE past the tensor's size, and those of Create().
  absl::Status Append(const std::string& name, const void* data, size_t size);

  // Makes the file appear at `path`. Errors: FAILED_PRECONDITION if a tensor is
  // incomplete (naming it) or after an earlier error.
  absl::Status Commit();

 private:
  struct Slot {
    uint64_t begin = 0;  // in the file
    uint64_t size = 0;
    uint64_t written = 0;
  };

  Writer() = default;
  absl::Status OpenTemporary(uint64_t size);
  absl::Status WriteAt(const void* data, size_t size, uint64_t at);
  absl::Status Failed(const char* what, int error);

  std::string path_;
  std::string temporary_;
  int fd_ = -1;
  uint64_t size_ = 0;
  std::unordered_map<std::string, Slot> slots_;
  absl::Status failed_;  // the first failure; nothing works after it
};

}  // namespace fts::safetensors

#endif  // FTS_CORE_SAFETENSORS_WRITER_H_
