// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/safetensors/archive.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>

#include "fts/core/safetensors/index.h"
#include "fts/core/safetensors/test_util.h"

namespace fts::safetensors {
namespace {

std::string Messages(const Diagnostics& diags) {
  std::string text;
  for (const Diagnostic& d : diags.all()) {
    text += (text.empty() ? "" : "\n") + d.code + ": " + d.message;
  }
  return text;
}

std::string IndexErrors(const std::string& text) {
  Diagnostics diags;
  const auto index = ParseIndex(text, "i", &diags);
  EXPECT_EQ(index.ok(), diags.ok());
  return index.ok() ? "accepted" : Messages(diags);
}

// A fresh directory under the test's own.
std::string Directory(const std::string& name) {
  const std::string path = TempPath(name);
  ::mkdir(path.c_str(), 0777);
  return path;
}

std::string OpenErrors(const std::string& directory) {
  Diagnostics diags;
  const auto archive = Archive::OpenDirectory(directory, &diags);
  EXPECT_EQ(archive.ok(), diags.ok());
  return archive.ok() ? "accepted" : Messages(diags);
}

std::string OneTensor(const std::string& name) {
  return FileBytes(
      "{\"" + name + R"(":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
      1);
}

TEST(IndexTest, Attacks) {
  const std::pair<const char*, const char*> cases[] = {
      {"{",
       "bad_safetensors_index: not valid JSON: syntax error while parsing "
       "object key - unexpected end of input; expected string literal"},
      {"[]",
       "bad_safetensors_index: i: has no 'weight_map' object (tensor "
       "name: shard file)"},
      {R"({"weight_map":[]})",
       "bad_safetensors_index: i: has no 'weight_map' object (tensor name: "
       "shard file)"},
      {R"({"weight_map":{"a":1}})",
       "bad_safetensors_index: i: the shard of tensor 'a' is number; expected "
       "a file name"},
      {R"({"weight_map":{"a":"../x.safetensors"}})",
       "bad_safetensors_index: i: tensor 'a' is in '../x.safetensors'; a shard "
       "must be a .safetensors file beside the index, without a path"},
      {R"({"weight_map":{"a":"/etc/x.safetensors"}})",
       "bad_safetensors_index: i: tensor 'a' is in '/etc/x.safetensors'; a "
       "shard must be a .safetensors file beside the index, without a path"},
      {R"({"weight_map":{"a":"..\\x.safetensors"}})",
       "bad_safetensors_index: i: tensor 'a' is in '..\\x.safetensors'; a "
       "shard must be a .safetensors file beside the index, without a path"},
      {R"({"weight_map":{"a":"x\u0000.safetensors"}})",
       "bad_safetensors_index: i: tensor 'a' is in 'x\\x00.safetensors'; a "
       "shard must be a .safetensors file beside the index, without a path"},
      {R"({"weight_map":{"a":".safetensors"}})",
       "bad_safetensors_index: i: tensor 'a' is in '.safetensors'; a shard "
       "must be a .safetensors file beside the index, without a path"},
      {R"({"weight_map":{"a":"passwd"}})",
       "bad_safetensors_index: i: tensor 'a' is in 'passwd'; a shard must be a "
       ".safetensors file beside the index, without a path"},
      {R"({"weight_map":{"a":""}})",
       "bad_safetensors_index: i: tensor 'a' is in ''; a shard must be a "
       ".safetensors file beside the index, without a path"},
      {R"({"weight_map":{"a":"x.safetensors","a":"y.safetensors"}})",
       "bad_safetensors_index: i: 'a' appears twice"},
      {R"({"weight_map":{"a":"x.safetensors"},"metadata":{"a":1,"b":{}}})",
       "accepted"},
  };
  for (const auto& [text, errors] : cases) {
    EXPECT_EQ(IndexErrors(text), errors) << text;
  }
  EXPECT_EQ(IndexErrors("{\"metadata\":" + std::string(100'000, '[')),
            "bad_safetensors_index: not valid JSON: syntax error while parsing "
            "value - unexpected end of input; expected '[', '{', or a literal");
  EXPECT_EQ(IndexErrors("{\"metadata\":" + std::string(50, '[') +
                        std::string(50, ']') + "}"),
            "bad_safetensors_index: i: nested deeper than 8 levels");
}

TEST(IndexTest, SyntaxErrorsHaveAPlace) {
  Diagnostics diags;
  EXPECT_FALSE(ParseIndex("{\n \"weight_map\": ?\n}", "i", &diags).ok());
  ASSERT_EQ(diags.all().size(), 1u);
  EXPECT_EQ(diags.all()[0].where.ToString(), "i:2:16");
}

TEST(ArchiveTest, OpensShardsOfReferencePackage) {
  Diagnostics diags;
  const auto archive =
      Archive::OpenDirectory("fts/core/safetensors/testdata/sharded", &diags);
  ASSERT_TRUE(archive.ok()) << archive.status();
  ASSERT_EQ((*archive)->tensors().size(), 3u);
  float c[2];
  const TensorView* view = (*archive)->Find("c");
  ASSERT_NE(view, nullptr);
  ASSERT_EQ(view->size, sizeof(c));
  std::memcpy(c, view->data, sizeof(c));
  EXPECT_EQ(c[1], static_cast<float>('c'));
  EXPECT_EQ((*archive)->FileOf("c"),
            "fts/core/safetensors/testdata/sharded/"
            "model-00002-of-00002.safetensors");
  EXPECT_EQ((*archive)->Find("d"), nullptr);
}

TEST(ArchiveTest, SingleFileComesFirst) {
  const std::string dir = Directory("single");
  WriteFile(dir + "/model.safetensors", OneTensor("a"));
  WriteFile(dir + "/model.safetensors.index.json", "not read");
  Diagnostics diags;
  const auto archive = Archive::OpenDirectory(dir + "/", &diags);
  ASSERT_TRUE(archive.ok()) << archive.status();
  EXPECT_EQ((*archive)->path(), dir + "/model.safetensors");
}

TEST(ArchiveTest, ReportsAllThatDisagrees) {
  const std::string empty = Directory("empty");
  EXPECT_EQ(OpenErrors(empty), "missing_file: '" + empty +
                                   "' holds neither model.safetensors nor "
                                   "model.safetensors.index.json");

  const std::string dir = Directory("disagree");
  const std::string index = dir + "/model.safetensors.index.json";
  WriteFile(index, R"({"weight_map":{"a":"1.safetensors","b":"2.safetensors",
                       "c":"3.safetensors"}})");
  WriteFile(dir + "/1.safetensors", OneTensor("a"));
  EXPECT_EQ(OpenErrors(dir),
            "missing_file: " + index +
                ": shard '2.safetensors' is not in the directory\n"
                "missing_file: " +
                index + ": shard '3.safetensors' is not in the directory");

  WriteFile(dir + "/2.safetensors", OneTensor("a"));
  WriteFile(dir + "/3.safetensors", OneTensor("extra"));
  EXPECT_EQ(OpenErrors(dir),
            "bad_safetensors_index: " + index +
                ": tensor 'b' is not in its shard '2.safetensors'\n"
                "bad_safetensors_index: " +
                index +
                ": tensor 'c' is not in its shard '3.safetensors'\n"
                "bad_safetensors_index: " +
                index +
                ": tensor 'a' is listed in shard '1.safetensors' but also in "
                "'2.safetensors'\n"
                "bad_safetensors_index: " +
                index +
                ": tensor 'extra' of shard '3.safetensors' is not "
                "listed");

  WriteFile(dir + "/2.safetensors", "short");
  EXPECT_EQ(OpenErrors(dir),
            "bad_safetensors: " + dir +
                "/2.safetensors: no safetensors file: it has 5 bytes, the "
                "header length alone takes 8");
}

}  // namespace
}  // namespace fts::safetensors
