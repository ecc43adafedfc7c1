// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/token_source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/codes.h"
#include "fts/train/codes.h"

namespace fts::train {
namespace {

// How much of a file is looked at to guess its dtype.
constexpr int64_t kProbeBytes = 64 * 1024;
// Below this many tokens the guess would be a coincidence.
constexpr int64_t kProbeMinTokens = 16;

int64_t LoadU16(const unsigned char* p) { return p[0] | (p[1] << 8); }

int64_t LoadU32(const unsigned char* p) {
  return static_cast<int64_t>(p[0]) | (static_cast<int64_t>(p[1]) << 8) |
         (static_cast<int64_t>(p[2]) << 16) |
         (static_cast<int64_t>(p[3]) << 24);
}

// uint32 ids below 65536 read as uint16 have every second token 0.
bool LooksLikeUint32(const unsigned char* data, int64_t bytes) {
  if (bytes % 4 != 0 || bytes / 4 < kProbeMinTokens) return false;
  bool any = false;
  for (int64_t i = 0; i + 4 <= std::min(bytes, kProbeBytes); i += 4) {
    if (LoadU16(data + i + 2) != 0) return false;
    any = any || LoadU16(data + i) != 0;
  }
  return any;
}

// All the probed bytes are good uint16 ids, so the uint32 ids need not be
// believed.
bool LooksLikeUint16(const unsigned char* data, int64_t bytes, int64_t vocab) {
  if (bytes / 2 < kProbeMinTokens) return false;
  for (int64_t i = 0; i + 2 <= std::min(bytes, kProbeBytes); i += 2) {
    if (LoadU16(data + i) >= vocab) return false;
  }
  return true;
}

}  // namespace

const char* TokenDtypeName(TokenDtype dtype) {
  return dtype == TokenDtype::kUint16 ? "uint16" : "uint32";
}

absl::StatusOr<std::shared_ptr<const TokenSource>> TokenSource::Open(
    const TokenSourceSpec& spec, Diagnostics* diags) {
  Diagnostics found;
  std::shared_ptr<TokenSource> source(new TokenSource(spec));
  if (source->Map(&found).ok()) source->CheckTokens(&found);
  for (const Diagnostic& diagnostic : found.all()) diags->Add(diagnostic);
  if (!found.ok()) return found.status();
  return source;
}

TokenSource::~TokenSource() {
  if (data_ != nullptr) {
    munmap(const_cast<unsigned char*>(data_), mapped_);
  }
}

absl::Status TokenSource::Map(Diagnostics* diags) {
  const std::string name = absl::StrCat(spec_.key, ": '", spec_.path, "'");
  auto fail = [&](const char* code, const std::string& text) {
    diags->Error(code, absl::StrCat(name, " ", text), spec_.where);
    return diags->status();
  };
  const int fd = open(spec_.path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      return fail(codes::kMissingFile,
                  "does not exist; a path is relative to the file that names "
                  "it");
    }
    return fail(codes::kUnreadableFile,
                absl::StrCat("cannot be opened: ", strerror(errno)));
  }
  struct stat info;
  const bool known = fstat(fd, &info) == 0;
  if (!known || !S_ISREG(info.st_mode)) {
    close(fd);
    return fail(codes::kUnreadableFile,
                known && S_ISDIR(info.st_mode)
                    ? "is a directory; name a file in it"
                    : "is not a regular file");
  }
  const int64_t bytes = info.st_size;
  if (spec_.format == TokenFormat::kTokens) {
    width_ = spec_.dtype == TokenDtype::kUint16 ? 2 : 4;
  }
  if (bytes > 0) {
    void* map = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED) {
      const std::string reason = strerror(errno);
      close(fd);
      return fail(codes::kUnreadableFile,
                  absl::StrCat("cannot be mapped: ", reason));
    }
    data_ = static_cast<const unsigned char*>(map);
    mapped_ = bytes;
  }
  close(fd);

  if (spec_.format == TokenFormat::kTokens) {
    if (bytes >= 6 && memcmp(data_, "\x93NUMPY", 6) == 0) {
      return fail(codes::kUnreadableFile,
                  "is a NumPy .npy file; token files have no header: write the "
                  "array with .tofile()");
    }
    if (bytes % width_ != 0) {
      return fail(codes::kTokenFileSize,
                  absl::StrCat("has ", bytes, " bytes, not a multiple of ",
                               width_, " (dtype: ", TokenDtypeName(spec_.dtype),
                               "); it is cut off, or of another dtype"));
    }
  }
  size_ = bytes / width_;
  if (size_ < spec_.seq_len + 1) {
    return fail(
        codes::kDataTooShort,
        absl::StrCat(bytes == 0 ? std::string("is empty")
                                : absl::StrCat("holds ", size_, " tokens"),
                     "; one sample needs seq_len + 1 = ", spec_.seq_len + 1,
                     "; use a longer file or a smaller data.seq_len"));
  }
  return absl::OkStatus();
}

void TokenSource::CheckTokens(Diagnostics* diags) const {
  const int64_t bytes = size_ * width_;
  const std::string name = absl::StrCat(spec_.key, ": '", spec_.path, "'");
  if (width_ == 2 && LooksLikeUint32(data_, bytes)) {
    diags->Error(codes::kTokenDtypeMismatch,
                 absl::StrCat(name,
                              " is read as uint16, but every second value is "
                              "0, as in a uint32 file; set dtype: uint32"),
                 spec_.where);
    return;
  }
  const int64_t checked =
      bytes <= spec_.scan_limit_bytes ? size_ : kProbeBytes / width_;
  const int64_t bad = FindOutOfRange(0, std::min(checked, size_));
  if (bad < 0) return;
  if (width_ == 4 && LooksLikeUint16(data_, bytes, spec_.vocab_size)) {
    diags->Error(codes::kTokenDtypeMismatch,
                 absl::StrCat(name, " is read as uint32, and id ", Token(bad),
                              " at position ", bad, " is not below vocab_size ",
                              spec_.vocab_size,
                              ", but its values fit uint16; set dtype: uint16"),
                 spec_.where);
    return;
  }
  diags->Error(codes::kTokenOutOfRange, OutOfRangeText(bad), spec_.where);
}

int64_t TokenSource::Token(int64_t index) const {
  const unsigned char* p = data_ + index * width_;
  return width_ == 1 ? *p : width_ == 2 ? LoadU16(p) : LoadU32(p);
}

int64_t TokenSource::FindOutOfRange(int64_t begin, int64_t end) const {
  // Nothing this wide can be out of range.
  if (width_ < 4 && spec_.vocab_size >= int64_t{1} << (8 * width_)) return -1;
  for (int64_t i = begin; i < end; ++i) {
    if (Token(i) >= spec_.vocab_size) return i;
  }
  return -1;
}

std::string TokenSource::OutOfRangeText(int64_t index) const {
  return absl::StrCat(
      spec_.key, ": '", spec_.path, "' has token id ", Token(index),
      " at position ", index, ", but the model's vocab_size is ",
      spec_.vocab_size,
      spec_.format == TokenFormat::kText
          ? "; text is read as bytes and needs vocab_size 256 unless it is "
            "plain ASCII"
          : "; the file was made with another tokenizer");
}

absl::Status TokenSource::Read(int64_t begin, int64_t count,
                               int64_t* out) const {
  if (begin < 0 || count < 0 || begin > size_ - count) {
    return absl::OutOfRangeError(
        absl::StrCat("'", spec_.path, "' has ", size_, " tokens; [", begin,
                     ", ", begin + count, ") was asked for"));
  }
  const int64_t bad = FindOutOfRange(begin, begin + count);
  if (bad >= 0) return absl::InvalidArgumentError(OutOfRangeText(bad));
  for (int64_t i = 0; i < count; ++i) out[i] = Token(begin + i);
  return absl::OkStatus();
}

}  // namespace fts::train
