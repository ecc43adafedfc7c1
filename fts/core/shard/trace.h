// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// An optional record of what the sharding engine did, in order, for tests and
// for reading along: one short line per event, such as
// "all_gather model.layers.0" or "reduce_scatter model.output". Events are
// named as PyTorch's FSDP2 names its profiler ranges, so that the two can be
// compared:
//   pre_forward, post_forward, pre_backward, post_backward   of a unit
//   all_gather, reshard, reduce_scatter                      of a segment
//   all_reduce             of the remainder, and one per step
// "(nested)" behind a reduction: of a backward pass inside another.
// "(prefetch)" behind a gather says that it was issued ahead of its use.
// Off by default; recording costs one string per event.
// Threads: confined to the training thread.

#ifndef FTS_CORE_SHARD_TRACE_H_
#define FTS_CORE_SHARD_TRACE_H_

#include <string>
#include <utility>
#include <vector>

namespace fts::shard {

class Trace {
 public:
  void Enable(bool on) { enabled_ = on; }
  bool enabled() const { return enabled_; }

  void Record(const char* event, const std::string& subject,
              const char* remark = "") {
    if (enabled_) {
      events_.push_back(std::string(event) + " " + subject + remark);
    }
  }

  const std::vector<std::string>& events() const { return events_; }
  std::vector<std::string> Take() { return std::exchange(events_, {}); }

 private:
  bool enabled_ = false;
  std::vector<std::string> events_;
};

}  // namespace fts::shard

#endif  // FTS_CORE_SHARD_TRACE_H_
