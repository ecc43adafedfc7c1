// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Damages valid texts, for the fuzzers of the interface. All follows from the
// seed: FTS_FUZZ_SEED in the environment, and FTS_FUZZ_ROUNDS for how many
// inputs each of them tries. Testing only.
// Threads: confined to one thread.

#ifndef FTS_CAPI_FUZZ_MUTATOR_H_
#define FTS_CAPI_FUZZ_MUTATOR_H_

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace fts_fuzz {

inline int64_t FromEnvironment(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoll(text);
}

class Mutator {
 public:
  explicit Mutator(std::vector<std::string> seeds)
      : rng_(FromEnvironment("FTS_FUZZ_SEED", 20261130)),
        seeds_(std::move(seeds)) {}

  uint64_t Below(uint64_t n) { return n == 0 ? 0 : rng_() % n; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  uint64_t Bits() { return rng_(); }
  // Small, at a border, or anything.
  int64_t Number() {
    static constexpr int64_t kBorders[] = {
        INT64_MIN, INT64_MIN + 1, INT32_MIN, -2,           -1, 0,
        1,         INT32_MAX,     INT64_MAX, INT64_MAX - 1};
    switch (Below(3)) {
      case 0:
        return static_cast<int64_t>(Below(8));
      case 1:
        return kBorders[Below(std::size(kBorders))];
      default:
        return static_cast<int64_t>(Bits());
    }
  }

  // A seed after 0 to 5 changes.
  std::string Next() {
    std::string text = seeds_[Below(seeds_.size())];
    for (uint64_t n = Below(6); n > 0; --n) Change(&text);
    return text;
  }

 private:
  void Change(std::string* text) {
    static const std::vector<std::string> kParts = {
        "0:",
        "-1",
        "'",
        "\"",
        "{",
        "}",
        "[",
        "]",
        ": ",
        ",",
        "- ",
        "\n",
        "\n  ",
        "*",
        "&a ",
        "*a",
        "null",
        "~",
        "true",
        "1e-06",
        "1e400",
        ".nan",
        "inf",
        "NaN",
        "(a+)+$",
        "(",
        "\\",
        "\\u0000",
        "\\ud800",
        "\\N{x}",
        "(?i)",
        "{0,9}",
        "!!str ",
        "<<: ",
        "---\n",
        "#",
        "|",
        ">",
        "0x10",
        "1_0",
        "model",
        "params",
        "\t",
        "\xe4\xb8\xad",
        "\xff",
        "\xc0\x80",
        "\xed\xa0\x80",
        "\xf4\x90\x80\x80",
        std::string(1, '\0'),
        "99999999999999999999999999",
        "9223372036854775807",
        "-9223372036854775808",
        "1e308",
        "4.9e-324",
        "00000000001"};
    const size_t at = Below(text->size() + 1);
    switch (Below(9)) {
      case 0:
        text->insert(at, kParts[Below(kParts.size())]);
        break;
      case 1:
        text->erase(at, 1 + Below(8));
        break;
      case 2:  // one bit
        if (at < text->size()) (*text)[at] ^= static_cast<char>(1 << Below(8));
        break;
      case 3:
        if (at < text->size()) (*text)[at] = static_cast<char>(Bits());
        break;
      case 4: {  // a piece of another
        const std::string& other = seeds_[Below(seeds_.size())];
        text->insert(at, other.substr(Below(other.size()), Below(40)));
        break;
      }
      case 5:  // a line or so twice
        text->insert(at, text->substr(Below(text->size() + 1), Below(60)));
        break;
      case 6:
        if (OneIn(3)) text->resize(at);
        break;
      case 7: {  // a piece many times
        if (!OneIn(4)) break;
        const std::string piece = text->substr(at, 1 + Below(6));
        std::string many;
        for (uint64_t n = Below(300); n > 0; --n) many += piece;
        text->insert(at, many);
        break;
      }
      default: {  // deep
        if (!OneIn(4)) break;
        static const std::vector<std::string> kOpen = {
            "[", "{", "{a: ", "(", "[{\"a\":", "- "};
        const std::string& open = kOpen[Below(kOpen.size())];
        std::string many;
        for (uint64_t n = Below(400); n > 0; --n) many += open;
        text->insert(at, many);
      }
    }
  }

  std::mt19937_64 rng_;
  std::vector<std::string> seeds_;
};

}  // namespace fts_fuzz

#endif  // FTS_CAPI_FUZZ_MUTATOR_H_
