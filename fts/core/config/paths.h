// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What a relative path is relative to: the directory where the user typed the
// command, or the folder of the file that names it.
// Threads: reads the environment only.
#ifndef FTS_CORE_CONFIG_PATHS_H_
#define FTS_CORE_CONFIG_PATHS_H_

#include <string>

#include "fts/core/base/source_location.h"

namespace fts {

// A path typed on a command line. Under `bazel run` the working directory is
// not the user's; BUILD_WORKING_DIRECTORY is. Absolute paths and "" stay.
std::string UserPath(const std::string& typed);

// A path written at `where`: relative to the folder of that file; without a
// place (a command-line override), as UserPath.
std::string ResolvePath(const std::string& path, const SourceLocation& where);

}  // namespace fts

#endif  // FTS_CORE_CONFIG_PATHS_H_
