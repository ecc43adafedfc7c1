// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The suite over shared memory: with slots that hold every call of it, and with
// the smallest, through which its larger calls go in many chunks.
#include "fts/core/comm/shm/shm.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "fts/core/comm/store.h"
#include "fts/core/comm/trace.h"
#include "tests/conformance/suite.h"

namespace fts::conformance {
namespace {

// One store per world, shared by its threads.
comm::StorePtr SharedStore(const std::string& world_id) {
  static std::mutex mutex;
  static auto* const stores = new std::map<std::string, comm::StorePtr>();
  std::lock_guard<std::mutex> lock(mutex);
  comm::StorePtr& store = (*stores)[world_id];
  if (store == nullptr) store = comm::MakeHashStore();
  return store;
}

absl::StatusOr<CommunicatorPtr> Make(const std::string& world_id, int rank,
                                     int size, int64_t slot_bytes) {
  comm::ShmOptions options;
  options.timeout = std::chrono::seconds(40);
  options.slot_bytes = slot_bytes;
  return comm::MakeShm(SharedStore(world_id), rank, size, options);
}

Backend Shm(int size) {
  return {"Shm", size, at::kCPU,
          [](const std::string& world_id, int rank, int world_size) {
            return Make(world_id, rank, world_size, 1024 * 1024);
          }};
}

Backend SmallSlots(int size) {
  return {"ShmSmallSlots", size, at::kCPU,
          [](const std::string& world_id, int rank, int world_size) {
            return Make(world_id, rank, world_size, 64 * 1024);
          }};
}

Backend Traced(int size) {
  return {"TracedShm", size, at::kCPU,
          [](const std::string& world_id, int rank,
             int world_size) -> absl::StatusOr<CommunicatorPtr> {
            absl::StatusOr<CommunicatorPtr> inner =
                Make(world_id, rank, world_size, 64 * 1024);
            if (!inner.ok()) return inner.status();
            return comm::WithTrace(*inner, std::make_shared<comm::Trace>());
          }};
}

INSTANTIATE_TEST_SUITE_P(Shm, CommunicatorTest,
                         testing::Values(Shm(1), Shm(2), Shm(4), SmallSlots(2),
                                         SmallSlots(3), SmallSlots(4),
                                         Traced(2)),
                         BackendName());

}  // namespace
}  // namespace fts::conformance
