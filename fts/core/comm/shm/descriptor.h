// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A file descriptor that is closed with its owner.
// Threads: confined, like a unique_ptr.
#ifndef FTS_CORE_COMM_SHM_DESCRIPTOR_H_
#define FTS_CORE_COMM_SHM_DESCRIPTOR_H_

#include <unistd.h>

#include <utility>

namespace fts::comm::shm {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { Close(); }

  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

}  // namespace fts::comm::shm

#endif  // FTS_CORE_COMM_SHM_DESCRIPTOR_H_
