// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A file of training data seen as one long row of token ids.
// Text is raw bytes (token = byte, no BOS or EOS); token files are raw
// little-endian uint16 or uint32 without a header (nanoGPT's layout). The file
// is mapped, never copied as a whole. Cutting into samples is sample_order.h.
// Threads: const methods are safe concurrently.
#ifndef FTS_TRAIN_TOKEN_SOURCE_H_
#define FTS_TRAIN_TOKEN_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/base/source_location.h"

namespace fts::train {

enum class TokenFormat { kText, kTokens };
enum class TokenDtype { kUint16, kUint32 };

// What to open, and what the tokens must satisfy.
struct TokenSourceSpec {
  std::string path;
  TokenFormat format = TokenFormat::kText;
  TokenDtype dtype = TokenDtype::kUint16;  // kTokens only
  int64_t vocab_size = 256;                // every id must be below
  int64_t seq_len = 1;                     // at least seq_len + 1 tokens needed
  std::string key = "data.train";          // the config key, for messages
  SourceLocation where;                    // where the path was written
  // Files up to this size are checked whole by Open, so that a bad id is found
  // before anything starts; in larger ones Read finds it.
  int64_t scan_limit_bytes = int64_t{1} << 30;
};

// An open file of tokens. Immutable. The file must not shrink while mapped.
class TokenSource {
 public:
  // Errors (recorded in `diags`): missing_file; unreadable_file (directory, no
  // permission, a .npy header); token_file_size (not a multiple of the
  // token's size); data_too_short; token_dtype_mismatch (the bytes look like
  // the other dtype); token_out_of_range (names id and position).
  static absl::StatusOr<std::shared_ptr<const TokenSource>> Open(
      const TokenSourceSpec& spec, Diagnostics* diags);

  ~TokenSource();
  TokenSource(const TokenSource&) = delete;
  TokenSource& operator=(const TokenSource&) = delete;

  // The number of tokens.
  int64_t size() const { return size_; }
  const std::string& path() const { return spec_.path; }

  // Writes tokens [begin, begin + count) to `out`.
  // Errors: OUT_OF_RANGE outside [0, size()); INVALID_ARGUMENT at a token id
  // that is not below vocab_size, with its position.
  absl::Status Read(int64_t begin, int64_t count, int64_t* out) const;

 private:
  explicit TokenSource(TokenSourceSpec spec) : spec_(std::move(spec)) {}
  absl::Status Map(Diagnostics* diags);
  void CheckTokens(Diagnostics* diags) const;
  int64_t Token(int64_t index) const;
  // The first index in [begin, end) whose id is too large, or -1.
  int64_t FindOutOfRange(int64_t begin, int64_t end) const;
  std::string OutOfRangeText(int64_t index) const;

  TokenSourceSpec spec_;
  int64_t size_ = 0;
  int64_t width_ = 1;  // bytes per token
  const unsigned char* data_ = nullptr;
  size_t mapped_ = 0;
};

// "uint16" / "uint32".
const char* TokenDtypeName(TokenDtype dtype);

}  // namespace fts::train

#endif  // FTS_TRAIN_TOKEN_SOURCE_H_
