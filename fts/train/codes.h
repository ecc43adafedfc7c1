// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Diagnostic codes of fts/train, as they appear in brackets after a message.
// Each one has a line in docs/diagnostics.md. W = a warning.
#ifndef FTS_TRAIN_CODES_H_
#define FTS_TRAIN_CODES_H_

namespace fts::codes {

// Data.
inline constexpr char kDataTooShort[] = "data_too_short";
inline constexpr char kTokenFileSize[] = "token_file_size";
inline constexpr char kTokenDtypeMismatch[] = "token_dtype_mismatch";
inline constexpr char kTokenOutOfRange[] = "token_out_of_range";
inline constexpr char kEpochTooLong[] = "epoch_too_long";
// Learning rates.
inline constexpr char kLambdasNotApplied[] = "lambdas_not_applied";  // W
// Telemetry.
inline constexpr char kOutputDirInUse[] = "output_dir_in_use";
inline constexpr char kOutputDirUnwritable[] = "output_dir_unwritable";

}  // namespace fts::codes

#endif  // FTS_TRAIN_CODES_H_
