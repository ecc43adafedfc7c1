// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/cli/command.h"

#include <algorithm>
#include <cstddef>
#include <exception>

#include "fts/core/base/codes.h"
#include "fts/core/base/diagnostics_json.h"
#include "fts/core/base/did_you_mean.h"

namespace fts::cli {
namespace {

std::string Join(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

void PrintHelp(const std::vector<Command>& commands, std::ostream& out) {
  out << "fts: scheduled fine-tuning of sharded models\n\n"
         "Usage: fts COMMAND [options]\n\nCommands:\n";
  size_t width = 0;
  for (const Command& c : commands) {
    width = std::max(width, Join(c.path).size());
  }
  for (const Command& c : commands) {
    const std::string name = Join(c.path);
    out << "  " << name << std::string(width + 2 - name.size(), ' ')
        << c.summary << "\n";
  }
  out << "\n`fts COMMAND --help` lists a command's options.\n";
}

bool StartsWith(const std::vector<std::string>& args,
                const std::vector<std::string>& path) {
  return args.size() >= path.size() &&
         std::equal(path.begin(), path.end(), args.begin());
}

// "unknown command 'shedule resolve'; did you mean 'schedule resolve'?"
std::string UnknownCommand(const std::vector<Command>& commands,
                           const std::vector<std::string>& args) {
  // A known first word misses its second one.
  std::string seconds;
  std::vector<std::string> known, known_seconds;
  for (const Command& c : commands) {
    known.push_back(Join(c.path));
    if (c.path.size() > 1 && c.path[0] == args[0]) {
      known_seconds.push_back(c.path[1]);
      seconds += (seconds.empty() ? "" : ", ") + c.path[1];
    }
  }
  const bool second = args.size() > 1 && args[1].rfind("-", 0) != 0;
  if (!known_seconds.empty()) {
    if (!second) {
      return "'" + args[0] + "' needs a second word: " + seconds;
    }
    return "unknown command '" + args[0] + " " + args[1] + "'; '" + args[0] +
           "' goes with " + seconds + DidYouMean(args[1], known_seconds);
  }
  std::string suggestion =
      second ? DidYouMean(args[0] + " " + args[1], known) : "";
  if (suggestion.empty()) {
    std::vector<std::string> firsts;
    for (const Command& c : commands) firsts.push_back(c.path[0]);
    suggestion = DidYouMean(args[0], firsts);
  }
  return "unknown command '" + args[0] + "'" + suggestion +
         (suggestion.empty() ? "; `fts --help` lists the commands" : "");
}

}  // namespace

bool WantsJson(const std::vector<std::string>& args) {
  return std::find(args.begin(), args.end(), "--json") != args.end();
}

int Report(const Diagnostics& diags, bool json, Streams io) {
  io.err << diags.ToString();
  if (diags.ok()) return kOk;
  if (json) io.out << ErrorsToJson(diags) << "\n";
  return kBadInput;
}

int UsageError(const std::string& message, bool json, Streams io) {
  Diagnostics diags;
  diags.Error(codes::kUsage, message);
  return Report(diags, json, io);
}

int RunCommandLine(const std::vector<Command>& commands,
                   const std::vector<std::string>& args, Streams io) {
  const bool json = WantsJson(args);
  if (args.empty()) {
    PrintHelp(commands, io.err);
    return kBadInput;
  }
  if (args[0] == "help" || args[0] == "--help" || args[0] == "-h") {
    PrintHelp(commands, io.out);
    return kOk;
  }
  if (args[0] == "--json" && args.size() == 1) {
    return UsageError("a command is missing; `fts --help` lists them", json,
                      io);
  }
  for (const Command& c : commands) {
    if (!StartsWith(args, c.path)) continue;
    try {
      return c.run({args.begin() + c.path.size(), args.end()}, io);
    } catch (const std::exception& e) {
      io.err << "error: fts failed unexpectedly: " << e.what() << "\n";
      return kFailed;
    }
  }
  return UsageError(UnknownCommand(commands, args), json, io);
}

}  // namespace fts::cli
