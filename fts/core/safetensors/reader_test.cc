// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/safetensors/reader.h"

#include <gtest/gtest.h>

#include <cstring>

#include "fts/core/safetensors/test_util.h"

namespace fts::safetensors {
namespace {

constexpr char kReference[] =
    "fts/core/safetensors/testdata/reference.safetensors";

template <typename T>
std::vector<T> Values(const TensorView& view) {
  std::vector<T> values(view.numel());
  std::memcpy(values.data(), view.data, view.size);
  return values;
}

TEST(ReaderTest, ReadsFileOfReferencePackage) {
  Diagnostics diags;
  const auto reader = Reader::Open(kReference, &diags);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((*reader)->metadata().at("format"), "pt");
  ASSERT_EQ((*reader)->tensors().size(), 18u);

  const auto find = [&](const char* name) {
    const TensorView* view = (*reader)->Find(name);
    EXPECT_NE(view, nullptr) << name;
    return *view;
  };
  EXPECT_EQ(find("f32").shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(Values<float>(find("f32")), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(Values<double>(find("f64")),
            (std::vector<double>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(Values<int64_t>(find("i64")),
            (std::vector<int64_t>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(Values<int16_t>(find("i16")),
            (std::vector<int16_t>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(Values<uint8_t>(find("bool")),
            (std::vector<uint8_t>{0, 1, 0, 1, 0, 1}));
  EXPECT_EQ(
      Values<uint16_t>(find("bf16")),
      (std::vector<uint16_t>{0x3f80, 0x4000, 0x4040, 0x4080, 0x40a0, 0x40c0}));
  EXPECT_EQ(
      Values<uint16_t>(find("f16")),
      (std::vector<uint16_t>{0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600}));
  EXPECT_EQ(Values<float>(find("scalar")), std::vector<float>{7});
  EXPECT_TRUE(find("scalar").shape.empty());
  EXPECT_EQ(find("empty").shape, (std::vector<int64_t>{0, 4}));
  EXPECT_EQ(find("empty").size, 0u);
  EXPECT_EQ(Values<float>(find("\u00fc \"quoted\" \\ name")),
            (std::vector<float>{1, 2}));
  EXPECT_EQ((*reader)->Find("absent"), nullptr);
  for (const TensorView& view : (*reader)->tensors()) {
    EXPECT_EQ(view.size,
              static_cast<uint64_t>(*ByteSize(view.dtype, view.shape)));
  }
}

TEST(ReaderTest, EveryTruncationIsAnError) {
  const std::string bytes = ReadFile(kReference);
  ASSERT_FALSE(bytes.empty());
  const std::string path = TempPath("cut.safetensors");
  for (size_t size = 0; size < bytes.size(); size += 1 + size / 50) {
    WriteFile(path, bytes.substr(0, size));
    Diagnostics diags;
    EXPECT_FALSE(Reader::Open(path, &diags).ok()) << size;
    ASSERT_EQ(diags.all().size(), 1u);
    EXPECT_EQ(diags.all()[0].code, "bad_safetensors");
    EXPECT_EQ(diags.all()[0].message.rfind(path + ": ", 0), 0u);
  }
}

TEST(ReaderTest, MissingFileAndDirectory) {
  Diagnostics diags;
  EXPECT_FALSE(Reader::Open("/nonexistent/m.safetensors", &diags).ok());
  ASSERT_EQ(diags.all().size(), 1u);
  EXPECT_EQ(diags.all()[0].code, "missing_file");
  EXPECT_EQ(diags.all()[0].message,
            "cannot open '/nonexistent/m.safetensors': No such file or "
            "directory");
  Diagnostics directory;
  EXPECT_FALSE(Reader::Open("/", &directory).ok());
  ASSERT_EQ(directory.all().size(), 1u);
  EXPECT_EQ(directory.all()[0].message, "/: not a regular file");
}

}  // namespace
}  // namespace fts::safetensors
