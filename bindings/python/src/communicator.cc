// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/communicator.h"

#include "bindings/python/src/nouns.h"

namespace fts_python {
namespace {

fts_reduce_op Op(const std::string& op) {
  if (op == "sum") return FTS_REDUCE_OP_SUM;
  if (op == "max") return FTS_REDUCE_OP_MAX;
  throw py::value_error("op is '" + op + "'; it must be sum or max");
}

template <typename Issue>
Event Issued(const Issue& issue) {
  Event event;
  Check(Unlocked([&] { return issue(event.out()); }));
  return event;
}

// fn(error or None) on whatever thread the event ends.
void OnReady(const Event& event, py::function fn) {
  Check(fts_event_on_ready(
      event.get(),
      [](const fts_status* status, void* data) {
        if (Py_IsInitialized() == 0 || _Py_IsFinalizing()) return;
        const py::gil_scoped_acquire gil;
        try {
          const py::object error =
              status == nullptr
                  ? py::object(py::none())
                  : py::object(py::str(Text(fts_status_message(status))));
          (*static_cast<py::function*>(data))(error);
        } catch (py::error_already_set& raised) {
          raised.discard_as_unraisable("fts event callback");
        }
      },
      new py::function(std::move(fn)),
      [](void* data) {
        if (Py_IsInitialized() == 0 || _Py_IsFinalizing()) return;
        const py::gil_scoped_acquire gil;
        delete static_cast<py::function*>(data);
      }));
}

}  // namespace

void BindCommunicator(py::module_& m) {
  py::class_<Event>(m, "Event", "Work in flight.")
      .def("is_ready",
           [](const Event& e) { return fts_event_is_ready(e.get()) != 0; })
      .def(
          "wait",
          [](const Event& e, double timeout) {
            const auto ns = static_cast<int64_t>(timeout * 1e9);
            Check(Unlocked([&] { return fts_event_wait(e.get(), ns); }));
          },
          py::arg("timeout") = -1.0, "Seconds; negative: for ever.")
      .def("on_ready", &OnReady, py::arg("fn"));

  py::class_<Communicator>(m, "Communicator", "Collective calls.")
      .def_property_readonly(
          "rank",
          [](const Communicator& c) { return fts_communicator_rank(c.get()); })
      .def_property_readonly(
          "size",
          [](const Communicator& c) { return fts_communicator_size(c.get()); })
      .def(
          "all_gather",
          [](Communicator& c, const py::object& full) {
            const Tensor tensor = FromTorch(full);
            return Issued([&](fts_event** out) {
              return fts_communicator_all_gather(c.get(), tensor.get(), out);
            });
          },
          py::arg("full"), "In place; this rank's slice is its input.")
      .def(
          "reduce_scatter",
          [](Communicator& c, const py::object& input, const py::object& output,
             const std::string& op) {
            const Tensor in = FromTorch(input), into = FromTorch(output);
            const fts_reduce_op how = Op(op);
            return Issued([&](fts_event** out) {
              return fts_communicator_reduce_scatter(c.get(), in.get(),
                                                     into.get(), how, out);
            });
          },
          py::arg("input"), py::arg("output"), py::arg("op") = "sum")
      .def(
          "all_reduce",
          [](Communicator& c, const py::object& object, const std::string& op) {
            const Tensor tensor = FromTorch(object);
            const fts_reduce_op how = Op(op);
            return Issued([&](fts_event** out) {
              return fts_communicator_all_reduce(c.get(), tensor.get(), how,
                                                 out);
            });
          },
          py::arg("tensor"), py::arg("op") = "sum", "In place.")
      .def(
          "broadcast",
          [](Communicator& c, const py::object& object, int root) {
            const Tensor tensor = FromTorch(object);
            return Issued([&](fts_event** out) {
              return fts_communicator_broadcast(c.get(), tensor.get(), root,
                                                out);
            });
          },
          py::arg("tensor"), py::arg("root") = 0);
}

}  // namespace fts_python
