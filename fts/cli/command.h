// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What a command of the `fts` binary is, and how one is found and run.
// A command gets its arguments and two streams, and returns an exit code; it
// never exits or touches std::cout itself, so tests run it in-process.
// Threads: none here.
#ifndef FTS_CLI_COMMAND_H_
#define FTS_CLI_COMMAND_H_

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "fts/core/base/diagnostics.h"

namespace fts::cli {

// Exit codes, for every command.
inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;    // the run failed
inline constexpr int kBadInput = 2;  // nothing was started

struct Streams {
  std::ostream& out;  // the result, and nothing else
  std::ostream& err;  // everything said on the way
};

struct Command {
  std::vector<std::string> path;  // {"schedule", "resolve"}
  std::string summary;            // one line for the help text
  std::function<int(const std::vector<std::string>& args, Streams io)> run;
};

// Finds the command that `args` (without the program's name) begins with and
// runs it on the rest. No arguments, `help`, --help and -h print the list.
// Unknown names are usage errors with a suggestion. Exceptions end as kFailed.
int RunCommandLine(const std::vector<Command>& commands,
                   const std::vector<std::string>& args, Streams io);

// True when --json is among the arguments: then errors go to standard output as
// JSON as well.
bool WantsJson(const std::vector<std::string>& args);

// Writes errors and warnings as text to io.err; with `json` and at least one
// error also {"errors": [...]} to io.out. Returns kBadInput or kOk.
int Report(const Diagnostics& diags, bool json, Streams io);

// A usage error, reported; returns kBadInput.
int UsageError(const std::string& message, bool json, Streams io);

}  // namespace fts::cli

#endif  // FTS_CLI_COMMAND_H_
