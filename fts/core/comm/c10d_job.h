// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What all communicators of one process and one job share when they stand on
// c10d process groups: the store, the way to make further groups, and the end:
// the first failure anywhere closes every group, so that no peer waits for a
// rank that gave up.
// For .cc files of comm only.
//
// Threads: safe to use from any thread.
#ifndef FTS_CORE_COMM_C10D_JOB_H_
#define FTS_CORE_COMM_C10D_JOB_H_

#include <c10/core/DeviceType.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/comm/abort_state.h"
#include "fts/core/comm/store.h"

namespace fts::comm {

// A process group and how to cut it off. `close` ends calls in flight here and
// at the peers; it may be called at any time and more than once.
struct C10dGroup {
  c10::intrusive_ptr<c10d::Backend> backend;
  std::function<void()> close;
  // Destroying it waits for calls that `close` did not end: see ReleaseGroup().
  bool waits_for_calls = false;
};

// Makes a group of `size` ranks that meet in `store`. May throw. Blocks until
// all of them are there.
using C10dGroupFactory = std::function<C10dGroup(
    const c10::intrusive_ptr<c10d::Store>& store, int rank, int size)>;

class C10dJob final : public AbortState {
 public:
  struct Settings {
    std::string backend;  // "gloo", for messages
    at::DeviceType device = at::kCPU;
    std::chrono::milliseconds timeout;
    C10dGroupFactory factory;
  };

  // `store` belongs to this job alone.
  static absl::StatusOr<std::shared_ptr<C10dJob>> Create(StorePtr store,
                                                         int job_rank,
                                                         Settings settings);
  ~C10dJob() override;

  const Settings& settings() const { return settings_; }

  // `key` is the same on the members of the group and on no others'.
  absl::StatusOr<C10dGroup> MakeGroup(const std::string& key, int rank,
                                      int size, const std::string& name);

  // Destroys a group of MakeGroup(), which waits for its calls in flight. Of an
  // aborted job a group that may be stuck in a call is let go of instead, never
  // destroyed: the process is about to end.
  void ReleaseGroup(C10dGroup group);

  // [Note: first failure]
  //
  // A rank that dies is noticed by those that talk to it; they fail, close
  // their groups, and by that are noticed by the others. So that every rank can
  // say why it stopped and not only that a connection was lost, the first to
  // fail puts its reason into the store before it closes anything. Asking the
  // store takes at most half a second: it may be what died.
  void Abort(const std::string& reason) override;

  // The status of a call that ended with `error`; aborts the job when a peer is
  // gone or late. `call` as DescribeCall() puts it.
  absl::Status Failed(const std::string& call, const std::exception& error);

 private:
  C10dJob(StorePtr store, StorePtr reasons, int job_rank, Settings settings);

  // Publishes our reason; returns the job's first one, ours if none is known.
  std::string Publish(const std::string& reason);
  // True when ours was the first reason this process has.
  bool End(const std::string& reason);
  // Ends the job because of `call`; its status, whose code is ours only when no
  // rank failed before.
  absl::Status EndBecause(const std::string& call, absl::StatusCode code,
                          const std::string& text);
  void CloseGroups();

  const StorePtr store_;
  const StorePtr reasons_;  // a connection of its own
  const int job_rank_;
  const Settings settings_;
  std::mutex mutex_;
  std::vector<C10dGroup> groups_;  // also held by their communicators
};

}  // namespace fts::comm

#endif  // FTS_CORE_COMM_C10D_JOB_H_
