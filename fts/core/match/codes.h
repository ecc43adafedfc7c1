// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Diagnostic codes of match: reading model.json and matching names.
// Each is explained with an example in docs/diagnostics.md.
// Threads: constants only.
#ifndef FTS_CORE_MATCH_CODES_H_
#define FTS_CORE_MATCH_CODES_H_

namespace fts::codes {

// model.json is not JSON.
inline constexpr char kBadJson[] = "bad_json";
// model.json is JSON but lacks something or contradicts itself.
inline constexpr char kBadModel[] = "bad_model";
// A parameter, module or JSON key appears twice in model.json.
inline constexpr char kDuplicateName[] = "duplicate_name";
// `shared_with` does not name an earlier, unshared parameter.
inline constexpr char kBadSharedWith[] = "bad_shared_with";
// A pattern is not valid Python `re` syntax, or uses a part we refuse.
inline constexpr char kBadPattern[] = "bad_pattern";
// Matching a pattern exceeded the match limit.
inline constexpr char kPatternLimit[] = "pattern_limit";

}  // namespace fts::codes

#endif  // FTS_CORE_MATCH_CODES_H_
