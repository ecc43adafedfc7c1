// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/cli/device_free.h"
#include "fts/cli/options.h"
#include "fts/cli/schedule_flags.h"
#include "fts/cli/schedule_text.h"
#include "fts/core/schedule/resolve.h"

namespace fts::cli {

int RunScheduleResolve(const std::vector<std::string>& args, Streams io) {
  ScheduleFlags flags;
  Options options("schedule resolve",
                  "Resolves a fine-tuning schedule against a model: which "
                  "parameters thaw in which phase.",
                  args, io);
  flags.AddTo(&options);
  if (const auto exit = options.Parse()) return *exit;

  Diagnostics diags;
  const auto read = flags.ReadAll(&diags);
  if (!read) return Report(diags, options.json(), io);
  const auto schedule =
      ResolveSchedule(read->written, read->model, read->resolve, &diags);
  return PrintSchedule(schedule, diags, options.json(), io);
}

}  // namespace fts::cli
