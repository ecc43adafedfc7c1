// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Whether a communicator and its relatives by Split() were aborted, and the
// first reason for it. Relatives share one.
//
// Threads: safe to use from any thread.
#ifndef FTS_CORE_COMM_ABORT_STATE_H_
#define FTS_CORE_COMM_ABORT_STATE_H_

#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "fts/core/comm/communicator.h"

namespace fts::comm {

class AbortState {
 public:
  virtual ~AbortState() = default;

  // Only the first reason is kept. Backends with connections override this to
  // close them.
  virtual void Abort(const std::string& reason) { SetReason(reason); }

  // OK, or UNAVAILABLE in the words that every backend uses.
  absl::Status Check(const Communicator& comm, const char* op) const;

  bool aborted() const;
  std::string reason() const;

 protected:
  // False when there was a reason already.
  bool SetReason(const std::string& reason);
  // A better text for the same abort.
  void ReplaceReason(const std::string& reason);

 private:
  mutable std::mutex mutex_;
  bool aborted_ = false;
  std::string reason_;
};

}  // namespace fts::comm

#endif  // FTS_CORE_COMM_ABORT_STATE_H_
