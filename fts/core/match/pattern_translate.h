// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Checks a pattern against Python 3.11's `re` grammar (str patterns, no flags
// but inline ones) and writes the same expression for PCRE2, so that no
// construct reaches PCRE2 that the two read differently.
//
// Settled here: `{,3}`, `{,}` and stray braces; `\Z`, `$`, `^`; `\s`, `\d`,
// `\w`,
// `\b` under flags a and u; inline flags (global only at the start, scoped
// anywhere); sets (no POSIX classes); named groups; `\0`, octal, `\x`, `\u`,
// `\U` escapes; possessive and atomic forms; the fixed width of look-behind.
// Refused by name: `\N{...}`, surrogates, characters beyond ASCII under flag i,
// group names beyond ASCII, flags L and t, repeat counts above 65535.
// Threads: pure functions.
#ifndef FTS_CORE_MATCH_PATTERN_TRANSLATE_H_
#define FTS_CORE_MATCH_PATTERN_TRANSLATE_H_

#include <string>

#include "absl/status/statusor.h"

namespace fts::match_internal {

// The PCRE2 pattern, to be compiled with UTF, UCP and newline LF.
// Errors: INVALID_ARGUMENT with the text that Pattern::Compile documents.
absl::StatusOr<std::string> TranslatePythonPattern(const std::string& pattern);

}  // namespace fts::match_internal

#endif  // FTS_CORE_MATCH_PATTERN_TRANSLATE_H_
