// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Reads a whole small text file, with errors a user can act on.
// Threads: no state.
#ifndef FTS_CORE_CONFIG_READ_FILE_H_
#define FTS_CORE_CONFIG_READ_FILE_H_

#include <cstdint>
#include <string>

#include "fts/core/base/diagnostics.h"

namespace fts {

// False after an error: the file is missing, a directory, unreadable, or longer
// than `max_bytes`. `where`, if known, is the place that names the file.
bool ReadTextFile(const std::string& path, int64_t max_bytes, std::string* text,
                  Diagnostics* diags, const SourceLocation& where = {});

}  // namespace fts

#endif  // FTS_CORE_CONFIG_READ_FILE_H_
