// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "fts/core/config/yaml.h"

namespace fts {
namespace {

YamlNode Parse(const std::string& text, const std::string& name = "f.yaml") {
  Diagnostics diags;
  auto node = ParseYaml(text, name, &diags);
  EXPECT_TRUE(node.ok()) << node.status() << "\n" << text;
  return node.ok() ? *node : YamlNode();
}

TEST(EmitYaml, BlockStyleWithTextsAsWritten) {
  const YamlNode node = Parse(
      "{a: 1, b: [x, 1e-06, 010, 'yes', yes, '1', ~], c: {d: {}, e: []}, "
      "f: [[1, 2], {g: h, i: [j]}]}");
  const std::string text =
      "a: 1\n"
      "b:\n"
      "  - x\n"
      "  - 1e-06\n"
      "  - 010\n"
      "  - 'yes'\n"
      "  - yes\n"
      "  - '1'\n"
      "  - null\n"
      "c:\n"
      "  d: {}\n"
      "  e: []\n"
      "f:\n"
      "  - - 1\n"
      "    - 2\n"
      "  - g: h\n"
      "    i:\n"
      "      - j\n";
  EXPECT_EQ(EmitYaml(node), text);
  EXPECT_TRUE(YamlEqual(Parse(text), node));
}

TEST(EmitYaml, Places) {
  const YamlNode node = Parse("a: {b: 1, c: [2]}\nd:\n");
  EmitOptions options;
  options.places = true;
  EXPECT_EQ(EmitYaml(node, options),
            "a:\n"
            "  b: 1  # f.yaml:1\n"
            "  c:\n"
            "    - 2  # f.yaml:1\n"
            "d: null  # f.yaml:2\n");
  EXPECT_TRUE(YamlEqual(Parse(EmitYaml(node, options)), node));
  options.no_place = "command line";
  EXPECT_EQ(EmitYaml(YamlNode::Int(1), options), "1  # command line\n");
}

TEST(EmitYaml, HardStringsReadBackEqual) {
  for (const char* text : {"",
                           " ",
                           "a b",
                           " a",
                           "a ",
                           "a: b",
                           "a:",
                           ":a",
                           "#",
                           "a #b",
                           "a#b",
                           "-",
                           "- a",
                           "?",
                           "? a",
                           "[a]",
                           "{a}",
                           "a, b",
                           "&a",
                           "*a",
                           "!a",
                           "|",
                           ">",
                           "'",
                           "''",
                           "\"",
                           "it's",
                           "a'b\"c",
                           "%a",
                           "@a",
                           "`a",
                           "~",
                           "null",
                           "yes",
                           "1",
                           "1.5",
                           "1e5",
                           "0x1",
                           ".inf",
                           "<<",
                           "=",
                           "---",
                           "--- a",
                           "...",
                           "... a",
                           "a\nb",
                           "\n",
                           "a\n",
                           "\ta",
                           "a\tb",
                           "\\d*$",
                           "a\\b",
                           "\x7F",
                           "\xC2\x85",
                           "\xC2\xA0",
                           "\xE2\x80\xA8",
                           "\xEF\xBB\xBF",
                           "\xC3\xA4",
                           "\xF0\x9F\x98\x80",
                           "model.layers.\\d*$",
                           "2001-12-14",
                           "1:30",
                           "\x01",
                           "a: 'x' # y",
                           "key",
                           "=x",
                           "^(a|b)+$",
                           "a|b",
                           "a%b",
                           "-1x",
                           "/tmp/x"}) {
    for (const YamlNode& node :
         {YamlNode::String(text), YamlNode::Sequence({YamlNode::String(text)}),
          YamlNode::Mapping({{text, YamlNode::String(text)}})}) {
      EXPECT_TRUE(YamlEqual(Parse(EmitYaml(node), "g"), node))
          << EmitYaml(node);
    }
  }
}

TEST(EmitYaml, NumbersReadBackEqual) {
  for (const YamlNode& node :
       {YamlNode::Int(-5), YamlNode::Float(1e-06), YamlNode::Float(3),
        YamlNode::Float(-0.1), Parse("!!float 3"), Parse("!!int '0x10'"),
        Parse("!!bool 'oN'"), Parse("1:30"), Parse("1_000"), Parse(".inf"),
        Parse(".nan"), Parse("-.5e+3")}) {
    EXPECT_TRUE(YamlEqual(Parse(EmitYaml(node)), node)) << EmitYaml(node);
  }
  EXPECT_EQ(EmitYaml(YamlNode::Float(1e-06)), "1.0e-06\n");
  EXPECT_EQ(EmitYaml(Parse("!!float 3")), "3.0\n");
  EXPECT_EQ(EmitYaml(Parse("1:30: 2:00")), "1:30: 2:00\n");
}

TEST(EmitYaml, StrayBytesStayReadable) {
  EXPECT_EQ(EmitYaml(YamlNode::String("a\xFF")), "\"a\\uFFFD\"\n");
}

}  // namespace
}  // namespace fts
