// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/memory_room.h"

#include <algorithm>
#include <fstream>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace fts::comm::shm {
namespace {

// What version 1 says for "no limit" is a little below 2^63.
constexpr int64_t kNoLimit = int64_t{1} << 60;

std::optional<int64_t> ReadNumber(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  int64_t number = 0;
  if (!(file >> text) || !absl::SimpleAtoi(text, &number)) return std::nullopt;
  return number;
}

// The number after `name` in a file of "name number" lines.
std::optional<int64_t> ReadField(const std::string& path,
                                 const std::string& name) {
  std::ifstream file(path);
  std::string word;
  int64_t number = 0;
  while (file >> word) {
    if (word == name && file >> number) return number;
    std::getline(file, word);
  }
  return std::nullopt;
}

// File names in a control group's folder.
struct Names {
  const char* limit;
  const char* usage;
  const char* cached;  // in memory.stat
};
constexpr Names kVersion1 = {"memory.limit_in_bytes", "memory.usage_in_bytes",
                             "total_inactive_file"};
constexpr Names kVersion2 = {"memory.max", "memory.current", "inactive_file"};

std::optional<int64_t> RoomIn(const std::string& folder, const Names& names) {
  const auto limit = ReadNumber(absl::StrCat(folder, "/", names.limit));
  const auto usage = ReadNumber(absl::StrCat(folder, "/", names.usage));
  if (!limit || !usage || *limit >= kNoLimit) return std::nullopt;
  const int64_t cached =
      ReadField(absl::StrCat(folder, "/memory.stat"), names.cached).value_or(0);
  return std::max<int64_t>(0, *limit - *usage + std::min(cached, *usage));
}

// `path` and every folder above it, up to the top of the hierarchy.
std::optional<int64_t> TightestRoom(const std::string& top, std::string path,
                                    const Names& names) {
  std::optional<int64_t> tightest;
  while (true) {
    const auto room = RoomIn(absl::StrCat(top, path), names);
    if (room && (!tightest || *room < *tightest)) tightest = room;
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos || path.empty()) return tightest;
    path.resize(slash);
  }
}

std::optional<int64_t> ControlGroupRoom(const std::string& root) {
  std::optional<int64_t> tightest;
  std::ifstream file(absl::StrCat(root, "/proc/self/cgroup"));
  std::string line;
  while (std::getline(file, line)) {
    // "4:memory:/path" (version 1) or "0::/path" (version 2)
    const std::vector<std::string> parts =
        absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    const std::string path = parts[2] == "/" ? "" : parts[2];
    std::optional<int64_t> room;
    const std::vector<std::string> controllers = absl::StrSplit(parts[1], ',');
    if (std::count(controllers.begin(), controllers.end(), "memory") > 0) {
      room = TightestRoom(absl::StrCat(root, "/sys/fs/cgroup/memory"), path,
                          kVersion1);
    } else if (parts[0] == "0") {
      room =
          TightestRoom(absl::StrCat(root, "/sys/fs/cgroup"), path, kVersion2);
    }
    if (room && (!tightest || *room < *tightest)) tightest = room;
  }
  return tightest;
}

std::string Mib(int64_t bytes) {
  return absl::StrFormat("%.1f MiB", static_cast<double>(bytes) / (1 << 20));
}

}  // namespace

MemoryRoom ReadMemoryRoom(const std::string& root) {
  MemoryRoom room;
  const auto kib =
      ReadField(absl::StrCat(root, "/proc/meminfo"), "MemAvailable:");
  if (kib) room.machine = *kib * 1024;
  room.control_group = ControlGroupRoom(root);
  return room;
}

absl::Status CheckMemoryRoom(int64_t bytes, const MemoryRoom& room) {
  if (room.control_group && bytes > *room.control_group) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "shared memory needs ", Mib(bytes),
        " but this process's control "
        "group has room for ",
        Mib(*room.control_group),
        "; raise the container's memory limit, or start fewer ranks"));
  }
  if (room.machine && bytes > *room.machine) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "shared memory needs ", Mib(bytes), " but this machine has ",
        Mib(*room.machine), " available; free some, or start fewer ranks"));
  }
  return absl::OkStatus();
}

}  // namespace fts::comm::shm
