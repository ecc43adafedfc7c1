// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A world to run the communicator suite in: every rank is a thread of this
// process, made by the backend under test.
//
// Threads: Run() may be called from one thread at a time.
#ifndef FTS_TESTS_CONFORMANCE_WORLD_H_
#define FTS_TESTS_CONFORMANCE_WORLD_H_

#include <ATen/core/Tensor.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fts/core/comm/communicator.h"

namespace fts::conformance {

using comm::Communicator;
using comm::CommunicatorPtr;

// Makes rank `rank` of a fresh world. `world_id` tells worlds apart and is the
// same for the ranks of one.
using MakeRank = std::function<absl::StatusOr<CommunicatorPtr>(
    const std::string& world_id, int rank, int size)>;

struct Backend {
  std::string name;  // for test names: letters and digits
  int size = 1;
  at::DeviceType device = at::kCPU;
  MakeRank make;
};

inline std::ostream& operator<<(std::ostream& out, const Backend& backend) {
  return out << backend.name << backend.size;
}

// A meeting point of `count` threads. Unlike Communicator::Barrier() it does
// not depend on what is under test.
class Meeting {
 public:
  explicit Meeting(int count) : missing_(count) {}
  // Returns when `count` threads have called it.
  void Join();

 private:
  std::mutex mutex_;
  std::condition_variable cv_;
  int missing_;
};

// Runs `body` as every rank at once, in a fresh world, and waits for all. A
// body starts when all ranks are made; each keeps its communicator until all
// bodies have ended.
void RunRanks(const Backend& backend,
              const std::function<void(Communicator& comm)>& body);

// A 1-D tensor on `device` with element i = f(i).
at::Tensor Filled(int64_t numel, at::ScalarType dtype, at::DeviceType device,
                  const std::function<int64_t(int64_t)>& f);

// The elements as integers, read back to the CPU.
std::vector<int64_t> Values(const at::Tensor& tensor);

}  // namespace fts::conformance

#endif  // FTS_TESTS_CONFORMANCE_WORLD_H_
