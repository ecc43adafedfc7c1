// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A checkpoint directory as one set of tensors: a single model.safetensors, or
// shards listed in model.safetensors.index.json.
//
// Shards are opened (mapped) at once; no tensor data is read.
// Threads: immutable after Open; safe to share.
#ifndef FTS_CORE_SAFETENSORS_ARCHIVE_H_
#define FTS_CORE_SAFETENSORS_ARCHIVE_H_

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/safetensors/reader.h"

namespace fts::safetensors {

class Archive {
 public:
  // Opens model.safetensors in `directory`, else the files that
  // model.safetensors.index.json names (having both, the single file wins,
  // as in transformers).
  // Errors: missing_file (neither there, or a shard absent), bad_safetensors,
  // bad_safetensors_index (malformed, a shard outside the directory, a tensor
  // that its shard lacks, one name in two shards, one the index does not list).
  static absl::StatusOr<std::shared_ptr<const Archive>> OpenDirectory(
      const std::string& directory, Diagnostics* diags);

  // One file on its own.
  static absl::StatusOr<std::shared_ptr<const Archive>> OpenFile(
      const std::string& path, Diagnostics* diags);

  // The file or index file that was opened, for messages.
  const std::string& path() const { return path_; }
  // All tensors: shards in name order, within a shard in file order.
  const std::vector<const TensorView*>& tensors() const { return tensors_; }
  const TensorView* Find(const std::string& name) const;
  // The file that holds the tensor; it must be there.
  const std::string& FileOf(const std::string& name) const;

 private:
  Archive() = default;
  void Add(std::shared_ptr<const Reader> reader);

  std::string path_;
  std::vector<std::shared_ptr<const Reader>> readers_;
  std::vector<const TensorView*> tensors_;
  std::unordered_map<std::string, std::pair<const TensorView*, const Reader*>>
      by_name_;
};

}  // namespace fts::safetensors

#endif  // FTS_CORE_SAFETENSORS_ARCHIVE_H_
