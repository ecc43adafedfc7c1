// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/safetensors/archive.h"

#include <sys/stat.h>

#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/codes.h"
#include "fts/core/base/status.h"
#include "fts/core/safetensors/codes.h"
#include "fts/core/safetensors/header_json.h"
#include "fts/core/safetensors/index.h"

namespace fts::safetensors {
namespace {

constexpr int kMaxListed = 20;

bool Exists(const std::string& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0;
}

std::string Join(const std::string& directory, const std::string& name) {
  return absl::StrCat(directory, directory.back() == '/' ? "" : "/", name);
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Archive>> Archive::OpenFile(
    const std::string& path, Diagnostics* diags) {
  FTS_ASSIGN_OR_RETURN(std::shared_ptr<const Reader> reader,
                       Reader::Open(path, diags));
  std::shared_ptr<Archive> archive(new Archive());
  archive->path_ = path;
  archive->Add(std::move(reader));
  return std::shared_ptr<const Archive>(std::move(archive));
}

absl::StatusOr<std::shared_ptr<const Archive>> Archive::OpenDirectory(
    const std::string& directory_or_empty, Diagnostics* diags) {
  const std::string directory =
      directory_or_empty.empty() ? "." : directory_or_empty;
  const std::string single = Join(directory, "model.safetensors");
  if (Exists(single)) return OpenFile(single, diags);
  const std::string index_path =
      Join(directory, "model.safetensors.index.json");
  if (!Exists(index_path)) {
    diags->Error(codes::kMissingFile,
                 absl::StrCat("'", directory,
                              "' holds neither model.safetensors nor "
                              "model.safetensors.index.json"));
    return diags->status();
  }
  FTS_ASSIGN_OR_RETURN(const Index index, ReadIndex(index_path, diags));

  std::shared_ptr<Archive> archive(new Archive());
  archive->path_ = index_path;
  std::set<std::string> shards;
  for (const auto& [tensor, shard] : index.weight_map) shards.insert(shard);
  const int errors_before = diags->num_errors();
  std::map<std::string, std::shared_ptr<const Reader>> open;
  for (const std::string& shard : shards) {
    const std::string path = Join(directory, shard);
    if (!Exists(path)) {
      diags->Error(codes::kMissingFile,
                   absl::StrCat(index_path, ": shard '", shard,
                                "' is not in the directory"));
      continue;
    }
    absl::StatusOr<std::shared_ptr<const Reader>> reader =
        Reader::Open(path, diags);
    if (reader.ok()) open[shard] = *std::move(reader);
  }
  if (diags->num_errors() > errors_before) return diags->status();

  int problems = 0;
  auto problem = [&](const std::string& message) {
    if (++problems > kMaxListed) return;
    diags->Error(codes::kBadSafetensorsIndex,
                 absl::StrCat(index_path, ": ", message));
  };
  for (const auto& [tensor, shard] : index.weight_map) {
    if (open[shard]->Find(tensor) == nullptr) {
      problem(absl::StrCat("tensor '", Printable(tensor),
                           "' is not in its shard '", shard, "'"));
    }
  }
  for (const auto& [shard, reader] : open) {
    for (const TensorView& tensor : reader->tensors()) {
      const auto listed = index.weight_map.find(tensor.name);
      if (listed == index.weight_map.end()) {
        problem(absl::StrCat("tensor '", Printable(tensor.name), "' of shard '",
                             shard, "' is not listed"));
      } else if (listed->second != shard) {
        problem(absl::StrCat("tensor '", Printable(tensor.name),
                             "' is listed in shard '", listed->second,
                             "' but also in '", shard, "'"));
      }
    }
  }
  if (problems > kMaxListed) {
    diags->Error(codes::kBadSafetensorsIndex,
                 absl::StrCat(index_path, ": and ", problems - kMaxListed,
                              " more problems"));
  }
  if (problems > 0) return diags->status();
  for (auto& [shard, reader] : open) archive->Add(std::move(reader));
  return std::shared_ptr<const Archive>(std::move(archive));
}

void Archive::Add(std::shared_ptr<const Reader> reader) {
  for (const TensorView& tensor : reader->tensors()) {
    tensors_.push_back(&tensor);
    by_name_[tensor.name] = {&tensor, reader.get()};
  }
  readers_.push_back(std::move(reader));
}

const TensorView* Archive::Find(const std::string& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second.first;
}

const std::string& Archive::FileOf(const std::string& name) const {
  return by_name_.at(name).second->path();
}

}  // namespace fts::safetensors
