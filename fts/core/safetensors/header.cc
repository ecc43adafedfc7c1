// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/safetensors/header.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fts/core/base/did_you_mean.h"
#include "fts/core/safetensors/codes.h"
#include "fts/core/safetensors/header_json.h"

namespace fts::safetensors {
namespace {

constexpr uint64_t kPrefix = 8;  // little-endian length of the JSON text
constexpr int kMaxErrors = 20;

// Collects errors under one file name and stops listing at kMaxErrors.
class Errors {
 public:
  Errors(const std::string& file, Diagnostics* diags)
      : file_(file), diags_(diags) {}

  void Add(const std::string& text) {
    if (++count_ > kMaxErrors) return;
    diags_->Error(codes::kBadSafetensors, absl::StrCat(file_, ": ", text));
  }
  void AddAt(uint64_t at, const std::string& text) {
    Add(absl::StrCat(text, " (header, byte ", at, ")"));
  }
  bool any() const { return count_ > 0; }
  absl::Status Finish() {
    if (count_ > kMaxErrors) {
      diags_->Error(codes::kBadSafetensors,
                    absl::StrCat(file_, ": and ", count_ - kMaxErrors,
                                 " more problems in the header"));
    }
    return diags_->status();
  }

 private:
  const std::string& file_;
  Diagnostics* diags_;
  int count_ = 0;
};

std::string Quoted(const std::string& name) {
  return absl::StrCat("tensor '", Printable(name), "'");
}

// Turns an entry as written into a checked one; nothing after an error.
std::optional<HeaderEntry> CheckEntry(const RawEntry& raw, uint64_t data_begin,
                                      Errors* errors) {
  const uint64_t at = raw.at + kPrefix;
  std::vector<std::string> absent;
  if (!raw.dtype.has_value()) absent.push_back("dtype");
  if (!raw.shape.has_value()) absent.push_back("shape");
  if (!raw.offsets.has_value() || raw.offsets->size() != 2) {
    absent.push_back(raw.offsets.has_value() ? "two data_offsets"
                                             : "data_offsets");
  }
  if (!absent.empty()) {
    errors->AddAt(at, absl::StrCat(Quoted(raw.name), " has no ",
                                   absl::StrJoin(absent, ", no ")));
    return std::nullopt;
  }
  const std::optional<DType> dtype = DTypeFromName(*raw.dtype);
  if (!dtype.has_value()) {
    errors->AddAt(at,
                  absl::StrCat(Quoted(raw.name), " has the unsupported dtype '",
                               Printable(*raw.dtype), "'; supported are ",
                               absl::StrJoin(DTypeNames(), ", "),
                               DidYouMean(*raw.dtype, DTypeNames())));
    return std::nullopt;
  }
  HeaderEntry entry;
  entry.name = raw.name;
  entry.dtype = *dtype;
  entry.header_at = at;
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  bool fits = true;
  for (uint64_t dim : *raw.shape) {
    fits = fits && dim <= kMax;
    entry.shape.push_back(static_cast<int64_t>(dim));
  }
  const std::optional<int64_t> size =
      fits ? ByteSize(entry.dtype, entry.shape) : std::nullopt;
  if (!size.has_value()) {
    errors->AddAt(at, absl::StrCat(Quoted(raw.name), " has the shape [",
                                   absl::StrJoin(*raw.shape, ", "),
                                   "], too large to address"));
    return std::nullopt;
  }
  const uint64_t begin = (*raw.offsets)[0];
  const uint64_t end = (*raw.offsets)[1];
  const std::string range = absl::StrCat("[", begin, ", ", end, "]");
  if (begin > end || end > kMax - data_begin) {
    errors->AddAt(at, absl::StrCat(Quoted(raw.name), " has the data_offsets ",
                                   range, ", which are no range"));
    return std::nullopt;
  }
  if (end - begin != static_cast<uint64_t>(*size)) {
    errors->AddAt(at, absl::StrCat(Quoted(raw.name), " of shape ",
                                   ShapeToString(entry.shape), " and dtype ",
                                   NameOf(entry.dtype), " takes ", *size,
                                   " bytes, but its data_offsets ", range,
                                   " hold ", end - begin));
    return std::nullopt;
  }
  entry.begin = data_begin + begin;
  entry.end = data_begin + end;
  return entry;
}

// Overlaps, gaps, a file that is too short or too long. `entries` is sorted.
void CheckLayout(const Header& header, uint64_t file_size, Errors* errors) {
  uint64_t expected = header.data_begin;
  const HeaderEntry* previous = nullptr;
  const HeaderEntry* cut = nullptr;
  for (const HeaderEntry& entry : header.entries) {
    if (entry.begin < expected) {
      errors->AddAt(
          entry.header_at,
          absl::StrCat(Quoted(entry.name), " overlaps ", Quoted(previous->name),
                       ": it starts at byte ", entry.begin,
                       ", the other ends at byte ", expected));
    } else if (entry.begin > expected) {
      errors->AddAt(
          entry.header_at,
          absl::StrCat("bytes ", expected, " to ", entry.begin, " before ",
                       Quoted(entry.name), " belong to no tensor"));
    }
    if (entry.end > file_size && cut == nullptr) cut = &entry;
    if (previous == nullptr || entry.end > expected) previous = &entry;
    expected = std::max(expected, entry.end);
  }
  if (cut != nullptr) {
    errors->AddAt(cut->header_at,
                  absl::StrCat("cut short: its header describes ", expected,
                               " bytes, the file has ", file_size, "; ",
                               Quoted(cut->name), " needs bytes ", cut->begin,
                               " to ", cut->end));
  } else if (expected < file_size) {
    errors->Add(absl::StrCat(file_size - expected,
                             " bytes after the last tensor, from byte ",
                             expected, ", belong to no tensor"));
  }
}

}  // namespace

absl::StatusOr<Header> ParseHeader(const uint8_t* bytes, uint64_t file_size,
                                   const std::string& name,
                                   const HeaderBudget& budget,
                                   Diagnostics* diags) {
  Errors errors(name, diags);
  if (file_size < kPrefix) {
    errors.Add(absl::StrCat("no safetensors file: it has ", file_size,
                            " bytes, the header length alone takes 8"));
    return errors.Finish();
  }
  uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | bytes[i];
  if (length > budget.max_header_bytes) {
    errors.Add(absl::StrCat("the header length at byte 0 is ", length,
                            ", more than the ", budget.max_header_bytes,
                            " allowed; is this a safetensors file?"));
    return errors.Finish();
  }
  if (length > file_size - kPrefix) {
    errors.Add(absl::StrCat("cut short in the header: it ends at byte ",
                            length + kPrefix, ", the file at byte ",
                            file_size));
    return errors.Finish();
  }
  if (length == 0 || bytes[kPrefix] != '{') {
    errors.Add("the header does not start with '{' at byte 8");
    return errors.Finish();
  }

  // The JSON reader takes a NUL for the end of the text; nothing may hide
  // there.
  const void* nul = std::memchr(bytes + kPrefix, 0, length);
  if (nul != nullptr) {
    errors.Add(absl::StrCat("the header holds a zero byte, at byte ",
                            static_cast<const uint8_t*>(nul) - bytes));
    return errors.Finish();
  }

  RawHeader raw;
  const std::optional<HeaderJsonError> bad = ParseHeaderJson(
      bytes + kPrefix, length, budget.max_tensors, budget.max_rank, &raw);
  if (bad.has_value()) {
    errors.AddAt(bad->at + kPrefix, bad->text);
    return errors.Finish();
  }

  Header header;
  header.metadata = std::move(raw.metadata);
  header.data_begin = kPrefix + length;
  std::unordered_set<std::string> seen;
  for (const RawEntry& entry : raw.entries) {
    if (!seen.insert(entry.name).second) {
      errors.AddAt(entry.at + kPrefix,
                   absl::StrCat(Quoted(entry.name), " appears twice"));
      continue;
    }
    std::optional<HeaderEntry> checked =
        CheckEntry(entry, header.data_begin, &errors);
    if (checked.has_value()) header.entries.push_back(*std::move(checked));
  }
  if (errors.any()) return errors.Finish();

  std::sort(header.entries.begin(), header.entries.end(),
            [](const HeaderEntry& a, const HeaderEntry& b) {
              return std::tie(a.begin, a.end, a.header_at) <
                     std::tie(b.begin, b.end, b.header_at);
            });
  CheckLayout(header, file_size, &errors);
  if (errors.any()) return errors.Finish();
  return header;
}

}  // namespace fts::safetensors
