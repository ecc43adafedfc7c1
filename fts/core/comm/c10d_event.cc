// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/c10d_event.h"

#include <ATen/core/ivalue.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/comm/arguments.h"
#include "fts/core/comm/wait_observer.h"

namespace fts::comm {
namespace {

// How soon a waiting thread notices an abort.
constexpr std::chrono::milliseconds kAbortSlice(20);

// Which call an event is about; its text is made only when it fails.
struct CallId {
  std::shared_ptr<const CallOwner> owner;
  const char* op;
  std::string label;
  uint64_t collective;

  WaitInfo Wait() const { return {op, label, owner->name, collective}; }
  std::string ToString() const {
    return DescribeCall(label, owner->name, owner->rank, owner->size, op);
  }
};

class HostEvent final : public Event,
                        public std::enable_shared_from_this<HostEvent> {
 public:
  explicit HostEvent(CallId call) : call_(std::move(call)) {}

  void Watch(c10::ivalue::Future& future, std::function<void()> then) {
    future.addCallback([self = shared_from_this(),
                        then = std::move(then)](c10::ivalue::Future& ended) {
      self->Finish(ended.hasError() ? ended.exception_ptr() : nullptr, then);
    });
  }

  absl::Status Wait() override {
    std::unique_lock<std::mutex> lock(mutex_);
    if (done_) return status_;
    const ObservedWait waiting(call_.Wait());
    while (!done_ && !cv_.wait_for(lock, kAbortSlice, [&] { return done_; })) {
      if (failing_ || !call_.owner->job->aborted()) continue;
      done_ = true;
      status_ = absl::UnavailableError(absl::StrCat(
          call_.ToString(),
          ": the communicator was aborted: ", call_.owner->job->reason()));
    }
    return status_;
  }

  bool Ready() override {
    std::lock_guard<std::mutex> lock(mutex_);
    return done_;
  }

 private:
  // On a thread of the backend.
  void Finish(std::exception_ptr failure, const std::function<void()>& then) {
    if (failure == nullptr && then != nullptr) {
      try {
        then();
      } catch (...) {
        failure = std::current_exception();
      }
    }
    absl::Status status;
    if (failure != nullptr) {
      {
        std::lock_guard<std::mutex> lock(mutex_);
        if (done_) return;  // Wait() gave up on it
        failing_ = true;
      }
      try {
        std::rethrow_exception(failure);
      } catch (const std::exception& error) {
        status = call_.owner->job->Failed(call_.ToString(), error);
      }
    }
    std::lock_guard<std::mutex> lock(mutex_);
    if (done_) return;  // Wait() gave up on it
    done_ = true;
    status_ = std::move(status);
    cv_.notify_all();
  }

  const CallId call_;
  std::mutex mutex_;
  std::condition_variable cv_;
  bool done_ = false;
  bool failing_ = false;  // its status is being made
  absl::Status status_;
};

class StreamEvent final : public Event {
 public:
  StreamEvent(c10::intrusive_ptr<c10d::Work> work, CallId call)
      : work_(std::move(work)), call_(std::move(call)) {}

  // Every call orders its own stream, so the work is kept.
  absl::Status Wait() override {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!status_.ok()) return status_;
    const ObservedWait waiting(call_.Wait());
    try {
      work_->wait();
    } catch (const std::exception& error) {
      status_ = call_.owner->job->Failed(call_.ToString(), error);
    }
    return status_;
  }

  bool Ready() override {
    std::lock_guard<std::mutex> lock(mutex_);
    return !status_.ok() || work_->isCompleted();
  }

 private:
  std::mutex mutex_;
  const c10::intrusive_ptr<c10d::Work> work_;
  const CallId call_;
  absl::Status status_;
};

}  // namespace

EventPtr MakeHostEvent(c10::intrusive_ptr<c10d::Work> work,
                       std::shared_ptr<const CallOwner> owner, const char* op,
                       std::string label, uint64_t collective,
                       std::function<void()> then) {
  auto event = std::make_shared<HostEvent>(
      CallId{std::move(owner), op, std::move(label), collective});
  event->Watch(*work->getFuture(), std::move(then));
  return event;
}

EventPtr MakeStreamEvent(c10::intrusive_ptr<c10d::Work> work,
                         std::shared_ptr<const CallOwner> owner, const char* op,
                         std::string label, uint64_t collective) {
  return std::make_shared<StreamEvent>(
      std::move(work),
      CallId{std::move(owner), op, std::move(label), collective});
}

}  // namespace fts::comm
