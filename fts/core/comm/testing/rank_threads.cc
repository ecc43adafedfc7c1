// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/testing/rank_threads.h"

#include <ATen/ops/maximum.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace fts::comm::testing {
namespace {

// Where the ranks meet: a barrier and one tensor each.
class Room {
 public:
  explicit Room(int size) : tensors(size), offers(size), size_(size) {}

  // False when a rank has left: the barrier can never be full again.
  bool Meet() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (left_ > 0) return false;
    const int64_t round = round_;
    if (++waiting_ == size_) {
      waiting_ = 0;
      ++round_;
      changed_.notify_all();
      return true;
    }
    changed_.wait(lock, [&] { return round_ != round || left_ > 0; });
    return round_ != round;
  }
  void Leave() {
    std::lock_guard<std::mutex> lock(mutex_);
    ++left_;
    changed_.notify_all();
  }

  std::vector<at::Tensor> tensors;
  std::vector<std::shared_ptr<Room>> offers;  // of a split, by its first rank

 private:
  const int size_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  int left_ = 0;
  int64_t round_ = 0;
};

// Does its exchange when it is first waited for, so that a call never blocks
// its rank, as with the asynchronous backends.
class LazyEvent : public Event {
 public:
  explicit LazyEvent(std::function<absl::Status()> run)
      : run_(std::move(run)) {}
  absl::Status Wait() override {
    if (run_ != nullptr) {
      status_ = run_();
      run_ = nullptr;
    }
    return status_;
  }
  bool Ready() override { return run_ == nullptr; }

 private:
  std::function<absl::Status()> run_;
  absl::Status status_;
};

class ThreadCommunicator : public Communicator {
 public:
  ThreadCommunicator(std::shared_ptr<Room> room, int rank, int size,
                     std::string name = "threads")
      : room_(std::move(room)),
        rank_(rank),
        size_(size),
        name_(std::move(name)) {}
  ~ThreadCommunicator() override { room_->Leave(); }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  std::string name() const override { return name_; }

  absl::StatusOr<EventPtr> AllGatherInPlace(at::Tensor full) override {
    return Later(full, [this, full] {
      const int64_t n = full.numel() / size_;
      for (int r = 0; r < size_; ++r) {
        if (r == rank_) continue;
        full.narrow(0, r * n, n).copy_(room_->tensors[r].narrow(0, r * n, n));
      }
      return at::Tensor();
    });
  }
  absl::StatusOr<EventPtr> ReduceScatter(at::Tensor input, at::Tensor output,
                                         ReduceOp op) override {
    return Later(
        input,
        [this, op, n = output.numel()] { return Reduce(op, rank_ * n, n); },
        output);
  }
  absl::StatusOr<EventPtr> AllReduce(at::Tensor tensor, ReduceOp op) override {
    return Later(
        tensor, [this, op, n = tensor.numel()] { return Reduce(op, 0, n); },
        tensor);
  }
  absl::StatusOr<EventPtr> Broadcast(at::Tensor tensor, int root) override {
    return Later(tensor, [this, tensor, root] {
      if (rank_ != root) tensor.copy_(room_->tensors[root]);
      return at::Tensor();
    });
  }
  absl::StatusOr<EventPtr> AllToAll(at::Tensor input,
                                    at::Tensor output) override {
    return Later(input, [this, output] {
      const int64_t n = output.numel() / size_;
      for (int r = 0; r < size_; ++r) {
        output.narrow(0, r * n, n)
            .copy_(room_->tensors[r].narrow(0, rank_ * n, n));
      }
      return at::Tensor();
    });
  }
  absl::Status Barrier() override { return Met(); }
  absl::StatusOr<std::shared_ptr<Communicator>> Split(
      const std::vector<int>& ranks, const std::string& name) override {
    const auto mine = std::find(ranks.begin(), ranks.end(), rank_);
    const int size = static_cast<int>(ranks.size());
    if (mine == ranks.begin()) {
      room_->offers[rank_] = std::make_shared<Room>(size);
    }
    absl::Status status = Met();
    if (!status.ok()) return status;
    std::shared_ptr<Communicator> made;
    if (mine != ranks.end()) {
      made = std::make_shared<ThreadCommunicator>(
          room_->offers[ranks.front()], static_cast<int>(mine - ranks.begin()),
          size, absl::StrCat(name_, "/", name));
    }
    status = Met();
    if (!status.ok()) return status;
    return made;
  }
  void Abort(const std::string&) override { room_->Leave(); }

 private:
  absl::Status Met() {
    if (room_->Meet()) return absl::OkStatus();
    return absl::UnavailableError(
        absl::StrCat("rank ", rank_, ": a peer left during '", label(), "'"));
  }

  // Publishes `mine`, lets `read` look at everybody's, leaves together, and
  // only then writes what `read` returned to `result`.
  EventPtr Later(at::Tensor mine, std::function<at::Tensor()> read,
                 at::Tensor result = {}) {
    return std::make_shared<LazyEvent>([=]() -> absl::Status {
      c10::AutoGradMode no_grad(false);
      room_->tensors[rank_] = mine;
      absl::Status status = Met();
      if (!status.ok()) return status;
      const at::Tensor value = read();
      status = Met();
      if (status.ok() && value.defined()) result.copy_(value);
      return status;
    });
  }

  at::Tensor Reduce(ReduceOp op, int64_t begin, int64_t n) const {
    at::Tensor sum = room_->tensors[0].narrow(0, begin, n).clone();
    for (int r = 1; r < size_; ++r) {
      const at::Tensor next = room_->tensors[r].narrow(0, begin, n);
      if (op == ReduceOp::kSum) {
        sum.add_(next);
      } else {
        sum = at::maximum(sum, next);
      }
    }
    return sum;
  }

  std::shared_ptr<Room> room_;
  const int rank_;
  const int size_;
  const std::string name_;
};

}  // namespace

void RunRanks(int world, const std::function<void(RankComms)>& body) {
  auto first = std::make_shared<Room>(world);
  auto second = std::make_shared<Room>(world);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < world; ++rank) {
    threads.emplace_back([&, rank] {
      body({std::make_shared<ThreadCommunicator>(first, rank, world),
            std::make_shared<ThreadCommunicator>(second, rank, world)});
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace fts::comm::testing
