// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What stands behind the handles that more than one file of the interface
// reads, and how they are made.
// Threads: see the public header of each handle.

#ifndef FTS_CAPI_INTERNAL_HANDLES_H_
#define FTS_CAPI_INTERNAL_HANDLES_H_

#include <string>
#include <utility>

#include "fts/capi/buffer.h"
#include "fts/capi/diagnostics.h"
#include "fts/capi/internal/handle.h"
#include "fts/capi/internal/log.h"
#include "fts/capi/internal/text.h"
#include "fts/capi/model.h"
#include "fts/capi/plan.h"
#include "fts/capi/schedule.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/match/model_description.h"
#include "fts/core/plan/plan.h"
#include "fts/core/schedule/schedule.h"

struct fts_buffer : fts::capi::Counted {
  explicit fts_buffer(std::string text) : bytes(std::move(text)) {}
  const std::string bytes;
};

struct fts_diagnostics : fts::capi::Counted {
  explicit fts_diagnostics(const fts::Diagnostics& found) {
    for (fts::Diagnostic d : found.all()) {
      d.message = fts::capi::Utf8(std::move(d.message));
      value.Add(std::move(d));
    }
  }
  fts::Diagnostics value;
};

struct fts_model : fts::capi::Counted {
  explicit fts_model(fts::ModelDescription model) : value(std::move(model)) {}
  const fts::ModelDescription value;
};

struct fts_schedule : fts::capi::Counted {
  fts_schedule(fts::Schedule schedule, fts::Diagnostics found)
      : value(std::move(schedule)), diagnostics(std::move(found)) {}
  const fts::Schedule value;
  const fts::Diagnostics diagnostics;  // warnings
};

struct fts_plan : fts::capi::Counted {
  fts_plan(fts::Plan plan, fts::Diagnostics found)
      : value(std::move(plan)), diagnostics(std::move(found)) {}
  const fts::Plan value;
  const fts::Diagnostics diagnostics;  // warnings
};

namespace fts::capi {

// Hands `diags` to a caller who asked for them; out may be NULL: then warnings
// go to the log.
inline void PutDiagnostics(const Diagnostics& diags, fts_diagnostics** out) {
  if (out == nullptr) {
    LogWarnings(diags);
  } else {
    *out = new fts_diagnostics(diags);
  }
}

}  // namespace fts::capi

#endif  // FTS_CAPI_INTERNAL_HANDLES_H_
