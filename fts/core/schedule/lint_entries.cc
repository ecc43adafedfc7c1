// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/schedule/lint_entries.h"

#include <cstddef>
#include <optional>
#include <unordered_set>

#include "fts/core/match/name_matcher.h"
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

// `pattern` is `entry` compiled and takes `names`. Nothing where it runs away.
Taken Sort(const std::string& entry, const Pattern& pattern,
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
    if (guarded) {
      const auto kept = guarded->Match(name);
      if (!kept.ok()) return {};
      if (!*kept) {
        out.numbers.push_back(name);
        continue;
      }
    }
    const auto length = pattern.MatchLength(name);
    if (!length.ok() || !length->has_value()) return {};
    (EndsAtBorder(name, **length) ? out.plain : out.words).push_back(name);
  }
  return out;
}

// The names that an entry takes; nothing where it is no pattern.
Names TakenBy(const std::string& entry, const NameMatcher& names) {
  Names out;
  const auto match = names.Find(entry);
  if (!match.ok()) return out;
  for (const int index : match->indices) out.push_back(names.names()[index]);
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
               const NameMatcher& selected, Diagnostics* diags) {
  const std::string& text = entry.text();
  const Names names = TakenBy(text, selected);
  if (names.empty()) return;  // a tied alias, for one
  if (names.size() == 1 && names[0] == text) return;
  const auto pattern = Pattern::Compile(text);
  if (!pattern.ok()) return;
  const Taken taken = Sort(text, *pattern, names);
  const std::string what = label + ", entry " + entry.Show();
  if (!taken.numbers.empty()) {
    const NumberGuard guard = GuardNumbers(text);
    Names kept = taken.plain;
    kept.insert(kept.end(), taken.words.begin(), taken.words.end());
    std::string fix = guard.guarded;
    if (TakenBy(guard.dotted, selected).size() == kept.size()) {
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
    const size_t plain = taken.plain.size();
    if (also && TakenBy(text + "\\.", selected).size() == plain) {
      fix = "; write " + Quoted(text + "\\.") + " to leave them out";
    } else if (also && TakenBy(text + "$", selected).size() == plain) {
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
  const NameMatcher names(selected);
  for (const YamlNode& entry : list.items()) {
    if (entry.is_string()) LintEntry(entry, label, names, diags);
  }
}

}  // namespace fts::schedule_internal
