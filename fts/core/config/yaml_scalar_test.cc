// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/config/yaml_scalar.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>

namespace fts::yaml_internal {
namespace {

using Kind = YamlNode::Kind;

std::string KindName(Kind kind) {
  switch (kind) {
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kFloat:
      return "float";
    default:
      return "str";
  }
}

// Each row of the table was made by PyYAML itself.
TEST(ResolvePlain, AgreesWithPyYaml) {
  std::ifstream table("fts/core/config/testdata/scalars.tsv");
  ASSERT_TRUE(table.good());
  std::string line;
  int rows = 0;
  while (std::getline(table, line)) {
    ++rows;
    const size_t one = line.find('\t'), two = line.find('\t', one + 1);
    ASSERT_NE(two, std::string::npos) << line;
    const std::string text = line.substr(0, one);
    const std::string kind = line.substr(one + 1, two - one - 1);
    const std::string value = line.substr(two + 1);
    SCOPED_TRACE(text);
    const Scalar scalar = ResolvePlain(text);
    if (kind == "error") {
      EXPECT_NE(scalar.error, "");
      continue;
    }
    EXPECT_EQ(scalar.error, "");
    EXPECT_EQ(KindName(scalar.kind), kind);
    if (kind == "bool") {
      EXPECT_EQ(scalar.b, value == "true");
    }
    if (kind == "int") {
      EXPECT_EQ(std::to_string(scalar.i), value);
    }
    if (kind == "float") {
      const double expected = std::strtod(value.c_str(), nullptr);
      if (std::isnan(expected)) {
        EXPECT_TRUE(std::isnan(scalar.d));
      } else {
        EXPECT_EQ(scalar.d, expected);
      }
    }
  }
  EXPECT_GE(rows, 300);
}

TEST(ResolvePlain, RefusesIntegersBeyond64Bits) {
  EXPECT_EQ(ResolvePlain("9223372036854775807").i,
            std::numeric_limits<int64_t>::max());
  EXPECT_EQ(ResolvePlain("-9223372036854775808").i,
            std::numeric_limits<int64_t>::min());
  for (const char* text : {"9223372036854775808", "-9223372036854775809",
                           "99999999999999999999999", "0xffffffffffffffff",
                           "99999999999999:59:59:59:59:59"}) {
    EXPECT_EQ(ResolvePlain(text).error,
              std::string("the integer ") + text +
                  " does not fit into 64 bits; quote it if it is meant as "
                  "text");
  }
  EXPECT_EQ(ResolvePlain("0x_").error,
            "'0x_' is not an integer; quote it if it is meant as text");
}

TEST(ConstructTagged, CoreTags) {
  EXPECT_EQ(ConstructTagged("int", "0x1F").i, 31);
  EXPECT_EQ(ConstructTagged("float", "1e-06").d, 1e-06);
  EXPECT_EQ(ConstructTagged("float", "3").kind, Kind::kFloat);
  EXPECT_TRUE(ConstructTagged("bool", "Yes").b);
  EXPECT_EQ(ConstructTagged("str", "12").kind, Kind::kString);
  EXPECT_EQ(ConstructTagged("null", "~").kind, Kind::kNull);
  EXPECT_EQ(ConstructTagged("bool", "maybe").error,
            "'maybe' is not a boolean; write true or false");
  EXPECT_EQ(ConstructTagged("null", "x").error,
            "'x' is not null; write !!null ~");
  EXPECT_NE(ConstructTagged("int", "3.5").error, "");
  EXPECT_NE(ConstructTagged("int", "").error, "");
  EXPECT_NE(ConstructTagged("float", "abc").error, "");
  EXPECT_NE(ConstructTagged("float", "").error, "");
}

TEST(PythonFloat, TakesWhatPythonTakes) {
  EXPECT_EQ(PythonFloat("1e-06"), 1e-06);
  EXPECT_EQ(PythonFloat(" 1_0.5_0 \n"), 10.5);
  EXPECT_EQ(PythonFloat(".5"), 0.5);
  EXPECT_EQ(PythonFloat("5."), 5.0);
  EXPECT_EQ(PythonFloat("+1E5"), 1e5);
  EXPECT_EQ(PythonFloat("1e1_0"), 1e10);
  EXPECT_EQ(PythonFloat("-Infinity"), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(PythonFloat("1e400"), std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(*PythonFloat("NaN")));
  for (const char* text :
       {"", " ", "x", ".", "+", "1__0", "_1", "1_", "0x10", "1e", "1e+", "1.5f",
        "1 0", "--1", "1_.5", "1._5", "infinit", "e5", ".e5"}) {
    EXPECT_EQ(PythonFloat(text), std::nullopt) << text;
  }
}

TEST(FloatText, ReadsBackAsTheSameFloat) {
  EXPECT_EQ(FloatText(1), "1.0");
  EXPECT_EQ(FloatText(1e-06), "1.0e-06");
  EXPECT_EQ(FloatText(0.1), "0.1");
  EXPECT_EQ(FloatText(-1.5e+300), "-1.5e+300");
  for (double value : {0.0, -0.0, 1e-05, 1.0 / 3, 1e308, 4.9e-324, 123456789.0,
                       1e16, 1e22, -2.5}) {
    const Scalar scalar = ResolvePlain(FloatText(value));
    EXPECT_EQ(scalar.kind, Kind::kFloat) << FloatText(value);
    EXPECT_EQ(scalar.d, value);
  }
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(ResolvePlain(FloatText(inf)).d, inf);
  EXPECT_EQ(ResolvePlain(FloatText(-inf)).d, -inf);
  EXPECT_TRUE(std::isnan(ResolvePlain(FloatText(std::nan(""))).d));
}

}  // namespace
}  // namespace fts::yaml_internal
