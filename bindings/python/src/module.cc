// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The extension module: the C interface as Python classes, without comfort.
// fts/__init__.py imports torch and the library first.
#include "bindings/python/src/nouns.h"

PYBIND11_MODULE(_fts, m) {
  m.doc() = "The C interface of fts.";
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
}
