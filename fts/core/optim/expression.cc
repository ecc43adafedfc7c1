// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/expression.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/core/optim/expression_tree.h"

namespace fts::optim {
namespace {

using Kind = ExpressionNode::Kind;
using Result = absl::StatusOr<PythonNumber>;

// Recursion goes no deeper than the text is long.
class Evaluator {
 public:
  Evaluator(const std::vector<ExpressionNode>& nodes, int64_t epoch)
      : nodes_(nodes), epoch_(epoch) {}

  Result Value(int index) {
    const ExpressionNode& node = nodes_[index];
    switch (node.kind) {
      case Kind::kNumber:
        return node.number;
      case Kind::kVariable:
        return PythonNumber::Int(epoch_);
      case Kind::kNegate:
      case Kind::kPlus:
      case Kind::kNot:
        return Unary(node);
      case Kind::kOperator:
        return Operator(node);
      case Kind::kComparison:
        return Comparison(node);
      case Kind::kAnd:
      case Kind::kOr:
        return Logic(node);
      case Kind::kIf: {
        FTS_ASSIGN_OR_RETURN(const PythonNumber chosen,
                             Value(node.children[0]));
        return Value(node.children[chosen.IsTrue() ? 1 : 2]);
      }
      case Kind::kCall:
        return Call(node);
    }
    return absl::InternalError("unknown kind of node");
  }

 private:
  static Result At(const ExpressionNode& node, const std::string& what,
                   Result result) {
    if (result.ok()) return result;
    return absl::OutOfRangeError(absl::StrCat(
        what.empty() ? "" : what + ": ", std::string(result.status().message()),
        " at character ", node.offset + 1));
  }

  Result Unary(const ExpressionNode& node) {
    FTS_ASSIGN_OR_RETURN(const PythonNumber x, Value(node.children[0]));
    if (node.kind == Kind::kNot) return PythonNumber::Bool(!x.IsTrue());
    if (node.kind == Kind::kNegate) return Negate(x);
    return x.is_float() ? x : PythonNumber::Int(x.integer);
  }

  Result Operator(const ExpressionNode& node) {
    FTS_ASSIGN_OR_RETURN(const PythonNumber a, Value(node.children[0]));
    FTS_ASSIGN_OR_RETURN(const PythonNumber b, Value(node.children[1]));
    return At(node, "", Apply(node.ops[0], a, b));
  }

  Result Comparison(const ExpressionNode& node) {
    FTS_ASSIGN_OR_RETURN(PythonNumber left, Value(node.children[0]));
    Result holds = PythonNumber::Bool(true);
    for (size_t i = 0; i < node.ops.size(); ++i) {
      FTS_ASSIGN_OR_RETURN(const PythonNumber right,
                           Value(node.children[i + 1]));
      holds = Apply(node.ops[i], left, right);
      if (!holds.ok() || !holds->IsTrue()) return holds;
      left = right;
    }
    return holds;
  }

  Result Logic(const ExpressionNode& node) {
    Result last = PythonNumber::Bool(true);
    for (int child : node.children) {
      last = Value(child);
      if (!last.ok() || last->IsTrue() == (node.kind == Kind::kOr)) return last;
    }
    return last;
  }

  Result Call(const ExpressionNode& node) {
    std::vector<PythonNumber> args;
    for (int child : node.children) {
      FTS_ASSIGN_OR_RETURN(const PythonNumber arg, Value(child));
      args.push_back(arg);
    }
    return At(node, node.function->name, node.function->call(args));
  }

  const std::vector<ExpressionNode>& nodes_;
  const int64_t epoch_;
};

}  // namespace

Expression::Expression(std::string text, std::shared_ptr<const Tree> tree)
    : text_(std::move(text)), tree_(std::move(tree)) {}

absl::StatusOr<Expression> Expression::Parse(const std::string& text,
                                             size_t* offset) {
  auto tree = std::make_shared<Tree>();
  FTS_RETURN_IF_ERROR(ParseExpression(text, tree.get(), offset));
  return Expression(text, std::move(tree));
}

absl::StatusOr<double> Expression::Evaluate(int64_t epoch) const {
  Evaluator evaluator(tree_->nodes, epoch);
  FTS_ASSIGN_OR_RETURN(
      const PythonNumber value,
      evaluator.Value(static_cast<int>(tree_->nodes.size()) - 1));
  return value.ToDouble();
}

}  // namespace fts::optim
