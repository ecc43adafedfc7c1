// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Spelling suggestions for error messages.
// Threads: no state.
#ifndef FTS_CORE_BASE_DID_YOU_MEAN_H_
#define FTS_CORE_BASE_DID_YOU_MEAN_H_

#include <string>
#include <vector>

namespace fts {

// Edits (insert, delete, replace, swap of neighbours) between two texts: the
// restricted Damerau-Levenshtein distance, on bytes.
int EditDistance(const std::string& a, const std::string& b);

// The nearest of `known` to `seen`, or "" when none is near: at most one edit
// in three characters, letter case, '-' and '_' set aside first. Ties go to the
// first. Texts over 100 bytes are not compared.
std::string NearestName(const std::string& seen,
                        const std::vector<std::string>& known);

// "; did you mean 'x'?" or "", to put at the end of a message.
std::string DidYouMean(const std::string& seen,
                       const std::vector<std::string>& known);

}  // namespace fts

#endif  // FTS_CORE_BASE_DID_YOU_MEAN_H_
