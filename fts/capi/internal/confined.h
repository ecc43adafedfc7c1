// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Notices that a confined handle is used by two calls at once, or in a forked
// child of the process that made it.
// Threads: Busy is atomic.

#ifndef FTS_CAPI_INTERNAL_CONFINED_H_
#define FTS_CAPI_INTERNAL_CONFINED_H_

#include <unistd.h>

#include <atomic>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace fts::capi {

// Member of a handle that shares something with other processes.
class OwnProcess {
 public:
  absl::Status Check(const char* function, const char* what) const {
    if (getpid() == pid_) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat(
        function, ": this ", what, " was made by process ", pid_,
        " and this is a forked child, process ", getpid(),
        "; make another one here, or start children with spawn or exec"));
  }

 private:
  const pid_t pid_ = getpid();
};

// Runs `body` as the only call on a handle. `hint` follows the error.
template <typename Body>
auto Confined(std::atomic<bool>& busy, const char* function, const char* what,
              Body&& body) -> decltype(body()) {
  if (busy.exchange(true, std::memory_order_acquire)) {
    return absl::FailedPreconditionError(absl::StrCat(
        function, ": another call on this ", what, " is under way; a ", what,
        " is for one thread at a time, and its callbacks must not call it"));
  }
  struct Leave {
    std::atomic<bool>* busy;
    ~Leave() { busy->store(false, std::memory_order_release); }
  } leave{&busy};
  return body();
}

}  // namespace fts::capi

#endif  // FTS_CAPI_INTERNAL_CONFINED_H_
