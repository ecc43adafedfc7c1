// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace fts::comm {
namespace {

using std::chrono::milliseconds;

struct Made {
  StorePtr server;  // holds the data where another one does
  StorePtr store;
};

Made MakeStore(const std::string& kind) {
  if (kind == "hash") return {nullptr, MakeHashStore()};
  if (kind == "file") {
    static int counter = 0;
    return {nullptr, *OpenFileStore(testing::TempDir() + "/store_test_" +
                                        std::to_string(counter++),
                                    1)};
  }
  TcpStoreOptions options;
  options.server = true;
  StorePtr server = *OpenTcpStore(options);
  options.server = false;
  options.port = TcpStorePort(*server);
  return {server, *OpenTcpStore(options)};
}

class StoreTest : public testing::TestWithParam<std::string> {};

TEST_P(StoreTest, HoldsValuesAndCounters) {
  const Made made = MakeStore(GetParam());
  Store& store = *made.store;
  EXPECT_FALSE(*store.Has("a"));
  ASSERT_TRUE(store.Set("a", std::string("x\0y", 3)).ok());
  EXPECT_TRUE(*store.Has("a"));
  EXPECT_EQ(*store.Get("a", milliseconds(1000)), std::string("x\0y", 3));
  EXPECT_EQ(*store.Add("n", 2), 2);
  EXPECT_EQ(*store.Add("n", 3), 5);
  EXPECT_TRUE(store.Wait({"a", "n"}, milliseconds(1000)).ok());
  EXPECT_TRUE(store.Wait({}, milliseconds(1000)).ok());
}

TEST_P(StoreTest, SetOnceKeepsTheFirst) {
  const Made made = MakeStore(GetParam());
  EXPECT_EQ(*made.store->SetOnce("k", "one"), "one");
  EXPECT_EQ(*made.store->SetOnce("k", "two"), "one");
}

TEST_P(StoreTest, PrefixesAreApartAndClonesAreNot) {
  const Made made = MakeStore(GetParam());
  StorePtr p = made.store->Prefixed("p");
  ASSERT_TRUE(p->Set("k", "inside").ok());
  EXPECT_FALSE(*made.store->Has("k"));
  absl::StatusOr<StorePtr> clone = p->Clone();
  ASSERT_TRUE(clone.ok()) << clone.status();
  EXPECT_EQ(*(*clone)->Get("k", milliseconds(1000)), "inside");
}

TEST_P(StoreTest, WaitingForWhatNeverComesEnds) {
  const Made made = MakeStore(GetParam());
  const absl::Status status =
      made.store->Get("never", milliseconds(50)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
  EXPECT_THAT(std::string(status.message()),
              testing::StartsWith("store: cannot get 'never': "));
}

INSTANTIATE_TEST_SUITE_P(All, StoreTest, testing::Values("hash", "file", "tcp"),
                         [](const auto& info) { return info.param; });

TEST(TcpStoreTest, APortInUseIsNamed) {
  TcpStoreOptions options;
  options.server = true;
  StorePtr first = *OpenTcpStore(options);
  options.port = TcpStorePort(*first);
  const absl::Status status = OpenTcpStore(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  const std::string port = std::to_string(options.port);
  EXPECT_EQ(status.message(), "cannot serve the store at 127.0.0.1:" + port +
                                  ": port " + port +
                                  " is in use on this machine; set MASTER_PORT "
                                  "to a free one");
}

TEST(TcpStoreTest, NoServerIsNamed) {
  // A port that was free a moment ago.
  TcpStoreOptions options;
  options.server = true;
  options.port = TcpStorePort(**OpenTcpStore(options));
  options.server = false;
  options.timeout = milliseconds(200);
  const absl::Status status = OpenTcpStore(options).status();
  EXPECT_TRUE(status.code() == absl::StatusCode::kDeadlineExceeded ||
              status.code() == absl::StatusCode::kUnavailable)
      << status;
  EXPECT_EQ(std::string(status.message())
                .find("cannot reach the store at 127.0.0.1:" +
                      std::to_string(options.port) + " within 200 ms: "),
            0u)
      << status;
}

TEST(TcpStoreTest, BadPortIsRefused) {
  TcpStoreOptions options;
  options.port = 70000;
  EXPECT_EQ(OpenTcpStore(options).status().message(),
            "store port is 70000, must be between 0 and 65535");
}

TEST(FileStoreTest, MissingFolderIsNamed) {
  EXPECT_EQ(OpenFileStore("/no/such/folder/f", 1).status().message(),
            "file store '/no/such/folder/f': folder '/no/such/folder/' does "
            "not exist");
}

}  // namespace
}  // namespace fts::comm
