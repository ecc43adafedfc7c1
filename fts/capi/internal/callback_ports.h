// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The scheduler's ports, each call handed to a C callback.
// Threads: called on the thread of the event.

#ifndef FTS_CAPI_INTERNAL_CALLBACK_PORTS_H_
#define FTS_CAPI_INTERNAL_CALLBACK_PORTS_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/capi/scheduler.h"
#include "fts/core/scheduler/ports.h"

namespace fts::capi {

class CallbackPorts : public ParameterPort,
                      public OptimizerPort,
                      public SnapshotPort,
                      public MetricPort {
 public:
  explicit CallbackPorts(const fts_scheduler_callbacks& callbacks)
      : callbacks_(callbacks) {}

  absl::Status Thaw(int phase) override;
  absl::Status Freeze(int phase) override;
  absl::Status AddGroup(int phase, std::optional<double> lr) override;
  absl::Status ReplaceOptimizer(int phase) override;
  absl::Status ReplaceLrScheduler(int phase) override;
  absl::Status SaveBest(const BestRecord& best) override;
  absl::Status RestoreBest(const BestRecord& best) override;
  absl::StatusOr<double> Value(const std::string& name) override;

 private:
  absl::Status Call(const char* name, fts_phase_fn fn, int phase,
                    std::optional<double> lr = {});
  absl::Status Call(const char* name, fts_best_fn fn, const BestRecord& best);

  const fts_scheduler_callbacks callbacks_;
};

}  // namespace fts::capi

#endif  // FTS_CAPI_INTERNAL_CALLBACK_PORTS_H_
