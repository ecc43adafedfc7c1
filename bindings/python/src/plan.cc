// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "bindings/python/src/nouns.h"

namespace fts_python {
namespace {

using ToText = fts_status* (*)(const fts_plan*, fts_buffer**);

std::string TextOf(const Plan& plan, ToText to_text) {
  Buffer out;
  Check(to_text(plan.get(), out.out()));
  return Text(out);
}

py::dict Unit(const Plan& plan, size_t i) {
  fts_unit_info info;
  Check(fts_plan_get_unit(plan.get(), i, &info));
  py::dict out;
  out["module"] = Text(info.module);
  out["is_root"] = info.is_root != 0;
  out["reshard"] = info.reshard != 0;
  out["num_elements"] = info.num_elements;
  out["num_parameters"] = info.num_parameters;
  return out;
}

}  // namespace

void BindPlan(py::module_& m) {
  py::class_<Plan>(m, "Plan", "A sharding plan resolved against a model.")
      .def(py::init([](const Model& model, const Schedule* schedule,
                       const std::string& yaml, const std::string& name) {
             Plan plan;
             Diagnostics found;
             fts_status* status = Unlocked([&] {
               return fts_plan_resolve(
                   model.get(), schedule == nullptr ? nullptr : schedule->get(),
                   View(yaml), View(name), found.out(), plan.out());
             });
             Check(status, found);
             return plan;
           }),
           py::arg("model"), py::arg("schedule").none(true), py::arg("yaml"),
           py::arg("name") = "strategy_adapter_cfg")
      .def("num_units",
           [](const Plan& p) { return fts_plan_num_units(p.get()); })
      .def("unit", &Unit, py::arg("i"),
           "Unit i; the number of units is the remainder.")
      .def("to_json", [](const Plan& p) { return TextOf(p, fts_plan_to_json); })
      .def("to_full_json",
           [](const Plan& p) { return TextOf(p, fts_plan_to_full_json); })
      .def("to_text",
           [](const Plan& p) { return TextOf(p, fts_plan_to_text); });
}

}  // namespace fts_python
