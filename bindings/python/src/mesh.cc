// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/mesh.h"

#include <pybind11/stl.h>

#include "bindings/python/src/nouns.h"

namespace fts_python {
namespace {

fts_mesh_options Options(double timeout, int dp_replicate, int tp) {
  fts_mesh_options options = FTS_MESH_OPTIONS_INIT;
  options.timeout_ms = static_cast<int64_t>(timeout * 1000);
  options.dp_replicate = dp_replicate;
  options.tp = tp;
  return options;
}

template <typename Agree>
std::vector<double> Agreed(Mesh& mesh, std::vector<double> numbers,
                           const Agree& agree) {
  CheckBlocking(mesh.get(), [&] {
    return agree(mesh.get(), numbers.data(), numbers.size());
  });
  return numbers;
}

fts_mesh_dim Dim(const std::string& dim) {
  if (dim == "all") return FTS_MESH_DIM_ALL;
  if (dim == "dp_shard") return FTS_MESH_DIM_DP_SHARD;
  if (dim == "dp_replicate") return FTS_MESH_DIM_DP_REPLICATE;
  if (dim == "tp") return FTS_MESH_DIM_TP;
  if (dim == "dp") return FTS_MESH_DIM_DP;
  throw py::value_error("dim is '" + dim +
                        "'; it must be all, dp, dp_shard, dp_replicate or tp");
}

}  // namespace

void BindMesh(py::module_& m) {
  py::class_<Mesh>(m, "Mesh", "The ranks of a run.")
      .def_static(
          "create",
          [](double timeout, int dp_replicate, int tp) {
            const fts_mesh_options options = Options(timeout, dp_replicate, tp);
            Mesh mesh;
            Check(Unlocked(
                [&] { return fts_mesh_create(&options, mesh.out()); }));
            return mesh;
          },
          py::arg("timeout") = 600.0, py::arg("dp_replicate") = 1,
          py::arg("tp") = 1,
          "Joins the ranks of the launcher's variables; one rank without them.")
      .def_static(
          "join",
          [](const std::string& group_name, double timeout, int dp_replicate,
             int tp) {
            const fts_mesh_options options = Options(timeout, dp_replicate, tp);
            Mesh mesh;
            Check(Unlocked([&] {
              return fts_mesh_join(View(group_name), &options, mesh.out());
            }));
            return mesh;
          },
          py::arg("group_name"), py::arg("timeout") = 600.0,
          py::arg("dp_replicate") = 1, py::arg("tp") = 1,
          "Joins the ranks of a torch.distributed group, by its group_name.")
      .def_property_readonly(
          "rank", [](const Mesh& mesh) { return fts_mesh_rank(mesh.get()); })
      .def_property_readonly(
          "size", [](const Mesh& mesh) { return fts_mesh_size(mesh.get()); })
      .def(
          "dim",
          [](Mesh& mesh, const std::string& dim) {
            int32_t rank = 0;
            int32_t size = 1;
            Check(fts_mesh_get_dim(mesh.get(), Dim(dim), &rank, &size));
            return py::make_tuple(rank, size);
          },
          py::arg("dim"), "(rank, size) along a dimension.")
      .def(
          "sum",
          [](Mesh& mesh, std::vector<double> numbers) {
            return Agreed(mesh, std::move(numbers), fts_mesh_sum);
          },
          py::arg("numbers"), "Each number's sum over the ranks.")
      .def(
          "max",
          [](Mesh& mesh, std::vector<double> numbers) {
            return Agreed(mesh, std::move(numbers), fts_mesh_max);
          },
          py::arg("numbers"))
      .def("barrier",
           [](Mesh& mesh) {
             CheckBlocking(mesh.get(),
                           [&] { return fts_mesh_barrier(mesh.get()); });
           })
      .def(
          "abort",
          [](Mesh& mesh, const std::string& reason) {
            Check(Unlocked(
                [&] { return fts_mesh_abort(mesh.get(), View(reason)); }));
          },
          py::arg("reason"))
      .def(
          "communicator",
          [](Mesh& mesh, const std::string& dim) {
            Communicator out;
            Check(fts_mesh_get_communicator(mesh.get(), Dim(dim), out.out()));
            return out;
          },
          py::arg("dim") = "all");
}

}  // namespace fts_python
