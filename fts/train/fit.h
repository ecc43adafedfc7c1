// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A whole run as one call, for `fts fit` and for programs like it: reads and
// checks the configuration, starts the local ranks or joins launched ones, and
// trains.
// Threads: call from main, before any other thread uses torch.
#ifndef FTS_TRAIN_FIT_H_
#define FTS_TRAIN_FIT_H_

#include "fts/core/config/config_args.h"
#include "fts/train/model.h"

namespace fts::train {

// Returns the process's exit code: 0 done, 1 the run failed, 2 bad input, and
// nothing was started. Diagnostics and errors go to stderr.
int RunFit(const ConfigArgs& arguments, const ModelFactory& make_model);

}  // namespace fts::train

#endif  // FTS_TRAIN_FIT_H_
