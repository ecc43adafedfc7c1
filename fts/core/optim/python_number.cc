// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/python_number.h"

#include <cmath>
#include <limits>

#include "absl/status/status.h"

namespace fts::optim {
namespace {

using Result = absl::StatusOr<PythonNumber>;

absl::Status Error(const char* phrase) { return absl::OutOfRangeError(phrase); }

absl::Status DivisionByZero() { return Error("division by zero"); }

Result IntPower(int64_t base, int64_t exponent) {
  const double rough =
      std::pow(static_cast<double>(base), static_cast<double>(exponent));
  if (exponent < 0) {
    if (base == 0) return DivisionByZero();
    return PythonNumber::Float(rough);
  }
  int64_t result = 1;
  for (int64_t left = exponent; left > 0;) {
    if (left % 2 == 1 && __builtin_mul_overflow(result, base, &result)) break;
    left /= 2;
    if (left == 0) return PythonNumber::Int(result);
    if (__builtin_mul_overflow(base, base, &base)) break;
  }
  if (exponent == 0) return PythonNumber::Int(1);
  if (!std::isfinite(rough)) return Error("a number too large");
  return PythonNumber::Float(rough);
}

Result FloatPower(double base, double exponent) {
  if (base == 0 && exponent < 0) return DivisionByZero();
  if (base < 0 && std::isfinite(base) && std::isfinite(exponent) &&
      exponent != std::floor(exponent)) {
    return Error("a negative number to a fractional power");
  }
  const double power = std::pow(base, exponent);
  if (std::isinf(power) && std::isfinite(base) && std::isfinite(exponent)) {
    return Error("a number too large");
  }
  return PythonNumber::Float(power);
}

// Quotient rounded down, and what is left, with the divisor's sign.
void FloorDivide(double a, double b, double* quotient, double* rest) {
  *rest = std::fmod(a, b);
  double exact = (a - *rest) / b;
  if (*rest != 0) {
    if ((b < 0) != (*rest < 0)) {
      *rest += b;
      exact -= 1;
    }
  } else {
    *rest = std::copysign(0.0, b);
  }
  if (exact != 0) {
    *quotient = std::floor(exact);
    if (exact - *quotient > 0.5) *quotient += 1;
  } else {
    *quotient = std::copysign(0.0, a / b);
  }
}

Result ApplyFloat(PythonOp op, double a, double b) {
  double quotient = 0, rest = 0;
  switch (op) {
    case PythonOp::kAdd:
      return PythonNumber::Float(a + b);
    case PythonOp::kSubtract:
      return PythonNumber::Float(a - b);
    case PythonOp::kMultiply:
      return PythonNumber::Float(a * b);
    case PythonOp::kDivide:
      if (b == 0) return DivisionByZero();
      return PythonNumber::Float(a / b);
    case PythonOp::kFloorDivide:
    case PythonOp::kModulo:
      if (b == 0) return DivisionByZero();
      FloorDivide(a, b, &quotient, &rest);
      return PythonNumber::Float(op == PythonOp::kModulo ? rest : quotient);
    default:
      return FloatPower(a, b);
  }
}

// Without a value where 64 bits do not do.
bool ApplyInt(PythonOp op, int64_t a, int64_t b, int64_t* out) {
  switch (op) {
    case PythonOp::kAdd:
      return !__builtin_add_overflow(a, b, out);
    case PythonOp::kSubtract:
      return !__builtin_sub_overflow(a, b, out);
    case PythonOp::kMultiply:
      return !__builtin_mul_overflow(a, b, out);
    default:
      break;
  }
  if (b == 0 || (b == -1 && a == std::numeric_limits<int64_t>::min())) {
    return false;
  }
  const bool down = a % b != 0 && (a < 0) != (b < 0);
  *out = op == PythonOp::kModulo ? a % b + (down ? b : 0) : a / b - down;
  return true;
}

// Long doubles hold every int64_t and every double.
bool Compare(PythonOp op, long double a, long double b) {
  switch (op) {
    case PythonOp::kLess:
      return a < b;
    case PythonOp::kLessEqual:
      return a <= b;
    case PythonOp::kGreater:
      return a > b;
    case PythonOp::kGreaterEqual:
      return a >= b;
    case PythonOp::kEqual:
      return a == b;
    default:
      return a != b;
  }
}

long double Exact(const PythonNumber& a) {
  return a.is_float() ? static_cast<long double>(a.real)
                      : static_cast<long double>(a.integer);
}

}  // namespace

PythonNumber PythonNumber::Bool(bool value) {
  return {Kind::kBool, value ? 1 : 0, 0};
}
PythonNumber PythonNumber::Int(int64_t value) { return {Kind::kInt, value, 0}; }
PythonNumber PythonNumber::Float(double value) {
  return {Kind::kFloat, 0, value};
}

double PythonNumber::ToDouble() const {
  return is_float() ? real : static_cast<double>(integer);
}

bool PythonNumber::IsTrue() const { return is_float() ? real != 0 : integer; }

Result Apply(PythonOp op, const PythonNumber& a, const PythonNumber& b) {
  if (op >= PythonOp::kLess) {
    return PythonNumber::Bool(Compare(op, Exact(a), Exact(b)));
  }
  if (!a.is_float() && !b.is_float() && op != PythonOp::kDivide) {
    if (op == PythonOp::kPower) return IntPower(a.integer, b.integer);
    int64_t result = 0;
    if (ApplyInt(op, a.integer, b.integer, &result)) {
      return PythonNumber::Int(result);
    }
  }
  return ApplyFloat(op, a.ToDouble(), b.ToDouble());
}

PythonNumber Negate(const PythonNumber& a) {
  if (a.is_float()) return PythonNumber::Float(-a.real);
  if (a.integer == std::numeric_limits<int64_t>::min()) {
    return PythonNumber::Float(-static_cast<double>(a.integer));
  }
  return PythonNumber::Int(-a.integer);
}

}  // namespace fts::optim
