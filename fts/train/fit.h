// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A whole run as one call, for `fts fit` and for programs like it: reads and
// checks the configuration, starts the local ranks or joins launched ones, and
// trains.
// Threads: call from main, before any other thread uses torch.
#ifndef FTS_TRAIN_FIT_H_
#define FTS_TRAIN_FIT_H_

#include <string>
#include <vector>

#include "fts/train/model.h"

namespace fts::train {

struct FitArguments {
  std::vector<std::string> config_files;  // as typed by the user
  std::vector<std::string> overrides;     // "key.path=value", "--key.path", "v"
};

// Returns the process's exit code: 0 done, 1 the run failed, 2 bad input, and
// nothing was started. Diagnostics and errors go to stderr.
int RunFit(const FitArguments& arguments, const ModelFactory& make_model);

// The same from a program's own command line: `--config FILE` (repeatable),
// overrides, `--help`. `default_config`: used when no --config is given; "" =
// one is required.
int RunFitMain(int argc, char** argv, const std::string& default_config,
               const ModelFactory& make_model);

}  // namespace fts::train

#endif  // FTS_TRAIN_FIT_H_
