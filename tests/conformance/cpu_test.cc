// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The suite over the backends that run anywhere.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "fts/core/comm/fake.h"
#include "fts/core/comm/gloo.h"
#include "fts/core/comm/local.h"
#include "fts/core/comm/store.h"
#include "fts/core/comm/trace.h"
#include "tests/conformance/suite.h"

namespace fts::conformance {
namespace {

comm::GlooOptions Options() {
  comm::GlooOptions options;
  options.host = "127.0.0.1";
  options.timeout = std::chrono::seconds(40);
  return options;
}

// One store per world, shared by its threads.
comm::StorePtr SharedStore(const std::string& world_id) {
  static std::mutex mutex;
  static auto* const stores = new std::map<std::string, comm::StorePtr>();
  std::lock_guard<std::mutex> lock(mutex);
  comm::StorePtr& store = (*stores)[world_id];
  if (store == nullptr) store = comm::MakeHashStore();
  return store;
}

Backend Local() {
  return {"Local", 1, at::kCPU, [](const std::string&, int, int) {
            return absl::StatusOr<CommunicatorPtr>(comm::MakeLocal());
          }};
}

// A world of one is all that a fake can be true to.
Backend Fake() {
  return {"Fake", 1, at::kCPU,
          [](const std::string&, int rank,
             int size) -> absl::StatusOr<CommunicatorPtr> {
            comm::FakeOptions options;
            options.rank = rank;
            options.size = size;
            return CommunicatorPtr(*comm::MakeFake(options));
          }};
}

Backend Gloo(int size) {
  return {"Gloo", size, at::kCPU,
          [](const std::string& world_id, int rank, int world_size) {
            return comm::MakeGloo(SharedStore(world_id), rank, world_size,
                                  Options());
          }};
}

Backend GlooOverFiles(int size) {
  return {"GlooFile", size, at::kCPU,
          [](const std::string& world_id, int rank,
             int world_size) -> absl::StatusOr<CommunicatorPtr> {
            absl::StatusOr<comm::StorePtr> store = comm::OpenFileStore(
                testing::TempDir() + "/conformance_" + world_id, world_size);
            if (!store.ok()) return store.status();
            return comm::MakeGloo(*store, rank, world_size, Options());
          }};
}

Backend TracedGloo(int size) {
  return {"TracedGloo", size, at::kCPU,
          [](const std::string& world_id, int rank,
             int world_size) -> absl::StatusOr<CommunicatorPtr> {
            absl::StatusOr<CommunicatorPtr> inner = comm::MakeGloo(
                SharedStore(world_id), rank, world_size, Options());
            if (!inner.ok()) return inner.status();
            return comm::WithTrace(*inner, std::make_shared<comm::Trace>());
          }};
}

INSTANTIATE_TEST_SUITE_P(Cpu, CommunicatorTest,
                         testing::Values(Local(), Fake(), Gloo(1), Gloo(2),
                                         Gloo(4), GlooOverFiles(2),
                                         TracedGloo(2)),
                         BackendName());

}  // namespace
}  // namespace fts::conformance
