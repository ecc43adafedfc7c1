// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/schedule/lint_entries.h"

#include <cstddef>
#include <optional>
#include <unordered_set>

#include "fts/core/match/pattern.h"
#include "fts/core/schedule/codes.h"
#include "fts/core/schedule/number_guard.h"
#include "fts/core/schedule/show_names.h"

namespace fts::schedule_internal {
namespace {

using Names = std::vector<std::string>;

// What one entry takes.
struct Taken {
  Names plain;    // and nothing odd about it
  Names numbers;  // because a number goes on: layers.1 and layers.10
  Names words;    // the match ends within a word: attention.w and attention.wq
};

// True where a match of `length` bytes ends at the border of a module's name.
bool EndsAtBorder(const std::string& name, size_t length) {
  return length >= name.size() || name[length] == '.' ||
         (length > 0 && name[length - 1] == '.');
}

// `pattern` compiles. What cannot be matched is left out.
Taken Take(const std::string& entry, const Pattern& pattern,
           const Names& names) {
  std::optional<Pattern> guarded;
  const std::string guard = GuardNumbers(entry).guarded;
  if (guard != entry) {
    if (auto compiled = Pattern::Compile(guard); compiled.ok()) {
      guarded = *std::move(compiled);
    }
  }
  Taken out;
  for (const std::string& name : names) {
    const auto length = pattern.MatchLength(name);
    if (!length.ok()) return {};  // a runaway pattern: Resolve reports it
    if (!length->has_value()) continue;
    if (guarded) {
      const auto kept = guarded->Match(name);
      if (!kept.ok()) return {};
      if (!*kept) {
        out.numbers.push_back(name);
        continue;
      }
    }
    (EndsAtBorder(name, **length) ? out.plain : out.words).push_back(name);
  }
  return out;
}

// The names that `fixed` takes, of `names`; nullopt when it is no pattern.
std::optional<Names> TakenBy(const std::string& fixed, const Names& names) {
  const auto pattern = Pattern::Compile(fixed);
  if (!pattern.ok()) return std::nullopt;
  Names out;
  for (const std::string& name : names) {
    if (pattern->Match(name).value_or(false)) out.push_back(name);
  }
  return out;
}

// Distinct blocks, in the order of the names.
Names Blocks(const Names& names) {
  Names out;
  std::unordered_set<std::string> seen;
  for (const std::string& name : names) {
    const std::string block = BlockOf(name);
    if (seen.insert(block).second) out.push_back(block);
  }
  return out;
}

std::string Count(const Names& names) {
  return std::to_string(names.size()) +
         (names.size() == 1 ? " parameter" : " parameters");
}

std::string Quoted(const std::string& pattern) { return "'" + pattern + "'"; }

void LintEntry(const YamlNode& entry, const std::string& label,
               const Names& selected, Diagnostics* diags) {
  const std::string& text = entry.text();
  const auto pattern = Pattern::Compile(text);
  if (!pattern.ok()) return;
  const Taken taken = Take(text, *pattern, selected);
  const std::string what = label + ", entry " + entry.Show();
  if (!taken.numbers.empty()) {
    const NumberGuard guard = GuardNumbers(text);
    Names kept = taken.plain;
    kept.insert(kept.end(), taken.words.begin(), taken.words.end());
    std::string fix = guard.guarded;
    if (const auto by = TakenBy(guard.dotted, selected);
        by && by->size() == kept.size()) {
      fix = guard.dotted;
    }
    const bool also = !kept.empty();
    diags->Warning(codes::kPrefixMatch,
                   what + (also ? " also selects " : " selects only ") +
                       Count(taken.numbers) + " where a number goes on (" +
                       ShowSome(Blocks(taken.numbers)) +
                       "): '.' is any character and a pattern need not match "
                       "to the end; " +
                       (also ? "write " + Quoted(fix) + " to leave them out"
                             : "name these numbers if they are meant"),
                   entry.where());
  }
  if (!taken.words.empty()) {
    const bool also = !taken.plain.empty();
    std::string fix = "; write " + Quoted(text + ".*") + " if that is meant";
    if (const auto by = TakenBy(text + "\\.", selected);
        also && by && by->size() == taken.plain.size()) {
      fix = "; write " + Quoted(text + "\\.") + " to leave them out";
    } else if (const auto whole = TakenBy(text + "$", selected);
               also && whole && whole->size() == taken.plain.size()) {
      fix = "; write " + Quoted(text + "$") + " to leave them out";
    }
    diags->Warning(codes::kPrefixMatch,
                   what + (also ? " also selects " : " selects ") +
                       Count(taken.words) +
                       " of which it matches only the beginning of a word (" +
                       ShowSome(taken.words) + ")" + fix,
                   entry.where());
  }
}

}  // namespace

void LintEntries(const YamlNode& list, const std::string& label,
                 const std::vector<std::string>& selected, Diagnostics* diags) {
  if (!list.is_sequence()) return;
  const std::unordered_set<std::string> names(selected.begin(), selected.end());
  for (const YamlNode& entry : list.items()) {
    if (!entry.is_string() || names.count(entry.text()) > 0) continue;
    LintEntry(entry, label, selected, diags);
  }
}

}  // namespace fts::schedule_internal
