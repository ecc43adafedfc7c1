// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Wrong calls: refused with the same words by every backend, before anything
// is sent.
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <string>

#include "tests/conformance/suite.h"

namespace fts::conformance {
namespace {

using comm::ReduceOp;

// "world (rank 0 of 2)"
std::string Place(const Communicator& comm) {
  return comm.name() + " (rank " + std::to_string(comm.rank()) + " of " +
         std::to_string(comm.size()) + ")";
}

void ExpectRefused(const absl::Status& status, const std::string& message) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), message);
}

TEST_P(CommunicatorTest, RefusesWrongTensors) {
  RunRanks(GetParam(), [&](Communicator& comm) {
    comm.SetLabel("unit 3");
    const std::string call = "all_gather 'unit 3' on " + Place(comm) + ": ";
    const auto make = [&](at::IntArrayRef shape) {
      return at::zeros(shape, at::TensorOptions().device(device()));
    };
    const int64_t n = size();
    ExpectRefused(comm.AllGatherInPlace(at::Tensor()).status(),
                  call + "tensor is undefined; pass a tensor");
    ExpectRefused(comm.AllGatherInPlace(make({2, n})).status(),
                  call + "tensor has shape [2, " + std::to_string(n) +
                      "], must be 1-D; flatten it");
    ExpectRefused(comm.AllGatherInPlace(make({2 * n, 2}).select(1, 0)).status(),
                  call + "tensor has stride 2, must be contiguous");
    ExpectRefused(
        comm.AllGatherInPlace(make({n}).to(at::kComplexFloat)).status(),
        call +
            "tensor is ComplexFloat, which all_gather does not take; view "
            "it as another type");
    ExpectRefused(
        comm.AllReduce(make({n}).to(at::kBool), ReduceOp::kSum).status(),
        "all_reduce 'unit 3' on " + Place(comm) +
            ": tensor is Bool, which all_reduce does not take; view it as "
            "another type");

    at::Tensor freed = make({4 * n});
    freed.storage().unsafeGetStorageImpl()->set_nbytes(0);
    ExpectRefused(comm.AllGatherInPlace(freed).status(),
                  call + "tensor needs " + std::to_string(16 * n) +
                      " bytes of storage but has 0; it is resharded or freed, "
                      "gather it first");

    const at::DeviceType other = at::kMeta;
    ExpectRefused(
        comm.AllGatherInPlace(at::zeros({n}, at::TensorOptions().device(other)))
            .status(),
        call + "tensor is on meta, must be on " +
            c10::DeviceTypeName(device(), /*lower_case=*/true));

    // Nothing was sent: the next call finds its partners.
    absl::StatusOr<comm::EventPtr> next = comm.AllGatherInPlace(make({n}));
    ASSERT_TRUE(next.ok()) << next.status();
    EXPECT_TRUE((*next)->Wait().ok());
  });
}

TEST_P(CommunicatorTest, RefusesTensorsThatDoNotFitTogether) {
  RunRanks(GetParam(), [&](Communicator& comm) {
    const auto make = [&](int64_t numel) {
      return at::zeros({numel}, at::TensorOptions().device(device()));
    };
    const int64_t n = size();
    const std::string scatter = "reduce_scatter on " + Place(comm) + ": ";
    ExpectRefused(
        comm.ReduceScatter(make(n + 1), make(1), ReduceOp::kSum).status(),
        scatter + "input has " + std::to_string(n + 1) +
            " elements and output 1; for " + std::to_string(n) +
            " ranks input must have " + std::to_string(n));
    ExpectRefused(
        comm.ReduceScatter(make(n), make(1).to(at::kDouble), ReduceOp::kSum)
            .status(),
        scatter +
            "input is Float but output is Double; both must have one "
            "type");
    at::Tensor buffer = make(4 * n + 1);
    ExpectRefused(comm.ReduceScatter(buffer.narrow(0, 0, 4 * n),
                                     buffer.narrow(0, 4 * comm.rank() + 1, 4),
                                     ReduceOp::kSum)
                      .status(),
                  scatter + "output overlaps input; give it memory of its own");

    const std::string all = "all_to_all on " + Place(comm) + ": ";
    ExpectRefused(comm.AllToAll(make(n), make(n + 1)).status(),
                  all + "input has " + std::to_string(n) +
                      " elements and output " + std::to_string(n + 1) +
                      "; both must have the same");
    ExpectRefused(
        comm.AllToAll(buffer.narrow(0, 0, n), buffer.narrow(0, 0, n)).status(),
        all + "output overlaps input; give it memory of its own");
    if (n > 1) {
      ExpectRefused(comm.AllGatherInPlace(make(n + 1)).status(),
                    "all_gather on " + Place(comm) + ": tensor has " +
                        std::to_string(n + 1) + " elements, which " +
                        std::to_string(n) +
                        " ranks cannot share equally; pad it to " +
                        std::to_string(2 * n));
    }
  });
}

TEST_P(CommunicatorTest, RefusesRanksThatDoNotExist) {
  RunRanks(GetParam(), [&](Communicator& comm) {
    const std::string last = std::to_string(size() - 1);
    const at::Tensor tensor =
        at::zeros({4}, at::TensorOptions().device(device()));
    ExpectRefused(comm.Broadcast(tensor, size()).status(),
                  "broadcast on " + Place(comm) + ": root is " +
                      std::to_string(size()) + ", must be between 0 and " +
                      last);
    ExpectRefused(comm.Broadcast(tensor, -1).status(),
                  "broadcast on " + Place(comm) +
                      ": root is -1, must be between 0 and " + last);
    const std::string split = "split on " + Place(comm) + ": ";
    ExpectRefused(comm.Split({0, size()}, "dp").status(),
                  split + "'dp' asks for rank " + std::to_string(size()) +
                      ", ranks are 0 to " + last);
    ExpectRefused(comm.Split({0, 0}, "dp").status(),
                  split + "'dp' lists rank 0 twice");
    ExpectRefused(comm.Split({0}, "").status(),
                  split + "the new communicator needs a name");
  });
}

}  // namespace
}  // namespace fts::conformance
