// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "bindings/python/src/nouns.h"

namespace fts_python {

void BindModel(py::module_& m) {
  py::class_<Model>(m, "Model", "What schedules and plans know of a model.")
      .def(py::init([](const std::string& json, const std::string& name) {
             Model model;
             Diagnostics diagnostics;
             fts_status* status = Unlocked([&] {
               return fts_model_parse(View(json), View(name), diagnostics.out(),
                                      model.out());
             });
             Check(status, diagnostics);
             return model;
           }),
           py::arg("json"), py::arg("name") = "model.json")
      .def(
          "modules",
          [](const Model& model) {
            py::list out;
            for (size_t i = 0; i < fts_model_num_modules(model.get()); ++i) {
              fts_module_info info;
              Check(fts_model_get_module(model.get(), i, &info));
              out.append(py::make_tuple(Text(info.name), Text(info.class_name),
                                        info.container != 0));
            }
            return out;
          },
          "[(name, class, container)], parents before children.")
      .def(
          "parameters",
          [](const Model& model) {
            py::list out;
            for (size_t i = 0; i < fts_model_num_parameters(model.get()); ++i) {
              fts_parameter_info info;
              Check(fts_model_get_parameter(model.get(), i, &info));
              py::tuple shape(info.rank);
              for (size_t d = 0; d < info.rank; ++d) shape[d] = info.shape[d];
              out.append(py::make_tuple(
                  Text(info.name), shape, Text(info.dtype),
                  info.shared_with.size == 0
                      ? py::object(py::none())
                      : py::object(py::str(Text(info.shared_with)))));
            }
            return out;
          },
          "[(name, shape, dtype, shared_with)] in registration order.")
      .def("to_json", [](const Model& model) {
        Buffer out;
        Check(fts_model_to_json(model.get(), out.out()));
        return Text(out);
      });
}

}  // namespace fts_python
