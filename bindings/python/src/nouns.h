// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The handles that Python's classes stand for, and the function of each file
// that adds its classes to the module. Methods take and return plain Python
// values; what a user sees is written in Python on top.
// Threads: the GIL is held at the border and released in every call that may
// take long.

#ifndef BINDINGS_PYTHON_SRC_NOUNS_H_
#define BINDINGS_PYTHON_SRC_NOUNS_H_

#include <vector>

#include "bindings/python/src/errors.h"
#include "bindings/python/src/handle.h"
#include "fts/capi/communicator.h"
#include "fts/capi/event.h"
#include "fts/capi/mesh.h"
#include "fts/capi/model.h"
#include "fts/capi/optimizer.h"
#include "fts/capi/plan.h"
#include "fts/capi/schedule.h"
#include "fts/capi/scheduler.h"
#include "fts/capi/session.h"
#include "fts/capi/tensor.h"

namespace fts_python {

using Model = Handle<fts_model, fts_model_release>;
using Schedule = Handle<fts_schedule, fts_schedule_release>;
using Plan = Handle<fts_plan, fts_plan_release>;
using Scheduler = Handle<fts_scheduler, fts_scheduler_release>;
using Outcome = Handle<fts_outcome, fts_outcome_release>;
using Mesh = Handle<fts_mesh, fts_mesh_release>;
using Communicator = Handle<fts_communicator, fts_communicator_release>;
using Event = Handle<fts_event, fts_event_release>;
using Tensor = Handle<fts_tensor, fts_tensor_release>;
using SessionHandle = Handle<fts_session, fts_session_release>;
using Optimizer = Handle<fts_optimizer, fts_optimizer_release>;

// A session, and the mesh that its blocking calls wait on.
struct Session {
  Mesh mesh;
  SessionHandle session;
  fts_session* get() const { return session.get(); }
};

void BindModel(py::module_& m);
void BindSchedule(py::module_& m);
void BindPlan(py::module_& m);
void BindScheduler(py::module_& m);
void BindInterrupt(py::module_& m);
void BindMesh(py::module_& m);
void BindCommunicator(py::module_& m);
void BindSession(py::module_& m);
void BindOptimizer(py::module_& m);
void BindTp(py::module_& m);

// torch tensors and their handles; tensor.cc. TypeError for another object.
Tensor FromTorch(py::handle tensor);
py::object ToTorch(const Tensor& tensor);
// The addresses of the at::Tensors in a list or tuple of torch tensors, valid
// while it is alive and unchanged.
std::vector<const void*> AtAddresses(const py::sequence& tensors);
// That of one torch tensor, valid while the object is alive.
const void* AtAddress(py::handle tensor);
// The LibTorch that this extension was built for (fts/capi/torch.h).
fts_string TorchTag();
void BindTensor(py::module_& m);

}  // namespace fts_python

#endif  // BINDINGS_PYTHON_SRC_NOUNS_H_
