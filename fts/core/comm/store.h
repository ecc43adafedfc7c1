// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The key-value store through which the ranks of a job find each other and
// exchange small facts. rendezvous.h opens the one of a launched job.
//
// Threads: safe to use from any thread, but one call may wait for another; a
// thread that must not wait takes its own connection with Clone().
#ifndef FTS_CORE_COMM_STORE_H_
#define FTS_CORE_COMM_STORE_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fts::comm {

class Store {
 public:
  virtual ~Store();

  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  [[nodiscard]] virtual absl::Status Set(const std::string& key,
                                         const std::string& value) = 0;

  // Blocks until the key is set. DEADLINE_EXCEEDED after the timeout.
  [[nodiscard]] virtual absl::StatusOr<std::string> Get(
      const std::string& key, std::chrono::milliseconds timeout) = 0;

  // Blocks until all of them are set; OK at once for an empty list.
  [[nodiscard]] virtual absl::Status Wait(
      const std::vector<std::string>& keys,
      std::chrono::milliseconds timeout) = 0;

  [[nodiscard]] virtual absl::StatusOr<bool> Has(const std::string& key) = 0;

  // Sets the key unless it is set; returns what it then holds.
  [[nodiscard]] virtual absl::StatusOr<std::string> SetOnce(
      const std::string& key, const std::string& value) = 0;

  // Adds to a counter that starts at 0; returns the new value.
  [[nodiscard]] virtual absl::StatusOr<int64_t> Add(const std::string& key,
                                                    int64_t amount) = 0;

  // The part of this store below `prefix`.
  virtual std::shared_ptr<Store> Prefixed(const std::string& prefix) = 0;

  // The same store over a connection of its own, where it has one.
  [[nodiscard]] virtual absl::StatusOr<std::shared_ptr<Store>> Clone() = 0;

 protected:
  Store() = default;
};

using StorePtr = std::shared_ptr<Store>;

// For ranks that are threads of one process.
StorePtr MakeHashStore();

// For ranks on one file system. Every rank opens the same fresh path.
// Errors: INVALID_ARGUMENT for a path whose folder does not exist.
absl::StatusOr<StorePtr> OpenFileStore(const std::string& path, int world_size);

struct TcpStoreOptions {
  std::string host = "127.0.0.1";
  int port = 0;         // server: 0 picks a free one, see TcpStorePort
  bool server = false;  // this process holds the data
  // A socket that already listens on `port`; the server takes it over.
  std::optional<int> listen_fd;
  std::chrono::milliseconds timeout = std::chrono::seconds(60);
};

// A server returns at once; a client when it is connected.
// Errors: FAILED_PRECONDITION when the server's port is taken;
// DEADLINE_EXCEEDED or UNAVAILABLE when a client finds no server. Messages name
// host and port.
absl::StatusOr<StorePtr> OpenTcpStore(const TcpStoreOptions& options);

// The port of a store made by OpenTcpStore; 0 for any other.
int TcpStorePort(const Store& store);

}  // namespace fts::comm

#endif  // FTS_CORE_COMM_STORE_H_
