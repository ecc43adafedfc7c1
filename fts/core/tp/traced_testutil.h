// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A group whose collectives a test can read. Threads: one rank's.
#ifndef FTS_CORE_TP_TRACED_TESTUTIL_H_
#define FTS_CORE_TP_TRACED_TESTUTIL_H_

#include <memory>
#include <string>

#include "fts/core/comm/testing/rank_threads.h"
#include "fts/core/comm/trace.h"
#include "fts/core/tp/group.h"

namespace fts::tp {

struct Traced {
  std::shared_ptr<comm::Trace> trace = std::make_shared<comm::Trace>();
  GroupPtr group;

  explicit Traced(const comm::testing::RankComms& comms)
      : group(std::make_shared<const Group>(
            comm::WithTrace(comms.first, trace))) {}

  // The collectives since the last call, "all_gather, all_reduce"; with the
  // label of each, "all_gather of wq".
  std::string Take(bool labels = false) {
    std::string text;
    for (const comm::TraceRecord& record : trace->records()) {
      text += (text.empty() ? "" : ", ") + std::string(OpName(record.op));
      if (labels) text += " of " + record.label;
    }
    trace->Clear();
    return text;
  }
};

}  // namespace fts::tp

#endif  // FTS_CORE_TP_TRACED_TESTUTIL_H_
