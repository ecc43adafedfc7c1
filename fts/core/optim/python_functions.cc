// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The functions of python_number.h.

#include <cmath>
#include <cstdio>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "fts/core/optim/python_number.h"

namespace fts::optim {
namespace {

using Args = std::vector<PythonNumber>;
using Result = absl::StatusOr<PythonNumber>;

absl::Status Error(const std::string& phrase) {
  return absl::OutOfRangeError(phrase);
}

// A whole float as an int; past 64 bits it stays a float.
Result ToInt(double whole) {
  if (std::isnan(whole)) return Error("nan has no integer");
  if (std::isinf(whole)) return Error("infinity has no integer");
  if (whole < -9.2233720368547758e18 || whole >= 9.2233720368547758e18) {
    return PythonNumber::Float(whole);
  }
  return PythonNumber::Int(static_cast<int64_t>(whole));
}

// [Note: errors of math functions]
//
// Python raises where C returns nan for a number, or infinity for a finite one.
template <double (*function)(double)>
Result Math(const Args& args) {
  const double x = args[0].ToDouble();
  const double y = function(x);
  if (std::isnan(y) && !std::isnan(x))
    return Error("an argument outside its domain");
  if (std::isinf(y) && std::isfinite(x)) return Error("a number too large");
  return PythonNumber::Float(y);
}

double Log(double x) { return x <= 0 ? std::nan("") : std::log(x); }
double Log2(double x) { return x <= 0 ? std::nan("") : std::log2(x); }
double Log10(double x) { return x <= 0 ? std::nan("") : std::log10(x); }
double Log1p(double x) { return x <= -1 ? std::nan("") : std::log1p(x); }
double Exp(double x) { return std::exp(x); }
double Expm1(double x) { return std::expm1(x); }
double Sqrt(double x) { return std::sqrt(x); }
double Sin(double x) { return std::sin(x); }
double Cos(double x) { return std::cos(x); }
double Tan(double x) { return std::tan(x); }
double Tanh(double x) { return std::tanh(x); }
double Atan(double x) { return std::atan(x); }
double Fabs(double x) { return std::fabs(x); }

Result LogOf(const Args& args) {
  Result numerator = Math<Log>(args);
  if (args.size() == 1 || !numerator.ok()) return numerator;
  const Result base = Math<Log>({args[1]});
  if (!base.ok()) return base;
  return Apply(PythonOp::kDivide, *numerator, *base);
}

template <double (*function)(double)>
Result Whole(const Args& args) {
  if (!args[0].is_float()) return PythonNumber::Int(args[0].integer);
  return ToInt(function(args[0].real));
}

double Floor(double x) { return std::floor(x); }
double Ceil(double x) { return std::ceil(x); }
double Trunc(double x) { return std::trunc(x); }
double HalfEven(double x) { return std::nearbyint(x); }

Result MathPow(const Args& args) {
  const double x = args[0].ToDouble(), y = args[1].ToDouble();
  const double power = std::pow(x, y);
  if (std::isfinite(x) && std::isfinite(y)) {
    if (std::isnan(power) || (x == 0 && y < 0)) {
      return Error("an argument outside its domain");
    }
    if (std::isinf(power)) return Error("a number too large");
  }
  return PythonNumber::Float(power);
}

Result Fmod(const Args& args) {
  const double x = args[0].ToDouble(), y = args[1].ToDouble();
  const double rest = std::fmod(x, y);
  if (std::isnan(rest) && !std::isnan(x) && !std::isnan(y)) {
    return Error("an argument outside its domain");
  }
  return PythonNumber::Float(rest);
}

Result Pow(const Args& args) {
  return Apply(PythonOp::kPower, args[0], args[1]);
}

Result Abs(const Args& args) {
  if (args[0].is_float()) return PythonNumber::Float(std::fabs(args[0].real));
  const PythonNumber x = PythonNumber::Int(args[0].integer);
  return x.integer < 0 ? Negate(x) : x;
}

// The first of the least; as Python's, it never prefers nan.
template <bool largest>
Result Extreme(const Args& args) {
  PythonNumber best = args[0];
  for (const PythonNumber& x : args) {
    const auto better =
        Apply(largest ? PythonOp::kGreater : PythonOp::kLess, x, best);
    if (better.ok() && better->IsTrue()) best = x;
  }
  return best;
}

// To `digits` places: through decimal text, which printf rounds correctly.
Result RoundTo(const PythonNumber& x, int64_t digits) {
  if (!x.is_float()) {
    if (digits >= 0) return PythonNumber::Int(x.integer);
    if (digits < -18) return PythonNumber::Int(0);
    int64_t unit = 1;
    for (; digits < 0; ++digits) unit *= 10;
    int64_t rest = x.integer % unit;
    int64_t down = x.integer - rest;
    if (rest < 0) {
      if (down < std::numeric_limits<int64_t>::min() + unit) {
        return PythonNumber::Float(x.ToDouble());
      }
      rest += unit;
      down -= unit;
    }
    const bool odd = down / unit % 2 != 0;
    if (rest > unit - rest || (rest == unit - rest && odd)) {
      return Apply(PythonOp::kAdd, PythonNumber::Int(down),
                   PythonNumber::Int(unit));
    }
    return PythonNumber::Int(down);
  }
  if (!std::isfinite(x.real) || digits > 323) return x;
  if (digits < -308) return PythonNumber::Float(std::copysign(0.0, x.real));
  if (digits < 0) {
    // Whole units of a power of ten; nothing is lost below 2^53.
    const double unit = std::pow(10.0, static_cast<double>(-digits));
    const double scaled = x.real / unit;
    double rounded = std::round(scaled);
    if (std::fabs(scaled - std::trunc(scaled)) == 0.5) {
      rounded = 2.0 * std::round(scaled / 2.0);
    }
    return PythonNumber::Float(rounded * unit);
  }
  char text[800];
  std::snprintf(text, sizeof text, "%.*f", static_cast<int>(digits), x.real);
  double rounded = x.real;
  if (!absl::SimpleAtod(text, &rounded)) return x;
  return PythonNumber::Float(rounded);
}

Result Round(const Args& args) {
  if (args.size() == 1) return Whole<HalfEven>(args);
  if (args[1].is_float()) return Error("the number of digits is no integer");
  return RoundTo(args[0], args[1].integer);
}

Result Float(const Args& args) {
  return PythonNumber::Float(args[0].ToDouble());
}

Result Bool(const Args& args) { return PythonNumber::Bool(args[0].IsTrue()); }

constexpr size_t kMany = std::numeric_limits<size_t>::max();

// Built-in functions first.
constexpr PythonFunction kFunctions[] = {
    {"abs", 1, 1, false, Abs},
    {"bool", 1, 1, false, Bool},
    {"float", 1, 1, false, Float},
    {"int", 1, 1, false, Whole<Trunc>},
    {"max", 2, kMany, false, Extreme<true>},
    {"min", 2, kMany, false, Extreme<false>},
    {"pow", 2, 2, false, Pow},
    {"round", 1, 2, false, Round},
    {"atan", 1, 1, true, Math<Atan>},
    {"ceil", 1, 1, true, Whole<Ceil>},
    {"cos", 1, 1, true, Math<Cos>},
    {"exp", 1, 1, true, Math<Exp>},
    {"expm1", 1, 1, true, Math<Expm1>},
    {"fabs", 1, 1, true, Math<Fabs>},
    {"floor", 1, 1, true, Whole<Floor>},
    {"fmod", 2, 2, true, Fmod},
    {"log", 1, 2, true, LogOf},
    {"log10", 1, 1, true, Math<Log10>},
    {"log1p", 1, 1, true, Math<Log1p>},
    {"log2", 1, 1, true, Math<Log2>},
    {"pow", 2, 2, true, MathPow},
    {"sin", 1, 1, true, Math<Sin>},
    {"sqrt", 1, 1, true, Math<Sqrt>},
    {"tan", 1, 1, true, Math<Tan>},
    {"tanh", 1, 1, true, Math<Tanh>},
    {"trunc", 1, 1, true, Whole<Trunc>},
};

}  // namespace

const PythonFunction* FindPythonFunction(const std::string& name, bool math) {
  for (const PythonFunction& function : kFunctions) {
    if (name == function.name && (!math || function.in_math)) return &function;
  }
  return nullptr;
}

std::vector<std::string> PythonFunctionNames(bool math) {
  std::vector<std::string> names;
  for (const PythonFunction& function : kFunctions) {
    if (!math || function.in_math) names.emplace_back(function.name);
  }
  return names;
}

}  // namespace fts::optim
