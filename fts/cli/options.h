// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The options of one command, on CLI11: its exceptions end here and become
// diagnostics and exit codes.
//
//   Options options("schedule resolve", "…", args, io);
//   std::string model;
//   options.Required("--model", &model, "FILE", "model description");
//   if (auto exit = options.Parse()) return *exit;
//
// Threads: confined to one thread.
#ifndef FTS_CLI_OPTIONS_H_
#define FTS_CLI_OPTIONS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fts/cli/command.h"

namespace fts::cli {

class Options {
 public:
  Options(const std::string& command, const std::string& description,
          std::vector<std::string> args, Streams io);
  ~Options();

  // The targets must outlive Parse().
  void Required(const std::string& name, std::string* out,
                const std::string& type, const std::string& help);
  void Optional(const std::string& name, std::optional<std::string>* out,
                const std::string& type, const std::string& help);
  void Optional(const std::string& name, std::optional<int64_t>* out,
                const std::string& type, const std::string& help);
  void Flag(const std::string& name, bool* out, const std::string& help);

  // Reads the arguments. Empty: go on. Else the exit code: help was printed, or
  // a usage error reported. --json is always accepted.
  std::optional<int> Parse();

  bool json() const { return json_; }

 private:
  struct App;
  std::unique_ptr<App> app_;
  std::vector<std::string> args_;
  Streams io_;
  bool json_ = false;
};

}  // namespace fts::cli

#endif  // FTS_CLI_OPTIONS_H_
