// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/config/overrides.h"

#include <gtest/gtest.h>

namespace fts {
namespace {

using Path = std::vector<std::string>;

std::vector<Override> Parse(const std::vector<std::string>& args) {
  Diagnostics diags;
  auto out = ParseOverrides(args, &diags);
  EXPECT_TRUE(out.ok()) << out.status();
  return out.ok() ? *out : std::vector<Override>();
}

std::string Errors(const std::vector<std::string>& args) {
  Diagnostics diags;
  EXPECT_FALSE(ParseOverrides(args, &diags).ok());
  return diags.ToString();
}

TEST(Overrides, AllForms) {
  const auto o = Parse({"a.b=1", "--c.d", "x y", "--e=[1, 2]", "f+=3",
                        "g.\"h.i\".'j.k'=no", "l=", "m=a=b", "--n", "-1"});
  ASSERT_EQ(o.size(), 8u);
  EXPECT_EQ(o[0].path, (Path{"a", "b"}));
  EXPECT_EQ(o[0].value.as_int(), 1);
  EXPECT_FALSE(o[0].value.where().known());
  EXPECT_EQ(o[1].path, (Path{"c", "d"}));
  EXPECT_EQ(o[1].value.text(), "x y");
  EXPECT_EQ(o[1].text, "--c.d x y");
  EXPECT_EQ(o[2].value.items().size(), 2u);
  EXPECT_TRUE(o[3].append);
  EXPECT_EQ(o[3].path, (Path{"f"}));
  EXPECT_EQ(o[4].path, (Path{"g", "h.i", "j.k"}));
  EXPECT_FALSE(o[4].value.as_bool());
  EXPECT_TRUE(o[5].value.is_null());
  EXPECT_EQ(o[6].value.text(), "a=b");
  EXPECT_EQ(o[7].value.as_int(), -1);
}

TEST(Overrides, EqualsInsideAQuotedKey) {
  const auto o = Parse({"a.\"b=c\"=1"});
  EXPECT_EQ(o[0].path, (Path{"a", "b=c"}));
}

TEST(Overrides, Errors) {
  EXPECT_EQ(Errors({"abc"}),
            "error: 'abc' is no override; write key.path=value or --key.path "
            "value [bad_override]\n");
  EXPECT_EQ(Errors({"--abc", "--d", "1"}),
            "error: '--abc' has no value; write '--abc VALUE' "
            "[bad_override]\n");
  EXPECT_EQ(Errors({"a..b=1", "=1", "a.\"b=1"}),
            "error: 'a..b' in 'a..b=1' is no key path; join keys with '.', and "
            "quote a key that holds dots: a.\"b.c\".d [bad_override]\n"
            "error: '' in '=1' is no key path; join keys with '.', and quote a "
            "key that holds dots: a.\"b.c\".d [bad_override]\n"
            "error: 'a.\"b=1' is no override; write key.path=value or "
            "--key.path value [bad_override]\n");
  EXPECT_EQ(Errors({"a\xff=1"}),
            "error: the key in 'a\xff=1' is not printable UTF-8; write the key "
            "as it stands in the file [bad_override]\n");
  EXPECT_EQ(Errors({"a={b"}),
            "error: the value in 'a={b' is not valid YAML: a mapping cannot be "
            "a key; add the closing '}' if it is missing, or quote it if it is "
            "meant as text [bad_override]\n");
}

TEST(KeyPath, JoinQuotesWhatNeedsIt) {
  EXPECT_EQ(JoinKeyPath({"a", "b.c", "d"}), "a.\"b.c\".d");
  EXPECT_EQ(*SplitKeyPath("a.\"b.c\".d"), (Path{"a", "b.c", "d"}));
}

}  // namespace
}  // namespace fts
