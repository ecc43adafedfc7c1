// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Python's numbers and what its operators and functions do with them: bool,
// int and float, floor division, half-even rounding, Python's errors. Integers
// past 64 bits go on as floats; complex results are errors.
// Threads: pure functions. Nothing here throws.

#ifndef FTS_CORE_OPTIM_PYTHON_NUMBER_H_
#define FTS_CORE_OPTIM_PYTHON_NUMBER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace fts::optim {

struct PythonNumber {
  enum class Kind { kBool, kInt, kFloat } kind = Kind::kInt;
  int64_t integer = 0;  // kBool (0 or 1) and kInt
  double real = 0;      // kFloat

  static PythonNumber Bool(bool value);
  static PythonNumber Int(int64_t value);
  static PythonNumber Float(double value);

  bool is_float() const { return kind == Kind::kFloat; }
  double ToDouble() const;
  bool IsTrue() const;
};

enum class PythonOp {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kFloorDivide,
  kModulo,
  kPower,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kEqual,
  kNotEqual,
};

// Errors: OUT_OF_RANGE with a phrase such as "division by zero".
absl::StatusOr<PythonNumber> Apply(PythonOp op, const PythonNumber& a,
                                   const PythonNumber& b);
PythonNumber Negate(const PythonNumber& a);

// A built-in function, or one of the math module's.
struct PythonFunction {
  const char* name;
  size_t min_args, max_args;
  bool in_math;  // math.<name> exists
  absl::StatusOr<PythonNumber> (*call)(const std::vector<PythonNumber>& args);
};

// The function of that name, or null. `math` asks for math.<name>; otherwise
// built-in functions come first (pow), and math's are known without the prefix.
const PythonFunction* FindPythonFunction(const std::string& name, bool math);

// Every name above, for suggestions.
std::vector<std::string> PythonFunctionNames(bool math);

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_PYTHON_NUMBER_H_
