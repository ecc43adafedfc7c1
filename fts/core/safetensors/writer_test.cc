// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/safetensors/writer.h"

#include <dirent.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "fts/core/safetensors/reader.h"
#include "fts/core/safetensors/test_util.h"

namespace fts::safetensors {
namespace {

std::vector<TensorSpec> SpecsOf(const Reader& reader) {
  std::vector<TensorSpec> specs;
  for (const TensorView& view : reader.tensors()) {
    specs.insert(specs.begin(), {view.name, view.dtype, view.shape});
  }
  return specs;
}

int FilesIn(const std::string& directory) {
  int count = 0;
  DIR* dir = ::opendir(directory.c_str());
  while (dirent* entry = ::readdir(dir)) {
    if (std::string(entry->d_name) != "." && std::string(entry->d_name) != "..")
      ++count;
  }
  ::closedir(dir);
  return count;
}

std::string Directory(const std::string& name) {
  const std::string path = TempPath(name);
  ::mkdir(path.c_str(), 0777);
  return path;
}

TEST(WriterTest, ReproducesFilesOfReferencePackageByteForByte) {
  for (const std::string name :
       {"reference.safetensors", "sharded/model-00001-of-00002.safetensors"}) {
    const std::string from = "fts/core/safetensors/testdata/" + name;
    Diagnostics diags;
    const auto reader = Reader::Open(from, &diags);
    ASSERT_TRUE(reader.ok()) << reader.status();
    const std::string to = TempPath("copy.safetensors");
    auto writer = Writer::Create(to, SpecsOf(**reader));
    ASSERT_TRUE(writer.ok()) << writer.status();
    for (const TensorView& view : (*reader)->tensors()) {
      // In two pieces, to see that pieces join.
      const size_t half = view.size / 2;
      ASSERT_TRUE((*writer)->Append(view.name, view.data, half).ok());
      ASSERT_TRUE((*writer)
                      ->Append(view.name, view.data + half, view.size - half)
                      .ok());
    }
    const absl::Status committed = (*writer)->Commit();
    ASSERT_TRUE(committed.ok()) << committed;
    EXPECT_EQ(ReadFile(to), ReadFile(from));
  }
}

TEST(WriterTest, NothingAppearsBeforeCommitAndNothingStaysWithout) {
  const std::string dir = Directory("atomic");
  const std::string path = dir + "/m.safetensors";
  WriteFile(path, "old");
  {
    auto writer = Writer::Create(path, {{"a", DType::kU8, {2}}});
    ASSERT_TRUE(writer.ok()) << writer.status();
    ASSERT_TRUE((*writer)->Append("a", "xy", 2).ok());
    EXPECT_EQ(ReadFile(path), "old");
    EXPECT_EQ(FilesIn(dir), 2);
  }
  EXPECT_EQ(ReadFile(path), "old");
  EXPECT_EQ(FilesIn(dir), 1);
  auto writer = Writer::Create(path, {{"a", DType::kU8, {2}}});
  ASSERT_TRUE(writer.ok()) << writer.status();
  ASSERT_TRUE((*writer)->Append("a", "xy", 2).ok());
  ASSERT_TRUE((*writer)->Commit().ok());
  EXPECT_EQ(FilesIn(dir), 1);
  EXPECT_EQ(std::string((*writer)->Commit().message()),
            path + ": already committed");
  Diagnostics diags;
  const auto reader = Reader::Open(path, &diags);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((*reader)->Find("a")->data[1], 'y');
}

TEST(WriterTest, MisuseIsNamed) {
  const std::string path = TempPath("misuse");
  const auto create = [&](std::vector<TensorSpec> specs) {
    return std::string(
        Writer::Create(path, std::move(specs)).status().message());
  };
  EXPECT_EQ(create({{"a", DType::kU8, {1}}, {"a", DType::kF32, {1}}}),
            path + ": tensor 'a' is given twice");
  EXPECT_EQ(create({{"a", DType::kU8, {2, -1}}}),
            path + ": tensor 'a' has the impossible shape [2, -1]");
  EXPECT_EQ(create({{"a", DType::kU8, {1LL << 40, 1LL << 40}}}),
            path +
                ": tensor 'a' has the impossible shape [1099511627776, "
                "1099511627776]");
  EXPECT_EQ(create({{"__metadata__", DType::kU8, {1}}}),
            path + ": '__metadata__' is reserved and cannot name a tensor");
  EXPECT_EQ(create({{"\xff", DType::kU8, {1}}}),
            path + ": a tensor name or metadata value is not valid UTF-8");

  auto writer = Writer::Create(path, {{"a", DType::kF32, {2}}});
  ASSERT_TRUE(writer.ok()) << writer.status();
  const float data[3] = {1, 2, 3};
  EXPECT_EQ(std::string((*writer)->Append("b", data, 4).message()),
            path + ": tensor 'b' was not announced");
  EXPECT_TRUE((*writer)->Append("a", data, 4).ok());
  EXPECT_EQ(std::string((*writer)->Append("a", data, 8).message()),
            path +
                ": tensor 'a' has 8 bytes; 4 are written and 8 more were "
                "given");
  EXPECT_EQ(std::string((*writer)->Commit().message()),
            path + ": tensor 'a' has 8 bytes, only 4 were written");
}

TEST(WriterTest, FileSystemErrorsAreReported) {
  const auto absent = Writer::Create("/nonexistent/m", {});
  EXPECT_EQ(absent.status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(std::string(absent.status().message()),
            "/nonexistent/m: cannot create the file (40 bytes in all): No such "
            "file or directory");

  // A limit on file size stands in for a full disk: both are refused when the
  // space is reserved.
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 4096;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string dir = Directory("full");
  const auto full = Writer::Create(dir + "/m", {{"a", DType::kF32, {4096}}});
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(full.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(std::string(full.status().message()),
            dir +
                "/m: cannot reserve space (16488 bytes in all): File too "
                "large");
  EXPECT_EQ(FilesIn(dir), 0);
}

}  // namespace
}  // namespace fts::safetensors
