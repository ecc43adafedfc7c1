// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/store.h"

#include <sys/stat.h>

#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/HashStore.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fts/core/comm/c10d_error.h"
#include "fts/core/comm/c10d_store.h"
#include "fts/core/comm/sigpipe.h"

namespace fts::comm {
namespace {

using C10dStorePtr = c10::intrusive_ptr<c10d::Store>;

class C10dStore final : public Store {
 public:
  // own_connection: c10d's clone() gives a second connection.
  C10dStore(C10dStorePtr store, int port, bool own_connection)
      : store_(std::move(store)), port_(port), connected_(own_connection) {}

  const C10dStorePtr& store() const { return store_; }
  int port() const { return port_; }

  absl::Status Set(const std::string& key, const std::string& value) override {
    return Guard("set", key, [&] { store_->set(key, Bytes(value)); });
  }

  absl::StatusOr<std::string> Get(const std::string& key,
                                  std::chrono::milliseconds timeout) override {
    std::string value;
    absl::Status status = Guard("get", key, [&] {
      store_->wait({key}, timeout);
      value = Text(store_->get(key));
    });
    if (!status.ok()) return status;
    return value;
  }

  absl::Status Wait(const std::vector<std::string>& keys,
                    std::chrono::milliseconds timeout) override {
    if (keys.empty()) return absl::OkStatus();
    return Guard("wait for", absl::StrJoin(keys, ", "),
                 [&] { store_->wait(keys, timeout); });
  }

  absl::StatusOr<bool> Has(const std::string& key) override {
    bool has = false;
    absl::Status status =
        Guard("look for", key, [&] { has = store_->check({key}); });
    if (!status.ok()) return status;
    return has;
  }

  absl::StatusOr<std::string> SetOnce(const std::string& key,
                                      const std::string& value) override {
    std::string held;
    absl::Status status = Guard("set", key, [&] {
      held = Text(store_->compareSet(key, {}, Bytes(value)));
    });
    if (!status.ok()) return status;
    return held;
  }

  absl::StatusOr<int64_t> Add(const std::string& key, int64_t amount) override {
    int64_t value = 0;
    absl::Status status =
        Guard("add to", key, [&] { value = store_->add(key, amount); });
    if (!status.ok()) return status;
    return value;
  }

  StorePtr Prefixed(const std::string& prefix) override {
    return std::make_shared<C10dStore>(
        c10::make_intrusive<c10d::PrefixStore>(prefix, store_), port_,
        connected_);
  }

  absl::StatusOr<StorePtr> Clone() override {
    C10dStorePtr copy = store_;
    if (connected_) {
      absl::Status status =
          Guard("connect again", "", [&] { copy = store_->clone(); });
      if (!status.ok()) return status;
    }
    return StorePtr(
        std::make_shared<C10dStore>(std::move(copy), port_, connected_));
  }

 private:
  static std::vector<uint8_t> Bytes(const std::string& text) {
    return std::vector<uint8_t>(text.begin(), text.end());
  }
  static std::string Text(const std::vector<uint8_t>& bytes) {
    return std::string(bytes.begin(), bytes.end());
  }

  template <typename Call>
  static absl::Status Guard(const char* what, const std::string& key,
                            const Call& call) {
    try {
      call();
      return absl::OkStatus();
    } catch (const std::exception& error) {
      return absl::Status(CodeOf(error),
                          absl::StrCat("store: cannot ", what, " '", key,
                                       "': ", FirstLine(error)));
    }
  }

  const C10dStorePtr store_;
  const int port_;
  const bool connected_;
};

}  // namespace

Store::~Store() = default;

c10::intrusive_ptr<c10d::Store> C10dStoreOf(const Store& store) {
  const auto* c10d_store = dynamic_cast<const C10dStore*>(&store);
  return c10d_store == nullptr ? nullptr : c10d_store->store();
}

StorePtr StoreOver(c10::intrusive_ptr<c10d::Store> store, bool own_connection) {
  return std::make_shared<C10dStore>(std::move(store), 0, own_connection);
}

StorePtr MakeHashStore() {
  return std::make_shared<C10dStore>(c10::make_intrusive<c10d::HashStore>(), 0,
                                     false);
}

absl::StatusOr<StorePtr> OpenFileStore(const std::string& path,
                                       int world_size) {
  const size_t slash = path.rfind('/');
  const std::string folder =
      slash == std::string::npos ? "." : path.substr(0, slash + 1);
  struct stat info;
  if (stat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "file store '", path, "': folder '", folder, "' does not exist"));
  }
  try {
    return StorePtr(std::make_shared<C10dStore>(
        c10::make_intrusive<c10d::FileStore>(path, world_size), 0, false));
  } catch (const std::exception& error) {
    return absl::InternalError(
        absl::StrCat("file store '", path, "': ", FirstLine(error)));
  }
}

absl::StatusOr<StorePtr> OpenTcpStore(const TcpStoreOptions& options) {
  if (options.port < 0 || options.port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat(
        "store port is ", options.port, ", must be between 0 and 65535"));
  }
  const std::string where = absl::StrCat(options.host, ":", options.port);
  const SigpipeBlocked for_the_server_thread;
  c10d::TCPStoreOptions c10d_options;
  c10d_options.port = static_cast<std::uint16_t>(options.port);
  c10d_options.isServer = options.server;
  c10d_options.waitWorkers = false;
  c10d_options.timeout = options.timeout;
  c10d_options.masterListenFd = options.listen_fd;
  try {
    auto store =
        c10::make_intrusive<c10d::TCPStore>(options.host, c10d_options);
    const int port = store->getPort();
    return StorePtr(std::make_shared<C10dStore>(std::move(store), port, true));
  } catch (const std::exception& error) {
    const std::string text = error.what();
    if (options.server && (absl::StrContains(text, "EADDRINUSE") ||
                           absl::StrContains(text, "in use"))) {
      return absl::FailedPreconditionError(absl::StrCat(
          "cannot serve the store at ", where, ": port ", options.port,
          " is in use on this machine; set MASTER_PORT to a free one"));
    }
    if (options.server) {
      return absl::UnavailableError(absl::StrCat(
          "cannot serve the store at ", where, ": ", FirstLine(error)));
    }
    return absl::Status(
        CodeOf(error) == absl::StatusCode::kDeadlineExceeded
            ? absl::StatusCode::kDeadlineExceeded
            : absl::StatusCode::kUnavailable,
        absl::StrCat("cannot reach the store at ", where, " within ",
                     options.timeout.count(), " ms: ", FirstLine(error),
                     "; is rank 0 running there, and do MASTER_ADDR and "
                     "MASTER_PORT name it?"));
  }
}

int TcpStorePort(const Store& store) {
  const auto* c10d_store = dynamic_cast<const C10dStore*>(&store);
  return c10d_store == nullptr ? 0 : c10d_store->port();
}

}  // namespace fts::comm
