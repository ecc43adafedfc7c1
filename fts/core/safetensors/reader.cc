// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/safetensors/reader.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/codes.h"
#include "fts/core/base/status.h"
#include "fts/core/safetensors/codes.h"

namespace fts::safetensors {

absl::StatusOr<std::shared_ptr<const Reader>> Reader::Open(
    const std::string& path, Diagnostics* diags, const HeaderBudget& budget) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    diags->Error(codes::kMissingFile,
                 absl::StrCat("cannot open '", path, "': ", strerror(errno)));
    return diags->status();
  }
  struct stat info;
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(fd);
    diags->Error(codes::kBadSafetensors,
                 absl::StrCat(path, ": not a regular file"));
    return diags->status();
  }
  std::shared_ptr<Reader> reader(new Reader());
  reader->path_ = path;
  reader->size_ = static_cast<uint64_t>(info.st_size);
  if (reader->size_ > 0) {
    void* mapping =
        ::mmap(nullptr, reader->size_, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapping == MAP_FAILED) {
      const int error = errno;
      ::close(fd);
      diags->Error(codes::kBadSafetensors,
                   absl::StrCat(path, ": cannot map ", reader->size_,
                                " bytes: ", strerror(error)));
      return diags->status();
    }
    reader->mapping_ = mapping;
  }
  ::close(fd);

  const uint8_t* bytes = static_cast<const uint8_t*>(reader->mapping_);
  FTS_ASSIGN_OR_RETURN(Header header,
                       ParseHeader(bytes, reader->size_, path, budget, diags));
  reader->metadata_ = std::move(header.metadata);
  reader->tensors_.reserve(header.entries.size());
  for (HeaderEntry& entry : header.entries) {
    reader->by_name_[entry.name] = reader->tensors_.size();
    TensorView view;
    view.name = std::move(entry.name);
    view.dtype = entry.dtype;
    view.shape = std::move(entry.shape);
    view.data = bytes + entry.begin;
    view.size = entry.end - entry.begin;
    view.file_offset = entry.begin;
    reader->tensors_.push_back(std::move(view));
  }
  return std::shared_ptr<const Reader>(std::move(reader));
}

Reader::~Reader() {
  if (mapping_ != nullptr) ::munmap(mapping_, size_);
}

const TensorView* Reader::Find(const std::string& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &tensors_[found->second];
}

}  // namespace fts::safetensors
