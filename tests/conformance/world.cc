// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/world.h"

#include <ATen/ops/empty.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "fts/core/comm/testing/no_flight_recorder.h"

namespace fts::conformance {

void Meeting::Join() {
  std::unique_lock<std::mutex> lock(mutex_);
  --missing_;
  cv_.notify_all();
  cv_.wait(lock, [&] { return missing_ <= 0; });
}

void RunRanks(const Backend& backend,
              const std::function<void(Communicator& comm)>& body) {
  static std::atomic<int> counter{0};
  const std::string world_id =
      std::to_string(getpid()) + "_" + std::to_string(counter++);
  std::vector<CommunicatorPtr> comms(backend.size);
  Meeting made_all(backend.size);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < backend.size; ++rank) {
    threads.emplace_back([&, rank] {
      absl::StatusOr<CommunicatorPtr> made =
          backend.make(world_id, rank, backend.size);
      made_all.Join();
      ASSERT_TRUE(made.ok()) << made.status();
      comms[rank] = *made;
      body(**made);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

at::Tensor Filled(int64_t numel, at::ScalarType dtype, at::DeviceType device,
                  const std::function<int64_t(int64_t)>& f) {
  at::Tensor values = at::empty({numel}, at::kLong);
  int64_t* data = values.mutable_data_ptr<int64_t>();
  for (int64_t i = 0; i < numel; ++i) data[i] = f(i);
  return values.to(dtype).to(device);
}

std::vector<int64_t> Values(const at::Tensor& tensor) {
  const at::Tensor values =
      tensor.detach().to(at::kCPU).to(at::kLong).contiguous();
  const int64_t* data = values.const_data_ptr<int64_t>();
  return std::vector<int64_t>(data, data + values.numel());
}

}  // namespace fts::conformance
