// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/base/diagnostics_json.h"

namespace fts {

Json DiagnosticToJson(const Diagnostic& diagnostic) {
  const SourceLocation& where = diagnostic.where;
  Json out = Json::object();
  out["code"] = diagnostic.code;
  out["message"] = diagnostic.message;
  out["file"] = nullptr;
  out["line"] = nullptr;
  out["column"] = nullptr;
  if (where.known()) {
    out["file"] = *where.file;
    if (where.line > 0) out["line"] = where.line;
    if (where.line > 0 && where.column > 0) out["column"] = where.column;
  }
  return out;
}

Json DiagnosticsToJson(const std::vector<Diagnostic>& diagnostics) {
  Json out = Json::array();
  for (const Diagnostic& d : diagnostics) out.push_back(DiagnosticToJson(d));
  return out;
}

std::string ErrorsToJson(const Diagnostics& diagnostics) {
  Json out = Json::object();
  out["errors"] = DiagnosticsToJson(diagnostics.errors());
  return DumpJson(out);
}

std::string DumpJson(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace fts
