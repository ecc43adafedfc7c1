// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/tp_text.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "fts/core/plan/tp_layout.h"

namespace fts {
namespace {

// A name, how many have it, and what is said of them.
struct Line {
  std::string name;
  std::string count;
  std::vector<std::string> rest;
  int number = 1;
};

// "model.layers.*.attention": numbers as components become `*`.
std::string Pattern(const std::string& name) {
  std::vector<std::string> parts = absl::StrSplit(name, '.');
  for (std::string& part : parts) {
    const bool number =
        !part.empty() && part.find_first_not_of("0123456789") == part.npos;
    if (number) part = "*";
  }
  return absl::StrJoin(parts, ".");
}

// Lines with one pattern and the same text become one, where the first stood.
void Add(const std::string& name, std::vector<std::string> rest,
         std::vector<Line>* lines) {
  const std::string pattern = Pattern(name);
  for (Line& line : *lines) {
    if (line.name == pattern && line.rest == rest) {
      ++line.number;
      return;
    }
  }
  lines->push_back({pattern, "", std::move(rest), 1});
}

std::string Table(std::vector<Line> lines, std::vector<std::string> head) {
  for (Line& line : lines) line.count = absl::StrCat(line.number);
  lines.insert(lines.begin(),
               {head[0], head[1], {head.begin() + 2, head.end()}, 0});
  const auto cells = [](const Line& line) {
    std::vector<std::string> out = {line.name, line.count};
    out.insert(out.end(), line.rest.begin(), line.rest.end());
    return out;
  };
  std::vector<size_t> width(head.size());
  for (const Line& line : lines) {
    const auto row = cells(line);
    for (size_t i = 0; i < row.size(); ++i) {
      width[i] = std::max(width[i], row[i].size());
    }
  }
  std::string out;
  for (const Line& line : lines) {
    const auto row = cells(line);
    std::string text;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string pad(width[i] - row[i].size(), ' ');
      absl::StrAppend(&text, i > 0 ? "  " : "", i == 1 ? pad : "", row[i],
                      i == 1 ? "" : pad);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    absl::StrAppend(&out, text, "\n");
  }
  return out;
}

// "shard(1) -> replicate", or one of them where nothing changes.
std::string Change(const std::vector<TpLayout>& from,
                   const std::vector<TpLayout>& to) {
  if (from.empty() && to.empty()) return "-";
  if (from == to) return TpLayoutsText(from);
  return absl::StrCat(TpLayoutsText(from), " -> ", TpLayoutsText(to));
}

}  // namespace

std::string TpPlanToText(const TpPlan& plan) {
  if (plan.rules.empty()) return "";
  std::string out = absl::StrCat("\ntensor parallel over ", plan.size,
                                 plan.size == 1 ? " rank" : " ranks");
  if (plan.loss_parallel) {
    absl::StrAppend(&out, ", loss parallel on the result of ",
                    plan.loss_module);
  }
  absl::StrAppend(&out, "\n");
  std::vector<Line> rules;
  for (const TpRule& rule : plan.rules) {
    Add(rule.module.empty() ? "(whole model)" : rule.module,
        {TpStyleName(rule.style), Change(rule.input, rule.compute),
         Change(rule.output, rule.result)},
        &rules);
  }
  absl::StrAppend(&out, Table(std::move(rules), {"module", "number", "style",
                                                 "input", "output"}));
  std::vector<Line> parameters;
  for (const auto& [name, parameter] : plan.parameters) {
    Add(name,
        {parameter.placement.is_shard() ? TpLayoutText(parameter.placement)
                                        : "whole",
         parameter.partial_gradient ? "summed over tp" : "its own"},
        &parameters);
  }
  if (parameters.empty()) return out;
  absl::StrAppend(&out, "\n",
                  Table(std::move(parameters),
                        {"parameter", "number", "held", "gradient"}));
  return out;
}

}  // namespace fts
