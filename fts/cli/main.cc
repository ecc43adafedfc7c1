// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The `fts` binary: the table of commands. To add one, write its file and its
// line here.
#include <iostream>
#include <string>
#include <vector>

#include "fts/cli/build_facts.h"
#include "fts/cli/command.h"
#include "fts/cli/device_free.h"
#include "fts/cli/fit.h"
#include "fts/cli/llama_model.h"
#include "fts/cli/version.h"

int main(int argc, char** argv) {
  std::vector<fts::cli::Command> commands =
      fts::cli::DeviceFreeCommands(fts::cli::DescribeLlamaModel);
  commands.push_back(fts::cli::FitCommand());
  commands.push_back(fts::cli::VersionCommand(fts::cli::ThisBuild()));
  return fts::cli::RunCommandLine(
      commands, std::vector<std::string>(argv + 1, argv + argc),
      {std::cout, std::cerr});
}
