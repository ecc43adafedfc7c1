// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// docs/schedules.md: its examples resolve, and it names every key and code.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "fts/core/schedule/phase_fields.h"
#include "fts/core/schedule/schedule_testutil.h"

namespace fts {
namespace {

std::string Page() {
  std::ifstream file("docs/schedules.md");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The YAML blocks; one that begins after phase 0 gets one.
std::vector<std::string> Examples(const std::string& page) {
  std::vector<std::string> out;
  const std::string open = "```yaml\n";
  for (size_t at = page.find(open); at != page.npos; at = page.find(open, at)) {
    at += open.size();
    std::string text = page.substr(at, page.find("```", at) - at);
    if (text[0] != '0') {
      text = "0: {params: [model.output.weight]}\n" + text +
             (text.find("\n2:") == text.npos ? "2: {params: []}\n" : "");
    }
    out.push_back(text);
  }
  return out;
}

TEST(SchedulesPage, ExamplesResolveWithoutWarnings) {
  Diagnostics diags;
  const auto model = ReadModelDescription(
      "fts/core/schedule/testdata/llama_4_layers.json", &diags);
  ASSERT_TRUE(model.ok()) << diags.ToString();
  const auto examples = Examples(Page());
  EXPECT_GE(examples.size(), 6u);
  for (const std::string& text : examples) {
    const auto out = schedule_testing::Resolve(text, *model);
    EXPECT_TRUE(out.schedule) << out.problems << text;
    // The phase that only ends a fragment.
    EXPECT_TRUE(out.problems.empty() ||
                out.problems.find("warning: phase 2 has no params") !=
                    std::string::npos)
        << out.problems << text;
  }
}

TEST(SchedulesPage, NamesEveryKeyOfAPhase) {
  const std::string page = Page();
  for (const std::string& key : PhaseKeyNames()) {
    EXPECT_NE(page.find("| `" + key + "`"), page.npos) << key;
  }
}

}  // namespace
}  // namespace fts
