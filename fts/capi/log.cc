// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/log.h"

#include <pthread.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <utility>

#include "fts/capi/internal/callback.h"
#include "fts/capi/internal/codes.h"
#include "fts/capi/internal/guard.h"
#include "fts/capi/internal/log.h"
#include "fts/capi/internal/text.h"
#include "fts/core/base/status.h"

namespace fts::capi {
namespace {

// One callback. Whoever drops it last ends it, so that destroy comes after the
// last call without a lock being held during any.
class Sink {
 public:
  Sink(fts_log_fn fn, UserData user_data)
      : fn_(fn), user_data_(std::move(user_data)) {}

  void operator()(const fts_log_entry& entry) const {
    fn_(&entry, user_data_.get());
  }

 private:
  const fts_log_fn fn_;
  const UserData user_data_;
};

// Never destroyed: threads may log while the process ends.
struct State {
  std::mutex mutex;  // guards sink, for a copy or a swap at a time
  std::shared_ptr<const Sink> sink;
  // FTS_LOG_LEVEL_ERROR + 1 while there is none.
  std::atomic<fts_log_level> min_level{FTS_LOG_LEVEL_ERROR + 1};
};

State& TheState() {
  static State& state = []() -> State& {
    alignas(State) static unsigned char room[sizeof(State)];
    static State* const made = new (room) State();
    // A fork while another thread copies the pointer must not leave the child
    // with a lock that nobody will open.
    pthread_atfork([] { made->mutex.lock(); }, [] { made->mutex.unlock(); },
                   [] { made->mutex.unlock(); });
    return *made;
  }();
  return state;
}

thread_local bool in_callback = false;

void Send(const fts_log_entry& entry) {
  State& state = TheState();
  std::shared_ptr<const Sink> sink;
  {
    const std::lock_guard lock(state.mutex);
    sink = state.sink;
  }
  if (sink == nullptr) return;
  in_callback = true;
  try {
    (*sink)(entry);
  } catch (...) {
    // There is no one left to tell.
  }
  // Also while the callback is destroyed, should it have been replaced.
  sink.reset();
  in_callback = false;
}

}  // namespace

void LogThrown(const char* callback, const char* what) noexcept {
  try {
    Log(FTS_LOG_LEVEL_ERROR, codes::kCallbackThrew,
        absl::StrCat("the callback ", callback, " threw: ", what));
  } catch (const std::bad_alloc&) {
  }
}

bool Listens(fts_log_level level) noexcept {
  return !in_callback &&
         level >= TheState().min_level.load(std::memory_order_relaxed);
}

void Log(fts_log_level level, std::string_view code,
         std::string_view message) noexcept {
  if (!Listens(level)) return;
  try {
    const std::string code_text(code);
    const std::string message_text = Utf8(std::string(message));
    fts_log_entry entry = {};
    entry.struct_size = sizeof entry;
    entry.level = level;
    entry.code = View(code_text);
    entry.message = View(message_text);
    entry.file = fts_str("");
    Send(entry);
  } catch (const std::bad_alloc&) {
  }
}

void LogWarnings(const Diagnostics& diags) noexcept {
  if (!Listens(FTS_LOG_LEVEL_WARNING)) return;
  try {
    for (const Diagnostic& d : diags.all()) {
      if (d.severity != Severity::kWarning) continue;
      const std::string message = Utf8(d.message);
      fts_log_entry entry = {};
      entry.struct_size = sizeof entry;
      entry.level = FTS_LOG_LEVEL_WARNING;
      entry.code = View(d.code);
      entry.message = View(message);
      entry.file = d.where.known() ? View(*d.where.file) : fts_str("");
      entry.line = d.where.line;
      entry.column = d.where.column;
      Send(entry);
    }
  } catch (const std::bad_alloc&) {
  }
}

}  // namespace fts::capi

fts_status* fts_log_set_callback(fts_log_fn fn, fts_log_level min_level,
                                 void* user_data,
                                 void (*destroy)(void*)) noexcept {
  using fts::capi::in_callback;
  using fts::capi::Sink;
  using fts::capi::UserData;
  return fts::capi::Guard([&]() -> absl::Status {
    UserData owned(user_data, destroy);
    if (in_callback) {
      return absl::FailedPreconditionError(
          "fts_log_set_callback: it was called from within a log callback; "
          "call it from elsewhere");
    }
    if (min_level < FTS_LOG_LEVEL_UNSPECIFIED ||
        min_level > FTS_LOG_LEVEL_ERROR) {
      return absl::InvalidArgumentError(
          absl::StrCat("fts_log_set_callback: min_level is ", min_level,
                       "; it must be one of the FTS_LOG_LEVEL_ constants"));
    }
    std::shared_ptr<const Sink> sink;
    if (fn != nullptr) {
      sink = std::make_shared<const Sink>(fn, std::move(owned));
    }
    fts::capi::State& state = fts::capi::TheState();
    const std::lock_guard lock(state.mutex);
    state.sink.swap(sink);
    state.min_level.store(fn == nullptr ? FTS_LOG_LEVEL_ERROR + 1 : min_level,
                          std::memory_order_relaxed);
    return absl::OkStatus();
  });
}
