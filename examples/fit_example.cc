// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Fine-tunes a small pre-trained Llama in three phases, sharded as a config
// says. One source, a program per config:
//
//   tools/bazel run //examples:llama_fsdp_auto   FSDP units by name patterns
//   tools/bazel run //examples:llama_tp_plan     tensor parallel, loss parallel
//   tools/bazel run //examples:llama_2d          both, on 2 x 2 ranks
//   tools/bazel run //examples:llama_fsdp_auto -- trainer.cpu_ranks=1
//   tools/bazel run //examples:llama_fsdp_auto -- --config my_run.yaml
//
// Everything is in the config: examples/<program>.yaml says what to train on
// what and how it is sharded, llama_ft_schedule.yaml which parameters thaw
// when.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "fts/cli/llama_model.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/config/config_args.h"
#include "fts/train/fit.h"

namespace {

// The program's name, and that of its config; given by its build target.
constexpr char kExample[] = FTS_EXAMPLE;

// Found from the repository's root and under `bazel run` alike.
std::string DefaultConfig() {
  const std::filesystem::path config =
      std::string("examples/") + kExample + ".yaml";
  std::error_code error;
  const auto found = std::filesystem::canonical(config, error);
  return error ? config.string() : found.string();
}

bool IsConfigFlag(const std::string& arg) {
  return arg == "-c" || arg == "--config" || arg.rfind("--config=", 0) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  // The command line: `--config FILE`..., then `key.path=value` overrides.
  std::vector<std::string> args(argv + 1, argv + argc);
  if (std::none_of(args.begin(), args.end(), IsConfigFlag)) {
    args.insert(args.begin(), {"--config", DefaultConfig()});
  }
  fts::Diagnostics diags;
  const fts::ConfigArgs given = fts::ReadConfigArgs(args, {}, &diags);
  if (given.flags.count("--help") > 0) {
    std::cout << "usage: " << kExample
              << " [--config FILE]... [key.path=value]...\n";
    return 0;
  }
  if (!diags.ok()) {
    std::cerr << std::string(diags.status().message()) << "\n";
    return 2;
  }
  // Reads and checks the config, resolves schedule and plan against the model,
  // starts the ranks, and trains. Another model is another factory.
  return fts::train::RunFit(given, fts::cli::MakeLlamaModel);
}
