// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/optimizer.h"

#include <pybind11/stl.h>

#include <optional>

#include "bindings/python/src/nouns.h"

namespace fts_python {
namespace {

// With the mesh that a step waits on.
struct OwnOptimizer {
  Mesh mesh;
  Optimizer optimizer;
  fts_optimizer* get() const { return optimizer.get(); }
};

std::unique_ptr<OwnOptimizer> Create(Session& session, const std::string& yaml,
                                     const std::string& name) {
  auto out = std::make_unique<OwnOptimizer>();
  fts_mesh_retain(session.mesh.get());
  out->mesh = Mesh(session.mesh.get());
  Diagnostics found;
  fts_status* status = Unlocked([&] {
    return fts_optimizer_create(session.get(), View(yaml), View(name),
                                found.out(), out->optimizer.out());
  });
  Check(status, found);
  return out;
}

py::dict Group(const OwnOptimizer& optimizer, size_t i) {
  fts_group_info info;
  Check(fts_optimizer_get_group(optimizer.get(), i, &info));
  py::dict out;
  out["name"] = Text(info.name);
  out["lr"] = info.lr;
  out["initial_lr"] = info.initial_lr;
  out["weight_decay"] = info.weight_decay;
  return out;
}

}  // namespace

void BindOptimizer(py::module_& m) {
  py::class_<OwnOptimizer>(m, "Optimizer", "Ours, over a session's shards.")
      .def(py::init(&Create), py::arg("session"), py::arg("yaml") = "",
           py::arg("name") = "optimizer")
      .def(
          "add_groups",
          [](OwnOptimizer& o, int phase, std::optional<double> lr) {
            Check(fts_optimizer_add_groups(o.get(), phase, lr.has_value(),
                                           lr.value_or(0)));
          },
          py::arg("phase"), py::arg("lr"))
      .def(
          "replace",
          [](OwnOptimizer& o, int phase) {
            Check(fts_optimizer_replace(o.get(), phase));
          },
          py::arg("phase"))
      .def(
          "replace_lr_scheduler",
          [](OwnOptimizer& o, int phase) {
            Check(fts_optimizer_replace_lr_scheduler(o.get(), phase));
          },
          py::arg("phase"))
      .def(
          "step",
          [](OwnOptimizer& o, int phase, double loss, double seconds,
             bool check_finite) {
            fts_step_args args = FTS_STEP_ARGS_INIT;
            args.loss = loss;
            args.seconds = seconds;
            args.check_finite = check_finite ? 1 : 0;
            fts_step_info info;
            CheckBlocking(o.mesh.get(), [&] {
              return fts_optimizer_step(o.get(), phase, &args, &info);
            });
            return py::make_tuple(info.loss, info.grad_norm, info.seconds);
          },
          py::arg("phase"), py::arg("loss") = 0.0, py::arg("seconds") = 0.0,
          py::arg("check_finite") = true)
      .def_property_readonly("name",
                             [](const OwnOptimizer& o) {
                               return Text(fts_optimizer_name(o.get()));
                             })
      .def("num_groups",
           [](const OwnOptimizer& o) {
             return fts_optimizer_num_groups(o.get());
           })
      .def("group", &Group, py::arg("i"))
      .def(
          "set_lr",
          [](OwnOptimizer& o, size_t i, double lr) {
            Check(fts_optimizer_set_lr(o.get(), i, lr));
          },
          py::arg("i"), py::arg("lr"))
      .def(
          "after_step",
          [](OwnOptimizer& o, int64_t step_in_epoch) {
            Check(fts_optimizer_after_step(o.get(), step_in_epoch));
          },
          py::arg("step_in_epoch"))
      .def(
          "after_epoch",
          [](OwnOptimizer& o, int64_t epoch) {
            Check(fts_optimizer_after_epoch(o.get(), epoch));
          },
          py::arg("epoch"))
      .def(
          "after_validation",
          [](OwnOptimizer& o, int64_t epoch, double metric) {
            Check(fts_optimizer_after_validation(o.get(), epoch, metric));
          },
          py::arg("epoch"), py::arg("metric"));
}

}  // namespace fts_python
