// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What expression_parser.cc makes and expression.cc evaluates.
// Threads: a value.

#ifndef FTS_CORE_OPTIM_EXPRESSION_TREE_H_
#define FTS_CORE_OPTIM_EXPRESSION_TREE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "fts/core/optim/expression.h"
#include "fts/core/optim/python_number.h"

namespace fts::optim {

struct ExpressionNode {
  enum class Kind {
    kNumber,
    kVariable,
    kNegate,
    kPlus,
    kNot,
    kOperator,    // children[0] ops[0] children[1]
    kComparison,  // children[0] ops[0] children[1] ops[1] …
    kAnd,         // any number of children
    kOr,
    kIf,  // condition, then, else
    kCall,
  } kind = Kind::kNumber;
  size_t offset = 0;  // in the text
  PythonNumber number;
  const PythonFunction* function = nullptr;
  std::vector<PythonOp> ops;
  std::vector<int> children;  // indices of nodes, all smaller than its own
};

struct Expression::Tree {
  std::vector<ExpressionNode> nodes;  // the root is the last
};

// Errors: as Expression::Parse.
absl::Status ParseExpression(const std::string& text, Expression::Tree* tree,
                             size_t* offset);

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_EXPRESSION_TREE_H_
