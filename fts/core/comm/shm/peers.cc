// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/peers.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fts::comm::shm {
namespace {

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434  // the same on every architecture
#endif

int OpenPidfd(pid_t pid) {
  return static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
}

// The letter after "pid (name) " in /proc/pid/stat; the name may hold anything.
bool IsZombie(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::string line;
  std::getline(file, line);
  const size_t end = line.rfind(") ");
  return end != std::string::npos && end + 2 < line.size() &&
         line[end + 2] == 'Z';
}

}  // namespace

Peers::Peers(std::vector<pid_t> pids)
    : pids_(std::move(pids)), own_pid_(getpid()) {
  for (const pid_t pid : pids_) {
    descriptors_.push_back(pid == own_pid_ ? -1 : OpenPidfd(pid));
  }
}

Peers::~Peers() { ForgetDescriptors(); }

void Peers::ForgetDescriptors() {
  for (int& descriptor : descriptors_) {
    if (descriptor >= 0) close(descriptor);
    descriptor = -1;
  }
}

bool Peers::Gone(int rank) const {
  if (pids_[rank] == own_pid_) return false;
  if (descriptors_[rank] >= 0) {
    pollfd ended = {descriptors_[rank], POLLIN, 0};
    return poll(&ended, 1, 0) == 1;
  }
  if (kill(pids_[rank], 0) != 0 && errno == ESRCH) return true;
  return IsZombie(pids_[rank]);
}

}  // namespace fts::comm::shm
