// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What every call does to its tensors, over types and sizes.
#include <c10/core/ScalarType.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <vector>

#include "tests/conformance/suite.h"

namespace fts::conformance {
namespace {

using comm::EventPtr;
using comm::ReduceOp;

const std::vector<at::ScalarType>& ReducedTypes() {
  static const auto* const kTypes = new std::vector<at::ScalarType>{
      at::kFloat, at::kDouble, at::kBFloat16, at::kHalf,
      at::kChar,  at::kByte,   at::kInt,      at::kLong};
  return *kTypes;
}

std::vector<at::ScalarType> MovedTypes() {
  std::vector<at::ScalarType> types = ReducedTypes();
  types.push_back(at::kBool);
  types.push_back(at::kShort);
  return types;
}

// Per rank: one, odd, and more than one segment of a ring.
const int64_t kSizes[] = {1, 3, 257, 70001};

// Small enough that sums over ranks are exact in every type.
int64_t Value(at::ScalarType dtype, int rank, int64_t i) {
  const int64_t value = (rank * 3 + i) % 7;
  return dtype == at::kBool ? value % 2 : value;
}

void ExpectOk(absl::StatusOr<EventPtr> event) {
  ASSERT_TRUE(event.ok()) << event.status();
  const absl::Status status = (*event)->Wait();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_TRUE((*event)->Ready());
}

std::vector<int64_t> Expected(int64_t n,
                              const std::function<int64_t(int64_t)>& f) {
  std::vector<int64_t> values(n);
  for (int64_t i = 0; i < n; ++i) values[i] = f(i);
  return values;
}

int64_t Reduced(at::ScalarType dtype, int size, int64_t i, ReduceOp op) {
  int64_t result = Value(dtype, 0, i);
  for (int rank = 1; rank < size; ++rank) {
    const int64_t value = Value(dtype, rank, i);
    result = op == ReduceOp::kSum ? result + value : std::max(result, value);
  }
  return result;
}

TEST_P(CommunicatorTest, KnowsItsPlace) {
  std::atomic<int> ranks{0};
  RunRanks(GetParam(), [&](Communicator& comm) {
    EXPECT_EQ(comm.size(), size());
    EXPECT_EQ(comm.name(), "world");
    EXPECT_EQ(comm.label(), "");
    ranks |= 1 << comm.rank();
  });
  EXPECT_EQ(ranks, (1 << size()) - 1);
}

TEST_P(CommunicatorTest, AllGatherInPlace) {
  RunRanks(GetParam(), [&](Communicator& comm) {
    for (at::ScalarType dtype : MovedTypes()) {
      for (int64_t n : kSizes) {
        at::Tensor full =
            Filled(n * size(), dtype, device(), [&](int64_t i) -> int64_t {
              return i / n == comm.rank() ? Value(dtype, comm.rank(), i % n)
                                          : 0;
            });
        ExpectOk(comm.AllGatherInPlace(full));
        EXPECT_EQ(Values(full), Expected(n * size(),
                                         [&](int64_t i) {
                                           return Value(dtype,
                                                        static_cast<int>(i / n),
                                                        i % n);
                                         }))
            << c10::toString(dtype) << " " << n;
      }
    }
  });
}

TEST_P(CommunicatorTest, ReduceScatter) {
  RunRanks(GetParam(), [&](Communicator& comm) {
    for (at::ScalarType dtype : ReducedTypes()) {
      for (int64_t n : kSizes) {
        for (ReduceOp op : {ReduceOp::kSum, ReduceOp::kMax}) {
          const auto mine = [&](int64_t i) {
            return Value(dtype, comm.rank(), i);
          };
          at::Tensor input = Filled(n * size(), dtype, device(), mine);
          at::Tensor output =
              Filled(n, dtype, device(), [](int64_t) { return 99; });
          ExpectOk(comm.ReduceScatter(input, output, op));
          EXPECT_EQ(Values(output), Expected(n,
                                             [&](int64_t i) {
                                               return Reduced(
                                                   dtype, size(),
                                                   comm.rank() * n + i, op);
                                             }))
              << c10::toString(dtype) << " " << n;
          EXPECT_EQ(Values(input), Expected(n * size(), mine));
        }
      }
    }
  });
}

TEST_P(CommunicatorTest, ReduceScatterIntoItsOwnSlice) {
  constexpr int64_t kNumel = 257;
  RunRanks(GetParam(), [&](Communicator& comm) {
    for (at::ScalarType dtype : ReducedTypes()) {
      at::Tensor input =
          Filled(kNumel * size(), dtype, device(),
                 [&](int64_t i) { return Value(dtype, comm.rank(), i); });
      ExpectOk(comm.ReduceScatter(input,
                                  input.narrow(0, comm.rank() * kNumel, kNumel),
                                  ReduceOp::kSum));
      EXPECT_EQ(Values(input), Expected(kNumel * size(),
                                        [&](int64_t i) {
                                          return i / kNumel == comm.rank()
                                                     ? Reduced(dtype, size(), i,
                                                               ReduceOp::kSum)
                                                     : Value(dtype, comm.rank(),
                                                             i);
                                        }))
          << c10::toString(dtype);
    }
  });
}

TEST_P(CommunicatorTest, AllReduce) {
  RunRanks(GetParam(), [&](Communicator& comm) {
    for (at::ScalarType dtype : ReducedTypes()) {
      for (int64_t n : kSizes) {
        for (ReduceOp op : {ReduceOp::kSum, ReduceOp::kMax}) {
          at::Tensor tensor = Filled(n, dtype, device(), [&](int64_t i) {
            return Value(dtype, comm.rank(), i);
          });
          ExpectOk(comm.AllReduce(tensor, op));
          EXPECT_EQ(
              Values(tensor),
              Expected(
                  n, [&](int64_t i) { return Reduced(dtype, size(), i, op); }))
              << c10::toString(dtype) << " " << n;
        }
      }
    }
  });
}

TEST_P(CommunicatorTest, BroadcastFromEveryRoot) {
  RunRanks(GetParam(), [&](Communicator& comm) {
    for (at::ScalarType dtype : MovedTypes()) {
      for (int root = 0; root < size(); ++root) {
        at::Tensor tensor = Filled(257, dtype, device(), [&](int64_t i) {
          return Value(dtype, comm.rank(), i);
        });
        ExpectOk(comm.Broadcast(tensor, root));
        EXPECT_EQ(
            Values(tensor),
            Expected(257, [&](int64_t i) { return Value(dtype, root, i); }))
            << c10::toString(dtype) << " " << root;
      }
    }
  });
}

TEST_P(CommunicatorTest, AllToAll) {
  RunRanks(GetParam(), [&](Communicator& comm) {
    for (at::ScalarType dtype : MovedTypes()) {
      for (int64_t n : kSizes) {
        at::Tensor input = Filled(n * size(), dtype, device(), [&](int64_t i) {
          return Value(dtype, comm.rank(), i);
        });
        at::Tensor output =
            Filled(n * size(), dtype, device(), [](int64_t) { return 0; });
        ExpectOk(comm.AllToAll(input, output));
        EXPECT_EQ(Values(output), Expected(n * size(),
                                           [&](int64_t i) {
                                             return Value(
                                                 dtype, static_cast<int>(i / n),
                                                 comm.rank() * n + i % n);
                                           }))
            << c10::toString(dtype) << " " << n;
      }
    }
  });
}

TEST_P(CommunicatorTest, NothingCompletesAtOnce) {
  RunRanks(GetParam(), [&](Communicator& comm) {
    const at::Tensor empty =
        Filled(0, at::kFloat, device(), [](int64_t) { return 0; });
    ExpectOk(comm.AllGatherInPlace(empty));
    ExpectOk(comm.ReduceScatter(empty, empty, ReduceOp::kSum));
    ExpectOk(comm.AllReduce(empty, ReduceOp::kSum));
    ExpectOk(comm.Broadcast(empty, 0));
    ExpectOk(comm.AllToAll(empty, empty));
  });
}

TEST_P(CommunicatorTest, WritesOnlyInsideAView) {
  RunRanks(GetParam(), [&](Communicator& comm) {
    const int64_t n = 5 * size();
    at::Tensor buffer =
        Filled(n + 6, at::kFloat, device(), [](int64_t) { return 50; });
    at::Tensor view = buffer.narrow(0, 3, n);
    view.fill_(comm.rank() + 1);
    ExpectOk(comm.AllGatherInPlace(view));
    EXPECT_EQ(Values(buffer), Expected(n + 6, [&](int64_t i) -> int64_t {
                return i < 3 || i >= n + 3 ? 50 : (i - 3) / 5 + 1;
              }));
  });
}

TEST_P(CommunicatorTest, TakesLeavesThatRequireGrad) {
  RunRanks(GetParam(), [&](Communicator& comm) {
    at::Tensor leaf = Filled(size(), at::kFloat, device(),
                             [&](int64_t) { return comm.rank() + 1; });
    leaf.requires_grad_(true);
    ExpectOk(comm.AllGatherInPlace(leaf));
    EXPECT_TRUE(leaf.is_leaf());
    EXPECT_EQ(Values(leaf), Expected(size(), [](int64_t i) { return i + 1; }));
    ExpectOk(comm.AllReduce(leaf, ReduceOp::kSum));
    EXPECT_EQ(Values(leaf)[0], size());
  });
}

}  // namespace
}  // namespace fts::conformance
