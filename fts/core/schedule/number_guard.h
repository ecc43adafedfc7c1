// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Patterns whose numbers mean more than they say: 'layers.1.*' also takes
// layers.10, since '.' is any character, and so does 'layers.1', since a
// pattern needs to match only the beginning of a name.
// Threads: pure functions.
#ifndef FTS_CORE_SCHEDULE_NUMBER_GUARD_H_
#define FTS_CORE_SCHEDULE_NUMBER_GUARD_H_

#include <string>

namespace fts {

struct NumberGuard {
  // The pattern with "no further digit" behind every number that the pattern's
  // end or an unescaped dot follows. Equal to the pattern when there is none.
  // It takes the same names but those where a number goes on.
  std::string guarded;
  // As a person would write it: a literal dot there. May take fewer names.
  std::string dotted;
};

// `pattern` is a valid Python regular expression. A number is digits, or a
// class of some (not all) digits such as [01].
NumberGuard GuardNumbers(const std::string& pattern);

}  // namespace fts

#endif  // FTS_CORE_SCHEDULE_NUMBER_GUARD_H_
