// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A figure from an unoptimised build is no figure: benchmarks end there.
// Threads: no state.
#ifndef BENCHMARKS_OPT_MODE_H_
#define BENCHMARKS_OPT_MODE_H_

#include <cstdio>

namespace fts::benchmarks {

// False, with a line on stderr, when this was not built with -c opt or runs
// under a sanitizer.
inline bool MayPrintNumbers() {
#if FTS_OPT_MODE && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
  return true;
#else
  std::fprintf(stderr,
               "this is no optimised build, so its numbers would mean nothing; "
               "build with --config=opt and without sanitizers\n");
  return false;
#endif
}

}  // namespace fts::benchmarks

#endif  // BENCHMARKS_OPT_MODE_H_
