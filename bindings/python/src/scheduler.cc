// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/scheduler.h"

#include <pybind11/stl.h>

#include <memory>
#include <optional>

#include "bindings/python/src/nouns.h"
#include "fts/capi/version.h"

namespace fts_python {
namespace {

// The GIL for code that may run while the interpreter shuts down, when taking
// it would hang or end the thread.
bool Alive() { return Py_IsInitialized() != 0 && !_Py_IsFinalizing(); }

// A Python object whose methods are the callbacks. Owned by the scheduler.
struct Ports {
  py::object object;
};

void Destroy(void* user_data) {
  auto* ports = static_cast<Ports*>(user_data);
  if (!Alive()) return;  // the interpreter frees nothing any more either
  const py::gil_scoped_acquire gil;
  delete ports;
}

// Calls one method; what it raises becomes the status.
template <typename Body>
fts_status* Call(void* user_data, const Body& body) {
  if (!Alive()) {
    constexpr char kGone[] = "the Python interpreter has ended";
    return fts_status_create(FTS_CODE_ABORTED, {kGone, sizeof(kGone) - 1});
  }
  const py::gil_scoped_acquire gil;
  try {
    body(static_cast<Ports*>(user_data)->object);
    return nullptr;
  } catch (py::error_already_set& error) {
    return TakePythonError(error);
  } catch (const std::exception& error) {
    return fts_status_create(FTS_CODE_INTERNAL, View(error.what()));
  }
}

fts_status* Thaw(const fts_phase_args* args, void* data) {
  return Call(data, [&](py::object& o) { o.attr("thaw")(args->phase); });
}
fts_status* Freeze(const fts_phase_args* args, void* data) {
  return Call(data, [&](py::object& o) { o.attr("freeze")(args->phase); });
}
fts_status* AddGroup(const fts_phase_args* args, void* data) {
  return Call(data, [&](py::object& o) {
    o.attr("add_group")(args->phase, args->has_lr != 0
                                         ? py::object(py::float_(args->lr))
                                         : py::none());
  });
}
fts_status* ReplaceOptimizer(const fts_phase_args* args, void* data) {
  return Call(data,
              [&](py::object& o) { o.attr("replace_optimizer")(args->phase); });
}
fts_status* ReplaceLrScheduler(const fts_phase_args* args, void* data) {
  return Call(data, [&](py::object& o) {
    o.attr("replace_lr_scheduler")(args->phase);
  });
}
fts_status* SaveBest(const fts_best_args* args, void* data) {
  return Call(data, [&](py::object& o) {
    o.attr("save_best")(args->phase, args->epoch, args->metric);
  });
}
fts_status* RestoreBest(const fts_best_args* args, void* data) {
  return Call(data, [&](py::object& o) {
    o.attr("restore_best")(args->phase, args->epoch, args->metric);
  });
}
fts_status* Metric(const fts_metric_args* args, void* data) {
  return Call(data, [&](py::object& o) {
    *args->value = o.attr("metric")(Text(args->name)).cast<double>();
  });
}

const char* KindName(fts_effect_kind kind) {
  switch (kind) {
    case FTS_EFFECT_RESTORE_BEST:
      return "restore_best";
    case FTS_EFFECT_FREEZE:
      return "freeze";
    case FTS_EFFECT_REPLACE_OPTIMIZER:
      return "replace_optimizer";
    case FTS_EFFECT_THAW:
      return "thaw";
    case FTS_EFFECT_ADD_GROUP:
      return "add_group";
    case FTS_EFFECT_REPLACE_LR_SCHEDULER:
      return "replace_lr_scheduler";
    case FTS_EFFECT_PHASE:
      return "phase";
    case FTS_EFFECT_SAVE_BEST:
      return "save_best";
    case FTS_EFFECT_END_EPOCH:
      return "end_epoch";
    case FTS_EFFECT_NOTE:
      return "note";
    case FTS_EFFECT_FINISH:
      return "finish";
    default:
      return "unknown";
  }
}

py::list Effects(const Outcome& outcome) {
  py::list out;
  for (size_t i = 0; i < fts_outcome_size(outcome.get()); ++i) {
    fts_effect e;
    Check(fts_outcome_get(outcome.get(), i, &e));
    py::dict effect;
    effect["kind"] = KindName(e.kind);
    effect["phase"] = e.phase;
    effect["lr"] = e.has_lr != 0 ? py::object(py::float_(e.lr)) : py::none();
    if (e.has_best != 0) {
      effect["best"] =
          py::make_tuple(e.best_phase, e.best_epoch, e.best_metric);
    }
    effect["cause"] = Text(e.cause);
    effect["text"] = Text(e.text);
    out.append(effect);
  }
  return out;
}

template <typename Event>
py::list Tell(const Event& event) {
  Outcome outcome;
  Check(Unlocked([&] { return event(outcome.out()); }));
  return Effects(outcome);
}

fts_metric_mode Mode(const std::string& mode) {
  if (mode == "min") return FTS_METRIC_MODE_MIN;
  if (mode == "max") return FTS_METRIC_MODE_MAX;
  throw py::value_error("mode is '" + mode + "'; it must be min or max");
}

}  // namespace

void BindScheduler(py::module_& m) {
  m.def("version", [] { return Text(fts_version()); });
  m.def("api_version", [] {
    int32_t major = 0, minor = 0;
    fts_api_version(&major, &minor);
    return py::make_tuple(major, minor);
  });

  // Early stopping is a dict of the rule's fields, or None for FTS's default.
  py::class_<Scheduler>(m, "Scheduler", "Drives a schedule through a loop.")
      .def(py::init([](const Schedule& schedule, py::object ports,
                       bool epoch_transitions_only, bool restore_best,
                       const py::object& early_stopping,
                       const std::string& best_monitor,
                       const std::string& best_mode, int64_t max_steps,
                       bool has_validation) {
             fts_scheduler_options o = FTS_SCHEDULER_OPTIONS_INIT;
             o.epoch_transitions_only = epoch_transitions_only ? 1 : 0;
             o.restore_best = restore_best ? 1 : 0;
             o.best_monitor = View(best_monitor);
             o.best_mode = Mode(best_mode);
             o.max_steps = max_steps;
             o.has_validation = has_validation ? 1 : 0;
             std::string monitor = "val_loss";
             if (!early_stopping.is_none()) {
               const py::dict rule(early_stopping);
               o.has_early_stopping = 1;
               for (const auto& [key, value] : rule) {
                 const auto name = key.cast<std::string>();
                 if (name == "monitor") {
                   monitor = value.cast<std::string>();
                 } else if (name == "mode") {
                   o.mode = Mode(value.cast<std::string>());
                 } else if (name == "patience") {
                   o.patience = value.cast<int64_t>();
                 } else if (name == "min_delta") {
                   o.min_delta = value.cast<double>();
                 } else if (name == "check_finite") {
                   o.check_finite = value.cast<bool>() ? 1 : 0;
                 } else if (name == "stopping_threshold") {
                   if (value.is_none()) continue;
                   o.has_stopping_threshold = 1;
                   o.stopping_threshold = value.cast<double>();
                 } else if (name == "divergence_threshold") {
                   if (value.is_none()) continue;
                   o.has_divergence_threshold = 1;
                   o.divergence_threshold = value.cast<double>();
                 } else {
                   throw py::value_error(
                       "early_stopping has no key '" + name +
                       "'; it takes monitor, mode, patience, min_delta, "
                       "check_finite, stopping_threshold and "
                       "divergence_threshold");
                 }
               }
               o.monitor = View(monitor);
             }
             fts_scheduler_callbacks c = FTS_SCHEDULER_CALLBACKS_INIT;
             c.user_data = new Ports{std::move(ports)};
             c.destroy = Destroy;
             c.thaw = Thaw;
             c.freeze = Freeze;
             c.add_group = AddGroup;
             c.replace_optimizer = ReplaceOptimizer;
             c.replace_lr_scheduler = ReplaceLrScheduler;
             c.save_best = SaveBest;
             c.restore_best = RestoreBest;
             c.metric = Metric;
             Scheduler scheduler;
             Diagnostics found;
             fts_status* status = Unlocked([&] {
               return fts_scheduler_create(schedule.get(), &o, &c, found.out(),
                                           scheduler.out());
             });
             Check(status, found);
             return scheduler;
           }),
           py::arg("schedule"), py::arg("ports"), py::kw_only(),
           py::arg("epoch_transitions_only") = false,
           py::arg("restore_best") = true,
           py::arg("early_stopping") = py::none(),
           py::arg("best_monitor") = "val_loss", py::arg("best_mode") = "min",
           py::arg("max_steps") = -1, py::arg("has_validation") = true)
      .def("run_start",
           [](Scheduler& s) {
             return Tell([&](auto out) {
               return fts_scheduler_run_start(s.get(), out);
             });
           })
      .def(
          "epoch_start",
          [](Scheduler& s, int64_t epoch) {
            return Tell([&](auto out) {
              return fts_scheduler_epoch_start(s.get(), epoch, out);
            });
          },
          py::arg("epoch"))
      .def(
          "step_start",
          [](Scheduler& s, int64_t step, int64_t tokens, double seconds) {
            return Tell([&](auto out) {
              return fts_scheduler_step_start(s.get(), step, tokens, seconds,
                                              out);
            });
          },
          py::arg("step"), py::arg("tokens"), py::arg("seconds"))
      .def(
          "step_end",
          [](Scheduler& s, int64_t step) {
            return Tell([&](auto out) {
              return fts_scheduler_step_end(s.get(), step, out);
            });
          },
          py::arg("step"))
      .def(
          "validation_end",
          [](Scheduler& s, int64_t epoch) {
            return Tell([&](auto out) {
              return fts_scheduler_validation_end(s.get(), epoch, out);
            });
          },
          py::arg("epoch"))
      .def(
          "epoch_end",
          [](Scheduler& s, int64_t epoch) {
            return Tell([&](auto out) {
              return fts_scheduler_epoch_end(s.get(), epoch, out);
            });
          },
          py::arg("epoch"))
      .def("phase", [](Scheduler& s) { return fts_scheduler_phase(s.get()); })
      .def("finished",
           [](Scheduler& s) { return fts_scheduler_finished(s.get()) != 0; })
      .def("state_to_json",
           [](Scheduler& s) {
             Buffer out;
             Check(fts_scheduler_state_to_json(s.get(), out.out()));
             return Text(out);
           })
      .def(
          "resume",
          [](Scheduler& s, const std::string& state_json) {
            Check(Unlocked([&] {
              return fts_scheduler_resume(s.get(), View(state_json));
            }));
          },
          py::arg("state_json"));
}

}  // namespace fts_python
