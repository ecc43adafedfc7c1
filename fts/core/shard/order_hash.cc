// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/shard/order_hash.h"

#include <c10/core/ScalarType.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace fts::shard {
namespace {

constexpr const char* kLaneNames[] = {"gather", "reduction", "sum", "module",
                                      "tp call"};

// splitmix64's finalizer: every bit of the input reaches every bit of the sum.
uint64_t Mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// FNV-1a: the same on every host and build, as std::hash need not be.
uint64_t HashText(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return hash;
}

// The lines of `text` that begin with `lane`, without it.
std::vector<std::string> LinesOf(const std::string& text,
                                 const std::string& lane) {
  std::vector<std::string> out;
  for (const auto line : absl::StrSplit(text, '\n')) {
    if (line.substr(0, lane.size() + 1) == lane + " ") {
      out.emplace_back(line.substr(lane.size() + 1));
    }
  }
  return out;
}

}  // namespace

void OrderHash::Add(Lane lane, const char* op, const std::string& label,
                    int64_t numel, int dtype) {
  uint64_t& hash = hashes_[lane];
  hash = Mix(hash ^ HashText(op));
  hash = Mix(hash ^ HashText(label));
  hash = Mix(hash ^ (static_cast<uint64_t>(numel) * 64 +
                     static_cast<uint64_t>(dtype)));
  if (calls_[lane].size() < kMaxCalls) {
    calls_[lane].push_back({op, &label, numel, dtype});
  }
}

double OrderHash::value() const {
  uint64_t all = 0;
  for (const uint64_t hash : hashes_) all = Mix(all) ^ hash;
  return static_cast<double>((Mix(all) >> 12) | 1);
}

void OrderHash::Clear() {
  hashes_.fill(0);
  for (auto& calls : calls_) calls.clear();
}

std::string OrderHash::ToText() const {
  std::string out;
  for (int lane = 0; lane < kLanes; ++lane) {
    for (const Call& call : calls_[lane]) {
      absl::StrAppend(&out, kLaneNames[lane], " ", call.op, " of ",
                      *call.label);
      if (lane != kModule) {
        absl::StrAppend(&out, " (", call.numel, " ",
                        c10::toString(static_cast<c10::ScalarType>(call.dtype)),
                        ")");
      }
      out += "\n";
    }
  }
  return out;
}

std::string FirstDifference(const std::vector<std::string>& texts) {
  const auto differs =
      std::find_if(texts.begin(), texts.end(),
                   [&](const auto& text) { return text != texts.front(); });
  const auto rank = differs - texts.begin();
  if (differs == texts.end()) {
    return absl::StrCat("the first ", OrderHash::kMaxCalls,
                        " calls of each kind are the same on all ranks, later "
                        "ones differ");
  }
  for (const char* lane : kLaneNames) {
    const auto mine = LinesOf(texts.front(), lane);
    const auto other = LinesOf(*differs, lane);
    size_t at = 0;
    while (at < mine.size() && at < other.size() && mine[at] == other[at]) ++at;
    if (at == mine.size() && at == other.size()) continue;
    const auto say = [at](const std::vector<std::string>& lines) {
      return at < lines.size() ? lines[at] : std::string("no more");
    };
    return absl::StrCat(
        "rank ", rank, " differs from rank 0 in ", lane, " ", at + 1,
        " of the step: rank 0 ",
        lane == kLaneNames[OrderHash::kModule] ? "ran" : "issued", " ",
        say(mine), ", rank ", rank, " ", say(other));
  }
  return "";
}

}  // namespace fts::shard
