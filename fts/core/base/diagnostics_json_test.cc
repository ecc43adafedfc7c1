// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/base/diagnostics_json.h"

#include <gtest/gtest.h>

namespace fts {
namespace {

TEST(DiagnosticsJson, PlaceAndNulls) {
  Diagnostics diags;
  diags.Error("a", "first", MakeLocation("f.yaml", 3, 5));
  diags.Warning("w", "not printed");
  diags.Error("missing_file", "no such file");
  diags.Error("c", "whole file", MakeLocation("g.yaml"));
  EXPECT_EQ(
      ErrorsToJson(diags),
      R"({"errors":[)"
      R"({"code":"a","message":"first","file":"f.yaml","line":3,"column":5},)"
      R"({"code":"missing_file","message":"no such file","file":null,)"
      R"("line":null,"column":null},)"
      R"({"code":"c","message":"whole file","file":"g.yaml","line":null,)"
      R"("column":null}]})");
}

TEST(DiagnosticsJson, BadBytesDoNotThrow) {
  Diagnostics diags;
  diags.Error("a", "bad \xff byte");
  EXPECT_EQ(ErrorsToJson(diags).find("\xff"), std::string::npos);
}

}  // namespace
}  // namespace fts
