// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// An lr_lambda as text: one Python arithmetic expression in `epoch`, such as
// "0.95 ** epoch" or "lambda e: min(1, (e + 1) / 100)". Own code because users
// of LambdaLR write Python, whose **, //, %, `a if c else b` and chained
// comparisons no C++ expression library reads.
// It knows numbers, + - * / // % **, comparisons, `if`/`else`, and, or, not,
// parentheses, the functions of python_number.h with or without `math.`, and
// math.pi, math.e, math.tau, math.inf. Hostile text ends in an error: length
// and depth are bounded, and nothing loops.
// Threads: an Expression is immutable and may be shared.

#ifndef FTS_CORE_OPTIM_EXPRESSION_H_
#define FTS_CORE_OPTIM_EXPRESSION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace fts::optim {

class Expression {
 public:
  static constexpr size_t kMaxLength = 1000;  // bytes
  static constexpr int kMaxDepth = 50;        // parentheses, signs, else …

  // Errors: INVALID_ARGUMENT, "at character 9: unknown name 'epoc'; …"; the
  // offset from 0 goes to *offset.
  static absl::StatusOr<Expression> Parse(const std::string& text,
                                          size_t* offset);

  // May be infinite or not a number where Python's is.
  // Errors: OUT_OF_RANGE where Python raises, or has a complex number:
  // "division by zero at character 3".
  absl::StatusOr<double> Evaluate(int64_t epoch) const;

  const std::string& text() const { return text_; }

  struct Tree;

 private:
  Expression(std::string text, std::shared_ptr<const Tree> tree);

  std::string text_;
  std::shared_ptr<const Tree> tree_;
};

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_EXPRESSION_H_
