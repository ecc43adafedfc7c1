// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/safetensors/header.h"

#include <gtest/gtest.h>

#include <random>

#include "fts/core/safetensors/test_util.h"

namespace fts::safetensors {
namespace {

absl::StatusOr<Header> Parse(const std::string& bytes, Diagnostics* diags,
                             const HeaderBudget& budget = {}) {
  return ParseHeader(reinterpret_cast<const uint8_t*>(bytes.data()),
                     bytes.size(), "f", budget, diags);
}

std::string ErrorOf(const std::string& bytes, const HeaderBudget& budget = {}) {
  Diagnostics diags;
  const absl::StatusOr<Header> header = Parse(bytes, &diags, budget);
  if (header.ok()) return "accepted";
  EXPECT_EQ(header.status().code(), absl::StatusCode::kInvalidArgument);
  std::string text;
  for (const Diagnostic& d : diags.all()) {
    EXPECT_EQ(d.code, "bad_safetensors");
    text += (text.empty() ? "" : "\n") + d.message;
  }
  return text;
}

TEST(HeaderTest, ReadsEntriesInDataOrder) {
  Diagnostics diags;
  const std::string json =
      R"({"__metadata__":{"format":"pt"},)"
      R"("b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},)"
      R"("a\"":{"data_offsets":[0,4],"shape":[2,1],"dtype":"BF16"},)"
      R"("e":{"dtype":"I64","shape":[0,3],"data_offsets":[12,12]}}   )";
  const absl::StatusOr<Header> header = Parse(FileBytes(json, 12), &diags);
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_EQ(header->metadata.at("format"), "pt");
  EXPECT_EQ(header->data_begin, 8 + json.size());
  ASSERT_EQ(header->entries.size(), 3u);
  EXPECT_EQ(header->entries[0].name, "a\"");
  EXPECT_EQ(header->entries[0].dtype, DType::kBF16);
  EXPECT_EQ(header->entries[0].shape, (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(header->entries[0].begin, header->data_begin);
  EXPECT_EQ(header->entries[0].header_at, 8 + json.find("\"a\\\""));
  EXPECT_EQ(header->entries[1].name, "b");
  EXPECT_EQ(header->entries[1].end, header->data_begin + 12);
  EXPECT_EQ(header->entries[2].begin, header->entries[2].end);
}

TEST(HeaderTest, AcceptsNoTensors) {
  EXPECT_EQ(ErrorOf(FileBytes("{}", 0)), "accepted");
}

struct Attack {
  const char* name;
  std::string bytes;
  const char* error;
};

std::string One(const std::string& fields, size_t data = 8) {
  return FileBytes("{\"a\":{" + fields + "}}", data);
}

std::string Two(const std::string& a, const std::string& b, size_t data) {
  return FileBytes(
      R"({"a":{"dtype":"U8",)" + a + R"(},"b":{"dtype":"U8",)" + b + "}}",
      data);
}

std::vector<Attack> Attacks() {
  return {
      {"empty file", "",
       "f: no safetensors file: it has 0 bytes, the header length alone takes "
       "8"},
      {"seven bytes", "1234567",
       "f: no safetensors file: it has 7 bytes, the header length alone takes "
       "8"},
      {"length beyond budget", FileBytes("{}", 0, 100'000'001),
       "f: the header length at byte 0 is 100000001, more than the 100000000 "
       "allowed; is this a safetensors file?"},
      {"huge length", "PK\x03\x04PK\x03\xff",
       "f: the header length at byte 0 is 18375613711638547280, more than the "
       "100000000 allowed; is this a safetensors file?"},
      {"length beyond file", FileBytes("{}", 0, 99),
       "f: cut short in the header: it ends at byte 107, the file at byte 10"},
      {"no header", FileBytes("", 0),
       "f: the header does not start with '{' at byte 8"},
      {"leading space", FileBytes(" {}", 0),
       "f: the header does not start with '{' at byte 8"},
      {"not json", FileBytes("{nope}", 0),
       "f: not valid JSON: syntax error while parsing object key - invalid "
       "literal; last read: '{no'; expected string literal (header, byte 10)"},
      {"unterminated", FileBytes("{\"a\":{", 0),
       "f: not valid JSON: syntax error while parsing object key - unexpected "
       "end of input; expected string literal (header, byte 14)"},
      {"not utf-8", FileBytes("{\"a\xff\":{}}", 0),
       "f: not valid JSON: syntax error while parsing object key - invalid "
       "string: ill-formed UTF-8 byte; last read: '\"a\\xff'; expected string "
       "literal (header, byte 11)"},
      {"nul padding", FileBytes(std::string("{}\0\0", 4), 0),
       "f: the header holds a zero byte, at byte 10"},
      {"second value", FileBytes("{}{}", 0),
       "f: not valid JSON: syntax error while parsing value - unexpected '{'; "
       "expected end of input (header, byte 10)"},
      {"entry is a list", FileBytes("{\"a\":[]}", 0),
       "f: tensor 'a' is a list; expected an object (header, byte 13)"},
      {"entry is null", FileBytes("{\"a\":null}", 0),
       "f: tensor 'a' is null; expected an object (header, byte 16)"},
      {"unknown key", One(R"("dtype":"U8","strides":[1])"),
       "f: tensor 'a' has the unknown key 'strides'; known are dtype, shape, "
       "data_offsets (header, byte 35)"},
      {"key twice", One(R"("dtype":"U8","dtype":"I8")"),
       "f: the 'dtype' of tensor 'a' is given twice (header, byte 33)"},
      {"dtype is a number", One(R"("dtype":3)"),
       "f: the 'dtype' of tensor 'a' is a number; expected a string (header, "
       "byte 23)"},
      {"shape is an object", One(R"("dtype":"U8","shape":{})"),
       "f: the 'shape' of tensor 'a' is an object; expected a list of integers "
       "(header, byte 35)"},
      {"negative dimension", One(R"("dtype":"U8","shape":[-1])"),
       "f: an element of the 'shape' of tensor 'a' is a negative number; "
       "expected a non-negative integer (header, byte 38)"},
      {"fractional dimension", One(R"("dtype":"U8","shape":[2.0])"),
       "f: an element of the 'shape' of tensor 'a' is not an integer below "
       "2^64; expected a non-negative integer (header, byte 39)"},
      {"three offsets", One(R"("dtype":"U8","data_offsets":[0,1,2])"),
       "f: 'data_offsets' of tensor 'a' has more than 2 elements (header, byte "
       "48)"},
      {"one offset", One(R"("dtype":"U8","shape":[8],"data_offsets":[0])"),
       "f: tensor 'a' has no two data_offsets (header, byte 9)"},
      {"nothing given", One(""),
       "f: tensor 'a' has no dtype, no shape, no data_offsets (header, byte "
       "9)"},
      {"unknown dtype",
       One(R"("dtype":"F33","shape":[2],"data_offsets":[0,8])"),
       "f: tensor 'a' has the unsupported dtype 'F33'; supported are BOOL, U8, "
       "I8, F8_E5M2, F8_E4M3, I16, U16, F16, BF16, I32, U32, F32, F64, I64, "
       "U64; did you mean 'F32'? (header, byte 9)"},
      {"lower-case dtype",
       One(R"("dtype":"f32","shape":[2],"data_offsets":[0,8])"),
       "f: tensor 'a' has the unsupported dtype 'f32'; supported are BOOL, U8, "
       "I8, F8_E5M2, F8_E4M3, I16, U16, F16, BF16, I32, U32, F32, F64, I64, "
       "U64; did you mean 'F32'? (header, byte 9)"},
      {"size mismatch",
       One(R"("dtype":"F32","shape":[3],"data_offsets":[0,8])"),
       "f: tensor 'a' of shape [3] and dtype F32 takes 12 bytes, but its "
       "data_offsets [0, 8] hold 8 (header, byte 9)"},
      {"backward range",
       One(R"("dtype":"F32","shape":[2],"data_offsets":[8,0])"),
       "f: tensor 'a' has the data_offsets [8, 0], which are no range (header, "
       "byte 9)"},
      {"offsets wrap",
       One(R"("dtype":"U8","shape":[1],)"
           R"("data_offsets":[18446744073709551614,18446744073709551615])"),
       "f: tensor 'a' has the data_offsets [18446744073709551614, "
       "18446744073709551615], which are no range (header, byte 9)"},
      {"shape overflows",
       One(R"("dtype":"U8","shape":[4294967296,4294967296,4294967296],)"
           R"("data_offsets":[0,0])"),
       "f: tensor 'a' has the shape [4294967296, 4294967296, 4294967296], too "
       "large to address (header, byte 9)"},
      {"shape overflows beside a zero",
       One(R"("dtype":"U8","shape":[0,4294967296,4294967296],)"
           R"("data_offsets":[0,0])"),
       "f: tensor 'a' has the shape [0, 4294967296, 4294967296], too large to "
       "address (header, byte 9)"},
      {"dimension beyond 63 bits",
       One(R"("dtype":"U8","shape":[9223372036854775808],)"
           R"("data_offsets":[0,0])"),
       "f: tensor 'a' has the shape [9223372036854775808], too large to "
       "address (header, byte 9)"},
      {"data cut short",
       One(R"("dtype":"F32","shape":[4],"data_offsets":[0,16])", 10),
       "f: cut short: its header describes 79 bytes, the file has 73; tensor "
       "'a' needs bytes 63 to 79 (header, byte 9)"},
      {"bytes left over",
       One(R"("dtype":"F32","shape":[2],"data_offsets":[0,8])", 11),
       "f: 3 bytes after the last tensor, from byte 70, belong to no tensor"},
      {"overlap",
       Two(R"("shape":[4],"data_offsets":[0,4])",
           R"("shape":[4],"data_offsets":[3,7])", 7),
       "f: tensor 'b' overlaps tensor 'a': it starts at byte 116, the other "
       "ends at byte 117 (header, byte 61)"},
      {"same bytes twice",
       Two(R"("shape":[4],"data_offsets":[0,4])",
           R"("shape":[4],"data_offsets":[0,4])", 4),
       "f: tensor 'b' overlaps tensor 'a': it starts at byte 113, the other "
       "ends at byte 117 (header, byte 61)"},
      {"gap",
       Two(R"("shape":[4],"data_offsets":[0,4])",
           R"("shape":[4],"data_offsets":[5,9])", 9),
       "f: bytes 117 to 118 before tensor 'b' belong to no tensor (header, "
       "byte 61)"},
      {"name twice",
       FileBytes(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                 R"("\u0061":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                 2),
       "f: tensor 'a' appears twice (header, byte 61)"},
      {"metadata value is a number",
       FileBytes(R"({"__metadata__":{"a":1}})", 0),
       "f: 'a' in '__metadata__' is a number; expected a string (header, byte "
       "30)"},
      {"metadata is a string", FileBytes(R"({"__metadata__":"a"})", 0),
       "f: '__metadata__' is a string; expected an object (header, byte 26)"},
      {"metadata twice",
       FileBytes(R"({"__metadata__":{},"__metadata__":{}})", 0),
       "f: '__metadata__' appears twice (header, byte 40)"},
      {"metadata key twice",
       FileBytes(R"({"__metadata__":{"a":"","a":""}})", 0),
       "f: '__metadata__' has the key 'a' twice (header, byte 34)"},
      {"name with control characters",
       FileBytes(R"({"a\u0007\u001b[2J":{}})", 0),
       "f: tensor 'a\\x07\\x1b[2J' has no dtype, no shape, no data_offsets "
       "(header, byte 9)"},
  };
}

TEST(HeaderTest, Attacks) {
  for (const Attack& attack : Attacks()) {
    EXPECT_EQ(ErrorOf(attack.bytes), attack.error) << attack.name;
  }
}

TEST(HeaderTest, DeepNestingCostsNoStack) {
  const std::string lists(1'000'000, '[');
  EXPECT_EQ(ErrorOf(FileBytes("{\"a\":" + lists, 0)),
            "f: tensor 'a' is a list; expected an object (header, byte 13)");
  std::string objects = "{";
  for (int i = 0; i < 100'000; ++i) objects += "\"a\":{";
  EXPECT_EQ(ErrorOf(FileBytes(objects, 0)),
            "f: tensor 'a' has the unknown key 'a'; known are dtype, shape, "
            "data_offsets (header, byte 16)");
}

TEST(HeaderTest, BudgetsHold) {
  const std::string ok = R"("dtype":"U8","shape":[1,1,1],"data_offsets":[0,1])";
  HeaderBudget budget;
  budget.max_rank = 2;
  EXPECT_EQ(ErrorOf(One(ok, 1), budget),
            "f: the 'shape' of tensor 'a' has more than 2 elements (header, "
            "byte 41)");
  budget = {};
  budget.max_tensors = 0;
  EXPECT_EQ(ErrorOf(One(ok, 1), budget),
            "f: more than 0 tensors (header, byte 11)");
  budget = {};
  budget.max_header_bytes = 10;
  EXPECT_EQ(
      ErrorOf(One(ok, 1), budget),
      "f: the header length at byte 0 is 57, more than the 10 allowed; is "
      "this a safetensors file?");
}

TEST(HeaderTest, LongListsOfErrorsAreCut) {
  std::string json = "{";
  for (int i = 0; i < 50; ++i) {
    json += (i ? ",\"" : "\"") + std::to_string(i) + "\":{}";
  }
  Diagnostics diags;
  EXPECT_FALSE(Parse(FileBytes(json + "}", 0), &diags).ok());
  ASSERT_EQ(diags.all().size(), 21u);
  EXPECT_EQ(diags.all().back().message,
            "f: and 30 more problems in the header");
}

// Whatever is accepted must be sound; nothing may crash or run away.
TEST(HeaderTest, FuzzMutations) {
  const std::string seeds[] = {
      FileBytes(R"({"__metadata__":{"format":"pt"},)"
                R"("a.weight":{"dtype":"F32","shape":[2,3],)"
                R"("data_offsets":[0,24]},"b":{"dtype":"BF16","shape":[4],)"
                R"("data_offsets":[24,32]},"c":{"dtype":"I64","shape":[],)"
                R"("data_offsets":[32,40]}})",
                40),
      One(R"("dtype":"U8","shape":[8],"data_offsets":[0,8])"),
  };
  const std::string alphabet = "{}[]\":,0123456789-.eE\\u\xff\x80 abF";
  const std::string tokens[] = {"18446744073709551615",
                                "9223372036854775807",
                                "-1",
                                "\"dtype\"",
                                "{\"a\":{",
                                "[[[[",
                                "\"data_offsets\"",
                                "null",
                                "\"BF16\"",
                                "[0,0]"};
  std::mt19937_64 rng(20240607);
  int accepted = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string bytes = seeds[rng() % 2];
    const int edits = 1 + rng() % 4;
    for (int i = 0; i < edits && !bytes.empty(); ++i) {
      const size_t at = rng() % bytes.size();
      switch (rng() % 6) {
        case 0:
          bytes[at] ^= 1 << (rng() % 8);
          break;
        case 1:
          bytes[at] = alphabet[rng() % alphabet.size()];
          break;
        case 2:
          bytes.erase(at, 1 + rng() % 8);
          break;
        case 3:
          bytes.insert(at, tokens[rng() % 10]);
          break;
        case 4:
          bytes.resize(at);
          break;
        default:
          bytes.insert(at, bytes.substr(rng() % bytes.size(), rng() % 40));
      }
    }
    if (rng() % 2 == 0 && bytes.size() >= 8) {  // keep the length plausible
      uint64_t n = bytes.rfind('}') - 7;
      for (int i = 0; i < 8; ++i, n >>= 8) bytes[i] = n & 0xff;
    }
    Diagnostics diags;
    const absl::StatusOr<Header> header = Parse(bytes, &diags);
    ASSERT_EQ(header.ok(), diags.ok());
    if (!header.ok()) continue;
    ++accepted;
    uint64_t at = header->data_begin;
    for (const HeaderEntry& entry : header->entries) {
      ASSERT_EQ(entry.begin, at);
      ASSERT_EQ(entry.end - entry.begin,
                static_cast<uint64_t>(*ByteSize(entry.dtype, entry.shape)));
      at = entry.end;
    }
    ASSERT_EQ(at, bytes.size());
  }
  EXPECT_GT(accepted, 1000);  // the mutations reach past the first check
}

}  // namespace
}  // namespace fts::safetensors
