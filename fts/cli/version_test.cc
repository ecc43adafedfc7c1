// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/cli/version.h"

#include <gtest/gtest.h>

#include <sstream>

namespace fts::cli {
namespace {

BuildFacts Facts() {
  BuildFacts facts;
  facts.version = "1.2.3";
  facts.commit = "abc";
  facts.mode = "opt";
  facts.torch = "2.11.0";
  facts.gloo = true;
  return facts;
}

TEST(Version, Json) {
  BuildFacts facts = Facts();
  EXPECT_EQ(BuildFactsToJson(facts),
            R"({"version":"1.2.3","commit":"abc","mode":"opt",)"
            R"("torch":"2.11.0","cuda":null,"nccl":null,"gloo":true})");
  facts.cuda = "13.0";
  facts.nccl = "2.28.9";
  EXPECT_EQ(BuildFactsToJson(facts),
            R"({"version":"1.2.3","commit":"abc","mode":"opt",)"
            R"("torch":"2.11.0","cuda":"13.0","nccl":"2.28.9","gloo":true})");
}

TEST(Version, Text) {
  std::ostringstream out, err;
  EXPECT_EQ(VersionCommand(Facts()).run({}, {out, err}), 0);
  EXPECT_EQ(out.str(),
            "fts 1.2.3 (abc, opt)\ntorch 2.11.0\ncuda not built in\n"
            "nccl not built in\ngloo built in\n");
  EXPECT_EQ(err.str(), "");
  std::ostringstream json;
  EXPECT_EQ(VersionCommand(Facts()).run({"--json"}, {json, err}), 0);
  EXPECT_EQ(json.str(), BuildFactsToJson(Facts()) + "\n");
}

}  // namespace
}  // namespace fts::cli
