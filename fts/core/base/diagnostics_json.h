// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Diagnostics as the JSON of the command-line contract:
// {"code","message","file","line","column"}, nulls where there is no place.
// Threads: no state.
#ifndef FTS_CORE_BASE_DIAGNOSTICS_JSON_H_
#define FTS_CORE_BASE_DIAGNOSTICS_JSON_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fts/core/base/diagnostics.h"

namespace fts {

// Keys stay in the order in which they are added.
using Json = nlohmann::ordered_json;

Json DiagnosticToJson(const Diagnostic& diagnostic);
Json DiagnosticsToJson(const std::vector<Diagnostic>& diagnostics);

// {"errors":[...]} on one line, without warnings and without a final newline.
std::string ErrorsToJson(const Diagnostics& diagnostics);

// One line of JSON. Bytes that are not UTF-8 are replaced, never thrown on.
std::string DumpJson(const Json& json);

}  // namespace fts

#endif  // FTS_CORE_BASE_DIAGNOSTICS_JSON_H_
