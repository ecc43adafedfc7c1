// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/plan.h"

#include "bindings/python/src/nouns.h"
#include "fts/capi/tp_plan.h"

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

// "replicate", "shard(1)", "partial", or None.
py::object Layout(const fts_placement& placement) {
  switch (placement.kind) {
    case FTS_PLACEMENT_KIND_REPLICATE:
      return py::str("replicate");
    case FTS_PLACEMENT_KIND_PARTIAL:
      return py::str("partial");
    case FTS_PLACEMENT_KIND_SHARD:
      return py::str("shard(" + std::to_string(placement.dim) + ")");
    default:
      return py::none();
  }
}

const char* StyleName(fts_tp_style style) {
  switch (style) {
    case FTS_TP_STYLE_COLWISE:
      return "colwise";
    case FTS_TP_STYLE_ROWWISE:
      return "rowwise";
    case FTS_TP_STYLE_SEQUENCE:
      return "sequence";
    case FTS_TP_STYLE_PREPARE_INPUT:
      return "prepare_input";
    case FTS_TP_STYLE_PREPARE_OUTPUT:
      return "prepare_output";
    case FTS_TP_STYLE_PREPARE_INPUT_OUTPUT:
      return "prepare_input_output";
    default:
      return "unspecified";
  }
}

using GetPair = fts_status* (*)(const fts_plan*, size_t, size_t, fts_placement*,
                                fts_placement*);

// [(before, after)] of a rule's arguments or results.
py::list Pairs(const Plan& plan, size_t rule, size_t size, GetPair get) {
  py::list out;
  for (size_t i = 0; i < size; ++i) {
    fts_placement before;
    fts_placement after;
    Check(get(plan.get(), rule, i, &before, &after));
    out.append(py::make_tuple(Layout(before), Layout(after)));
  }
  return out;
}

py::dict Tp(const Plan& plan) {
  fts_tp_info info;
  Check(fts_plan_get_tp(plan.get(), &info));
  py::list rules;
  for (size_t i = 0; i < info.num_rules; ++i) {
    fts_tp_rule rule;
    Check(fts_plan_get_tp_rule(plan.get(), i, &rule));
    py::dict one;
    one["module"] = Text(rule.module);
    one["class"] = Text(rule.class_name);
    one["style"] = StyleName(rule.style);
    one["use_local_output"] = rule.use_local_output != 0;
    one["whole"] = rule.whole;
    one["inputs"] = Pairs(plan, i, rule.num_inputs, fts_plan_get_tp_input);
    one["outputs"] = Pairs(plan, i, rule.num_outputs, fts_plan_get_tp_output);
    rules.append(one);
  }
  py::dict parameters;
  for (size_t i = 0; i < info.num_parameters; ++i) {
    fts_tp_parameter parameter;
    Check(fts_plan_get_tp_parameter(plan.get(), i, &parameter));
    parameters[py::str(Text(parameter.name))] = py::make_tuple(
        Layout(parameter.placement), parameter.partial_gradient != 0);
  }
  py::dict out;
  out["size"] = info.size;
  out["loss_parallel"] = info.loss_parallel != 0;
  out["sequence_parallel"] = info.sequence_parallel != 0;
  out["loss_module"] = Text(info.loss_module);
  out["rules"] = rules;
  out["parameters"] = parameters;
  return out;
}

}  // namespace

void BindPlan(py::module_& m) {
  py::class_<Plan>(m, "Plan", "A sharding plan resolved against a model.")
      .def(py::init([](const Model& model, const Schedule* schedule,
                       const std::string& yaml, const std::string& name,
                       int tp) {
             fts_plan_options options = FTS_PLAN_OPTIONS_INIT;
             options.tp = tp;
             Plan plan;
             Diagnostics found;
             fts_status* status = Unlocked([&] {
               return fts_plan_resolve_with(
                   model.get(), schedule == nullptr ? nullptr : schedule->get(),
                   View(yaml), View(name), &options, found.out(), plan.out());
             });
             Check(status, found);
             return plan;
           }),
           py::arg("model"), py::arg("schedule").none(true), py::arg("yaml"),
           py::arg("name") = "strategy_adapter_cfg", py::arg("tp") = 1)
      .def("num_units",
           [](const Plan& p) { return fts_plan_num_units(p.get()); })
      .def("unit", &Unit, py::arg("i"),
           "Unit i; the number of units is the remainder.")
      .def("tp", &Tp, "The resolved tp_plan.")
      .def("to_json", [](const Plan& p) { return TextOf(p, fts_plan_to_json); })
      .def("to_full_json",
           [](const Plan& p) { return TextOf(p, fts_plan_to_full_json); })
      .def("to_text",
           [](const Plan& p) { return TextOf(p, fts_plan_to_text); });
}

}  // namespace fts_python
