// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/tp_layout.h"

#include <cctype>
#include <cstdint>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fts/core/base/codes.h"
#include "fts/core/base/did_you_mean.h"

namespace fts {
namespace {

constexpr int64_t kMostDims = 64;  // as model.json

// Lower case, without blanks.
std::string Plain(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isspace(byte) == 0) {
      out += static_cast<char>(std::tolower(byte));
    }
  }
  return out;
}

std::optional<TpLayout> Parse(const YamlNode& value) {
  if (value.is_null()) return TpLayout();
  if (!value.is_string()) return std::nullopt;
  const std::string text = Plain(value.text());
  if (text == "none") return TpLayout();
  if (text == "replicate" || text == "replicate()") {
    return TpLayout(Placement::Replicate());
  }
  if (!absl::StartsWith(text, "shard(") || text.back() != ')') {
    return std::nullopt;
  }
  std::string inside = text.substr(6, text.size() - 7);
  if (absl::StartsWith(inside, "dim=")) inside = inside.substr(4);
  int64_t dim = 0;
  if (!absl::SimpleAtoi(inside, &dim) || dim < -kMostDims || dim >= kMostDims) {
    return std::nullopt;
  }
  return TpLayout(Placement::Shard(dim));
}

// What to say of a text that is no layout.
std::string Hint(const YamlNode& value) {
  const std::string text = Plain(value.text());
  if (absl::StartsWith(text, "partial")) {
    return "; a partial sum is never written: rowwise modules make one "
           "themselves, and it is reduced to what 'output' says";
  }
  if (absl::StartsWith(text, "shard")) {
    return "; name the dimension, shard(1) for the sequence of [batch, "
           "sequence, features]";
  }
  return DidYouMean(text, {"replicate", "shard(0)", "shard(1)", "shard(-1)"});
}

}  // namespace

std::optional<std::vector<TpLayout>> ReadTpLayouts(const YamlNode& value,
                                                   const std::string& owner,
                                                   const std::string& key,
                                                   Diagnostics* diags) {
  std::vector<TpLayout> out;
  bool good = true;
  const auto read = [&](const YamlNode& item) {
    const std::optional<TpLayout> layout = Parse(item);
    if (layout.has_value()) {
      out.push_back(*layout);
      return;
    }
    good = false;
    diags->Error(item.is_string() ? codes::kBadValue : codes::kBadType,
                 absl::StrCat(owner, ": ", key, " is ", DescribeYaml(item),
                              "; it must be replicate, shard(N) or null",
                              item.is_string() ? Hint(item) : ""),
                 item.where());
  };
  if (value.is_sequence()) {
    for (const YamlNode& item : value.items()) read(item);
  } else {
    read(value);
  }
  if (!good) return std::nullopt;
  return out;
}

std::string TpLayoutText(const TpLayout& layout) {
  if (!layout.has_value()) return "null";
  if (layout->is_shard()) return absl::StrCat("shard(", layout->dim(), ")");
  return layout->is_partial() ? "partial" : "replicate";
}

std::string TpLayoutsText(const std::vector<TpLayout>& layouts) {
  if (layouts.empty()) return "nothing";
  if (layouts.size() == 1) return TpLayoutText(layouts[0]);
  return absl::StrCat("[",
                      absl::StrJoin(layouts, ", ",
                                    [](std::string* out, const TpLayout& l) {
                                      absl::StrAppend(out, TpLayoutText(l));
                                    }),
                      "]");
}

bool IsFeatureShard(const TpLayout& layout) {
  return layout.has_value() && layout->is_shard() &&
         (layout->dim() == -1 || layout->dim() == 2);
}

bool TpSplits(const TpPlan& plan, int64_t dim) {
  for (const TpRule& rule : plan.rules) {
    for (const auto* layouts :
         {&rule.input, &rule.compute, &rule.output, &rule.result}) {
      for (const TpLayout& layout : *layouts) {
        if (layout.has_value() && *layout == Placement::Shard(dim)) return true;
      }
    }
  }
  return false;
}

bool IsSequenceShard(const TpLayout& layout) {
  return layout.has_value() && layout->is_shard() && !IsFeatureShard(layout);
}

}  // namespace fts
