// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/signal_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <atomic>

#include "absl/strings/str_cat.h"

namespace fts::train {
namespace {

std::atomic<int> g_write_fd{-1};

void OnSignal(int signal) {
  const int error = errno;
  const unsigned char byte = static_cast<unsigned char>(signal);
  ssize_t ignored = write(g_write_fd.load(), &byte, 1);
  (void)ignored;
  errno = error;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SignalPipe>> SignalPipe::Create() {
  if (g_write_fd.load() >= 0) {
    return absl::FailedPreconditionError(
        "local ranks are already being run by this process");
  }
  int fds[2];
  if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0) {
    return absl::InternalError(
        absl::StrCat("cannot make a pipe: ", strerror(errno)));
  }
  std::unique_ptr<SignalPipe> pipe(new SignalPipe);
  pipe->read_fd_ = fds[0];
  g_write_fd.store(fds[1]);
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGTSTP}) {
    struct sigaction now;
    if (sigaction(signal, nullptr, &now) != 0) continue;
    if (now.sa_handler == SIG_IGN) continue;
    pipe->Replace(signal, OnSignal);
  }
  pipe->Replace(SIGPIPE, SIG_IGN);
  pipe->Replace(SIGCHLD, SIG_DFL);
  return pipe;
}

void SignalPipe::Replace(int signal, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  struct sigaction before;
  if (sigaction(signal, &action, &before) == 0) {
    before_.emplace_back(signal, before);
  }
}

SignalPipe::~SignalPipe() {
  for (const auto& [signal, action] : before_) {
    sigaction(signal, &action, nullptr);
  }
  close(g_write_fd.exchange(-1));
  close(read_fd_);
}

void SignalPipe::Suspend() {
  struct sigaction stop = {}, ours;
  stop.sa_handler = SIG_DFL;
  sigemptyset(&stop.sa_mask);
  if (sigaction(SIGTSTP, &stop, &ours) != 0) return;
  raise(SIGTSTP);  // returns when we are continued
  sigaction(SIGTSTP, &ours, nullptr);
}

int SignalPipe::Next() {
  unsigned char byte = 0;
  return read(read_fd_, &byte, 1) == 1 ? byte : 0;
}

}  // namespace fts::train
