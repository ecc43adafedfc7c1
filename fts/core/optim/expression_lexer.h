// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Tokens of Python arithmetic.
// Threads: confined to one thread.

#ifndef FTS_CORE_OPTIM_EXPRESSION_LEXER_H_
#define FTS_CORE_OPTIM_EXPRESSION_LEXER_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "fts/core/optim/python_number.h"

namespace fts::optim {

struct ExpressionToken {
  enum class Kind { kEnd, kNumber, kName, kSymbol } kind = Kind::kEnd;
  std::string text;  // of a name or symbol; "" at the end
  PythonNumber number;
  size_t offset = 0;
};

// Splits `text`; the last token is kEnd. Errors: INVALID_ARGUMENT with what is
// wrong, its offset in *offset.
absl::Status Tokenize(const std::string& text,
                      std::vector<ExpressionToken>* tokens, size_t* offset);

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_EXPRESSION_LEXER_H_
