// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A timeline for people (aligned tables of at most 100 columns, rounded
// figures) and as JSON (exact figures).
// Threads: pure functions.
#ifndef FTS_CORE_PLAN_TIMELINE_TEXT_H_
#define FTS_CORE_PLAN_TIMELINE_TEXT_H_

#include <cstdint>
#include <string>

#include "fts/core/base/diagnostics_json.h"
#include "fts/core/plan/timeline.h"

namespace fts {

// Phases with counts, rates and ends; what else they change, where one does;
// groups, where a phase adds more than one; bytes per rank. "own" is the
// optimizer's own rate, when it is not known. Ends in a newline.
std::string TimelineToText(const Timeline& timeline);

// {"phases":[{"phase","runs","begins":{"epoch","step"},"thaws","freezes",
//   "trains":{"tensors","parameters","share"},"groups":[...],"ends":[...],
//   "changes":[...],"bytes":{...}}],"total_parameters","world_size",...}
Json TimelineToJson(const Timeline& timeline);

// "46.4 M", "8.03 B"; below 100,000 the number itself, with commas.
std::string ShortCount(int64_t n);

// "512 B", "1.4 MiB".
std::string ShortBytes(int64_t bytes);

}  // namespace fts

#endif  // FTS_CORE_PLAN_TIMELINE_TEXT_H_
