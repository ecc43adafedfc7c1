// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A recursive-descent parser after Python's grammar; each function is named as
// the rule it reads.

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/did_you_mean.h"
#include "fts/core/base/status.h"
#include "fts/core/optim/expression_lexer.h"
#include "fts/core/optim/expression_tree.h"

namespace fts::optim {
namespace {

using Kind = ExpressionNode::Kind;
using TokenKind = ExpressionToken::Kind;
// The index of a node.
using Result = absl::StatusOr<int>;

bool IsKeyword(const std::string& name) {
  for (const char* keyword : {"if", "else", "and", "or", "not", "lambda", "in",
                              "is", "True", "False", "None", "for", "math"}) {
    if (name == keyword) return true;
  }
  return false;
}

struct Symbol {
  const char* text;
  PythonOp op;
};
constexpr Symbol kComparisons[] = {
    {"<", PythonOp::kLess},    {"<=", PythonOp::kLessEqual},
    {">", PythonOp::kGreater}, {">=", PythonOp::kGreaterEqual},
    {"==", PythonOp::kEqual},  {"!=", PythonOp::kNotEqual},
};
constexpr Symbol kSums[] = {{"+", PythonOp::kAdd}, {"-", PythonOp::kSubtract}};
constexpr Symbol kTerms[] = {{"*", PythonOp::kMultiply},
                             {"/", PythonOp::kDivide},
                             {"//", PythonOp::kFloorDivide},
                             {"%", PythonOp::kModulo}};

class Parser {
 public:
  Parser(std::vector<ExpressionToken> tokens, Expression::Tree* tree,
         size_t* offset)
      : tokens_(std::move(tokens)), tree_(tree), offset_(offset) {}

  absl::Status Run() {
    if (IsName("lambda")) FTS_RETURN_IF_ERROR(LambdaHead());
    FTS_RETURN_IF_ERROR(IfElse().status());
    if (Now().kind != TokenKind::kEnd) return Unexpected("an operator");
    return absl::OkStatus();
  }

 private:
  const ExpressionToken& Now() const { return tokens_[at_]; }
  bool IsName(const char* name) const {
    return Now().kind == TokenKind::kName && Now().text == name;
  }
  bool IsSymbol(const char* symbol) const {
    return Now().kind == TokenKind::kSymbol && Now().text == symbol;
  }
  bool Take(const char* symbol) {
    if (!IsSymbol(symbol)) return false;
    ++at_;
    return true;
  }

  absl::Status Error(const std::string& what, size_t at) {
    *offset_ = at;
    return absl::InvalidArgumentError(what);
  }

  absl::Status Unexpected(const std::string& wanted) {
    const ExpressionToken& token = Now();
    const std::string seen = token.kind == TokenKind::kEnd ? "the end"
                             : token.kind == TokenKind::kNumber
                                 ? "a number"
                                 : "'" + token.text + "'";
    return Error(absl::StrCat("expected ", wanted, ", got ", seen),
                 token.offset);
  }

  int Add(ExpressionNode node) {
    tree_->nodes.push_back(std::move(node));
    return static_cast<int>(tree_->nodes.size()) - 1;
  }
  int Add(Kind kind, size_t offset, std::vector<int> children,
          std::vector<PythonOp> ops = {}) {
    ExpressionNode node;
    node.kind = kind;
    node.offset = offset;
    node.children = std::move(children);
    node.ops = std::move(ops);
    return Add(std::move(node));
  }

  absl::Status LambdaHead() {
    ++at_;
    if (Now().kind != TokenKind::kName || IsKeyword(Now().text)) {
      return Unexpected("the name of the epoch");
    }
    variable_ = Now().text;
    ++at_;
    if (!Take(":")) return Unexpected("':'");
    return absl::OkStatus();
  }

  // Every recursion passes through here.
  Result Deeper(Result (Parser::*rule)()) {
    if (++depth_ > Expression::kMaxDepth) {
      return Error(
          absl::StrCat("nested more than ", Expression::kMaxDepth, " deep"),
          Now().offset);
    }
    Result node = (this->*rule)();
    --depth_;
    return node;
  }

  Result IfElse() {
    FTS_ASSIGN_OR_RETURN(const int value, Or());
    if (!IsName("if")) return value;
    const size_t offset = Now().offset;
    ++at_;
    FTS_ASSIGN_OR_RETURN(const int condition, Or());
    if (!IsName("else")) return Unexpected("'else'");
    ++at_;
    FTS_ASSIGN_OR_RETURN(const int otherwise, Deeper(&Parser::IfElse));
    return Add(Kind::kIf, offset, {condition, value, otherwise});
  }

  Result Or() { return Logic("or", Kind::kOr, &Parser::And); }
  Result And() { return Logic("and", Kind::kAnd, &Parser::Not); }

  Result Logic(const char* name, Kind kind, Result (Parser::*part)()) {
    const size_t offset = Now().offset;
    FTS_ASSIGN_OR_RETURN(const int first, (this->*part)());
    std::vector<int> parts = {first};
    while (IsName(name)) {
      ++at_;
      FTS_ASSIGN_OR_RETURN(const int next, (this->*part)());
      parts.push_back(next);
    }
    return parts.size() == 1 ? first : Add(kind, offset, std::move(parts));
  }

  Result Not() {
    if (!IsName("not")) return Comparison();
    const size_t offset = Now().offset;
    ++at_;
    FTS_ASSIGN_OR_RETURN(const int operand, Deeper(&Parser::Not));
    return Add(Kind::kNot, offset, {operand});
  }

  template <size_t N>
  const Symbol* TakeOneOf(const Symbol (&symbols)[N]) {
    for (const Symbol& symbol : symbols) {
      if (Take(symbol.text)) return &symbol;
    }
    return nullptr;
  }

  Result Comparison() {
    const size_t offset = Now().offset;
    FTS_ASSIGN_OR_RETURN(const int first, Sum());
    std::vector<int> operands = {first};
    std::vector<PythonOp> ops;
    while (const Symbol* symbol = TakeOneOf(kComparisons)) {
      FTS_ASSIGN_OR_RETURN(const int next, Sum());
      ops.push_back(symbol->op);
      operands.push_back(next);
    }
    if (ops.empty()) return first;
    return Add(Kind::kComparison, offset, std::move(operands), std::move(ops));
  }

  Result Sum() { return LeftToRight(kSums, &Parser::Term); }
  Result Term() { return LeftToRight(kTerms, &Parser::Factor); }

  template <size_t N>
  Result LeftToRight(const Symbol (&symbols)[N], Result (Parser::*part)()) {
    FTS_ASSIGN_OR_RETURN(int left, (this->*part)());
    while (true) {
      const size_t offset = Now().offset;
      const Symbol* symbol = TakeOneOf(symbols);
      if (symbol == nullptr) return left;
      FTS_ASSIGN_OR_RETURN(const int right, (this->*part)());
      left = Add(Kind::kOperator, offset, {left, right}, {symbol->op});
    }
  }

  Result Factor() {
    const size_t offset = Now().offset;
    const bool minus = IsSymbol("-");
    if (!minus && !IsSymbol("+")) return Power();
    ++at_;
    FTS_ASSIGN_OR_RETURN(const int operand, Deeper(&Parser::Factor));
    return Add(minus ? Kind::kNegate : Kind::kPlus, offset, {operand});
  }

  Result Power() {
    FTS_ASSIGN_OR_RETURN(const int base, Primary());
    const size_t offset = Now().offset;
    if (!Take("**")) return base;
    FTS_ASSIGN_OR_RETURN(const int exponent, Deeper(&Parser::Factor));
    return Add(Kind::kOperator, offset, {base, exponent}, {PythonOp::kPower});
  }

  Result Primary() {
    const ExpressionToken token = Now();
    if (token.kind == TokenKind::kNumber) {
      ++at_;
      return Number(token.number, token.offset);
    }
    if (Take("(")) {
      FTS_ASSIGN_OR_RETURN(const int inner, Deeper(&Parser::IfElse));
      if (!Take(")")) return Unexpected("')'");
      return inner;
    }
    if (token.kind != TokenKind::kName) return Unexpected("a value");
    if (token.text == variable_) {
      ++at_;
      return Add(Kind::kVariable, token.offset, {});
    }
    if (token.text == "True" || token.text == "False") {
      ++at_;
      return Number(PythonNumber::Bool(token.text == "True"), token.offset);
    }
    if (token.text == "math") return MathMember();
    if (IsKeyword(token.text)) return Unexpected("a value");
    ++at_;
    return Name(token, /*math=*/false);
  }

  Result Number(PythonNumber number, size_t offset) {
    ExpressionNode node;
    node.offset = offset;
    node.number = number;
    return Add(std::move(node));
  }

  Result MathMember() {
    const size_t offset = Now().offset;
    ++at_;
    if (!Take(".")) return Unexpected("'.'");
    if (Now().kind != TokenKind::kName) return Unexpected("a name of math");
    ExpressionToken token = Now();
    token.offset = offset;
    ++at_;
    return Name(token, /*math=*/true);
  }

  // A function or constant; the name is behind us.
  Result Name(const ExpressionToken& token, bool math) {
    const std::string& name = token.text;
    if (name == "pi") return Number(PythonNumber::Float(kPi), token.offset);
    if (math && name == "tau") {
      return Number(PythonNumber::Float(2 * kPi), token.offset);
    }
    if (math && name == "e") {
      return Number(PythonNumber::Float(2.718281828459045), token.offset);
    }
    if (math && name == "inf") {
      return Number(
          PythonNumber::Float(std::numeric_limits<double>::infinity()),
          token.offset);
    }
    const PythonFunction* function = FindPythonFunction(name, math);
    if (function == nullptr) return Unknown(token, math);
    if (!Take("(")) return Unexpected("'(' after " + name);
    std::vector<int> args;
    while (!Take(")")) {
      FTS_ASSIGN_OR_RETURN(const int arg, Deeper(&Parser::IfElse));
      args.push_back(arg);
      if (!Take(",") && !IsSymbol(")")) return Unexpected("',' or ')'");
    }
    if (args.size() < function->min_args || args.size() > function->max_args) {
      const bool range = function->min_args != function->max_args;
      const bool open =
          function->max_args == std::numeric_limits<size_t>::max();
      return Error(
          absl::StrCat(
              name, " takes ", open ? "at least " : "", function->min_args,
              range && !open ? absl::StrCat(" to ", function->max_args) : "",
              function->max_args == 1 ? " argument" : " arguments", ", got ",
              args.size()),
          token.offset);
    }
    const int call = Add(Kind::kCall, token.offset, std::move(args));
    tree_->nodes[call].function = function;
    return call;
  }

  absl::Status Unknown(const ExpressionToken& token, bool math) {
    std::vector<std::string> known = PythonFunctionNames(math);
    known.emplace_back("pi");
    if (math) {
      known.insert(known.end(), {"e", "tau", "inf"});
      return Error(absl::StrCat("math has no '", token.text, "' here",
                                DidYouMean(token.text, known)),
                   token.offset);
    }
    known.push_back(variable_);
    const std::string hint = DidYouMean(token.text, known);
    return Error(
        absl::StrCat("unknown name '", token.text, "'",
                     hint.empty() ? "; the variable is " + variable_ : hint),
        token.offset);
  }

  static constexpr double kPi = 3.141592653589793;

  const std::vector<ExpressionToken> tokens_;
  Expression::Tree* tree_;
  size_t* offset_;
  size_t at_ = 0;
  int depth_ = 0;
  std::string variable_ = "epoch";
};

absl::Status Parse(const std::string& text, Expression::Tree* tree,
                   size_t* offset) {
  *offset = 0;
  if (text.size() > Expression::kMaxLength) {
    *offset = Expression::kMaxLength;
    return absl::InvalidArgumentError(
        absl::StrCat("longer than ", Expression::kMaxLength, " characters"));
  }
  std::vector<ExpressionToken> tokens;
  FTS_RETURN_IF_ERROR(Tokenize(text, &tokens, offset));
  if (tokens.size() == 1) {
    return absl::InvalidArgumentError("expected an expression, got nothing");
  }
  return Parser(std::move(tokens), tree, offset).Run();
}

}  // namespace

absl::Status ParseExpression(const std::string& text, Expression::Tree* tree,
                             size_t* offset) {
  const absl::Status status = Parse(text, tree, offset);
  if (status.ok()) return status;
  return absl::InvalidArgumentError(absl::StrCat(
      "at character ", *offset + 1, ": ", std::string(status.message())));
}

}  // namespace fts::optim
