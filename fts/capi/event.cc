// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/event.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "fts/capi/internal/callback.h"
#include "fts/capi/internal/event_handle.h"
#include "fts/capi/internal/guard.h"
#include "fts/core/base/status.h"

using fts::capi::Guard;
using fts::capi::NotNull;

namespace {

// Between two looks at work that must not be waited for without end.
constexpr std::chrono::microseconds kShortest{20}, kLongest{1000};

// Whether the work ended within that time.
bool EndsWithin(fts::comm::Event& event, int64_t timeout_ns) {
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::nanoseconds(timeout_ns);
  std::chrono::microseconds pause = kShortest;
  while (!event.Ready()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, kLongest);
  }
  return true;
}

void Tell(fts::comm::Event& event, fts_event_fn fn, void* user_data,
          void (*destroy)(void*)) noexcept {
  fts_status* status = Guard([&] { return event.Wait(); });
  const fts::capi::UserData owned(user_data, destroy);
  try {
    fn(status, user_data);
  } catch (const std::exception& e) {
    fts::capi::LogThrown("fn of fts_event_on_ready", e.what());
  } catch (...) {
    fts::capi::LogThrown("fn of fts_event_on_ready",
                         "an exception of unknown type");
  }
  fts_status_release(status);
}

}  // namespace

void fts_event_retain(fts_event* event) noexcept { fts::capi::Retain(event); }

void fts_event_release(fts_event* event) noexcept { fts::capi::Release(event); }

int32_t fts_event_is_ready(const fts_event* event) noexcept {
  try {
    return event == nullptr || event->value->Ready() ? 1 : 0;
  } catch (...) {
    return 1;  // Wait tells the error
  }
}

fts_status* fts_event_wait(const fts_event* event,
                           int64_t timeout_ns) noexcept {
  return Guard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(event, "fts_event_wait: event"));
    if (timeout_ns >= 0 && !EndsWithin(*event->value, timeout_ns)) {
      return absl::DeadlineExceededError(absl::StrCat(
          "the work was not done within ", timeout_ns, " ns; it goes on"));
    }
    return event->value->Wait();
  });
}

fts_status* fts_event_on_ready(const fts_event* event, fts_event_fn fn,
                               void* user_data,
                               void (*destroy)(void*)) noexcept {
  fts_status* bad = Guard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(event, "fts_event_on_ready: event"));
    FTS_RETURN_IF_ERROR(
        NotNull(reinterpret_cast<const void*>(fn), "fts_event_on_ready: fn"));
    if (event->value->Ready()) return absl::OkStatus();
    std::thread([work = event->value, fn, user_data, destroy] {
      Tell(*work, fn, user_data, destroy);
    }).detach();
    fn = nullptr;
    return absl::OkStatus();
  });
  if (bad != nullptr) {
    const fts::capi::UserData owned(user_data, destroy);
    return bad;
  }
  if (fn != nullptr) Tell(*event->value, fn, user_data, destroy);
  return nullptr;
}
