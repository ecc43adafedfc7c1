// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// From fts_status and fts_diagnostics to Python's exceptions and tuples, and
// from a Python exception inside a callback to a status and back: it is raised
// again where the call that ran the callback returns, as the cause.
// Threads: the GIL is held, except in Call.

#ifndef BINDINGS_PYTHON_SRC_ERRORS_H_
#define BINDINGS_PYTHON_SRC_ERRORS_H_

#include "bindings/python/src/handle.h"
#include "fts/capi/diagnostics.h"
#include "fts/capi/mesh.h"
#include "fts/capi/status.h"

namespace fts_python {

using Diagnostics = Handle<fts_diagnostics, fts_diagnostics_release>;

// Raises what fts.errors makes of a status that is not NULL; releases it.
// `diagnostics` may be empty.
void Check(fts_status* status, const Diagnostics& diagnostics = {});

// [(severity, code, message, file, line, column)]: "warning" or "error".
py::list ToList(const Diagnostics& diagnostics);

// The status of the Python exception that is set, which is kept for Check.
fts_status* TakePythonError(py::error_already_set& error);

// Calls into the interface without the GIL.
template <typename F>
fts_status* Unlocked(F&& call) {
  py::gil_scoped_release release;
  return call();
}

// The same for calls that wait for other ranks of `mesh`: Ctrl-C aborts the
// mesh, so that the wait ends, and raises KeyboardInterrupt. NULL: the call
// waits for nobody.
class Interruptible {
 public:
  explicit Interruptible(fts_mesh* mesh);
  ~Interruptible();
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;
  // Raises KeyboardInterrupt when the call was interrupted; the GIL is held.
  static void RaiseIfInterrupted();

 private:
  bool armed_ = false;
};

template <typename F>
void CheckBlocking(fts_mesh* mesh, F&& call) {
  fts_status* status = nullptr;
  {
    py::gil_scoped_release release;
    const Interruptible guard(mesh);
    status = call();
  }
  Interruptible::RaiseIfInterrupted();
  Check(status);
}

void BindErrors(py::module_& m);

}  // namespace fts_python

#endif  // BINDINGS_PYTHON_SRC_ERRORS_H_
