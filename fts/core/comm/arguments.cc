// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/arguments.h"

#include <c10/core/ScalarType.h>
#include <c10/util/Exception.h>

#include <set>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fts/core/base/status.h"

namespace fts::comm {
namespace {

// What a call does with the elements decides which types it takes.
enum class Use { kMove, kReduce };

bool Supported(at::ScalarType dtype, Use use) {
  switch (dtype) {
    case at::kFloat:
    case at::kDouble:
    case at::kBFloat16:
    case at::kHalf:
    case at::kChar:
    case at::kByte:
    case at::kInt:
    case at::kLong:
      return true;
    case at::kBool:
    case at::kShort:
      return use == Use::kMove;
    default:
      return false;
  }
}

std::string Shape(const at::Tensor& tensor) {
  return absl::StrCat("[", absl::StrJoin(tensor.sizes(), ", "), "]");
}

// A copy of a tensor's facts that costs nothing until something is wrong.
class Checker {
 public:
  Checker(const Communicator& comm, const char* op, at::DeviceType device,
          Use use)
      : comm_(comm), op_(op), device_(device), use_(use) {}

  template <typename... Parts>
  absl::Status Error(const Parts&... parts) const {
    return absl::InvalidArgumentError(
        absl::StrCat(DescribeCall(comm_, op_), ": ", parts...));
  }

  absl::Status Tensor(const at::Tensor& tensor, const char* what) const {
    if (!tensor.defined()) return Error(what, " is undefined; pass a tensor");
    if (tensor.layout() != at::kStrided) {
      return Error(what, " is not a dense tensor");
    }
    if (tensor.device().type() != device_) {
      return Error(what, " is on ", tensor.device().str(), ", must be on ",
                   c10::DeviceTypeName(device_, /*lower_case=*/true));
    }
    if (tensor.dim() != 1) {
      return Error(what, " has shape ", Shape(tensor),
                   ", must be 1-D; flatten it");
    }
    if (!tensor.is_contiguous()) {
      return Error(what, " has stride ", tensor.stride(0),
                   ", must be contiguous");
    }
    if (!Supported(tensor.scalar_type(), use_)) {
      return Error(what, " is ", c10::toString(tensor.scalar_type()),
                   ", which ", op_, " does not take; view it as another type");
    }
    return Memory(tensor, what);
  }

  absl::Status SharedEqually(const at::Tensor& tensor, const char* what) const {
    const int64_t size = comm_.size();
    const int64_t numel = tensor.numel();
    if (numel % size == 0) return absl::OkStatus();
    return Error(what, " has ", numel, " elements, which ", size,
                 " ranks cannot share equally; pad it to ",
                 (numel / size + 1) * size);
  }

  absl::Status SameType(const at::Tensor& input,
                        const at::Tensor& output) const {
    if (input.scalar_type() == output.scalar_type()) return absl::OkStatus();
    return Error("input is ", c10::toString(input.scalar_type()),
                 " but output is ", c10::toString(output.scalar_type()),
                 "; both must have one type");
  }

  absl::Status NoOverlap(const at::Tensor& a, const at::Tensor& b) const {
    if (a.numel() == 0 || b.numel() == 0) return absl::OkStatus();
    const char* a_begin = static_cast<const char*>(a.const_data_ptr());
    const char* b_begin = static_cast<const char*>(b.const_data_ptr());
    if (a_begin + a.nbytes() <= b_begin || b_begin + b.nbytes() <= a_begin) {
      return absl::OkStatus();
    }
    return Error("output overlaps input; give it memory of its own");
  }

 private:
  // Storage that was resized to nothing, or that refuses to be read.
  absl::Status Memory(const at::Tensor& tensor, const char* what) const {
    if (tensor.numel() == 0) return absl::OkStatus();
    const int64_t end = (tensor.storage_offset() + tensor.numel()) *
                        static_cast<int64_t>(tensor.element_size());
    const int64_t have = static_cast<int64_t>(tensor.storage().nbytes());
    if (have < end) {
      return Error(what, " needs ", end, " bytes of storage but has ", have,
                   "; it is resharded or freed, gather it first");
    }
    try {
      if (tensor.const_data_ptr() == nullptr) {
        return Error(what, " has no memory; it is resharded or freed");
      }
    } catch (const c10::Error& error) {
      return Error(what, " cannot be read: ", error.what_without_backtrace());
    }
    return absl::OkStatus();
  }

  const Communicator& comm_;
  const char* const op_;
  const at::DeviceType device_;
  const Use use_;
};

}  // namespace

std::string DescribeCall(const std::string& label, const std::string& name,
                         int rank, int size, const char* op) {
  return absl::StrCat(op, label.empty() ? "" : absl::StrCat(" '", label, "'"),
                      " on ", name, " (rank ", rank, " of ", size, ")");
}

std::string DescribeCall(const Communicator& comm, const char* op) {
  return DescribeCall(comm.label(), comm.name(), comm.rank(), comm.size(), op);
}

absl::Status CheckAllGather(const Communicator& comm, at::DeviceType device,
                            const at::Tensor& full) {
  const Checker check(comm, "all_gather", device, Use::kMove);
  FTS_RETURN_IF_ERROR(check.Tensor(full, "tensor"));
  return check.SharedEqually(full, "tensor");
}

absl::Status CheckReduceScatter(const Communicator& comm, at::DeviceType device,
                                const at::Tensor& input,
                                const at::Tensor& output) {
  const Checker check(comm, "reduce_scatter", device, Use::kReduce);
  FTS_RETURN_IF_ERROR(check.Tensor(input, "input"));
  FTS_RETURN_IF_ERROR(check.Tensor(output, "output"));
  FTS_RETURN_IF_ERROR(check.SameType(input, output));
  if (input.numel() != output.numel() * comm.size()) {
    return check.Error("input has ", input.numel(), " elements and output ",
                       output.numel(), "; for ", comm.size(),
                       " ranks input must have ", output.numel() * comm.size());
  }
  if (input.numel() == 0) return absl::OkStatus();
  const char* own = static_cast<const char*>(input.const_data_ptr()) +
                    comm.rank() * output.nbytes();
  if (own == output.const_data_ptr()) return absl::OkStatus();
  return check.NoOverlap(input, output);
}

absl::Status CheckAllReduce(const Communicator& comm, at::DeviceType device,
                            const at::Tensor& tensor) {
  return Checker(comm, "all_reduce", device, Use::kReduce)
      .Tensor(tensor, "tensor");
}

absl::Status CheckBroadcast(const Communicator& comm, at::DeviceType device,
                            const at::Tensor& tensor, int root) {
  const Checker check(comm, "broadcast", device, Use::kMove);
  if (root < 0 || root >= comm.size()) {
    return check.Error("root is ", root, ", must be between 0 and ",
                       comm.size() - 1);
  }
  return check.Tensor(tensor, "tensor");
}

absl::Status CheckAllToAll(const Communicator& comm, at::DeviceType device,
                           const at::Tensor& input, const at::Tensor& output) {
  const Checker check(comm, "all_to_all", device, Use::kMove);
  FTS_RETURN_IF_ERROR(check.Tensor(input, "input"));
  FTS_RETURN_IF_ERROR(check.Tensor(output, "output"));
  FTS_RETURN_IF_ERROR(check.SameType(input, output));
  if (input.numel() != output.numel()) {
    return check.Error("input has ", input.numel(), " elements and output ",
                       output.numel(), "; both must have the same");
  }
  FTS_RETURN_IF_ERROR(check.SharedEqually(input, "input"));
  return check.NoOverlap(input, output);
}

absl::Status CheckSplit(const Communicator& comm, const std::vector<int>& ranks,
                        const std::string& name) {
  const std::string call = DescribeCall(comm, "split");
  if (name.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(call, ": the new communicator needs a name"));
  }
  std::set<int> seen;
  for (int rank : ranks) {
    if (rank < 0 || rank >= comm.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat(call, ": '", name, "' asks for rank ", rank,
                       ", ranks are 0 to ", comm.size() - 1));
    }
    if (!seen.insert(rank).second) {
      return absl::InvalidArgumentError(
          absl::StrCat(call, ": '", name, "' lists rank ", rank, " twice"));
    }
  }
  return absl::OkStatus();
}

int PlaceIn(const std::vector<int>& ranks, int rank) {
  for (size_t i = 0; i < ranks.size(); ++i) {
    if (ranks[i] == rank) return static_cast<int>(i);
  }
  return -1;
}

at::Tensor DataOf(const at::Tensor& tensor) {
  return tensor.requires_grad() ? tensor.detach() : tensor;
}

at::Tensor SliceOf(const at::Tensor& full, int rank, int size) {
  const int64_t n = full.numel() / size;
  return full.narrow(0, rank * n, n);
}

}  // namespace fts::comm
