// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "fts/core/config/yaml.h"

namespace fts {
namespace {

TEST(YamlNode, DefaultIsNullWithoutPlace) {
  YamlNode node;
  EXPECT_TRUE(node.is_null());
  EXPECT_FALSE(node.where().known());
  EXPECT_TRUE(node.items().empty());
  EXPECT_TRUE(node.entries().empty());
  EXPECT_EQ(node.Find("x"), nullptr);
  EXPECT_EQ(node.ToNumber(), std::nullopt);
}

TEST(YamlNode, BuildersAndLookup) {
  const YamlNode map = YamlNode::Mapping(
      {{"a", YamlNode::Int(3)},
       {"b", YamlNode::Sequence({YamlNode::Bool(true), YamlNode::Null()})}},
      MakeLocation("f", 2, 1));
  ASSERT_NE(map.Find("a"), nullptr);
  EXPECT_EQ(map.Find("a")->as_int(), 3);
  EXPECT_EQ(map.Find("c"), nullptr);
  EXPECT_EQ(map.Keys(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(map.KeyWhere("a").ToString(), "f:2:1");
  EXPECT_EQ(map.At({}).where().known(), false);
  EXPECT_STREQ(map.kind_name(), "mapping");
  EXPECT_STREQ(map.Find("b")->kind_name(), "list");
}

TEST(YamlNode, Numbers) {
  EXPECT_EQ(YamlNode::Int(3).ToNumber(), 3.0);
  EXPECT_EQ(YamlNode::Int(3).as_double(), 3.0);
  EXPECT_EQ(YamlNode::Float(0.5).ToNumber(), 0.5);
  EXPECT_EQ(YamlNode::String("1e-06").ToNumber(), 1e-06);
  EXPECT_EQ(YamlNode::String("x").ToNumber(), std::nullopt);
  EXPECT_EQ(YamlNode::Bool(true).ToNumber(), std::nullopt);
}

TEST(YamlNode, PlainFollowsTheScalarRules) {
  EXPECT_TRUE(YamlNode::Plain("yes")->is_bool());
  EXPECT_TRUE(YamlNode::Plain("1e-06")->is_string());
  EXPECT_EQ(YamlNode::Plain("010")->as_int(), 8);
  EXPECT_EQ(YamlNode::Plain("<<"), std::nullopt);
  EXPECT_EQ(YamlNode::Plain("="), std::nullopt);
}

TEST(YamlNode, ShowIsShortAndOnOneLine) {
  EXPECT_EQ(YamlNode::String("a\nb").Show(), "'a b'");
  EXPECT_EQ(YamlNode::Mapping({{"a", YamlNode::Int(1)},
                               {"b", YamlNode::Sequence({YamlNode::Null()})}})
                .Show(),
            "{a: 1, b: [null]}");
  const std::string long_text = YamlNode::String(std::string(200, 'x')).Show();
  EXPECT_EQ(long_text, "'" + std::string(59, 'x') + "...");
  std::string umlauts;
  for (int i = 0; i < 100; ++i) umlauts += "\xC3\xA4";
  const std::string cut = YamlNode::String(umlauts).Show();
  EXPECT_EQ((cut.size() - 4) % 2, 0u);  // never half a character
  EXPECT_EQ(DescribeYaml(YamlNode::String("x")), "string 'x'");
  EXPECT_EQ(DescribeYaml(YamlNode()), "null");
}

TEST(YamlEqual, ComparesKindsAndValues) {
  EXPECT_FALSE(YamlEqual(YamlNode::Int(1), YamlNode::Float(1)));
  EXPECT_FALSE(YamlEqual(YamlNode::Int(1), YamlNode::String("1")));
  EXPECT_TRUE(
      YamlEqual(YamlNode::Float(std::nan("")), YamlNode::Float(std::nan(""))));
  const YamlNode ab =
      YamlNode::Mapping({{"a", YamlNode::Int(1)}, {"b", YamlNode::Int(2)}});
  const YamlNode ba =
      YamlNode::Mapping({{"b", YamlNode::Int(2)}, {"a", YamlNode::Int(1)}});
  EXPECT_TRUE(YamlEqual(ab, ba));
  EXPECT_FALSE(YamlEqual(ab, YamlNode::Mapping({{"a", YamlNode::Int(1)}})));
  EXPECT_FALSE(YamlEqual(YamlNode::Sequence({ab}), YamlNode::Sequence({})));
}

}  // namespace
}  // namespace fts
