// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The extension module: the C interface as Python classes, without comfort.
// fts/__init__.py imports torch and the library first.
#include "bindings/python/src/nouns.h"

namespace {

// For benchmarks, which print figures of optimised builds only.
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
constexpr bool kOptimized = true;
#else
constexpr bool kOptimized = false;
#endif

}  // namespace

PYBIND11_MODULE(_fts, m) {
  m.doc() = "The C interface of fts.";
  m.attr("OPTIMIZED") = kOptimized;
  fts_python::BindErrors(m);
  fts_python::BindInterrupt(m);
  fts_python::BindModel(m);
  fts_python::BindSchedule(m);
  fts_python::BindPlan(m);
  fts_python::BindScheduler(m);
  fts_python::BindTensor(m);
  fts_python::BindCommunicator(m);
  fts_python::BindMesh(m);
  fts_python::BindSession(m);
  fts_python::BindOptimizer(m);
  fts_python::BindTp(m);
}
