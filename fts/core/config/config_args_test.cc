// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/config/config_args.h"

#include <gtest/gtest.h>

namespace fts {
namespace {

using Args = std::vector<std::string>;

TEST(ConfigArgs, SplitsFilesFlagsAndOverrides) {
  Diagnostics diags;
  const ConfigArgs got =
      ReadConfigArgs({"--config", "a.yaml", "seed=3", "--config=b.yaml",
                      "--json", "--trainer.max_epochs", "4", "-c", "c.yaml",
                      "--x", "--config", "d.yaml", "--n", "-1", "l+=[1]"},
                     {"--json"}, &diags);
  EXPECT_TRUE(diags.ok()) << diags.ToString();
  EXPECT_EQ(got.files, (Args{"a.yaml", "b.yaml", "c.yaml", "d.yaml"}));
  EXPECT_EQ(got.overrides, (Args{"seed=3", "--trainer.max_epochs", "4", "--x",
                                 "--n", "-1", "l+=[1]"}));
  EXPECT_EQ(got.flags, std::set<std::string>{"--json"});
}

TEST(ConfigArgs, Errors) {
  Diagnostics diags;
  ReadConfigArgs({"seed=1"}, {}, &diags);
  EXPECT_EQ(diags.ToString(),
            "error: --config is missing; write --config FILE [usage]\n");
  Diagnostics second;
  ReadConfigArgs({"--config", "--json"}, {"--json"}, &second);
  EXPECT_EQ(second.ToString(),
            "error: --config needs a file; write --config FILE [usage]\n");
  Diagnostics third;
  EXPECT_EQ(ReadConfigArgs({"-h"}, {}, &third).flags.count("--help"), 1u);
  EXPECT_TRUE(third.ok());
}

}  // namespace
}  // namespace fts
