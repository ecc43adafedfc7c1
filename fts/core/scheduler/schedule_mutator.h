// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Schedule files for the fuzzer: valid ones over a model, grown at random, then
// changed as trees (keys, values, kinds, numbers, patterns, anchors, nesting)
// and as bytes. Everything follows from the seed. Testing only.
// Threads: confined to one thread.
#ifndef FTS_CORE_SCHEDULER_SCHEDULE_MUTATOR_H_
#define FTS_CORE_SCHEDULER_SCHEDULE_MUTATOR_H_

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace fts::testing {

// A YAML text before it is one: scalars are written as they are.
struct YamlTree {
  enum class Kind { kScalar, kList, kMapping };
  Kind kind = Kind::kScalar;
  std::string text;                                        // scalar
  std::vector<std::pair<std::string, YamlTree>> children;  // key "" in lists
  std::string anchor;                                      // "&a " in front
};

class ScheduleMutator {
 public:
  // `names`: the parameters that schedules are written for.
  ScheduleMutator(uint64_t seed, std::vector<std::string> names);

  // A schedule that resolves, mostly.
  YamlTree Valid();
  // The text of a valid schedule after 0 to 5 changes.
  std::string Next();

 private:
  uint32_t Below(uint32_t n) { return n == 0 ? 0 : rng_() % n; }
  bool OneIn(uint32_t n) { return Below(n) == 0; }
  template <typename T>
  const T& Any(const std::vector<T>& from) {
    return from[Below(static_cast<uint32_t>(from.size()))];
  }

  std::vector<std::string> Entries(const std::string& module,
                                   const std::vector<std::string>& names);
  YamlTree PhaseBody(int index, const std::vector<std::string>& names,
                     const std::vector<std::string>& thawed);
  YamlTree NewOptimizer();
  YamlTree NewLrScheduler();
  YamlTree* AnyNode(YamlTree* root);
  void Change(YamlTree* root);
  void ChangeText(std::string* text);
  std::string Emit(const YamlTree& tree, int depth, bool flow);
  std::string Damage(std::string text);

  std::mt19937_64 rng_;
  std::vector<std::string> names_;
};

}  // namespace fts::testing

#endif  // FTS_CORE_SCHEDULER_SCHEDULE_MUTATOR_H_
