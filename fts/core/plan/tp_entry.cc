// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/tp_entry.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fts/core/base/codes.h"
#include "fts/core/base/did_you_mean.h"
#include "fts/core/plan/codes.h"
#include "fts/core/plan/tp_layout.h"

namespace fts {
namespace {

constexpr char kStyle[] = "style";
constexpr char kInput[] = "input";
constexpr char kCompute[] = "compute";
constexpr char kOutput[] = "output";
constexpr char kResult[] = "result";
constexpr char kUseLocal[] = "use_local_output";
constexpr char kSequenceDim[] = "sequence_dim";

using Names = std::vector<std::string>;
using Layouts = std::vector<TpLayout>;

struct StyleInfo {
  TpStyle style;
  Names keys;      // beside `style`
  Names required;  // of them
};

const std::map<std::string, StyleInfo>& Styles() {
  static const auto* const styles = new std::map<std::string, StyleInfo>{
      {"colwise", {TpStyle::kColwise, {kInput, kOutput, kUseLocal}, {}}},
      {"rowwise", {TpStyle::kRowwise, {kInput, kOutput, kUseLocal}, {}}},
      {"sequence", {TpStyle::kSequence, {kSequenceDim, kUseLocal}, {}}},
      {"prepare_input",
       {TpStyle::kPrepareInput,
        {kInput, kCompute, kUseLocal},
        {kInput, kCompute}}},
      {"prepare_output",
       {TpStyle::kPrepareOutput,
        {kOutput, kResult, kUseLocal},
        {kOutput, kResult}}},
      {"prepare_input_output",
       {TpStyle::kPrepareInputOutput,
        {kInput, kCompute, kOutput, kResult, kUseLocal},
        {kInput, kCompute, kOutput, kResult}}},
  };
  return *styles;
}

const Names& StyleNames() {
  static const auto* const names =
      new Names{"colwise",       "rowwise",        "sequence",
                "prepare_input", "prepare_output", "prepare_input_output"};
  return *names;
}

// What PyTorch and Hugging Face call the styles.
std::string StyleHint(const std::string& seen) {
  static const auto* const known = new std::map<std::string, std::string>{
      {"ColwiseParallel", "colwise"},
      {"RowwiseParallel", "rowwise"},
      {"SequenceParallel", "sequence"},
      {"sequence_parallel", "sequence"},
      {"PrepareModuleInput", "prepare_input"},
      {"PrepareModuleOutput", "prepare_output"},
      {"PrepareModuleInputOutput", "prepare_input_output"},
      {"colwise_rep", "{style: colwise, output: replicate}"},
      {"colwise_gather_output", "{style: colwise, output: replicate}"},
      {"rowwise_rep", "{style: rowwise, input: replicate}"},
      {"rowwise_split_input", "{style: rowwise, input: replicate}"},
  };
  const auto found = known->find(seen);
  if (found != known->end()) {
    return absl::StrCat("; write ", found->second);
  }
  return DidYouMean(seen, StyleNames());
}

// PyTorch's name of a key, as ours.
std::string Canonical(const std::string& key) {
  if (key == "input_layouts") return kInput;
  if (key == "desired_input_layouts") return kCompute;
  if (key == "output_layouts") return kOutput;
  if (key == "desired_output_layouts") return kResult;
  return key;
}

std::string KeyHint(const std::string& key, const std::string& style,
                    const Names& known) {
  if (key == "input_kwarg_layouts" || key == "desired_input_kwarg_layouts") {
    return "; write input and compute: they are of the tensor arguments in "
           "order, whether they are passed by place or by name";
  }
  if (key == "use_local_input") return "; tensors are always plain here";
  const std::string ours = Canonical(key);
  if ((style == "colwise" || style == "rowwise") && ours == kResult) {
    return "; how its result leaves is 'output'";
  }
  if (style == "sequence" && ours != key) {
    return "; all its tensors are split along sequence_dim";
  }
  return DidYouMean(key, known);
}

class Reader {
 public:
  Reader(const std::string& owner, Diagnostics* diags)
      : owner_(owner), diags_(diags) {}

  std::optional<TpEntry> Read(const YamlNode& value) {
    const YamlNode* style = value.is_mapping() ? value.Find(kStyle) : &value;
    if (style == nullptr) {
      Error(codes::kMissingKey,
            absl::StrCat("the mapping lacks 'style'; it is one of ",
                         absl::StrJoin(StyleNames(), ", ")),
            value);
      return std::nullopt;
    }
    const auto info = Styles().find(style->text());
    if (!style->is_string() || info == Styles().end()) {
      Error(style->is_string() ? codes::kBadValue : codes::kBadType,
            absl::StrCat("style is ", DescribeYaml(*style),
                         "; it must be one of ",
                         absl::StrJoin(StyleNames(), ", "),
                         value.is_mapping() ? "" : ", or a mapping with one",
                         style->is_string() ? StyleHint(style->text()) : ""),
            *style);
      return std::nullopt;
    }
    entry_.style = info->second.style;
    if (value.is_mapping()) ReadKeys(value, info->first, info->second);
    CheckRequired(info->first, info->second, *style);
    if (good_) CheckLayouts(info->first, *style);
    if (!good_) return std::nullopt;
    return std::move(entry_);
  }

 private:
  void Error(const char* code, const std::string& what, const YamlNode& at) {
    good_ = false;
    diags_->Error(code, absl::StrCat(owner_, ": ", what), at.where());
  }

  void ReadKeys(const YamlNode& value, const std::string& style,
                const StyleInfo& info) {
    std::map<std::string, std::string> seen;  // key as written, by ours
    for (const YamlNode::Entry& entry : value.entries()) {
      const std::string& key = entry.key.text();
      if (key == kStyle) continue;
      const std::string ours = Canonical(key);
      if (std::find(info.keys.begin(), info.keys.end(), ours) ==
          info.keys.end()) {
        Error(codes::kUnknownKey,
              absl::StrCat("style ", style, " has no key '", key,
                           "'; it takes ", absl::StrJoin(info.keys, ", "),
                           KeyHint(key, style, info.keys)),
              entry.key);
        continue;
      }
      const auto [other, fresh] = seen.emplace(ours, key);
      if (!fresh) {
        Error(codes::kConflictingOptions,
              absl::StrCat("'", other->second, "' and '", key,
                           "' stand for the same thing; keep one of them"),
              entry.key);
        continue;
      }
      ReadValue(ours, key, entry.value);
    }
  }

  void ReadValue(const std::string& ours, const std::string& key,
                 const YamlNode& value) {
    if (ours == kUseLocal) {
      if (value.is_bool()) {
        entry_.use_local_output = value.as_bool();
      } else {
        Error(codes::kBadType,
              absl::StrCat(key, " is ", DescribeYaml(value),
                           "; it must be true or false"),
              value);
      }
      return;
    }
    if (ours == kSequenceDim) {
      if (value.is_int() && value.as_int() >= 0 && value.as_int() < 64) {
        entry_.sequence_dim = value.as_int();
      } else {
        Error(value.is_int() ? codes::kOutOfRange : codes::kBadType,
              absl::StrCat(key, " is ", DescribeYaml(value),
                           "; it must be the number of a dimension, 1 for the "
                           "sequence of [batch, sequence, features]"),
              value);
      }
      return;
    }
    auto layouts = ReadTpLayouts(value, owner_, key, diags_);
    if (!layouts.has_value()) {
      good_ = false;
      return;
    }
    const bool linear =
        entry_.style == TpStyle::kColwise || entry_.style == TpStyle::kRowwise;
    if (linear && (layouts->size() != 1 || !(*layouts)[0].has_value())) {
      Error(codes::kBadValue,
            absl::StrCat(key, " is ", DescribeYaml(value), "; a ",
                         TpStyleName(entry_.style),
                         " module takes one tensor and makes one: give one "
                         "layout, replicate or shard(N)"),
            value);
      return;
    }
    if (ours == kInput) entry_.input = std::move(layouts);
    if (ours == kCompute) entry_.compute = std::move(layouts);
    if (ours == kOutput) {
      (linear ? entry_.result : entry_.output) = std::move(layouts);
    }
    if (ours == kResult) entry_.result = std::move(layouts);
  }

  void CheckRequired(const std::string& style, const StyleInfo& info,
                     const YamlNode& at) {
    const auto has = [&](const std::string& key) {
      if (key == kInput) return entry_.input.has_value();
      if (key == kCompute) return entry_.compute.has_value();
      if (key == kOutput) return entry_.output.has_value();
      return entry_.result.has_value();
    };
    Names missing;
    for (const std::string& key : info.required) {
      if (!has(key)) missing.push_back(key);
    }
    if (missing.empty() || !good_) return;
    Error(codes::kMissingKey,
          absl::StrCat(
              "style ", style, " lacks ", absl::StrJoin(missing, ", "),
              "; say how tensors lie before and after, as in {style: ", style,
              ", ",
              style == "prepare_output" ? "output: shard(1), result: replicate}"
              : style == "prepare_input"
                  ? "input: shard(1), compute: replicate}"
                  : "input: shard(1), compute: replicate, "
                    "output: replicate, result: shard(1)}"),
          at);
  }

  // Of prepare_*: both ends speak of the same tensors.
  void CheckLayouts(const std::string& style, const YamlNode& at) {
    const auto check = [&](const std::optional<Layouts>& from,
                           const std::optional<Layouts>& to, const char* a,
                           const char* b) {
      if (!from.has_value() || !to.has_value()) return;
      bool same = from->size() == to->size();
      for (size_t i = 0; same && i < from->size(); ++i) {
        same = (*from)[i].has_value() == (*to)[i].has_value();
      }
      if (same) return;
      Error(codes::kBadValue,
            absl::StrCat("style ", style, " has ", a, " ", TpLayoutsText(*from),
                         " and ", b, " ", TpLayoutsText(*to),
                         "; give both a layout for the same tensors, null in "
                         "both for one that is left alone"),
            at);
    };
    if (entry_.style == TpStyle::kColwise ||
        entry_.style == TpStyle::kRowwise) {
      return;
    }
    check(entry_.input, entry_.compute, kInput, kCompute);
    check(entry_.output, entry_.result, kOutput, kResult);
    const auto says = [](const std::optional<Layouts>& layouts) {
      return layouts.has_value() &&
             std::any_of(layouts->begin(), layouts->end(),
                         [](const TpLayout& l) { return l.has_value(); });
    };
    if (entry_.style == TpStyle::kSequence || says(entry_.input) ||
        says(entry_.output)) {
      return;
    }
    Error(codes::kBadValue,
          absl::StrCat("style ", style,
                       " says nothing of any tensor: all its layouts are null "
                       "or left out; give one, or remove the entry"),
          at);
  }

  const std::string& owner_;
  Diagnostics* const diags_;
  TpEntry entry_;
  bool good_ = true;
};

}  // namespace

std::optional<TpEntry> ReadTpEntry(const YamlNode& value,
                                   const std::string& owner,
                                   Diagnostics* diags) {
  return Reader(owner, diags).Read(value);
}

TpRule MakeTpRule(const TpEntry& entry, TpModuleKind kind) {
  const Layouts replicate = {Placement::Replicate()};
  const Layouts last = {Placement::Shard(-1)};
  const Layouts part = {Placement::Shard(entry.sequence_dim)};
  TpRule rule;
  rule.style = entry.style;
  bool local = true;
  switch (entry.style) {
    case TpStyle::kColwise:
      rule.input = entry.input.value_or(replicate);
      rule.compute = replicate;
      rule.output = last;
      rule.result = entry.result.value_or(last);
      break;
    case TpStyle::kRowwise:
      rule.compute = kind == TpModuleKind::kEmbedding ? replicate : last;
      rule.input = entry.input.value_or(rule.compute);
      rule.output = {Placement::Partial()};
      rule.result = entry.result.value_or(replicate);
      break;
    case TpStyle::kSequence:
      rule.input = rule.compute = rule.output = rule.result = part;
      local = false;
      break;
    case TpStyle::kPrepareInput:
      local = false;
      [[fallthrough]];
    case TpStyle::kPrepareOutput:
    case TpStyle::kPrepareInputOutput:
      rule.input = entry.input.value_or(Layouts());
      rule.compute = entry.compute.value_or(Layouts());
      rule.output = entry.output.value_or(Layouts());
      rule.result = entry.result.value_or(Layouts());
      break;
  }
  rule.use_local_output = entry.use_local_output.value_or(local);
  return rule;
}

}  // namespace fts
