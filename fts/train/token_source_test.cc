// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/token_source.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace fts::train {
namespace {

std::string TempDir() {
  const char* dir = std::getenv("TEST_TMPDIR");
  return dir != nullptr ? dir : "/tmp";
}

std::string WriteBytes(const std::string& name, const std::string& bytes) {
  const std::string path = TempDir() + "/" + name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

std::string Encode(const std::vector<int64_t>& ids, int width) {
  std::string bytes;
  for (int64_t id : ids) {
    for (int i = 0; i < width; ++i) {
      bytes.push_back(static_cast<char>((id >> (8 * i)) & 0xff));
    }
  }
  return bytes;
}

TokenSourceSpec Tokens(const std::string& path, TokenDtype dtype,
                       int64_t vocab) {
  TokenSourceSpec spec;
  spec.path = path;
  spec.format = TokenFormat::kTokens;
  spec.dtype = dtype;
  spec.vocab_size = vocab;
  return spec;
}

// The one error of opening `spec`, with the directory cut out.
std::string OpenError(const TokenSourceSpec& spec) {
  Diagnostics diags;
  auto source = TokenSource::Open(spec, &diags);
  EXPECT_FALSE(source.ok());
  EXPECT_EQ(diags.num_errors(), 1);
  std::string text = diags.all().empty() ? "" : diags.all()[0].ToString();
  const std::string dir = TempDir() + "/";
  for (size_t at; (at = text.find(dir)) != std::string::npos;) {
    text.erase(at, dir.size());
  }
  return text;
}

TEST(TokenSource, ReadsTextAsBytes) {
  TokenSourceSpec spec;
  spec.path = WriteBytes("t.txt", "ab\xc3\xa9\n");
  Diagnostics diags;
  auto source = TokenSource::Open(spec, &diags);
  ASSERT_TRUE(source.ok()) << diags.ToString();
  EXPECT_EQ((*source)->size(), 5);
  std::vector<int64_t> got(4);
  ASSERT_TRUE((*source)->Read(1, 4, got.data()).ok());
  EXPECT_EQ(got, (std::vector<int64_t>{'b', 0xc3, 0xa9, '\n'}));
}

TEST(TokenSource, ReadsBothTokenWidths) {
  const std::vector<int64_t> ids = {1, 300, 50256, 0, 7};
  for (TokenDtype dtype : {TokenDtype::kUint16, TokenDtype::kUint32}) {
    const int width = dtype == TokenDtype::kUint16 ? 2 : 4;
    const std::string path = WriteBytes("ids.bin", Encode(ids, width));
    Diagnostics diags;
    auto source = TokenSource::Open(Tokens(path, dtype, 50257), &diags);
    ASSERT_TRUE(source.ok()) << diags.ToString();
    std::vector<int64_t> got(ids.size());
    ASSERT_TRUE((*source)->Read(0, ids.size(), got.data()).ok());
    EXPECT_EQ(got, ids);
  }
}

TEST(TokenSource, ReadOutsideIsAnError) {
  TokenSourceSpec spec;
  spec.path = WriteBytes("five.txt", "abcde");
  Diagnostics diags;
  auto source = TokenSource::Open(spec, &diags);
  ASSERT_TRUE(source.ok());
  std::vector<int64_t> got(8);
  EXPECT_TRUE((*source)->Read(5, 0, got.data()).ok());
  for (auto [begin, count] : {std::pair<int64_t, int64_t>{3, 3},
                              {-1, 2},
                              {0, 6},
                              {int64_t{1} << 62, 1}}) {
    EXPECT_EQ((*source)->Read(begin, count, got.data()).code(),
              absl::StatusCode::kOutOfRange);
  }
}

TEST(TokenSourceErrors, MissingFile) {
  TokenSourceSpec spec;
  spec.path = TempDir() + "/nowhere.txt";
  spec.where = {std::make_shared<const std::string>("run.yaml"), 3, 9};
  EXPECT_EQ(OpenError(spec),
            "run.yaml:3:9: error: data.train: 'nowhere.txt' does not exist; a "
            "path is relative to the file that names it [missing_file]");
}

TEST(TokenSourceErrors, Directory) {
  TokenSourceSpec spec;
  spec.path = TempDir() + "/a_directory";
  mkdir(spec.path.c_str(), 0755);
  EXPECT_EQ(OpenError(spec),
            "error: data.train: 'a_directory' is a directory; name a file in "
            "it [unreadable_file]");
}

TEST(TokenSourceErrors, EmptyAndTooShort) {
  TokenSourceSpec spec;
  spec.key = "data.val";
  spec.seq_len = 128;
  spec.path = WriteBytes("empty.txt", "");
  EXPECT_EQ(OpenError(spec),
            "error: data.val: 'empty.txt' is empty; one sample needs seq_len + "
            "1 = 129; use a longer file or a smaller data.seq_len "
            "[data_too_short]");
  spec.path = WriteBytes("short.txt", std::string(128, 'x'));
  EXPECT_EQ(OpenError(spec),
            "error: data.val: 'short.txt' holds 128 tokens; one sample needs "
            "seq_len + 1 = 129; use a longer file or a smaller data.seq_len "
            "[data_too_short]");
}

TEST(TokenSourceErrors, OddSize) {
  const std::string path = WriteBytes("odd.bin", "abc");
  EXPECT_EQ(OpenError(Tokens(path, TokenDtype::kUint16, 65536)),
            "error: data.train: 'odd.bin' has 3 bytes, not a multiple of 2 "
            "(dtype: uint16); it is cut off, or of another dtype "
            "[token_file_size]");
}

TEST(TokenSourceErrors, NumpyFile) {
  const std::string path =
      WriteBytes("x.npy", std::string("\x93NUMPY\x01\x00", 8));
  EXPECT_EQ(OpenError(Tokens(path, TokenDtype::kUint16, 65536)),
            "error: data.train: 'x.npy' is a NumPy .npy file; token files have "
            "no header: write the array with .tofile() [unreadable_file]");
}

TEST(TokenSourceErrors, WrongDtype) {
  std::vector<int64_t> ids(64);
  for (int i = 0; i < 64; ++i) ids[i] = i * 7 + 1;
  const std::string wide = WriteBytes("wide.bin", Encode(ids, 4));
  EXPECT_EQ(OpenError(Tokens(wide, TokenDtype::kUint16, 1000)),
            "error: data.train: 'wide.bin' is read as uint16, but every second "
            "value is 0, as in a uint32 file; set dtype: uint32 "
            "[token_dtype_mismatch]");
  const std::string narrow = WriteBytes("narrow.bin", Encode(ids, 2));
  EXPECT_EQ(OpenError(Tokens(narrow, TokenDtype::kUint32, 1000)),
            "error: data.train: 'narrow.bin' is read as uint32, and id 524289 "
            "at position 0 is not below vocab_size 1000, but its values fit "
            "uint16; set dtype: uint16 [token_dtype_mismatch]");
}

TEST(TokenSourceErrors, IdOutOfRange) {
  const std::string path = WriteBytes("ids.bin", Encode({5, 999, 1000, 3}, 2));
  EXPECT_EQ(OpenError(Tokens(path, TokenDtype::kUint16, 1000)),
            "error: data.train: 'ids.bin' has token id 1000 at position 2, but "
            "the model's vocab_size is 1000; the file was made with another "
            "tokenizer [token_out_of_range]");
  TokenSourceSpec text;
  text.path = WriteBytes("latin.txt", "ab\xe9");
  text.vocab_size = 128;
  EXPECT_EQ(OpenError(text),
            "error: data.train: 'latin.txt' has token id 233 at position 2, "
            "but the model's vocab_size is 128; text is read as bytes and "
            "needs vocab_size 256 unless it is plain ASCII "
            "[token_out_of_range]");
}

TEST(TokenSourceErrors, LargeFilesAreCheckedWhenRead) {
  std::vector<int64_t> ids(40000, 1);
  ids[39999] = 1000;
  TokenSourceSpec spec = Tokens(WriteBytes("large.bin", Encode(ids, 2)),
                                TokenDtype::kUint16, 1000);
  spec.scan_limit_bytes = 1000;
  Diagnostics diags;
  auto source = TokenSource::Open(spec, &diags);
  ASSERT_TRUE(source.ok()) << diags.ToString();
  std::vector<int64_t> got(100);
  EXPECT_TRUE((*source)->Read(0, 100, got.data()).ok());
  const absl::Status status = (*source)->Read(39900, 100, got.data());
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("token id 1000 at position 39999"),
            std::string::npos);
}

}  // namespace
}  // namespace fts::train
