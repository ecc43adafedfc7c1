// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The suite over NCCL, one thread per GPU; without a GPU, that the refusal is
// clear, and a skipped test that says so.
#include "fts/core/comm/nccl.h"

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "fts/core/comm/store.h"
#include "tests/conformance/suite.h"

namespace fts::conformance {
namespace {

comm::StorePtr SharedStore(const std::string& world_id) {
  static std::mutex mutex;
  static auto* const stores = new std::map<std::string, comm::StorePtr>();
  std::lock_guard<std::mutex> lock(mutex);
  comm::StorePtr& store = (*stores)[world_id];
  if (store == nullptr) store = comm::MakeHashStore();
  return store;
}

absl::StatusOr<CommunicatorPtr> Make(const std::string& world_id, int rank,
                                     int size) {
  comm::NcclOptions options;
  options.device_index = rank;
  options.timeout = std::chrono::seconds(40);
  return comm::MakeNccl(SharedStore(world_id), rank, size, options);
}

std::vector<Backend> Backends() {
  std::vector<Backend> backends;
  if (!comm::NcclUsable().ok()) return backends;
  backends.push_back({"Nccl", 1, at::kCUDA, Make});
  return backends;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CommunicatorTest);
INSTANTIATE_TEST_SUITE_P(Gpu, CommunicatorTest, testing::ValuesIn(Backends()),
                         BackendName());

TEST(NcclTest, SuiteRanOnAGpu) {
  const absl::Status usable = comm::NcclUsable();
  if (!usable.ok()) GTEST_SKIP() << usable.message();
  EXPECT_FALSE(Backends().empty());
}

TEST(NcclTest, WithoutAGpuTheRefusalIsClear) {
  const absl::Status usable = comm::NcclUsable();
  if (usable.ok()) GTEST_SKIP() << "this machine has a GPU";
  EXPECT_EQ(usable.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(usable.message(),
            comm::NcclCompiled()
                ? "nccl: this machine has no usable GPU (no device, or no "
                  "driver that fits the CUDA of this build); use the CPU, or "
                  "check nvidia-smi and CUDA_VISIBLE_DEVICES"
                : "nccl: this build has no NCCL; build with a CUDA LibTorch "
                  "and without --define=fts_cuda=off, or use the CPU");
  EXPECT_EQ(Make("none", 0, 1).status(), usable);
}

}  // namespace
}  // namespace fts::conformance
