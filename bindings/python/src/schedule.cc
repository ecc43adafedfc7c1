// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include <pybind11/stl.h>

#include <optional>

#include "bindings/python/src/nouns.h"

namespace fts_python {
namespace {

fts_generate_by GenerateBy(const std::string& by) {
  if (by == "pairs") return FTS_GENERATE_BY_PAIRS;
  if (by == "blocks") return FTS_GENERATE_BY_BLOCKS;
  if (by == "depth") return FTS_GENERATE_BY_DEPTH;
  throw py::value_error("by is '" + by +
                        "'; it must be pairs, blocks or depth");
}

fts_match Match(const std::string& match) {
  if (match == "prefix") return FTS_MATCH_PREFIX;
  if (match == "full") return FTS_MATCH_FULL;
  throw py::value_error("match is '" + match + "'; it must be prefix or full");
}

py::dict Phase(const Schedule& schedule, size_t index) {
  fts_phase_info info;
  Check(fts_schedule_get_phase(schedule.get(), index, &info));
  py::list params, freeze;
  for (size_t i = 0; i < info.num_params; ++i) {
    fts_string name;
    Check(fts_schedule_get_param(schedule.get(), index, i, &name));
    params.append(Text(name));
  }
  for (size_t i = 0; i < info.num_freeze; ++i) {
    fts_string name;
    Check(fts_schedule_get_freeze(schedule.get(), index, i, &name));
    freeze.append(Text(name));
  }
  py::dict out;
  out["phase"] = info.index;
  out["params"] = params;
  out["freeze"] = freeze;
  out["lr"] = info.has_lr != 0 ? py::object(py::float_(info.lr)) : py::none();
  out["max_transition_epoch"] = info.max_transition_epoch;
  return out;
}

}  // namespace

void BindSchedule(py::module_& m) {
  m.def(
      "generate_schedule",
      [](const Model& model, const std::string& by, int phases) {
        Buffer out;
        const fts_generate_by how = GenerateBy(by);
        Check(Unlocked([&] {
          return fts_schedule_generate(model.get(), how, phases, out.out());
        }));
        return Text(out);
      },
      py::arg("model"), py::arg("by") = "pairs", py::arg("phases") = 0,
      "Schedule text (YAML): by pairs, blocks or depth.");

  py::class_<Schedule>(m, "Schedule", "A schedule resolved against a model.")
      .def(py::init([](const Model& model, const std::string& yaml,
                       const std::string& name, bool epoch_transitions_only,
                       int max_depth, std::optional<double> base_max_lr,
                       std::optional<int64_t> max_epochs,
                       const std::string& match) {
             fts_schedule_options options = FTS_SCHEDULE_OPTIONS_INIT;
             options.epoch_transitions_only = epoch_transitions_only ? 1 : 0;
             options.max_depth = max_depth;
             options.has_base_max_lr = base_max_lr.has_value() ? 1 : 0;
             options.base_max_lr = base_max_lr.value_or(0);
             options.max_epochs = max_epochs.value_or(-1);
             options.match = Match(match);
             Schedule schedule;
             Diagnostics found;
             fts_status* status = Unlocked([&] {
               return fts_schedule_resolve(model.get(), View(yaml), View(name),
                                           &options, found.out(),
                                           schedule.out());
             });
             Check(status, found);
             return schedule;
           }),
           py::arg("model"), py::arg("yaml"), py::arg("name") = "schedule",
           py::kw_only(), py::arg("epoch_transitions_only") = false,
           py::arg("max_depth") = -1, py::arg("base_max_lr") = 1e-5,
           py::arg("max_epochs") = py::none(), py::arg("match") = "prefix")
      .def("num_phases",
           [](const Schedule& s) { return fts_schedule_num_phases(s.get()); })
      .def("max_depth",
           [](const Schedule& s) { return fts_schedule_max_depth(s.get()); })
      .def("max_epochs",
           [](const Schedule& s) -> std::optional<int64_t> {
             const int64_t epochs = fts_schedule_max_epochs(s.get());
             if (epochs < 0) return std::nullopt;
             return epochs;
           })
      .def("phase", &Phase, py::arg("index"))
      .def(
          "phase_json",
          [](const Schedule& s, size_t phase) {
            Buffer out;
            Check(fts_schedule_phase_to_json(s.get(), phase, out.out()));
            return Text(out);
          },
          py::arg("index"), "All that the phase sets, as JSON.")
      .def("to_json",
           [](const Schedule& s) {
             Buffer out;
             Check(fts_schedule_to_json(s.get(), out.out()));
             return Text(out);
           })
      .def("to_yaml", [](const Schedule& s) {
        Buffer out;
        Check(fts_schedule_to_yaml(s.get(), out.out()));
        return Text(out);
      });
}

}  // namespace fts_python
