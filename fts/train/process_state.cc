// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/process_state.h"

#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace fts::train {
namespace {

std::string ReadProc(pid_t pid, const char* file) {
  std::ifstream in(absl::StrCat("/proc/", pid, "/", file), std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in),
                     std::istreambuf_iterator<char>());
}

}  // namespace

ProcessState ReadProcessState(pid_t pid) {
  ProcessState state;
  // "4711 (name) S 1 ...": the name may hold anything.
  const std::string stat = ReadProc(pid, "stat");
  const size_t name_end = stat.rfind(") ");
  if (name_end == std::string::npos || name_end + 2 >= stat.size()) {
    return state;
  }
  state.code = stat[name_end + 2];
  const std::string where = ReadProc(pid, "wchan");
  if (where != "0") state.sleeps_in = where;
  return state;
}

std::string ProcessState::ToString() const {
  const std::string where =
      sleeps_in.empty() ? "" : absl::StrCat(" (", sleeps_in, ")");
  switch (code) {
    case 'R':
      return "is running";
    case 'S':
      return absl::StrCat("sleeps in the kernel", where);
    case 'D':
      return absl::StrCat("waits for a device or a file system", where);
    case 'T':
      return "is stopped";
    case 't':
      return "is held by a debugger";
    case 'Z':
      return "has ended";
    default:
      return "is in an unknown state";
  }
}

}  // namespace fts::train
