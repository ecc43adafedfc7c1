// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/config/mapping_reader.h"

#include <gtest/gtest.h>

namespace fts {
namespace {

YamlNode Parse(const std::string& text) {
  Diagnostics diags;
  auto node = ParseYaml(text, "f.yaml", &diags);
  EXPECT_TRUE(node.ok()) << node.status();
  return node.ok() ? *node : YamlNode();
}

TEST(MappingReader, ReadsEveryType) {
  Diagnostics diags;
  MappingReader r(Parse("{b: yes, i: 3, d: 1e-06, s: x, l: [a, b], c: two, "
                        "n: ~, m: 4, e: 0.5}"),
                  "sec", &diags);
  bool b = false;
  int64_t i = 0;
  double d = 0;
  std::string s;
  std::vector<std::string> l;
  size_t c = 0;
  std::optional<int64_t> n = 7, m;
  std::optional<double> e;
  EXPECT_TRUE(r.Bool("b", &b));
  EXPECT_TRUE(r.Int("i", &i, 3));
  EXPECT_TRUE(r.Double("d", &d, 0, true));
  EXPECT_TRUE(r.String("s", &s));
  EXPECT_TRUE(r.StringList("l", &l));
  EXPECT_TRUE(r.Choice("c", {"one", "two"}, &c));
  EXPECT_TRUE(r.OptionalInt("n", &n, 1));
  EXPECT_TRUE(r.OptionalInt("m", &m, 1));
  EXPECT_TRUE(r.OptionalDouble("e", &e, 0, false));
  EXPECT_FALSE(r.Int("absent", &i));
  r.Done();
  EXPECT_TRUE(diags.ok()) << diags.ToString();
  EXPECT_TRUE(b);
  EXPECT_EQ(i, 3);
  EXPECT_EQ(d, 1e-06);
  EXPECT_EQ(s, "x");
  EXPECT_EQ(l, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(c, 1u);
  EXPECT_EQ(n, std::nullopt);
  EXPECT_EQ(m, 4);
  EXPECT_EQ(e, 0.5);
}

TEST(MappingReader, Errors) {
  Diagnostics diags;
  MappingReader r(Parse("b: 1\ni: 1.5\nj: 0\nd: x\nf: 0\ng: .inf\ns: ''\n"
                        "l: [1]\nc: tow\nk:\nunknwn: 1\n"),
                  "sec", &diags);
  bool b = false;
  int64_t i = 0;
  double d = 0;
  std::string s;
  std::vector<std::string> l;
  size_t c = 0;
  EXPECT_FALSE(r.Bool("b", &b));
  EXPECT_FALSE(r.Int("i", &i));
  EXPECT_FALSE(r.Int("j", &i, 1));
  EXPECT_FALSE(r.Double("d", &d, 0, true));
  EXPECT_FALSE(r.Double("f", &d, 0, true));
  EXPECT_FALSE(r.Double("g", &d, 0, false));
  EXPECT_FALSE(r.String("s", &s));
  EXPECT_FALSE(r.StringList("l", &l));
  EXPECT_FALSE(r.Choice("c", {"one", "two"}, &c));
  EXPECT_FALSE(r.Int("k", &i));
  r.Take("unknown");
  r.Done();
  EXPECT_EQ(
      diags.ToString(),
      "f.yaml:1:4: error: sec.b is integer 1; it must be true or false "
      "[bad_type]\n"
      "f.yaml:2:4: error: sec.i is float 1.5; it must be an integer "
      "[bad_type]\n"
      "f.yaml:3:4: error: sec.j is 0; it must be at least 1 [out_of_range]\n"
      "f.yaml:4:4: error: sec.d is string 'x'; it must be a number "
      "[bad_type]\n"
      "f.yaml:5:4: error: sec.f is 0; it must be finite and above 0 "
      "[out_of_range]\n"
      "f.yaml:6:4: error: sec.g is .inf; it must be finite and at least 0 "
      "[out_of_range]\n"
      "f.yaml:7:4: error: sec.s is string ''; it must be a string that is not "
      "empty [bad_type]\n"
      "f.yaml:8:4: error: sec.l is list [1]; it must be a list of strings that "
      "are not empty [bad_type]\n"
      "f.yaml:9:4: error: sec.c is string 'tow'; it must be one or two; did "
      "you mean 'two'? [bad_value]\n"
      "f.yaml:10:1: error: sec.k is null; it must be an integer [bad_type]\n"
      "f.yaml:11:1: error: unknown key 'sec.unknwn'; did you mean 'unknown'? "
      "[unknown_key]\n");
}

TEST(MappingReader, NotAMapping) {
  Diagnostics diags;
  MappingReader r(Parse("[1]"), "sec", &diags);
  int64_t i = 5;
  EXPECT_FALSE(r.Int("i", &i));
  r.Done();
  EXPECT_EQ(i, 5);
  EXPECT_EQ(diags.ToString(),
            "f.yaml:1:1: error: sec is list [1]; it must be a mapping "
            "[bad_type]\n");
}

TEST(MappingReader, NotAvailable) {
  Diagnostics diags;
  MappingReader r(Parse("{a: 1, b: ~, c: ~}"), "", &diags);
  r.NotAvailable("a", " (later)", true);
  r.NotAvailable("b", "", true);
  r.NotAvailable("c", "", false);
  r.NotAvailable("d", "", false);
  r.Done();
  EXPECT_EQ(diags.ToString(),
            "f.yaml:1:5: error: a (later) is not available in this version; "
            "remove it [not_available]\n"
            "f.yaml:1:14: error: c is not available in this version; remove "
            "it [not_available]\n");
}

}  // namespace
}  // namespace fts
