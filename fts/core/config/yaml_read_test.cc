// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "fts/core/config/yaml.h"

namespace fts {
namespace {

YamlNode Parse(const std::string& text) {
  Diagnostics diags;
  auto node = ParseYaml(text, "f.yaml", &diags);
  EXPECT_TRUE(node.ok()) << node.status();
  return node.ok() ? *node : YamlNode();
}

// All errors of a text, one a line.
std::string Errors(const std::string& text, const YamlLimits& limits = {}) {
  Diagnostics diags;
  auto node = ParseYaml(text, "f.yaml", &diags, limits);
  EXPECT_FALSE(node.ok()) << text;
  return std::string(node.status().message());
}

TEST(ReadYaml, KindsAndPlaces) {
  const YamlNode root = Parse(
      "seed: 42\n"
      "lr: 1e-06\n"
      "nothing:\n"
      "list:\n"
      "- a\n"
      "-\n"
      "- {x: 1.5, 'y': yes}\n"
      "none: ~\n");
  EXPECT_EQ(root.Keys(), (std::vector<std::string>{"seed", "lr", "nothing",
                                                   "list", "none"}));
  EXPECT_EQ(root.where().ToString(), "f.yaml:1:1");
  EXPECT_EQ(root.Find("seed")->as_int(), 42);
  EXPECT_EQ(root.Find("seed")->where().ToString(), "f.yaml:1:7");
  EXPECT_TRUE(root.Find("lr")->is_string());
  EXPECT_EQ(root.Find("lr")->text(), "1e-06");
  EXPECT_FALSE(root.Find("lr")->quoted());
  // Nulls stand at their key, written or not.
  EXPECT_EQ(root.Find("nothing")->where().ToString(), "f.yaml:3:1");
  EXPECT_EQ(root.Find("none")->where().ToString(), "f.yaml:8:1");
  const auto& items = root.Find("list")->items();
  ASSERT_EQ(items.size(), 3u);
  EXPECT_EQ(items[0].where().ToString(), "f.yaml:5:3");
  EXPECT_TRUE(items[1].is_null());
  EXPECT_EQ(items[1].where().ToString(), "f.yaml:5:3");
  EXPECT_EQ(items[2].Find("x")->as_double(), 1.5);
  EXPECT_EQ(items[2].KeyWhere("y").ToString(), "f.yaml:7:12");
  EXPECT_TRUE(items[2].entries()[1].key.quoted());
  EXPECT_TRUE(items[2].Find("y")->as_bool());
}

TEST(ReadYaml, ColumnsCountCharacters) {
  const YamlNode root = Parse("{\xC3\xA4\xE2\x82\xAC: 1, b: 2}");
  EXPECT_EQ(root.KeyWhere("b").ToString(), "f.yaml:1:9");
}

TEST(ReadYaml, WindowsLineEndsAndByteOrderMark) {
  const YamlNode root = Parse(
      "\xEF\xBB\xBF"
      "a: 1\r\nb: 2\r");
  EXPECT_EQ(root.Find("b")->as_int(), 2);
  EXPECT_EQ(root.KeyWhere("b").ToString(), "f.yaml:2:1");
}

TEST(ReadYaml, StringStyles) {
  const YamlNode root = Parse(
      "a: 'it''s'\n"
      "b: \"x\\n\\u00e4\\_\"\n"
      "c: |\n"
      "  one\n"
      "  two\n"
      "d: >-\n"
      "  one\n"
      "  two\n"
      "e: plain\n"
      "  goes on\n"
      "f: 2001-12-14\n"
      "g: '42'\n");
  EXPECT_EQ(root.Find("a")->text(), "it's");
  EXPECT_EQ(root.Find("b")->text(), "x\n\xC3\xA4\xC2\xA0");
  EXPECT_EQ(root.Find("c")->text(), "one\ntwo\n");
  EXPECT_TRUE(root.Find("c")->quoted());
  EXPECT_EQ(root.Find("d")->text(), "one two");
  EXPECT_EQ(root.Find("e")->text(), "plain goes on");
  EXPECT_EQ(root.Find("f")->text(), "2001-12-14");
  EXPECT_TRUE(root.Find("f")->is_string());
  EXPECT_TRUE(root.Find("g")->is_string());
}

TEST(ReadYaml, EmptyTextsAreNull) {
  EXPECT_TRUE(Parse("").is_null());
  EXPECT_TRUE(Parse("\n# only a comment\n").is_null());
  EXPECT_TRUE(Parse("---\n").is_null());
  EXPECT_EQ(Parse("--- 5\n...\n").as_int(), 5);
}

TEST(ReadYaml, CoreTags) {
  const YamlNode root = Parse(
      "a: !!str 12\nb: !!int '0x1F'\nc: !!float 1e-06\nd: !!bool 'on'\n"
      "e: !!null ''\nf: !!seq [1]\ng: !!map {x: 1}\nh: ! 12\n"
      "i: !<tag:yaml.org,2002:float> 3\n");
  EXPECT_EQ(root.Find("a")->text(), "12");
  EXPECT_TRUE(root.Find("a")->is_string());
  EXPECT_EQ(root.Find("b")->as_int(), 31);
  EXPECT_EQ(root.Find("c")->as_double(), 1e-06);
  EXPECT_TRUE(root.Find("d")->as_bool());
  EXPECT_TRUE(root.Find("e")->is_null());
  EXPECT_TRUE(root.Find("f")->is_sequence());
  EXPECT_TRUE(root.Find("g")->is_mapping());
  EXPECT_TRUE(root.Find("h")->is_string());
  EXPECT_TRUE(root.Find("i")->is_float());
}

TEST(ReadYaml, AliasesShareContentAndKeepTheirOwnPlace) {
  const YamlNode root = Parse("a: &x {k: [1]}\nb: *x\nc: &y d\n*y : 4\n");
  EXPECT_TRUE(YamlEqual(*root.Find("a"), *root.Find("b")));
  EXPECT_EQ(root.Find("b")->where().ToString(), "f.yaml:2:4");
  EXPECT_EQ(root.Find("b")->Find("k")->where().ToString(), "f.yaml:1:11");
  EXPECT_EQ(root.Find("d")->as_int(), 4);
}

TEST(ReadYamlErrors, DuplicateKeys) {
  EXPECT_EQ(Errors("a: 1\nb: {c: 1, c: 2}\na: 3\n"),
            "f.yaml:2:11: error: duplicate key 'c', first at f.yaml:2:5; "
            "remove one of the two [duplicate_key]\n"
            "f.yaml:3:1: error: duplicate key 'a', first at f.yaml:1:1; "
            "remove one of the two [duplicate_key]");
  // What PyYAML takes for equal keys, and what reads the same.
  for (const char* text : {"1: a\n1.0: b\n", "1: a\n0x1: b\n", "yes: a\n1: b\n",
                           "1: a\n'1': b\n", "true: a\nyes: b\n"}) {
    EXPECT_NE(Errors(text).find("[duplicate_key]"), std::string::npos) << text;
  }
  EXPECT_EQ(Parse("1: a\n1.1: b\n'a': c\nA: d\n").entries().size(), 4u);
  // A number that cannot be read equals no other.
  EXPECT_EQ(Errors("0: a\n99999999999999999999: b\n"),
            "f.yaml:2:1: error: the integer 99999999999999999999 does not fit "
            "into 64 bits; quote it if it is meant as text [bad_value]");
}

TEST(ReadYamlErrors, NotSupportedByName) {
  EXPECT_EQ(Errors("a:\n  <<: {b: 1}\n"),
            "f.yaml:2:3: error: merge keys ('<<') are not supported; write the "
            "keys out, or quote it if it is meant as text [yaml_merge_key]");
  EXPECT_EQ(Errors("a: 1\n---\nb: 2\n"),
            "f.yaml:2:1: error: a second document, or text after the end of "
            "the first, starts here; a file holds one document: check the "
            "indentation above, or use two files [yaml_second_document]");
  EXPECT_EQ(Errors("a: !foo 1\nb: !!binary x\nc: !!set {x}\n"),
            "f.yaml:1:4: error: the tag '!foo' is not supported; only !!str, "
            "!!int, !!float, !!bool, !!null, !!seq and !!map are: remove the "
            "tag [yaml_tag]\n"
            "f.yaml:2:4: error: the tag '!!binary' is not supported; only "
            "!!str, !!int, !!float, !!bool, !!null, !!seq and !!map are: "
            "remove the tag [yaml_tag]\n"
            "f.yaml:3:4: error: the tag '!!set' is not supported; only !!str, "
            "!!int, !!float, !!bool, !!null, !!seq and !!map are: remove the "
            "tag [yaml_tag]");
  EXPECT_EQ(Errors("a: !!int x\nb: !!seq {}\nc: !!map 1\n"),
            "f.yaml:1:4: error: 'x' is not an integer; quote it if it is meant "
            "as text [bad_value]\n"
            "f.yaml:2:4: error: !!seq stands before a mapping; remove the tag "
            "[yaml_tag]\n"
            "f.yaml:3:4: error: !!map stands before the scalar '1'; remove the "
            "tag [yaml_tag]");
  EXPECT_EQ(Errors("? [a]\n: 1\n"),
            "f.yaml:1:3: error: a list cannot be a key; add the closing ']' if "
            "it is missing, or quote it if it is meant as text [complex_key]");
  EXPECT_EQ(Errors("{{a: 1}: 2}"),
            "f.yaml:1:2: error: a mapping cannot be a key; add the closing '}' "
            "if it is missing, or quote it if it is meant as text "
            "[complex_key]");
  EXPECT_EQ(Errors("a: &x [1]\n*x : 2\n"),
            "f.yaml:2:1: error: a list cannot be a key; quote it if it is "
            "meant as text [complex_key]");
  EXPECT_EQ(Errors("~: 1\n"),
            "f.yaml:1:1: error: null, or nothing, cannot be a key; write the "
            "key before the ':', or quote it if it is meant as text "
            "[complex_key]");
}

TEST(ReadYamlErrors, Syntax) {
  EXPECT_EQ(Errors("a: 1\nb\n"),
            "f.yaml:2:1: error: ':' is missing after the key 'b'; add it, or "
            "check the indentation [yaml_syntax]");
  EXPECT_EQ(Errors("a: 1\nb"),
            "f.yaml:2:1: error: ':' is missing after the key 'b'; add it, or "
            "check the indentation [yaml_syntax]");
  EXPECT_EQ(Errors("a: \"x\n"),
            "f.yaml:1:4: error: this quoted string is never closed; add the "
            "closing \" [yaml_syntax]");
  EXPECT_EQ(Errors("a: !!str 'x\n"),
            "f.yaml:1:4: error: this quoted string is never closed; add the "
            "closing ' [yaml_syntax]");
  EXPECT_EQ(Errors("a: {b: 1\n"),
            "f.yaml:2:1: error: end of map flow not found; add the closing '}' "
            "[yaml_syntax]");
  EXPECT_EQ(Errors("a: *x\n"),
            "f.yaml:1:4: error: the referenced anchor is not defined "
            "[yaml_syntax]");
  EXPECT_EQ(Errors("a: b: c\n"),
            "f.yaml:1:5: error: illegal map value; check the indentation, and "
            "quote text that holds ': ' [yaml_syntax]");
  EXPECT_EQ(Errors("a: 1\n%b: 2\n"),
            "f.yaml:2:1: error: a line that starts with '%' is a YAML "
            "directive, and only '%YAML 1.x' or '%TAG' with a '---' line after "
            "it is one; quote the text, or remove the line [yaml_syntax]");
  EXPECT_EQ(Parse("%YAML 1.1\n---\na: 1\n").Find("a")->as_int(), 1);
  EXPECT_EQ(Errors("a: =\n"),
            "f.yaml:1:4: error: a plain '=' has a special meaning in YAML 1.1; "
            "quote it [bad_value]");
}

TEST(ReadYamlErrors, Encoding) {
  EXPECT_EQ(Errors("a: \xFF\n"),
            "f.yaml:1:4: error: byte 0xFF is not valid UTF-8; save the file as "
            "UTF-8 [yaml_encoding]");
  EXPECT_EQ(Errors(std::string("a: 1\nb: \0x", 10)),
            "f.yaml:2:4: error: character U+0000 is not allowed in YAML; "
            "remove it, or write it as an escape in a double-quoted string "
            "[yaml_encoding]");
  EXPECT_EQ(Errors("a: \"x\\0\"\n"),
            "f.yaml:1:4: error: this string holds a NUL character; remove the "
            "'\\0' [yaml_encoding]");
  for (const char* bad :
       {"\xC0\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\x01",
        "\x7F", "\xEF\xBF\xBE", "\xFE\xFF"}) {
    EXPECT_NE(Errors(bad).find("[yaml_encoding]"), std::string::npos);
  }
}

TEST(ReadYamlHostile, AliasesAreBounded) {
  EXPECT_EQ(Errors("a: &a [*a]\n"),
            "f.yaml:1:8: error: this alias stands inside the value that it "
            "refers to; write the value out instead [yaml_alias]");
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string n = std::to_string(i), p = std::to_string(i - 1);
    laughs += "a" + n + ": &a" + n + " [";
    for (int k = 0; k < 10; ++k) laughs += (k ? ", *a" : "*a") + p;
    laughs += "]\n";
  }
  EXPECT_EQ(Errors(laughs),
            "f.yaml:6:45: error: the document holds more than 1000000 values, "
            "aliases counted as what they stand for [yaml_limit]");
}

TEST(ReadYamlHostile, DepthNodesAndSizeAreBounded) {
  EXPECT_EQ(Errors(std::string(1000, '[') + std::string(1000, ']')),
            "f.yaml:1:101: error: lists and mappings are nested more than 100 "
            "deep [yaml_limit]");
  EXPECT_NE(Errors(std::string(100000, '{')).find("error"), std::string::npos);
  std::string nested;
  for (int i = 0; i < 3000; ++i) nested += "- ";
  EXPECT_NE(Errors(nested).find("[yaml_limit]"), std::string::npos);
  YamlLimits few;
  few.max_nodes = 4;
  EXPECT_EQ(Errors("[1, 2, 3, 4, 5]", few),
            "f.yaml:1:14: error: the document holds more than 4 values, "
            "aliases counted as what they stand for [yaml_limit]");
  YamlLimits shorter;
  shorter.max_bytes = 3;
  EXPECT_EQ(Errors("abcd", shorter),
            "f.yaml: error: the text is longer than 3 bytes [yaml_limit]");
}

TEST(ReadYamlFile, MissingFileHasNoPlace) {
  Diagnostics diags;
  EXPECT_FALSE(ReadYamlFile("no/such.yaml", &diags).ok());
  ASSERT_EQ(diags.errors().size(), 1u);
  EXPECT_EQ(diags.errors()[0].ToString(),
            "error: cannot read 'no/such.yaml': no such file [missing_file]");
}

TEST(ReadYamlFile, NamesThePathInPlaces) {
  const std::string path = std::string(std::getenv("TEST_TMPDIR")) + "/a.yaml";
  std::ofstream(path) << "x:\n  y: 3\n";
  Diagnostics diags;
  auto node = ReadYamlFile(path, &diags);
  ASSERT_TRUE(node.ok());
  EXPECT_EQ(node->Find("x")->Find("y")->where(), MakeLocation(path, 2, 6));
}

TEST(ReadYaml, WithoutANameThereAreNoPlaces) {
  Diagnostics diags;
  auto node = ParseYaml("[1, 2]", "", &diags);
  ASSERT_TRUE(node.ok());
  EXPECT_FALSE(node->where().known());
  EXPECT_FALSE(node->items()[0].where().known());
}

}  // namespace
}  // namespace fts
