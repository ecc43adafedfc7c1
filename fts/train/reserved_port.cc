// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/reserved_port.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace fts::train {

absl::StatusOr<std::unique_ptr<ReservedPort>> ReservedPort::Create() {
  std::unique_ptr<ReservedPort> reserved(new ReservedPort);
  reserved->fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  struct sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<struct sockaddr*>(&address);
  const int fd = reserved->fd_;
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      bind(fd, generic, size) != 0 || getsockname(fd, generic, &size) != 0) {
    return absl::InternalError(absl::StrCat(
        "cannot reserve a port for the ranks to meet at: ", strerror(errno)));
  }
  reserved->port_ = ntohs(address.sin_port);
  return reserved;
}

ReservedPort::~ReservedPort() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace fts::train
