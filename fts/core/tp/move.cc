// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/tp/move.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "fts/core/comm/status_error.h"
#include "fts/core/plan/tp_plan.h"

namespace fts::tp {
namespace {

using Sizes = std::vector<int64_t>;

void Finish(absl::StatusOr<comm::EventPtr> event) {
  if (!event.ok()) throw StatusError(event.status());
  const absl::Status status = (*event)->Wait();
  if (!status.ok()) throw StatusError(status);
}

[[noreturn]] void Refuse(const ConvertOptions& options,
                         const std::string& text) {
  throw std::invalid_argument(absl::StrCat(
      options.label.empty() ? "tensor parallel" : options.label, ": ", text));
}

// Moves one tensor; x is not changed unless it is consumed.
class Mover {
 public:
  Mover(const at::Tensor& x, const Group& group, const ConvertOptions& options)
      : x_(x), group_(group), options_(options), n_(group.size()) {}

  at::Tensor AllReduce() {
    if (x_.is_meta()) return x_;
    at::Tensor sum = options_.consume && x_.is_contiguous()
                         ? x_
                         : x_.clone(at::MemoryFormat::Contiguous);
    // Whoever saved it all the same finds out.
    if (sum.is_same(x_) && !x_.is_inference()) {
      x_.unsafeGetTensorImpl()->bump_version();
    }
    Finish(Comm("all_reduce", sum)
               .AllReduce(sum.view({-1}), comm::ReduceOp::kSum));
    return sum;
  }

  at::Tensor Gather(int64_t dim) {
    const int64_t whole =
        options_.whole > 0 ? options_.whole : x_.size(dim) * n_;
    const int64_t chunk = (whole + n_ - 1) / n_;
    const int64_t mine = ChunkOf(whole, n_, group_.rank()).size;
    if (x_.size(dim) != mine) {
      Refuse(options_, absl::StrCat("dimension ", dim, " has ", x_.size(dim),
                                    " elements here, but rank ", group_.rank(),
                                    " of ", n_, " holds ", mine, " of ", whole,
                                    "; look at what made the tensor"));
    }
    Sizes result = x_.sizes().vec();
    result[dim] = whole;
    if (x_.is_meta()) return at::empty(result, x_.options());
    Sizes parts = x_.sizes().vec();
    parts[dim] = chunk;
    parts.insert(parts.begin(), n_);
    at::Tensor all = at::empty(parts, x_.options());
    all[group_.rank()].narrow(dim, 0, mine).copy_(x_);
    Finish(Comm("all_gather", all).AllGatherInPlace(all.view({-1})));
    result[dim] = n_ * chunk;
    return all.movedim(0, dim).reshape(result).narrow(dim, 0, whole);
  }

  at::Tensor ReduceScatter(int64_t dim) {
    const int64_t whole = Whole(dim);
    const int64_t chunk = (whole + n_ - 1) / n_;
    const int64_t mine = ChunkOf(whole, n_, group_.rank()).size;
    Sizes part = x_.sizes().vec();
    part[dim] = chunk;
    Sizes result = x_.sizes().vec();
    result[dim] = mine;
    if (x_.is_meta()) return at::empty(result, x_.options());
    at::Tensor out = at::empty(part, x_.options());
    const at::Tensor in = InParts(dim, chunk);
    Finish(Comm("reduce_scatter", in)
               .ReduceScatter(in.view({-1}), out.view({-1}),
                              comm::ReduceOp::kSum));
    return out.narrow(dim, 0, mine);
  }

  at::Tensor Slice(int64_t dim) {
    const TpChunk mine = ChunkOf(Whole(dim), n_, group_.rank());
    // A copy: what saves the part must not keep the whole.
    return x_.narrow(dim, mine.begin, mine.size)
        .clone(at::MemoryFormat::Contiguous);
  }

  // From parts along `from` to parts along `to`.
  at::Tensor Exchange(int64_t from, int64_t to) {
    if (x_.size(to) % n_ != 0 || options_.whole > 0) {
      Refuse(options_, absl::StrCat("dimension ", to, " of ", x_.size(to),
                                    " elements is not shared evenly by ", n_,
                                    " tp ranks"));
    }
    const int64_t chunk = x_.size(to) / n_;
    Sizes result = x_.sizes().vec();
    result[to] = chunk;
    result[from] *= n_;
    if (x_.is_meta()) return at::empty(result, x_.options());
    const at::Tensor send = InParts(to, chunk);
    const at::Tensor got = at::empty_like(send);
    Finish(Comm("all_to_all", send).AllToAll(send.view({-1}), got.view({-1})));
    return got.movedim(0, from).reshape(result);
  }

  at::Tensor KeepOnFirst() const {
    return group_.rank() == 0 ? x_ : at::zeros_like(x_);
  }

 private:
  comm::Communicator& Comm(const char* op, const at::Tensor& tensor) {
    group_.Tell(op, options_.label, tensor);
    group_.comm()->SetLabel(options_.label);
    return *group_.comm();
  }

  // Of x's own dimension `dim`, which is whole here.
  int64_t Whole(int64_t dim) const {
    const int64_t size = x_.size(dim);
    if (options_.whole > 0 && options_.whole != size) {
      Refuse(options_, absl::StrCat("dimension ", dim, " has ", size,
                                    " elements; expected ", options_.whole));
    }
    if (options_.whole == 0 && size % n_ != 0) {
      Refuse(
          options_,
          absl::StrCat(
              "dimension ", dim, " has ", size, " elements, which ", n_,
              " tp ranks do not divide; make the batch, or the sequences, of a "
              "size that they do"));
    }
    return size;
  }

  // x as [n, part...], contiguous, missing elements zero. No copy where it lies
  // so already.
  at::Tensor InParts(int64_t dim, int64_t chunk) const {
    at::Tensor x = x_;
    if (const int64_t missing = n_ * chunk - x.size(dim); missing > 0) {
      Sizes pad(2 * (x.dim() - dim), 0);
      pad.back() = missing;
      x = at::constant_pad_nd(x, pad);
    }
    return x.unflatten(dim, {n_, chunk}).movedim(dim, 0).contiguous();
  }

  const at::Tensor& x_;
  const Group& group_;
  const ConvertOptions& options_;
  const int64_t n_;
};

}  // namespace

at::Tensor Move(const at::Tensor& x, const Placement& given_from,
                const Placement& given_to, const Group& group,
                const ConvertOptions& options) {
  const Placement from = Resolved(given_from, x, options);
  const Placement to = Resolved(given_to, x, options);
  if (group.size() == 1 || from == to) return x;
  Mover mover(x, group, options);
  switch (from.kind()) {
    case Placement::Kind::kPartial:
      return to.is_shard() ? mover.ReduceScatter(to.dim()) : mover.AllReduce();
    case Placement::Kind::kReplicate:
      return to.is_shard() ? mover.Slice(to.dim()) : mover.KeepOnFirst();
    case Placement::Kind::kShard:
      break;
  }
  if (to.is_shard()) return mover.Exchange(from.dim(), to.dim());
  const at::Tensor whole = mover.Gather(from.dim());
  return to.is_partial() ? Mover(whole, group, options).KeepOnFirst() : whole;
}

Placement Resolved(const Placement& placement, const at::Tensor& x,
                   const ConvertOptions& options) {
  const auto resolved = placement.Resolve(x.dim());
  if (!resolved.ok()) {
    Refuse(options,
           absl::StrCat("a tensor of ", x.dim(), " dimensions cannot be ",
                        placement.ToString()));
  }
  return *resolved;
}

Layout Resolved(const Layout& layout, const at::Tensor& x,
                const ConvertOptions& options) {
  return {Resolved(layout.value, x, options),
          Resolved(layout.gradient, x, options)};
}

}  // namespace fts::tp
