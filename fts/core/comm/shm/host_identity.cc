// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/host_identity.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fts/core/base/status.h"

namespace fts::comm::shm {
namespace {

absl::Status Unreadable(const std::string& path) {
  return absl::FailedPreconditionError(
      absl::StrCat("cannot read ", path,
                   ", so ranks cannot tell whether they are on one host"));
}

absl::StatusOr<std::string> Namespace(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return Unreadable(path);
  return absl::StrCat(info.st_dev, ".", info.st_ino);
}

}  // namespace

absl::StatusOr<std::string> HostIdentity(const std::string& root) {
  const std::string boot_path =
      absl::StrCat(root, "/proc/sys/kernel/random/boot_id");
  std::ifstream file(boot_path);
  std::string boot;
  if (!(file >> boot)) return Unreadable(boot_path);
  FTS_ASSIGN_OR_RETURN(std::string net,
                       Namespace(absl::StrCat(root, "/proc/self/ns/net")));
  FTS_ASSIGN_OR_RETURN(std::string pid,
                       Namespace(absl::StrCat(root, "/proc/self/ns/pid")));
  return absl::StrCat("boot ", boot, ", network namespace ", net,
                      ", process namespace ", pid, ", user ", geteuid());
}

absl::Status CheckOneHost(const std::vector<std::string>& identities) {
  for (size_t rank = 1; rank < identities.size(); ++rank) {
    if (identities[rank] == identities[0]) continue;
    const std::vector<std::string> first = absl::StrSplit(identities[0], ", ");
    const std::vector<std::string> other =
        absl::StrSplit(identities[rank], ", ");
    std::string difference;
    for (size_t i = 0; i < first.size() && i < other.size(); ++i) {
      if (first[i] == other[i]) continue;
      difference = absl::StrCat(first[i], " and ", other[i]);
      break;
    }
    return absl::FailedPreconditionError(
        absl::StrCat("ranks 0 and ", rank, " cannot share memory: they have ",
                     difference, "; use gloo between them"));
  }
  return absl::OkStatus();
}

}  // namespace fts::comm::shm
