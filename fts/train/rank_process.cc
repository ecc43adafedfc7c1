// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/rank_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace fts::train {
namespace {

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) {
    pointers.push_back(const_cast<char*>(text.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

// Between fork and exec only async-signal-safe calls: everything the child
// needs is made before.
struct ChildPlan {
  const char* executable;
  char** argv;
  char** environment;
  int stdin_fd, stdout_fd, stderr_fd;
  int kept_fd;
  int error_fd;  // closed by exec; else the errno is written
  pid_t parent;
};

[[noreturn]] void Fail(const ChildPlan& plan) {
  const int error = errno;
  ssize_t ignored = write(plan.error_fd, &error, sizeof error);
  (void)ignored;
  _exit(127);
}

[[noreturn]] void RunChild(const ChildPlan& plan) {
  // Our handlers write to a pipe of the parent's, so they must be gone before
  // signals are let through. SIG_IGN is inherited on purpose (nohup), except
  // for SIGPIPE, which the launcher itself ignores.
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction action;
    if (sigaction(signal, nullptr, &action) != 0) continue;
    if (action.sa_handler == SIG_DFL) continue;
    if (action.sa_handler == SIG_IGN && signal != SIGPIPE) continue;
    action = {};
    action.sa_handler = SIG_DFL;
    sigaction(signal, &action, nullptr);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  setpgid(0, 0);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) Fail(plan);
  if (getppid() != plan.parent) _exit(127);  // it died before prctl
  // First above 2, so that no dup2 overwrites a source.
  const int in = fcntl(plan.stdin_fd, F_DUPFD_CLOEXEC, 3);
  const int out = fcntl(plan.stdout_fd, F_DUPFD_CLOEXEC, 3);
  const int err = fcntl(plan.stderr_fd, F_DUPFD_CLOEXEC, 3);
  if (in < 0 || out < 0 || err < 0) Fail(plan);
  if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) Fail(plan);
  if (plan.kept_fd >= 0 && fcntl(plan.kept_fd, F_SETFD, 0) != 0) Fail(plan);
  execve(plan.executable, plan.argv, plan.environment);
  Fail(plan);
}

}  // namespace

std::string SignalText(int signal) {
  const char* name = sigabbrev_np(signal);
  return name == nullptr ? absl::StrCat(signal)
                         : absl::StrCat(signal, " (SIG", name, ")");
}

absl::StatusOr<RankProcess> RankProcess::Start(
    const RankProcessOptions& options) {
  auto fail = [&](const char* what, int error) {
    return absl::InternalError(absl::StrCat("cannot start '",
                                            options.executable, "': ", what,
                                            ": ", strerror(error)));
  };
  std::vector<char*> argv = Pointers(options.argv);
  std::vector<char*> environment = Pointers(options.environment);
  int error_pipe[2];
  if (pipe2(error_pipe, O_CLOEXEC) != 0) return fail("pipe", errno);
  const int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null_fd < 0) {
    const int error = errno;
    close(error_pipe[0]);
    close(error_pipe[1]);
    return fail("/dev/null", error);
  }
  const ChildPlan plan = {options.executable.c_str(),
                          argv.data(),
                          environment.data(),
                          null_fd,
                          options.stdout_fd,
                          options.stderr_fd,
                          options.kept_fd,
                          error_pipe[1],
                          getpid()};
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = fork();
  if (pid == 0) RunChild(plan);
  const int fork_error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  close(null_fd);
  close(error_pipe[1]);
  if (pid < 0) {
    close(error_pipe[0]);
    return fail("fork", fork_error);
  }
  int error = 0;
  ssize_t got;
  do {
    got = read(error_pipe[0], &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  close(error_pipe[0]);
  if (got == sizeof error) {
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return fail("exec", error);
  }
  RankProcess process;
  process.pid_ = pid;
  process.running_ = true;
  process.pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  return process;
}

RankProcess::~RankProcess() {
  if (running_) {
    Kill();
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  if (pidfd_ >= 0) close(pidfd_);
}

RankProcess::RankProcess(RankProcess&& other) noexcept {
  *this = std::move(other);
}

RankProcess& RankProcess::operator=(RankProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(pidfd_, other.pidfd_);
  std::swap(running_, other.running_);
  std::swap(by_signal_, other.by_signal_);
  std::swap(code_, other.code_);
  return *this;
}

bool RankProcess::Reap() {
  if (!running_) return false;
  siginfo_t info = {};
  if (waitid(P_PID, pid_, &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
    if (errno != ECHILD) return false;
    // Somebody else took its end; all that is known is that it is gone.
    running_ = false;
    code_ = 127;
    return true;
  }
  if (info.si_pid == 0) return false;
  // Not reaped yet, so the group's number cannot belong to anybody else.
  kill(-pid_, SIGKILL);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  running_ = false;
  by_signal_ = WIFSIGNALED(status);
  code_ = by_signal_ ? WTERMSIG(status) : WEXITSTATUS(status);
  return true;
}

void RankProcess::Signal(int signal) {
  if (!running_) return;
  kill(pid_, signal);
  kill(pid_, SIGCONT);  // a stopped process would keep the signal pending
}

void RankProcess::Pause() {
  if (running_) kill(-pid_, SIGSTOP);
}

void RankProcess::Resume() {
  if (running_) kill(-pid_, SIGCONT);
}

void RankProcess::Kill() {
  if (!running_) return;
  kill(-pid_, SIGKILL);
  kill(pid_, SIGKILL);
}

std::string RankProcess::EndText() const {
  return by_signal_ ? absl::StrCat("was killed by signal ", SignalText(code_))
                    : absl::StrCat("exited with code ", code_);
}

}  // namespace fts::train
