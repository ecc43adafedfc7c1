// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// tp.h, and the loss of session.h, which is one of its operations.
#include "fts/capi/tp.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "absl/strings/str_join.h"
#include "fts/capi/internal/options.h"
#include "fts/capi/internal/text.h"
#include "fts/capi/internal/torch_handles.h"
#include "fts/core/base/status.h"
#include "fts/core/comm/status_error.h"
#include "fts/core/nn/loss.h"
#include "fts/core/tp/convert.h"
#include "fts/core/tp/move.h"
#include "fts/core/tp/tensor_parallel.h"
#include "fts/core/tp/vocabulary.h"

using fts::Placement;
using fts::capi::CheckTag;
using fts::capi::InMesh;
using fts::capi::InSession;
using fts::capi::NotNull;
using fts::capi::ToString;

namespace {

constexpr size_t kConvertV12Size = 72;
static_assert(offsetof(fts_tp_convert_options, label) + sizeof(fts_string) ==
                  sizeof(fts_tp_convert_options),
              "label is the last field: append after it, and read the new "
              "field in ReadConvert");

absl::StatusOr<Placement> ReadPlacement(const fts_placement& given,
                                        int64_t rank, const std::string& what) {
  switch (given.kind) {
    case FTS_PLACEMENT_KIND_REPLICATE:
      return Placement::Replicate();
    case FTS_PLACEMENT_KIND_PARTIAL:
      return Placement::Partial();
    case FTS_PLACEMENT_KIND_SHARD:
      break;
    default:
      return absl::InvalidArgumentError(absl::StrCat(
          what, ".kind is ", given.kind,
          "; it must be FTS_PLACEMENT_KIND_REPLICATE, SHARD or PARTIAL"));
  }
  const auto found = Placement::Shard(given.dim).Resolve(rank);
  if (found.ok()) return found;
  return absl::InvalidArgumentError(absl::StrCat(
      what, ".dim is ", given.dim, "; the tensor has ", rank, " dimensions"));
}

absl::StatusOr<fts::tp::Layout> ReadLayout(const fts_tp_layout& given,
                                           int64_t rank,
                                           const std::string& what) {
  FTS_ASSIGN_OR_RETURN(
      const Placement value,
      ReadPlacement(given.value, rank, absl::StrCat(what, ".value")));
  fts::tp::Layout layout = fts::tp::Layout::Of(value);
  if (given.gradient.kind != FTS_PLACEMENT_KIND_UNSPECIFIED) {
    FTS_ASSIGN_OR_RETURN(
        layout.gradient,
        ReadPlacement(given.gradient, rank, absl::StrCat(what, ".gradient")));
  }
  return layout;
}

struct Conversion {
  fts::tp::Layout from = fts::tp::Layout::Replicated();
  fts::tp::Layout to = fts::tp::Layout::Replicated();
  fts::tp::ConvertOptions options;
};

absl::StatusOr<Conversion> ReadConvert(const fts_tp_convert_options* given,
                                       const at::Tensor& tensor,
                                       const char* function,
                                       bool reads_to = true) {
  FTS_RETURN_IF_ERROR(
      NotNull(given, absl::StrCat(function, ": options").c_str()));
  fts_tp_convert_options o = FTS_TP_CONVERT_OPTIONS_INIT;
  FTS_RETURN_IF_ERROR(fts::capi::ReadOptions(given, kConvertV12Size,
                                             "fts_tp_convert_options", &o));
  if (!reads_to) o.to.value = {FTS_PLACEMENT_KIND_REPLICATE, 0};
  if (!reads_to) o.to.gradient = {};
  Conversion out;
  FTS_ASSIGN_OR_RETURN(out.from, ReadLayout(o.from, tensor.dim(),
                                            absl::StrCat(function, ": from")));
  FTS_ASSIGN_OR_RETURN(
      out.to, ReadLayout(o.to, tensor.dim(), absl::StrCat(function, ": to")));
  if (o.whole < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(function, ": whole is ", o.whole, ", which is no size"));
  }
  out.options.whole = o.whole;
  out.options.label = ToString(o.label);
  return out;
}

// The ranks along tp, and the communicator they talk by.
const fts::tp::GroupPtr& GroupOf(fts_mesh* mesh) {
  if (mesh->tp == nullptr) {
    mesh->tp = mesh->value.tp() == nullptr
                   ? std::make_shared<const fts::tp::Group>(0, 1)
                   : std::make_shared<const fts::tp::Group>(mesh->value.tp());
  }
  return mesh->tp;
}

// What the engine throws, as a status.
template <typename Body>
absl::Status Thrown(const char* function, const Body& body) {
  try {
    return body();
  } catch (const fts::StatusError& e) {
    return e.status();
  } catch (const std::invalid_argument& e) {
    return absl::InvalidArgumentError(absl::StrCat(function, ": ", e.what()));
  }
}

std::string Shape(const at::Tensor& tensor) {
  return absl::StrCat("[", absl::StrJoin(tensor.sizes(), ", "), "]");
}

absl::Status IsInt64(const at::Tensor& tensor, const char* what,
                     const char* function) {
  if (tensor.scalar_type() == at::kLong) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      function, ": ", what, " are of ", c10::toString(tensor.scalar_type()),
      "; they must be int64"));
}

absl::Status HasChunk(int64_t size, int64_t vocabulary,
                      const fts::tp::Group& group, const char* what,
                      const at::Tensor& tensor, const char* function) {
  int64_t begin = 0, wanted = 0;
  if (vocabulary < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        function, ": vocabulary is ", vocabulary, ", which is no size"));
  }
  const fts::TpChunk chunk =
      fts::ChunkOf(vocabulary, group.size(), group.rank());
  begin = chunk.begin;
  wanted = chunk.size;
  if (size == wanted) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      function, ": ", what, " ", Shape(tensor), " hold ", size,
      " entries of the vocabulary; rank ", group.rank(), " of ", group.size(),
      " holds [", begin, ", ", begin + wanted, ") of ", vocabulary));
}

absl::Status CheckLabels(const at::Tensor& logits, const at::Tensor& labels,
                         const char* function) {
  FTS_RETURN_IF_ERROR(IsInt64(labels, "labels", function));
  if (!logits.is_floating_point() || logits.dim() < 1 ||
      labels.sizes() != logits.sizes().slice(0, logits.dim() - 1)) {
    return absl::InvalidArgumentError(absl::StrCat(
        function, ": logits of ", c10::toString(logits.scalar_type()), " ",
        Shape(logits), " and labels ", Shape(labels),
        "; logits are floating and have one dimension more than labels, the "
        "last one"));
  }
  return absl::OkStatus();
}

absl::Status Embed(fts_mesh* mesh, const at::Tensor& ids,
                   const at::Tensor& weight, int64_t vocabulary,
                   const char* function, at::Tensor* out) {
  FTS_RETURN_IF_ERROR(IsInt64(ids, "ids", function));
  if (weight.dim() != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat(function, ": the weight is ", Shape(weight),
                     "; it must be [rows of this rank, dim]"));
  }
  const fts::tp::Group& group = *GroupOf(mesh);
  FTS_RETURN_IF_ERROR(HasChunk(weight.size(0), vocabulary, group,
                               "rows of the weight", weight, function));
  return Thrown(function, [&]() -> absl::Status {
    *out = fts::tp::EmbeddingRows(ids, weight, vocabulary, group);
    return absl::OkStatus();
  });
}

absl::Status CrossEntropy(fts_mesh* mesh, const at::Tensor& logits,
                          const at::Tensor& labels, int64_t vocabulary,
                          fts_string label, const char* function,
                          fts::nn::LossSum* out) {
  FTS_RETURN_IF_ERROR(CheckLabels(logits, labels, function));
  const fts::tp::GroupPtr& group = GroupOf(mesh);
  FTS_RETURN_IF_ERROR(HasChunk(logits.size(-1), vocabulary, *group, "logits",
                               logits, function));
  return Thrown(function, [&]() -> absl::Status {
    *out = group->size() == 1 ? fts::nn::SumCrossEntropy(logits, labels)
                              : fts::tp::SumCrossEntropy(
                                    logits, labels, vocabulary, group,
                                    label.size == 0 ? "loss" : ToString(label));
    return absl::OkStatus();
  });
}

// A caller's at::Tensor by its address.
absl::StatusOr<const at::Tensor*> AtTensor(const void* address,
                                           const char* what,
                                           const char* function) {
  FTS_RETURN_IF_ERROR(
      NotNull(address, absl::StrCat(function, ": ", what).c_str()));
  const auto* tensor = static_cast<const at::Tensor*>(address);
  if (tensor->defined()) return tensor;
  return absl::InvalidArgumentError(
      absl::StrCat(function, ": ", what, " is undefined"));
}

absl::StatusOr<const at::Tensor*> HandleTensor(const fts_tensor* handle,
                                               const char* what,
                                               const char* function) {
  FTS_RETURN_IF_ERROR(
      NotNull(handle, absl::StrCat(function, ": ", what).c_str()));
  return &handle->value;
}

absl::Status OutNotNull(const void* out, const char* what,
                        const char* function) {
  return NotNull(out, absl::StrCat(function, ": ", what).c_str());
}

}  // namespace

fts_status* fts_tp_convert_at(fts_mesh* mesh, fts_string tag,
                              const void* at_tensor,
                              const fts_tp_convert_options* options,
                              void* at_out) noexcept {
  constexpr char kName[] = "fts_tp_convert_at";
  return InMesh(mesh, kName, [&](fts::Ranks&) -> absl::Status {
    FTS_RETURN_IF_ERROR(CheckTag(tag, kName));
    FTS_ASSIGN_OR_RETURN(const at::Tensor* tensor,
                         AtTensor(at_tensor, "at_tensor", kName));
    FTS_RETURN_IF_ERROR(OutNotNull(at_out, "at_out", kName));
    FTS_ASSIGN_OR_RETURN(const Conversion c,
                         ReadConvert(options, *tensor, kName));
    const fts::tp::GroupPtr& group = GroupOf(mesh);
    return Thrown(kName, [&]() -> absl::Status {
      *static_cast<at::Tensor*>(at_out) =
          group->size() == 1
              ? *tensor
              : fts::tp::Convert(*tensor, c.from, c.to, group, c.options);
      return absl::OkStatus();
    });
  });
}

fts_status* fts_tp_convert_for_readers_at(fts_mesh* mesh, fts_string tag,
                                          const void* at_tensor,
                                          const fts_tp_convert_options* options,
                                          void* at_out_handed,
                                          void* at_out_shared) noexcept {
  constexpr char kName[] = "fts_tp_convert_for_readers_at";
  return InMesh(mesh, kName, [&](fts::Ranks&) -> absl::Status {
    FTS_RETURN_IF_ERROR(CheckTag(tag, kName));
    FTS_ASSIGN_OR_RETURN(const at::Tensor* tensor,
                         AtTensor(at_tensor, "at_tensor", kName));
    FTS_RETURN_IF_ERROR(OutNotNull(at_out_handed, "at_out_handed", kName));
    FTS_RETURN_IF_ERROR(OutNotNull(at_out_shared, "at_out_shared", kName));
    FTS_ASSIGN_OR_RETURN(
        const Conversion c,
        ReadConvert(options, *tensor, kName, /*reads_to=*/false));
    return Thrown(kName, [&]() -> absl::Status {
      fts::tp::Readable made =
          fts::tp::ConvertForReaders(*tensor, c.from, GroupOf(mesh), c.options);
      *static_cast<at::Tensor*>(at_out_handed) = std::move(made.handed);
      *static_cast<at::Tensor*>(at_out_shared) = std::move(made.shared);
      return absl::OkStatus();
    });
  });
}

fts_status* fts_tp_convert(fts_mesh* mesh, const fts_tensor* tensor,
                           const fts_tp_convert_options* options,
                           fts_tensor** out) noexcept {
  constexpr char kName[] = "fts_tp_convert";
  if (out != nullptr) *out = nullptr;
  return InMesh(mesh, kName, [&](fts::Ranks&) -> absl::Status {
    FTS_ASSIGN_OR_RETURN(const at::Tensor* value,
                         HandleTensor(tensor, "tensor", kName));
    FTS_RETURN_IF_ERROR(OutNotNull(out, "out", kName));
    FTS_ASSIGN_OR_RETURN(const Conversion c,
                         ReadConvert(options, *value, kName));
    const fts::tp::Group& group = *GroupOf(mesh);
    return Thrown(kName, [&]() -> absl::Status {
      const at::NoGradGuard no_graph;
      *out = new fts_tensor(group.size() == 1
                                ? *value
                                : fts::tp::Move(*value, c.from.value,
                                                c.to.value, group, c.options));
      return absl::OkStatus();
    });
  });
}

fts_status* fts_tp_embedding_at(fts_mesh* mesh, fts_string tag,
                                const void* at_ids, const void* at_weight,
                                int64_t vocabulary, void* at_out) noexcept {
  constexpr char kName[] = "fts_tp_embedding_at";
  return InMesh(mesh, kName, [&](fts::Ranks&) -> absl::Status {
    FTS_RETURN_IF_ERROR(CheckTag(tag, kName));
    FTS_ASSIGN_OR_RETURN(const at::Tensor* ids,
                         AtTensor(at_ids, "at_ids", kName));
    FTS_ASSIGN_OR_RETURN(const at::Tensor* weight,
                         AtTensor(at_weight, "at_weight", kName));
    FTS_RETURN_IF_ERROR(OutNotNull(at_out, "at_out", kName));
    return Embed(mesh, *ids, *weight, vocabulary, kName,
                 static_cast<at::Tensor*>(at_out));
  });
}

fts_status* fts_tp_embedding(fts_mesh* mesh, const fts_tensor* ids,
                             const fts_tensor* weight, int64_t vocabulary,
                             fts_tensor** out) noexcept {
  constexpr char kName[] = "fts_tp_embedding";
  if (out != nullptr) *out = nullptr;
  return InMesh(mesh, kName, [&](fts::Ranks&) -> absl::Status {
    FTS_ASSIGN_OR_RETURN(const at::Tensor* rows,
                         HandleTensor(ids, "ids", kName));
    FTS_ASSIGN_OR_RETURN(const at::Tensor* table,
                         HandleTensor(weight, "weight", kName));
    FTS_RETURN_IF_ERROR(OutNotNull(out, "out", kName));
    const at::NoGradGuard no_graph;
    at::Tensor found;
    FTS_RETURN_IF_ERROR(Embed(mesh, *rows, *table, vocabulary, kName, &found));
    *out = new fts_tensor(std::move(found));
    return absl::OkStatus();
  });
}

fts_status* fts_tp_cross_entropy_at(fts_mesh* mesh, fts_string tag,
                                    const void* at_logits,
                                    const void* at_labels, int64_t vocabulary,
                                    fts_string label, void* at_out_sum,
                                    void* at_out_count) noexcept {
  constexpr char kName[] = "fts_tp_cross_entropy_at";
  return InMesh(mesh, kName, [&](fts::Ranks&) -> absl::Status {
    FTS_RETURN_IF_ERROR(CheckTag(tag, kName));
    FTS_ASSIGN_OR_RETURN(const at::Tensor* logits,
                         AtTensor(at_logits, "at_logits", kName));
    FTS_ASSIGN_OR_RETURN(const at::Tensor* labels,
                         AtTensor(at_labels, "at_labels", kName));
    FTS_RETURN_IF_ERROR(OutNotNull(at_out_sum, "at_out_sum", kName));
    FTS_RETURN_IF_ERROR(OutNotNull(at_out_count, "at_out_count", kName));
    fts::nn::LossSum loss;
    FTS_RETURN_IF_ERROR(
        CrossEntropy(mesh, *logits, *labels, vocabulary, label, kName, &loss));
    *static_cast<at::Tensor*>(at_out_sum) = std::move(loss.sum);
    *static_cast<at::Tensor*>(at_out_count) = std::move(loss.count);
    return absl::OkStatus();
  });
}

fts_status* fts_tp_cross_entropy(fts_mesh* mesh, const fts_tensor* logits,
                                 const fts_tensor* labels, int64_t vocabulary,
                                 fts_string label, double* out_sum,
                                 int64_t* out_count,
                                 fts_tensor** out_gradient) noexcept {
  constexpr char kName[] = "fts_tp_cross_entropy";
  if (out_sum != nullptr) *out_sum = 0;
  if (out_count != nullptr) *out_count = 0;
  if (out_gradient != nullptr) *out_gradient = nullptr;
  return InMesh(mesh, kName, [&](fts::Ranks&) -> absl::Status {
    FTS_ASSIGN_OR_RETURN(const at::Tensor* given,
                         HandleTensor(logits, "logits", kName));
    FTS_ASSIGN_OR_RETURN(const at::Tensor* wanted,
                         HandleTensor(labels, "labels", kName));
    const at::AutoGradMode graph(out_gradient != nullptr);
    at::Tensor leaf = given->detach();
    if (leaf.is_floating_point()) leaf.requires_grad_(out_gradient != nullptr);
    fts::nn::LossSum loss;
    FTS_RETURN_IF_ERROR(
        CrossEntropy(mesh, leaf, *wanted, vocabulary, label, kName, &loss));
    if (out_gradient != nullptr) {
      const auto gradients = torch::autograd::grad({loss.sum}, {leaf});
      *out_gradient = new fts_tensor(gradients[0]);
    }
    if (out_sum != nullptr) *out_sum = loss.sum.item<double>();
    if (out_count != nullptr) *out_count = loss.count.item<int64_t>();
    return absl::OkStatus();
  });
}

fts_status* fts_session_token_loss_at(fts_session* session, fts_string tag,
                                      const void* at_logits,
                                      const void* at_labels, void* at_out_sum,
                                      void* at_out_count) noexcept {
  constexpr char kName[] = "fts_session_token_loss_at";
  return InSession(session, kName, [&](fts::HostSession& s) -> absl::Status {
    FTS_RETURN_IF_ERROR(CheckTag(tag, kName));
    FTS_ASSIGN_OR_RETURN(const at::Tensor* logits,
                         AtTensor(at_logits, "at_logits", kName));
    FTS_ASSIGN_OR_RETURN(const at::Tensor* labels,
                         AtTensor(at_labels, "at_labels", kName));
    FTS_RETURN_IF_ERROR(OutNotNull(at_out_sum, "at_out_sum", kName));
    FTS_RETURN_IF_ERROR(OutNotNull(at_out_count, "at_out_count", kName));
    FTS_RETURN_IF_ERROR(CheckLabels(*logits, *labels, kName));
    return Thrown(kName, [&]() -> absl::Status {
      fts::nn::LossSum loss = s.tp() == nullptr
                                  ? fts::nn::SumCrossEntropy(*logits, *labels)
                                  : s.tp()->Loss(*logits, *labels);
      *static_cast<at::Tensor*>(at_out_sum) = std::move(loss.sum);
      *static_cast<at::Tensor*>(at_out_count) = std::move(loss.count);
      return absl::OkStatus();
    });
  });
}
