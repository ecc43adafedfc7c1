// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/base/diagnostics.h"

#include <algorithm>
#include <utility>

namespace fts {
namespace {

std::vector<Diagnostic> Select(const std::vector<Diagnostic>& all,
                               Severity severity) {
  std::vector<Diagnostic> out;
  for (const Diagnostic& d : all) {
    if (d.severity == severity) out.push_back(d);
  }
  return out;
}

}  // namespace

std::string Diagnostic::ToString() const {
  std::string out = where.ToString();
  if (!out.empty()) out += ": ";
  out += severity == Severity::kError ? "error: " : "warning: ";
  // The code ends the first line, also of a longer message.
  const size_t line_end = std::min(message.find('\n'), message.size());
  out.append(message, 0, line_end);
  out += " [" + code + "]";
  out.append(message, line_end, message.npos);
  return out;
}

void Diagnostics::Error(std::string code, std::string message,
                        SourceLocation where) {
  Add({Severity::kError, std::move(code), std::move(message),
       std::move(where)});
}

void Diagnostics::Warning(std::string code, std::string message,
                          SourceLocation where) {
  Add({Severity::kWarning, std::move(code), std::move(message),
       std::move(where)});
}

void Diagnostics::Add(Diagnostic diagnostic) {
  if (diagnostic.severity == Severity::kError) ++num_errors_;
  all_.push_back(std::move(diagnostic));
}

std::vector<Diagnostic> Diagnostics::errors() const {
  return Select(all_, Severity::kError);
}

std::vector<Diagnostic> Diagnostics::warnings() const {
  return Select(all_, Severity::kWarning);
}

absl::Status Diagnostics::status() const {
  if (ok()) return absl::OkStatus();
  std::string text;
  for (const Diagnostic& d : all_) {
    if (d.severity != Severity::kError) continue;
    if (!text.empty()) text += "\n";
    text += d.ToString();
  }
  return absl::InvalidArgumentError(text);
}

std::string Diagnostics::ToString() const {
  std::string out;
  for (const Diagnostic& d : all_) out += d.ToString() + "\n";
  return out;
}

}  // namespace fts
