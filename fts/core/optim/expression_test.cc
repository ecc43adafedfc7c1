// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Expressions against Python's eval (testdata/expression_golden.py), their
// messages, and text that means harm.

#include "fts/core/optim/expression.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace fts::optim {
namespace {

struct Row {
  const char* text;
  const char* values;
};
const Row kGolden[] = {
#include "fts/core/optim/testdata/expression_golden.inc"
};
constexpr int64_t kEpochs[] = {0, 1, 2, 3, 7, 10, 64, 100, 1000};

absl::StatusOr<Expression> Parse(const std::string& text) {
  size_t offset = 0;
  return Expression::Parse(text, &offset);
}

std::string ParseError(const std::string& text) {
  const auto expression = Parse(text);
  return expression.ok() ? "" : std::string(expression.status().message());
}

std::string EvaluateError(const std::string& text, int64_t epoch) {
  const auto expression = Parse(text);
  EXPECT_TRUE(expression.ok()) << expression.status();
  if (!expression.ok()) return "";
  const auto value = expression->Evaluate(epoch);
  return value.ok() ? "" : std::string(value.status().message());
}

bool Same(double seen, double wanted) {
  if (std::isnan(wanted)) return std::isnan(seen);
  if (seen == wanted) return std::signbit(seen) == std::signbit(wanted);
  return std::fabs(seen - wanted) <= 1e-14 * std::fabs(wanted);
}

TEST(ExpressionTest, ValuesArePythons) {
  size_t expressions = 0, values = 0, errors = 0;
  for (const Row& row : kGolden) {
    const auto expression = Parse(row.text);
    ASSERT_TRUE(expression.ok()) << row.text << ": " << expression.status();
    std::istringstream wanted(row.values);
    std::string word;
    for (int64_t epoch : kEpochs) {
      ASSERT_TRUE(wanted >> word) << row.text;
      if (word == "-") continue;
      const auto seen = expression->Evaluate(epoch);
      ++values;
      if (word == "error") {
        EXPECT_FALSE(seen.ok()) << row.text << " at " << epoch;
        ++errors;
      } else {
        ASSERT_TRUE(seen.ok())
            << row.text << " at " << epoch << ": " << seen.status();
        EXPECT_TRUE(Same(*seen, std::strtod(word.c_str(), nullptr)))
            << row.text << " at " << epoch << ": " << *seen << ", not " << word;
      }
    }
    ++expressions;
  }
  EXPECT_GE(expressions, 400u);
  EXPECT_GE(values, 3000u);
  EXPECT_GE(errors, 100u);
}

TEST(ExpressionTest, SaysWhatIsWrongAndWhere) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "at character 1: expected an expression, got nothing"},
      {"0.95 ** epoc",
       "at character 9: unknown name 'epoc'; did you mean 'epoch'?"},
      {"0.95 ** step",
       "at character 9: unknown name 'step'; the variable is epoch"},
      {"lambda e: epoch",
       "at character 11: unknown name 'epoch'; the variable is e"},
      {"0.95 ^ epoch", "at character 6: '^' is not possible; a power is **"},
      {"epoch = 1", "at character 7: '=' is not possible; equality is =="},
      {"epoch & 1", "at character 7: '&' is not possible; write and"},
      {"epoch ? 1 : 2",
       "at character 7: '?' is not possible; write a if c else b"},
      {"\xC3\xA9poch",
       "at character 1: a byte that is no ASCII character is not possible"},
      {"1 +", "at character 4: expected a value, got the end"},
      {"1 2", "at character 3: expected an operator, got a number"},
      {"1 if epoch", "at character 11: expected 'else', got the end"},
      {"(1", "at character 3: expected ')', got the end"},
      {"1)", "at character 2: expected an operator, got ')'"},
      {"1, 2", "at character 2: expected an operator, got ','"},
      {"epoch in 1", "at character 7: expected an operator, got 'in'"},
      {"None", "at character 1: expected a value, got 'None'"},
      {"0123", "at character 1: '0123' is no number"},
      {"1_", "at character 1: '1_' is no number"},
      {"2j", "at character 1: '2j' is no number"},
      {"1e", "at character 1: '1e' is no number"},
      {"0x", "at character 1: '0x' is no number"},
      {"1.2.3", "at character 4: expected an operator, got a number"},
      {"cos", "at character 4: expected '(' after cos, got the end"},
      {"cos()", "at character 1: cos takes 1 argument, got 0"},
      {"min(1)", "at character 1: min takes at least 2 arguments, got 1"},
      {"round(1, 2, 3)", "at character 1: round takes 1 to 2 arguments, got 3"},
      {"min(1 2)", "at character 7: expected ',' or ')', got a number"},
      {"np.exp(1)", "at character 1: unknown name 'np'; the variable is epoch"},
      {"math.cosh(1)",
       "at character 1: math has no 'cosh' here; did you mean 'cos'?"},
      {"math", "at character 5: expected '.', got the end"},
      {"math.1", "at character 5: expected '.', got a number"},
      {"lambda: 1", "at character 7: expected the name of the epoch, got ':'"},
      {"lambda a, b: 1", "at character 9: expected ':', got ','"},
      {"lambda math: 1",
       "at character 8: expected the name of the epoch, got 'math'"},
      {"__import__('os')", "at character 12: ''' is not possible"},
      {"epoch.real", "at character 6: expected an operator, got '.'"},
  };
  for (const auto& [text, wanted] : cases) {
    EXPECT_EQ(ParseError(text), wanted) << text;
  }
}

TEST(ExpressionTest, SaysWhereAValueFails) {
  EXPECT_EQ(EvaluateError("1 / epoch", 0), "division by zero at character 3");
  EXPECT_EQ(EvaluateError("1 / epoch", 1), "");
  EXPECT_EQ(EvaluateError("1 % (epoch - 1)", 1),
            "division by zero at character 3");
  EXPECT_EQ(EvaluateError("1 + math.log(epoch)", 0),
            "log: an argument outside its domain at character 5");
  EXPECT_EQ(EvaluateError("exp(epoch)", 1000),
            "exp: a number too large at character 1");
  EXPECT_EQ(EvaluateError("(0 - epoch) ** 0.5", 2),
            "a negative number to a fractional power at character 13");
  EXPECT_EQ(EvaluateError("9 ** 9 ** 9", 0),
            "a number too large at character "
            "3");
}

TEST(ExpressionTest, OffsetsCountFromZero) {
  size_t offset = 0;
  EXPECT_FALSE(Expression::Parse("1 + nope", &offset).ok());
  EXPECT_EQ(offset, 4u);
}

TEST(ExpressionTest, LengthAndDepthAreBounded) {
  std::string ones = "1";
  while (ones.size() + 2 <= Expression::kMaxLength) ones += "+1";
  const auto long_sum = Parse(ones);
  ASSERT_TRUE(long_sum.ok()) << long_sum.status();
  EXPECT_EQ(*long_sum->Evaluate(0), 500.0);
  EXPECT_EQ(ParseError(ones + "+1"),
            "at character 1001: longer than 1000 characters");

  const auto nested = [](int depth) {
    return std::string(depth, '(') + "1" + std::string(depth, ')');
  };
  EXPECT_EQ(ParseError(nested(Expression::kMaxDepth)), "");
  const std::string too_deep = ": nested more than 50 deep";
  EXPECT_EQ(ParseError(nested(Expression::kMaxDepth + 1)),
            "at character 52" + too_deep);
  EXPECT_EQ(ParseError(std::string(900, '-') + "1"),
            "at character 52" + too_deep);
  std::string nots, powers = "2", elses;
  for (int i = 0; i < 60; ++i) {
    nots += "not ";
    powers += "**1";
    elses += "1 if 0 else ";
  }
  EXPECT_NE(ParseError(nots + "1").find(too_deep), std::string::npos);
  EXPECT_NE(ParseError(powers).find(too_deep), std::string::npos);
  EXPECT_NE(ParseError(elses + "1").find(too_deep), std::string::npos);
}

// Tokens and bytes strung together: an error or a number, never a crash.
TEST(ExpressionTest, AnyTextEndsInAnErrorOrANumber) {
  const std::vector<std::string> words = {
      "1",      "0",    "2.5",  "epoch", "1e308", "9223372036854775807",
      "**",     "//",   "%",    "/",     "*",     "-",
      "+",      "(",    ")",    ",",     "<",     "==",
      "if",     "else", "and",  "or",    "not",   "math.",
      "pi",     "min",  "log",  "round", "exp",   "int",
      "lambda", ":",    ".",    "_",     "0x",    "e",
      "\xFF",   "\n",   "True", "pow"};
  std::mt19937 random(7);
  size_t parsed = 0, evaluated = 0;
  for (int round = 0; round < 60000; ++round) {
    std::string text;
    const size_t length = 1 + random() % 9;
    for (size_t i = 0; i < length; ++i) {
      text += words[random() % words.size()];
      if (random() % 3 != 0) text += ' ';
    }
    size_t offset = 0;
    const auto expression = Expression::Parse(text, &offset);
    EXPECT_LE(offset, text.size());
    if (!expression.ok()) continue;
    ++parsed;
    for (int64_t epoch : {int64_t{0}, int64_t{3}, INT64_MAX, INT64_MIN}) {
      evaluated += expression->Evaluate(epoch).ok();
    }
  }
  EXPECT_GT(parsed, 500u);
  EXPECT_GT(evaluated, 500u);
}

}  // namespace
}  // namespace fts::optim
