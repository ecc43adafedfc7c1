// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/base/diagnostics.h"

#include <gtest/gtest.h>

namespace fts {
namespace {

TEST(Diagnostic, Text) {
  Diagnostic d{Severity::kError, "unknown_key", "unknown key 'x'",
               MakeLocation("f.yaml", 3, 5)};
  EXPECT_EQ(d.ToString(), "f.yaml:3:5: error: unknown key 'x' [unknown_key]");
  d.severity = Severity::kWarning;
  d.where = {};
  EXPECT_EQ(d.ToString(), "warning: unknown key 'x' [unknown_key]");
}

TEST(Diagnostic, TheCodeEndsTheFirstLine) {
  const Diagnostic d{Severity::kError, "renumbered", "use this instead:\n0: {}",
                     MakeLocation("f.yaml", 3, 5)};
  EXPECT_EQ(d.ToString(),
            "f.yaml:3:5: error: use this instead: [renumbered]\n0: {}");
}

TEST(Diagnostics, EmptyIsOk) {
  Diagnostics diags;
  EXPECT_TRUE(diags.ok());
  EXPECT_TRUE(diags.status().ok());
  EXPECT_EQ(diags.ToString(), "");
}

TEST(Diagnostics, WarningsAreNotErrors) {
  Diagnostics diags;
  diags.Warning("w", "careful");
  EXPECT_TRUE(diags.ok());
  EXPECT_TRUE(diags.status().ok());
  EXPECT_EQ(diags.warnings().size(), 1u);
  EXPECT_EQ(diags.errors().size(), 0u);
}

TEST(Diagnostics, StatusListsEveryErrorInOrder) {
  Diagnostics diags;
  diags.Error("a", "first", MakeLocation("f", 1, 1));
  diags.Warning("w", "between");
  diags.Error("b", "second");
  EXPECT_FALSE(diags.ok());
  EXPECT_EQ(diags.num_errors(), 2);
  EXPECT_EQ(diags.status(), absl::InvalidArgumentError(
                                "f:1:1: error: first [a]\nerror: second [b]"));
  EXPECT_EQ(diags.all().size(), 3u);
  EXPECT_EQ(diags.ToString(),
            "f:1:1: error: first [a]\nwarning: between [w]\n"
            "error: second [b]\n");
}

}  // namespace
}  // namespace fts
