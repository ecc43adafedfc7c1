// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Reads the keywords of one class from a mapping: types, ranges, unknown keys.
// All problems are recorded; a bad value reads as the default.
// Threads: confined to one thread.

#ifndef FTS_CORE_OPTIM_KEYWORD_READER_H_
#define FTS_CORE_OPTIM_KEYWORD_READER_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"

namespace fts::optim {

// What a number must be, and how a message says it.
struct NumberRule {
  std::function<bool(double)> holds;
  const char* text;
};
extern const NumberRule kAnyNumber;         // finite
extern const NumberRule kNotNegative;       // finite, >= 0
extern const NumberRule kPositive;          // finite, > 0
extern const NumberRule kFraction;          // 0 <= x < 1
extern const NumberRule kPositiveFraction;  // 0 < x <= 1
extern const NumberRule kUnitInterval;      // 0 <= x <= 1

class KeywordReader {
 public:
  // `owner` is the class in messages; `args` null or a mapping.
  KeywordReader(std::string owner, const YamlNode& args, Diagnostics* diags);

  // The keyword as written, or null; counts as known from now on.
  const YamlNode* Find(const std::string& key);
  bool Has(const std::string& key) { return Find(key) != nullptr; }

  double Number(const std::string& key, double fallback,
                const NumberRule& rule);
  int64_t Int(const std::string& key, int64_t fallback, int64_t least);
  bool Bool(const std::string& key, bool fallback);
  std::string String(const std::string& key, const std::string& fallback);
  // The index of the choice written.
  size_t Choice(const std::string& key, const std::vector<std::string>& choices,
                size_t fallback);
  std::vector<int64_t> Ints(const std::string& key, int64_t least);
  // One number or a list of them.
  std::vector<double> Numbers(const std::string& key,
                              std::vector<double> fallback,
                              const NumberRule& rule);

  void Require(const std::string& key);
  // Accepted whatever the value: it changes no number here.
  void Ignore(const std::string& key) { Find(key); }
  // Accepted only when off (false or null); otherwise left to a later version.
  void OnlyOff(const std::string& key);
  void Problem(const char* code, const std::string& text,
               const SourceLocation& where);

  // Reports the keywords nobody asked for. Call last.
  void Finish();

 private:
  std::string owner_;
  const YamlNode args_;
  Diagnostics* diags_;
  std::vector<std::string> known_;
};

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_KEYWORD_READER_H_
