// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/session.h"

#include <pybind11/stl.h>

#include "bindings/python/src/nouns.h"

namespace fts_python {
namespace {

// A call on the session that may wait for other ranks.
template <typename F>
void Blocking(Session& session, const F& call) {
  CheckBlocking(session.mesh.get(), [&] { return call(session.get()); });
}

std::unique_ptr<Session> Create(const Plan& plan, const Schedule& schedule,
                                Mesh& mesh, const py::list& parameters,
                                const std::string& precision,
                                const std::string& reduction,
                                int optimizer_moments) {
  auto out = std::make_unique<Session>();
  fts_mesh_retain(mesh.get());
  out->mesh = Mesh(mesh.get());
  std::vector<std::string> names;
  std::vector<Tensor> tensors;
  for (const py::handle item : parameters) {
    const auto pair = item.cast<py::tuple>();
    names.push_back(pair[0].cast<std::string>());
    tensors.push_back(FromTorch(pair[1]));
  }
  std::vector<fts_named_tensor> named;
  for (size_t i = 0; i < names.size(); ++i) {
    named.push_back({View(names[i]), tensors[i].get()});
  }
  fts_session_options options = FTS_SESSION_OPTIONS_INIT;
  options.precision = View(precision);
  options.optimizer_moments = optimizer_moments;
  if (reduction != "mean" && reduction != "sum") {
    throw py::value_error("reduction is '" + reduction +
                          "'; it must be mean or sum");
  }
  options.reduction =
      reduction == "mean" ? FTS_REDUCTION_MEAN : FTS_REDUCTION_SUM;
  Diagnostics found;
  fts_status* status = nullptr;
  {
    py::gil_scoped_release release;
    const Interruptible guard(mesh.get());
    status = fts_session_create(plan.get(), schedule.get(), mesh.get(),
                                named.data(), named.size(), &options,
                                found.out(), out->session.out());
  }
  Interruptible::RaiseIfInterrupted();
  Check(status, found);
  return out;
}

py::tuple Dtype(fts_dtype dtype) {
  return py::make_tuple(dtype.code, dtype.bits, dtype.lanes);
}

py::dict Unit(const Session& session, size_t i) {
  fts_session_unit info;
  Check(fts_session_get_unit(session.get(), i, &info));
  py::list modules;
  for (size_t m = 0; m < info.num_modules; ++m) {
    fts_string name;
    Check(fts_session_get_unit_module(session.get(), i, m, &name));
    modules.append(Text(name));
  }
  py::dict out;
  out["modules"] = modules;
  out["input_dtype"] = Dtype(info.input_dtype);
  out["output_dtype"] = Dtype(info.output_dtype);
  out["act_ckpt"] = Text(info.act_ckpt);
  out["act_ckpt_kwargs"] = Text(info.act_ckpt_kwargs);
  return out;
}

// Passes each whole tensor to a Python function, which may keep it.
void ForEachFull(Session& session, const py::function& fn) {
  struct Walk {
    const py::function* fn;
  } walk{&fn};
  CheckBlocking(session.mesh.get(), [&] {
    return fts_session_for_each_full(
        session.get(),
        [](fts_string name, const fts_tensor* value,
           void* data) -> fts_status* {
          const py::gil_scoped_acquire gil;
          try {
            auto* shared = const_cast<fts_tensor*>(value);
            fts_tensor_retain(shared);
            (*static_cast<Walk*>(data)->fn)(Text(name),
                                            ToTorch(Tensor(shared)));
            return nullptr;
          } catch (py::error_already_set& error) {
            return TakePythonError(error);
          }
        },
        &walk);
  });
}

// fn(name, begin, end, dst) writes a part of a parameter.
void LoadFrom(Session& session, const py::function& fn) {
  CheckBlocking(session.mesh.get(), [&] {
    return fts_session_load_from(
        session.get(),
        [](fts_string name, int64_t begin, int64_t end, const fts_tensor* dst,
           void* data) -> fts_status* {
          const py::gil_scoped_acquire gil;
          try {
            auto* shared = const_cast<fts_tensor*>(dst);
            fts_tensor_retain(shared);
            (*static_cast<const py::function*>(data))(Text(name), begin, end,
                                                      ToTorch(Tensor(shared)));
            return nullptr;
          } catch (py::error_already_set& error) {
            return TakePythonError(error);
          }
        },
        const_cast<py::function*>(&fn));
  });
}

py::tuple Shard(Session& session, size_t parameter) {
  fts_shard_info info;
  Tensor value, gradient;
  Check(fts_session_get_shard(session.get(), parameter, &info, value.out(),
                              gradient.out()));
  return py::make_tuple(
      info.begin, info.trainable != 0, ToTorch(value),
      info.has_gradient != 0 ? ToTorch(gradient) : py::object(py::none()));
}

py::dict Use(const Session& session) {
  fts_session_use use;
  Check(fts_session_get_use(session.get(), &use));
  py::dict out;
  out["bytes_gathered"] = use.bytes_gathered;
  out["frozen_bytes_gathered"] = use.frozen_bytes_gathered;
  out["bytes_reduced"] = use.bytes_reduced;
  out["gradient_bytes"] = use.gradient_bytes;
  out["moment_bytes"] = use.moment_bytes;
  out["peak_bytes"] = use.peak_bytes;
  return out;
}

}  // namespace

void BindSession(py::module_& m) {
  py::class_<Session>(m, "Session", "The sharding engine under a loop.")
      .def(py::init(&Create), py::arg("plan"), py::arg("schedule"),
           py::arg("mesh"), py::arg("parameters"), py::kw_only(),
           py::arg("precision") = "", py::arg("reduction") = "mean",
           py::arg("optimizer_moments") = 2,
           "parameters: [(name, tensor)], all of the model in its order.")
      .def("load", [](Session& s) { Blocking(s, fts_session_load); })
      .def("load_from", &LoadFrom, py::arg("fn"))
      .def("why_gathered",
           [](const Session& s) {
             return Text(fts_session_why_gathered(s.get()));
           })
      .def("num_units",
           [](const Session& s) { return fts_session_num_units(s.get()); })
      .def("unit", &Unit, py::arg("i"))
      .def(
          "pre_forward",
          [](Session& s, size_t unit, const py::sequence& inputs) {
            const auto tensors = AtAddresses(inputs);
            Blocking(s, [&](fts_session* session) {
              return fts_session_pre_forward_at(session, unit, tensors.data(),
                                                tensors.size());
            });
          },
          py::arg("unit"), py::arg("inputs"))
      .def(
          "post_forward",
          [](Session& s, size_t unit, size_t module,
             const py::sequence& outputs) {
            const auto tensors = AtAddresses(outputs);
            Blocking(s, [&](fts_session* session) {
              return fts_session_post_forward_at(
                  session, unit, module, tensors.data(), tensors.size());
            });
          },
          py::arg("unit"), py::arg("module"), py::arg("outputs"))
      .def(
          "gather",
          [](Session& s, size_t unit) {
            Blocking(s, [&](fts_session* session) {
              return fts_session_gather(session, unit);
            });
          },
          py::arg("unit"))
      .def(
          "release_unit",
          [](Session& s, size_t unit) {
            Check(fts_session_release_unit(s.get(), unit));
          },
          py::arg("unit"))
      .def(
          "add_gradients",
          [](Session& s, const std::vector<size_t>& parameters,
             const py::sequence& gradients) {
            std::vector<Tensor> tensors;
            std::vector<fts_tensor*> pointers;
            for (const py::handle item : gradients) {
              tensors.push_back(FromTorch(item));
              pointers.push_back(tensors.back().get());
            }
            if (pointers.size() != parameters.size()) {
              throw py::value_error("one gradient is needed per parameter");
            }
            Blocking(s, [&](fts_session* session) {
              return fts_session_add_gradients(
                  session, parameters.data(), pointers.data(), pointers.size());
            });
          },
          py::arg("parameters"), py::arg("gradients"))
      .def(
          "begin_micro_step",
          [](Session& s, bool last) {
            Check(fts_session_begin_micro_step(s.get(), last ? 1 : 0));
          },
          py::arg("last") = true)
      .def("begin_evaluation",
           [](Session& s) { Check(fts_session_begin_evaluation(s.get())); })
      .def("end_evaluation",
           [](Session& s) { Check(fts_session_end_evaluation(s.get())); })
      .def(
          "complete_gradients",
          [](Session& s, double loss, double seconds, bool check_finite) {
            fts_step_args args = FTS_STEP_ARGS_INIT;
            args.loss = loss;
            args.seconds = seconds;
            args.check_finite = check_finite ? 1 : 0;
            fts_step_info info;
            Blocking(s, [&](fts_session* session) {
              return fts_session_complete_gradients(session, &args, &info);
            });
            return py::make_tuple(info.loss, info.grad_norm, info.seconds);
          },
          py::arg("loss") = 0.0, py::arg("seconds") = 0.0,
          py::arg("check_finite") = true, "(loss, grad_norm, seconds).")
      .def(
          "clip",
          [](Session& s, double max_norm) {
            Check(fts_session_clip(s.get(), max_norm));
          },
          py::arg("max_norm"))
      .def("begin_update",
           [](Session& s) { Check(fts_session_begin_update(s.get())); })
      .def("finish_update",
           [](Session& s) { Blocking(s, fts_session_finish_update); })
      .def("has_gradients",
           [](const Session& s) {
             int32_t out = 0;
             Check(fts_session_has_gradients(s.get(), &out));
             return out != 0;
           })
      .def("reset_step",
           [](Session& s) { Check(fts_session_reset_step(s.get())); })
      .def(
          "find_parameter",
          [](const Session& s, const std::string& name) {
            size_t out = 0;
            Check(fts_session_find_parameter(s.get(), View(name), &out));
            return out;
          },
          py::arg("name"))
      .def("shard", &Shard, py::arg("parameter"),
           "(begin, trainable, value, gradient or None): 1-D views.")
      .def("begin_write",
           [](Session& s) { Blocking(s, fts_session_begin_write); })
      .def("end_write", [](Session& s) { Blocking(s, fts_session_end_write); })
      .def("for_each_full", &ForEachFull, py::arg("fn"))
      .def(
          "thaw",
          [](Session& s, int phase) {
            Blocking(s, [&](fts_session* session) {
              return fts_session_thaw(session, phase);
            });
          },
          py::arg("phase"))
      .def(
          "freeze",
          [](Session& s, int phase) {
            Blocking(s, [&](fts_session* session) {
              return fts_session_freeze(session, phase);
            });
          },
          py::arg("phase"))
      .def("save_best",
           [](Session& s) { Check(fts_session_save_best(s.get())); })
      .def("restore_best",
           [](Session& s) { Blocking(s, fts_session_restore_best); })
      .def("use", &Use, "Bytes held and moved by this rank since its phase.");
}

}  // namespace fts_python
