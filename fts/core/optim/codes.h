// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Diagnostic codes of optim: optimizers and schedulers named in a config.
// Each is explained with an example in docs/diagnostics.md.
// Threads: constants only.

#ifndef FTS_CORE_OPTIM_CODES_H_
#define FTS_CORE_OPTIM_CODES_H_

namespace fts::codes {

// No optimizer of that name exists.
inline constexpr char kUnknownOptimizer[] = "unknown_optimizer";
// No learning-rate scheduler of that name exists.
inline constexpr char kUnknownLrScheduler[] = "unknown_lr_scheduler";

// An lr_lambda that is no expression of the epoch, or has no usable first
// value.
inline constexpr char kBadExpression[] = "bad_expression";
// Schedulers that cannot be joined as SequentialLR or ChainedScheduler.
inline constexpr char kBadComposition[] = "bad_composition";
// init_pg_lrs lists another number of rates than there are groups.
inline constexpr char kGroupLrsCount[] = "group_lrs_count";  // W

}  // namespace fts::codes

#endif  // FTS_CORE_OPTIM_CODES_H_
