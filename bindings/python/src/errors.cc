// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "bindings/python/src/errors.h"

#include <pybind11/functional.h>
#include <pybind11/stl.h>

#include <optional>
#include <vector>

namespace fts_python {
namespace {

// fts.errors.make(code, message, details, diagnostics) -> exception. Never
// freed: errors may be raised while the interpreter shuts down.
py::object& Factory() {
  static auto* factory = new py::object;
  return *factory;
}

// Exceptions of callbacks on their way to Check, by thread.
thread_local std::optional<py::error_already_set> pending;

}  // namespace

py::list ToList(const Diagnostics& diagnostics) {
  py::list out;
  for (size_t i = 0; i < fts_diagnostics_size(diagnostics.get()); ++i) {
    fts_diagnostic d;
    Check(fts_diagnostics_get(diagnostics.get(), i, &d));
    const bool placed = d.file.size > 0;
    out.append(
        py::make_tuple(d.severity == FTS_SEVERITY_ERROR ? "error" : "warning",
                       Text(d.code), Text(d.message),
                       placed ? py::object(py::str(Text(d.file))) : py::none(),
                       placed ? py::object(py::int_(d.line)) : py::none(),
                       placed ? py::object(py::int_(d.column)) : py::none()));
  }
  return out;
}

void Check(fts_status* status, const Diagnostics& diagnostics) {
  if (status == nullptr) {
    pending.reset();
    return;
  }
  py::dict details;
  for (size_t i = 0; i < fts_status_num_details(status); ++i) {
    details[py::str(Text(fts_status_detail_key(status, i)))] =
        Text(fts_status_detail_value(status, i));
  }
  const std::string message = Text(fts_status_message(status));
  const fts_code code = fts_status_code(status);
  fts_status_release(status);
  if (!Factory()) throw std::runtime_error(message);
  py::object error = Factory()(code, message, details, ToList(diagnostics));
  if (pending.has_value()) {
    error.attr("__cause__") = pending->value();
    pending.reset();
  }
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.ptr())),
                  error.ptr());
  throw py::error_already_set();
}

fts_status* TakePythonError(py::error_already_set& error) {
  const std::string message = error.what();
  pending.emplace(std::move(error));
  // Its first line: the exception itself comes with the traceback.
  const std::string line = message.substr(0, message.find('\n'));
  return fts_status_create(FTS_CODE_UNKNOWN, View(line));
}

void BindErrors(py::module_& m) {
  m.def(
      "set_error_factory",
      [](py::function factory) { Factory() = std::move(factory); },
      py::arg("factory"),
      "Called with (code, message, details, diagnostics); returns the "
      "exception "
      "to raise.");
}

}  // namespace fts_python
