// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "fts/capi/internal/guard.h"
#include "fts/capi/internal/options.h"
#include "fts/capi/internal/status.h"

namespace fts::capi {
namespace {

std::string Text(fts_status* status) {
  std::string text(fts_status_code_name(status).data);
  text += ": ";
  text += fts_status_message(status).data;
  fts_status_release(status);
  return text;
}

TEST(Guard, TurnsWhateverIsThrownIntoAStatus) {
  EXPECT_EQ(Guard([] { return absl::OkStatus(); }), nullptr);
  EXPECT_EQ(Text(Guard([] { return absl::NotFoundError("no such file"); })),
            "NOT_FOUND: no such file");
  EXPECT_EQ(
      Text(Guard([]() -> absl::Status { throw std::runtime_error("boom"); })),
      "INTERNAL: boom");
  EXPECT_EQ(Text(Guard([]() -> absl::Status { throw 7; })),
            "INTERNAL: an exception of unknown type");
  EXPECT_EQ(Text(Guard([]() -> absl::Status { throw std::bad_alloc(); })),
            "RESOURCE_EXHAUSTED: no memory");
}

TEST(Guard, OutOfMemoryMayBeReleasedAsOftenAsItIsMade) {
  for (int i = 0; i < 3; ++i) fts_status_release(OutOfMemory());
  EXPECT_EQ(Text(OutOfMemory()), "RESOURCE_EXHAUSTED: no memory");
}

TEST(Status, DetailsAreThoseOfTheFirstError) {
  Diagnostics diags;
  diags.Warning("w", "a warning", MakeLocation("a.yaml", 1, 1));
  diags.Error("first", "an error", MakeLocation("b.yaml", 3, 5));
  diags.Error("second", "another", MakeLocation("b.yaml", 4, 1));
  fts_status* status = MakeStatus(diags.status(), diags);
  std::vector<std::string> details;
  for (size_t i = 0; i < fts_status_num_details(status); ++i) {
    details.push_back(std::string(fts_status_detail_key(status, i).data) + "=" +
                      fts_status_detail_value(status, i).data);
  }
  EXPECT_EQ(details, (std::vector<std::string>{"code=first", "file=b.yaml",
                                               "line=3", "column=5"}));
  EXPECT_EQ(fts_status_detail_key(status, 4).size, 0u);
  fts_status_release(status);
}

TEST(Status, OfACallbackKeepsItsCodeAndText) {
  const absl::Status status = TakeStatus(
      fts_status_create(FTS_CODE_UNAVAILABLE, fts_str("peer is gone")));
  EXPECT_EQ(status, absl::UnavailableError("peer is gone"));
  EXPECT_TRUE(TakeStatus(nullptr).ok());
  EXPECT_EQ(TakeStatus(fts_status_create(0, fts_str("x"))).code(),
            absl::StatusCode::kUnknown);
  EXPECT_EQ(TakeStatus(fts_status_create(99, fts_str("x"))).code(),
            absl::StatusCode::kUnknown);
}

// A struct as version 1.0 had it, as it is now, and as it may be some day.
struct Old {
  size_t struct_size;
  const void* next;
  int64_t a;
};
struct Now {
  size_t struct_size;
  const void* next;
  int64_t a;
  int64_t b;
};
struct Future {
  size_t struct_size;
  const void* next;
  int64_t a, b, c;
};

template <typename T>
absl::Status Read(const T& given, Now* out) {
  *out = {sizeof(Now), nullptr, -1, -1};
  return ReadOptions(reinterpret_cast<const Now*>(&given), sizeof(Old), "opts",
                     out);
}

TEST(Options, ShorterOnesKeepTheDefaultsOfNewFields) {
  Now out;
  ASSERT_TRUE(Read(Old{sizeof(Old), nullptr, 5}, &out).ok());
  EXPECT_EQ(out.a, 5);
  EXPECT_EQ(out.b, -1);
  EXPECT_EQ(out.struct_size, sizeof(Now));
}

TEST(Options, LongerOnesMustBeZeroWhereWeKnowNothing) {
  Now out;
  ASSERT_TRUE(Read(Future{sizeof(Future), nullptr, 5, 6, 0}, &out).ok());
  EXPECT_EQ(out.b, 6);
  EXPECT_EQ(Read(Future{sizeof(Future), nullptr, 5, 6, 7}, &out),
            absl::UnimplementedError(
                "opts: a field at byte 32 is set that this library does not "
                "know (it knows 32 bytes); use a newer library"));
}

TEST(Options, SaysWhatIsWrong) {
  Now out;
  EXPECT_EQ(Read(Old{0, nullptr, 5}, &out),
            absl::InvalidArgumentError(
                "opts: struct_size is 0, less than the 24 of version 1.0; set "
                "it with the _INIT macro"));
  EXPECT_EQ(Read(Old{sizeof(Old), &out, 5}, &out),
            absl::InvalidArgumentError("opts: next is set; this version has no "
                                       "extensions, so it must be NULL"));
  EXPECT_TRUE(
      ReadOptions(static_cast<const Now*>(nullptr), sizeof(Old), "opts", &out)
          .ok());
}

}  // namespace
}  // namespace fts::capi
