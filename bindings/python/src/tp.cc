// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The operations of tensor parallelism on torch tensors, with their gradients.
#include "fts/capi/tp.h"

#include <ATen/core/Tensor.h>
#include <pybind11/stl.h>
#include <torch/csrc/autograd/python_variable.h>

#include <cstdio>

#include "bindings/python/src/nouns.h"
#include "fts/capi/session.h"

namespace fts_python {
namespace {

// "replicate", "partial", "shard(1)".
fts_placement Placement(const std::string& text) {
  if (text == "replicate") return {FTS_PLACEMENT_KIND_REPLICATE, 0};
  if (text == "partial") return {FTS_PLACEMENT_KIND_PARTIAL, 0};
  int dim = 0;
  char end = 0;
  if (std::sscanf(text.c_str(), "shard(%d%c", &dim, &end) == 2 && end == ')') {
    return {FTS_PLACEMENT_KIND_SHARD, dim};
  }
  throw py::value_error("layout is '" + text +
                        "'; it must be replicate, partial or shard(N)");
}

py::object Wrap(at::Tensor tensor) {
  return py::reinterpret_steal<py::object>(THPVariable_Wrap(std::move(tensor)));
}

// A layout: the placement of the value and that of its gradient.
using Layout = std::pair<std::string, std::string>;

fts_tp_layout LayoutOf(const Layout& layout) {
  return {Placement(layout.first), Placement(layout.second)};
}

py::object Convert(Mesh& mesh, const py::object& tensor, const Layout& from,
                   const Layout& to, const std::string& label, int64_t whole) {
  fts_tp_convert_options options = FTS_TP_CONVERT_OPTIONS_INIT;
  options.from = LayoutOf(from);
  options.to = LayoutOf(to);
  options.label = View(label);
  options.whole = whole;
  const void* given = AtAddress(tensor);
  at::Tensor out;
  CheckBlocking(mesh.get(), [&] {
    return fts_tp_convert_at(mesh.get(), TorchTag(), given, &options, &out);
  });
  return Wrap(std::move(out));
}

py::tuple ConvertForReaders(Mesh& mesh, const py::object& tensor,
                            const Layout& from, const std::string& label,
                            int64_t whole) {
  fts_tp_convert_options options = FTS_TP_CONVERT_OPTIONS_INIT;
  options.from = LayoutOf(from);
  options.label = View(label);
  options.whole = whole;
  const void* given = AtAddress(tensor);
  at::Tensor handed;
  at::Tensor shared;
  CheckBlocking(mesh.get(), [&] {
    return fts_tp_convert_for_readers_at(mesh.get(), TorchTag(), given,
                                         &options, &handed, &shared);
  });
  return py::make_tuple(Wrap(std::move(handed)), Wrap(std::move(shared)));
}

py::object Embedding(Mesh& mesh, const py::object& ids,
                     const py::object& weight, int64_t vocabulary) {
  at::Tensor out;
  const void* rows = AtAddress(ids);
  const void* table = AtAddress(weight);
  CheckBlocking(mesh.get(), [&] {
    return fts_tp_embedding_at(mesh.get(), TorchTag(), rows, table, vocabulary,
                               &out);
  });
  return Wrap(std::move(out));
}

py::tuple CrossEntropy(Mesh& mesh, const py::object& logits,
                       const py::object& labels, int64_t vocabulary,
                       const std::string& label) {
  at::Tensor sum;
  at::Tensor count;
  const void* given = AtAddress(logits);
  const void* wanted = AtAddress(labels);
  CheckBlocking(mesh.get(), [&] {
    return fts_tp_cross_entropy_at(mesh.get(), TorchTag(), given, wanted,
                                   vocabulary, View(label), &sum, &count);
  });
  return py::make_tuple(Wrap(std::move(sum)), Wrap(std::move(count)));
}

py::tuple TokenLoss(Session& session, const py::object& logits,
                    const py::object& labels) {
  at::Tensor sum;
  at::Tensor count;
  const void* given = AtAddress(logits);
  const void* wanted = AtAddress(labels);
  CheckBlocking(session.mesh.get(), [&] {
    return fts_session_token_loss_at(session.get(), TorchTag(), given, wanted,
                                     &sum, &count);
  });
  return py::make_tuple(Wrap(std::move(sum)), Wrap(std::move(count)));
}

py::tuple Chunk(int64_t whole, int parts, int index) {
  int64_t begin = 0;
  int64_t size = 0;
  Check(fts_tp_chunk(whole, parts, index, &begin, &size));
  return py::make_tuple(begin, size);
}

}  // namespace

void BindTp(py::module_& m) {
  m.def("tp_convert", &Convert, py::arg("mesh"), py::arg("tensor"),
        py::arg("source"), py::arg("to"), py::arg("label") = "",
        py::arg("whole") = 0,
        "Layouts are (value, gradient): replicate, partial or shard(N).");
  m.def(
      "tp_convert_for_readers", &ConvertForReaders, py::arg("mesh"),
      py::arg("tensor"), py::arg("source"), py::arg("label") = "",
      py::arg("whole") = 0,
      "(handed, shared): as (replicate, replicate) and (replicate, partial).");
  m.def("tp_embedding", &Embedding, py::arg("mesh"), py::arg("ids"),
        py::arg("weight"), py::arg("vocabulary"));
  m.def("tp_cross_entropy", &CrossEntropy, py::arg("mesh"), py::arg("logits"),
        py::arg("labels"), py::arg("vocabulary"), py::arg("label") = "",
        "(sum, count).");
  m.def("tp_chunk", &Chunk, py::arg("whole"), py::arg("parts"),
        py::arg("index"), "(begin, size) of a rank's part of a dimension.");
  m.def("token_loss", &TokenLoss, py::arg("session"), py::arg("logits"),
        py::arg("labels"), "(sum, count).");
}

}  // namespace fts_python
