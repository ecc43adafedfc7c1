// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A record of collective calls, for tests of order and counts, for the dry run
// and for the bytes a run reports per phase. fake.h writes one; WithTrace()
// adds one to any communicator.
//
// Threads: Trace is safe to use from any thread.
#ifndef FTS_CORE_COMM_TRACE_H_
#define FTS_CORE_COMM_TRACE_H_

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "fts/core/comm/communicator.h"

namespace fts::comm {

enum class Op {
  kAllGather,
  kReduceScatter,
  kAllReduce,
  kBroadcast,
  kAllToAll,
  kBarrier,
  kSplit,
};
inline constexpr int kNumOps = 7;

// "all_gather", "reduce_scatter", ...: the words error texts use too.
const char* OpName(Op op);

struct TraceRecord {
  Op op = Op::kBarrier;
  std::string communicator;
  std::string label;  // as set when the call was issued
  // Elements and bytes of the largest tensor of the call, as one rank holds it:
  // the gathered tensor, the input of a reduce-scatter. 0 for barrier, split.
  int64_t numel = 0;
  at::ScalarType dtype = at::kByte;
  int64_t bytes = 0;

  // "all_gather world 'model.layers.0' 4096 Float"
  std::string ToString() const;
};

class Trace {
 public:
  struct Totals {
    int64_t calls = 0;
    int64_t bytes = 0;
  };

  // Keeps the first max_records records; totals always count on.
  explicit Trace(size_t max_records = std::numeric_limits<size_t>::max())
      : max_records_(max_records) {}

  void Add(TraceRecord record);
  void Clear();

  std::vector<TraceRecord> records() const;
  // Since the start or the last Clear().
  Totals totals(Op op) const;
  int64_t calls(Op op) const { return totals(op).calls; }
  int64_t bytes(Op op) const { return totals(op).bytes; }
  // One record a line.
  std::string ToString() const;

 private:
  const size_t max_records_;
  mutable std::mutex mutex_;
  std::vector<TraceRecord> records_;
  std::array<Totals, kNumOps> totals_;
};

// A communicator that passes everything on to `inner` and records each call
// that `inner` accepted. Its splits record into the same trace.
CommunicatorPtr WithTrace(CommunicatorPtr inner, std::shared_ptr<Trace> trace);

}  // namespace fts::comm

#endif  // FTS_CORE_COMM_TRACE_H_
