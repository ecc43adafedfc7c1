// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/driver.h"

#include <signal.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace fts::comm::shm {
namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kHelperTick(5);
// Ticks without work before the helper sleeps until it is called: waking it
// costs the issuing thread a system call.
constexpr int kIdleTicks = 40;
// Looks without progress before the helper leaves it to the next tick.
constexpr int kHelperSpin = 200;
// While waiting, other communicators are looked at this often.
constexpr int kOthersEvery = 32;

int64_t Now() {
  return nanoseconds(steady_clock::now().time_since_epoch()).count();
}

// A helper takes no signals: they are for the program's own threads.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &old_, nullptr); }

 private:
  sigset_t old_;
};

}  // namespace

Driver::Driver(void* memory, std::shared_ptr<Arena> keep, int rank,
               std::vector<pid_t> pids, Options options)
    : keep_(std::move(keep)),
      control_(memory, rank, static_cast<int>(pids.size())),
      peers_(std::move(pids)),
      options_(std::move(options)),
      owner_(getpid()),
      streams_(std::make_shared<const Streams>()) {}

Driver::~Driver() {
  if (getpid() != owner_) {
    // The helper stayed with the parent.
    if (helper_.joinable()) new std::thread(std::move(helper_));
    return;
  }
  {
    std::lock_guard<std::mutex> lock(help_mutex_);
    stop_ = true;
    help_cv_.notify_all();
  }
  if (helper_.joinable()) helper_.join();
}

JobView Driver::view() {
  return {&control_, &peers_, options_.timeout, options_.spin};
}

std::shared_ptr<const Driver::Streams> Driver::streams() const {
  std::lock_guard<std::mutex> lock(streams_mutex_);
  return streams_;
}

void Driver::Add(std::shared_ptr<Stream> stream) {
  std::lock_guard<std::mutex> lock(streams_mutex_);
  auto more = std::make_shared<Streams>(*streams_);
  more->push_back(std::move(stream));
  streams_ = std::move(more);
}

void Driver::Remove(const Stream* stream) {
  std::lock_guard<std::mutex> lock(streams_mutex_);
  auto fewer = std::make_shared<Streams>();
  for (const auto& kept : *streams_) {
    if (kept.get() != stream) fewer->push_back(kept);
  }
  streams_ = std::move(fewer);
}

void Driver::Issue(Stream* stream, CallPtr call) {
  stream->Issue(std::move(call));
  if (stream->pending() > 0) {
    Attend();
  } else if (control_.aborted()) {
    NoteAbort();
  }
}

absl::Status Driver::Wait(Stream* stream, const Call& call) {
  if (call.done()) return call.status();
  waiting_.fetch_add(1);
  int looks = 0;
  while (!call.done()) {
    if (stream->Drive()) {
      looks = 0;
      continue;
    }
    if (looks < options_.spin) {
      if (++looks % kOthersEvery == 0) DriveAll();
      Pause();
      continue;
    }
    const uint32_t ticket = control_.PrepareSleep();
    // Another thread may have driven it.
    if (stream->Drive() || call.done()) {
      control_.CancelSleep();
      continue;
    }
    if (DriveAll()) {
      control_.CancelSleep();
      continue;
    }
    control_.Sleep(ticket, kWaitSlice);
    CheckHealth();
  }
  waiting_.fetch_sub(1);
  if (control_.aborted()) NoteAbort();
  return call.status();
}

bool Driver::Ready(Stream* stream, const Call& call) {
  if (call.done()) return true;
  stream->TryDrive();
  CheckHealth();
  return call.done();
}

void Driver::Abort(const std::string& reason) {
  control_.Abort(absl::StrCat("rank ", control_.rank(), ": ", reason));
  NoteAbort();
}

bool Driver::aborted() {
  if (!control_.aborted()) return false;
  NoteAbort();
  return true;
}

bool Driver::DriveAll() {
  bool moved = false;
  const std::shared_ptr<const Streams> all = streams();
  for (const auto& stream : *all) moved |= stream->TryDrive();
  return moved;
}

bool Driver::AnyPending() const {
  const std::shared_ptr<const Streams> all = streams();
  for (const auto& stream : *all) {
    if (stream->pending() > 0) return true;
  }
  return false;
}

// At most once in a slice, whoever asks.
void Driver::CheckHealth() {
  int64_t next = next_check_.load();
  const int64_t now = Now();
  if (now < next) return;
  const int64_t later = now + nanoseconds(kWaitSlice).count();
  if (!next_check_.compare_exchange_strong(next, later)) return;
  const std::shared_ptr<const Streams> all = streams();
  for (const auto& stream : *all) {
    if (stream->pending() > 0) stream->CheckHealth(steady_clock::now());
  }
  if (control_.aborted()) NoteAbort();
}

void Driver::NoteAbort() {
  if (abort_noted_.exchange(true)) return;
  if (options_.on_abort) options_.on_abort(control_.reason());
  const std::shared_ptr<const Streams> all = streams();
  for (const auto& stream : *all) {
    stream->barrier().Break();
    stream->TryDrive();
  }
}

void Driver::Attend() {
  if (!parked_.load()) return;
  std::lock_guard<std::mutex> lock(help_mutex_);
  if (!helper_.joinable()) {
    const SignalsBlocked for_the_helper;
    helper_ = std::thread([this] { Help(); });
  }
  help_cv_.notify_all();
}

void Driver::Help() {
  std::unique_lock<std::mutex> lock(help_mutex_);
  int idle = 0;
  while (!stop_) {
    if (idle >= kIdleTicks) {
      // Announced, then looked at once more: see Attend(), which looks after
      // the call is pending.
      parked_.store(true);
      help_cv_.wait(lock, [this] { return stop_ || AnyPending(); });
      idle = 0;
    }
    parked_.store(false);
    help_cv_.wait_for(lock, kHelperTick, [this] { return stop_; });
    if (stop_) return;
    if (!AnyPending()) {
      ++idle;
      continue;
    }
    idle = 0;
    lock.unlock();
    for (int looks = 0; looks < kHelperSpin && waiting_.load() == 0; ++looks) {
      if (DriveAll()) looks = 0;
      Pause();
    }
    CheckHealth();
    lock.lock();
  }
}

}  // namespace fts::comm::shm
