// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What is wrong with a user's input, collected: every error and warning with
// its code, text and place, so that one run reports all problems at once.
//
// Functions that check input take a trailing Diagnostics*, record all problems
// they find, and return diags->status() when there was an error.
// Threads: a Diagnostics is confined to one thread at a time.
#ifndef FTS_CORE_BASE_DIAGNOSTICS_H_
#define FTS_CORE_BASE_DIAGNOSTICS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "fts/core/base/source_location.h"

namespace fts {

enum class Severity { kWarning, kError };

struct Diagnostic {
  Severity severity = Severity::kError;
  std::string code;     // snake_case, listed in docs/diagnostics.md
  std::string message;  // object, value seen, value wanted, the fix
  SourceLocation where;

  // "file:line:column: error: message [code]"; without a place,
  // "error: message [code]".
  std::string ToString() const;
};

class Diagnostics {
 public:
  void Error(std::string code, std::string message, SourceLocation where = {});
  void Warning(std::string code, std::string message,
               SourceLocation where = {});
  void Add(Diagnostic diagnostic);

  // True when no error was recorded (warnings do not count).
  bool ok() const { return num_errors_ == 0; }
  int num_errors() const { return num_errors_; }

  // In the order recorded.
  const std::vector<Diagnostic>& all() const { return all_; }
  std::vector<Diagnostic> errors() const;
  std::vector<Diagnostic> warnings() const;

  // OK, or INVALID_ARGUMENT whose text is all errors, one a line.
  absl::Status status() const;

  // All diagnostics (warnings too) as text, one a line, each ending in '\n'.
  std::string ToString() const;

 private:
  std::vector<Diagnostic> all_;
  int num_errors_ = 0;
};

}  // namespace fts

#endif  // FTS_CORE_BASE_DIAGNOSTICS_H_
