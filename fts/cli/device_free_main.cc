// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The device-free commands as a binary of their own, for tests.
#include <iostream>
#include <string>
#include <vector>

#include "fts/cli/command.h"
#include "fts/cli/device_free.h"

int main(int argc, char** argv) {
  return fts::cli::RunCommandLine(
      fts::cli::DeviceFreeCommands(),
      std::vector<std::string>(argv + 1, argv + argc), {std::cout, std::cerr});
}
