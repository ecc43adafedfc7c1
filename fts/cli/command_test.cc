// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/cli/command.h"

#include <gtest/gtest.h>

#include <sstream>
#include <stdexcept>

#include "fts/cli/options.h"

namespace fts::cli {
namespace {

using Args = std::vector<std::string>;

struct Result {
  int exit;
  std::string out, err;
};

int RunCook(const Args& args, Streams io) {
  std::string dish;
  std::optional<std::string> sauce;
  std::optional<int64_t> minutes;
  bool hot = false;
  Options options("kitchen cook", "Cooks.", args, io);
  options.Required("--dish", &dish, "NAME", "what");
  options.Optional("--sauce", &sauce, "NAME", "with");
  options.Optional("--minutes", &minutes, "N", "how long");
  options.Flag("--hot", &hot, "spicy");
  if (const auto exit = options.Parse()) return *exit;
  io.out << dish << "," << sauce.value_or("-") << "," << minutes.value_or(-7)
         << "," << hot << "," << options.json();
  return kOk;
}

Result Fts(const Args& args) {
  const std::vector<Command> commands = {
      {{"kitchen", "cook"}, "cook a dish", RunCook},
      {{"kitchen", "clean"},
       "clean up",
       [](const Args&, Streams) -> int { throw std::runtime_error("oops"); }},
      {{"eat"}, "eat it", [](const Args&, Streams) { return kFailed; }},
  };
  std::ostringstream out, err;
  const int exit = RunCommandLine(commands, args, {out, err});
  return {exit, out.str(), err.str()};
}

TEST(RunCommandLine, FindsCommandsAndPassesExitCodes) {
  EXPECT_EQ(Fts({"eat"}).exit, 1);
  const Result failed = Fts({"kitchen", "clean"});
  EXPECT_EQ(failed.exit, 1);
  EXPECT_EQ(failed.err, "error: fts failed unexpectedly: oops\n");
}

TEST(RunCommandLine, Help) {
  const std::string help =
      "fts: scheduled fine-tuning of sharded models\n\n"
      "Usage: fts COMMAND [options]\n\nCommands:\n"
      "  kitchen cook   cook a dish\n"
      "  kitchen clean  clean up\n"
      "  eat            eat it\n"
      "\n`fts COMMAND --help` lists a command's options.\n";
  for (const char* word : {"help", "--help", "-h"}) {
    EXPECT_EQ(Fts({word}).exit, 0);
    EXPECT_EQ(Fts({word}).out, help);
  }
  const Result bare = Fts({});
  EXPECT_EQ(bare.exit, 2);
  EXPECT_EQ(bare.out, "");
  EXPECT_EQ(bare.err, help);
}

TEST(RunCommandLine, UnknownCommands) {
  EXPECT_EQ(Fts({"eet"}).exit, 2);
  EXPECT_EQ(Fts({"eet"}).err,
            "error: unknown command 'eet'; did you mean 'eat'? [usage]\n");
  EXPECT_EQ(Fts({"kichen", "cook"}).err,
            "error: unknown command 'kichen'; did you mean 'kitchen cook'? "
            "[usage]\n");
  EXPECT_EQ(Fts({"kitchen"}).err,
            "error: 'kitchen' needs a second word: cook, clean [usage]\n");
  EXPECT_EQ(Fts({"kitchen", "cok"}).err,
            "error: unknown command 'kitchen cok'; 'kitchen' goes with cook, "
            "clean; did you mean 'cook'? [usage]\n");
  EXPECT_EQ(Fts({"zebra"}).err,
            "error: unknown command 'zebra'; `fts --help` lists the commands "
            "[usage]\n");
  const Result json = Fts({"zebra", "--json"});
  EXPECT_EQ(json.out,
            "{\"errors\":[{\"code\":\"usage\",\"message\":\"unknown command "
            "'zebra'; `fts --help` lists the commands\",\"file\":null,"
            "\"line\":null,\"column\":null}]}\n");
}

TEST(Options, ReadsAllTypes) {
  EXPECT_EQ(Fts({"kitchen", "cook", "--dish", "x"}).out, "x,-,-7,0,0");
  EXPECT_EQ(Fts({"kitchen", "cook", "--dish=x", "--sauce", "y", "--minutes",
                 "-1", "--hot", "--json"})
                .out,
            "x,y,-1,1,1");
  const Result help = Fts({"kitchen", "cook", "--help"});
  EXPECT_EQ(help.exit, 0);
  EXPECT_NE(help.out.find("--minutes N"), std::string::npos) << help.out;
}

TEST(Options, Errors) {
  const std::string see = "; `fts kitchen cook --help` lists the options";
  const auto error = [&](const Args& args) {
    Args all = {"kitchen", "cook"};
    all.insert(all.end(), args.begin(), args.end());
    const Result result = Fts(all);
    EXPECT_EQ(result.exit, 2);
    EXPECT_EQ(result.out, "");
    return result.err;
  };
  EXPECT_EQ(error({}), "error: --dish is required" + see + " [usage]\n");
  EXPECT_EQ(error({"--dish", "x", "--minuts", "3"}),
            "error: unknown option '--minuts'; did you mean '--minutes'? "
            "[usage]\n");
  EXPECT_EQ(error({"--dsh", "x"}),
            "error: --dish is required" + see +
                " [usage]\n"
                "error: unknown option '--dsh'; did you mean '--dish'? "
                "[usage]\n");
  EXPECT_EQ(error({"--dish", "x", "extra"}),
            "error: unknown option 'extra'" + see + " [usage]\n");
  EXPECT_NE(error({"--dish", "x", "--minutes", "soon"}).find("soon"),
            std::string::npos);
  EXPECT_NE(error({"--dish"}).find("--dish"), std::string::npos);
}

TEST(Options, ErrorsAsJson) {
  const Result result = Fts({"kitchen", "cook", "--json"});
  EXPECT_EQ(result.exit, 2);
  EXPECT_EQ(result.out,
            "{\"errors\":[{\"code\":\"usage\",\"message\":\"--dish is "
            "required; `fts kitchen cook --help` lists the options\","
            "\"file\":null,\"line\":null,\"column\":null}]}\n");
}

}  // namespace
}  // namespace fts::cli
