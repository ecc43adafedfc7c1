// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/engine_choices.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fts/core/base/codes.h"
#include "fts/core/base/did_you_mean.h"

namespace fts {
namespace {

constexpr char kPrefetch[] = "prefetch";
constexpr char kAccumulation[] = "accumulation";
constexpr char kFrozenPlacement[] = "frozen_placement";
constexpr char kFindNonfinite[] = "find_nonfinite";

class Reader {
 public:
  Reader(const YamlNode& config, Diagnostics* diags)
      : config_(config), diags_(diags) {}

  // The place of the key's value in `words`; 0, the default, when absent.
  int Word(const char* key, const std::vector<std::string>& words) {
    const YamlNode* value = config_.Find(key);
    if (value == nullptr || value->is_null()) return 0;
    for (size_t i = 0; i < words.size(); ++i) {
      // An unquoted `off` is read as a boolean.
      if (value->is_string()
              ? value->text() == words[i]
              : value->is_bool() && !value->as_bool() && words[i] == "off") {
        return static_cast<int>(i);
      }
    }
    Bad(*value, key, absl::StrCat("one of ", absl::StrJoin(words, ", ")),
        value->is_string() ? DidYouMean(value->text(), words) : "");
    return 0;
  }

  bool Bool(const char* key) {
    const YamlNode* value = config_.Find(key);
    if (value == nullptr || value->is_null()) return false;
    if (value->is_bool()) return value->as_bool();
    Bad(*value, key, "true or false", "");
    return false;
  }

 private:
  void Bad(const YamlNode& value, const char* key, const std::string& wanted,
           const std::string& hint) {
    diags_->Error(value.is_string() ? codes::kBadValue : codes::kBadType,
                  absl::StrCat(key, " is ", DescribeYaml(value),
                               "; it must be ", wanted, hint),
                  value.where());
  }

  const YamlNode& config_;
  Diagnostics* const diags_;
};

}  // namespace

const std::vector<const char*>& EngineChoiceKeys() {
  static const auto* const keys = new std::vector<const char*>{
      kPrefetch, kAccumulation, kFrozenPlacement, kFindNonfinite};
  return *keys;
}

EngineChoices ReadEngineChoices(const YamlNode& config, Diagnostics* diags) {
  Reader reader(config, diags);
  EngineChoices out;
  out.prefetch = reader.Word(kPrefetch, {"auto", "off"}) == 0;
  out.unsharded_accumulation =
      reader.Word(kAccumulation, {"sharded", "unsharded"}) == 1;
  constexpr FrozenPlacement kPlacements[] = {FrozenPlacement::kAuto,
                                             FrozenPlacement::kSharded,
                                             FrozenPlacement::kResident};
  out.frozen_placement = kPlacements[reader.Word(
      kFrozenPlacement, {"auto", "sharded", "resident"})];
  out.find_nonfinite = reader.Bool(kFindNonfinite);
  return out;
}

}  // namespace fts
