// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/train/hang_monitor.h"
#include "fts/train/rank_page.h"
#include "fts/train/rank_process.h"
#include "fts/train/reserved_port.h"
#include "fts/train/signal_pipe.h"

extern char** environ;

namespace fts::train {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Deadline = std::optional<SteadyClock::time_point>;

// Without pidfds, how often to look.
constexpr std::chrono::milliseconds kPollWithoutPidfd{20};

class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  ~Fd() { Close(); }
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

absl::Status SystemError(const std::string& what) {
  return absl::InternalError(absl::StrCat(what, ": ", strerror(errno)));
}

std::vector<std::string> OwnArguments() {
  std::ifstream in("/proc/self/cmdline", std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(in)),
                        std::istreambuf_iterator<char>());
  std::vector<std::string> arguments;
  for (size_t begin = 0; begin < all.size();) {
    const size_t end = std::min(all.find('\0', begin), all.size());
    arguments.push_back(all.substr(begin, end - begin));
    begin = end + 1;
  }
  return arguments;
}

void WriteAll(int fd, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t wrote = write(fd, data, size);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return;  // nothing can be done about a closed terminal
    data += wrote;
    size -= wrote;
  }
}

bool LostPeer(const RankProcess& rank) {
  return !rank.by_signal() && rank.code() == kLostPeerExitCode;
}

// Which of several failures is the cause of the others.
int Weight(const RankProcess& rank) {
  return rank.by_signal() ? 2 : LostPeer(rank) ? 0 : 1;
}

class Launcher {
 public:
  explicit Launcher(const LaunchOptions& options)
      : options_(options),
        err_(options.err != nullptr ? *options.err : std::cerr) {}

  absl::Status Start();
  // Until all have ended.
  void Watch();
  int Verdict();

 private:
  std::string LogPath(int rank) const {
    return absl::StrCat(options_.log_dir, "/rank_", rank, ".log");
  }
  std::vector<std::string> Environment(int rank, int port) const;
  absl::Status StartRank(int rank, int port);
  bool AnyRunning() const;
  void WaitForSomething();
  void TakeSignals();
  void Suspend();
  void CopyRankZero();
  void Reap();
  void ActOnDeadlines();
  // A rank that has failed explains why others wait.
  bool LooksForHang() const {
    return monitor_ != nullptr && !ending_ && !settle_.has_value();
  }
  void LookForHang();
  void EndRanks();
  void ChooseFailure();
  void PrintTail(int rank);
  void PrintHang();

  const LaunchOptions& options_;
  std::ostream& err_;
  std::unique_ptr<SignalPipe> signals_;
  std::unique_ptr<ReservedPort> port_;
  Fd rank_zero_stderr_;  // read end
  Fd rank_zero_log_;
  std::unique_ptr<HangMonitor> monitor_;  // null: nobody looks
  std::vector<RankProcess> ranks_;
  std::vector<int> failures_;  // in the order seen, before we ended any
  std::optional<int> chosen_;  // the failure that is reported
  std::optional<HangReport> hang_;
  int interrupt_ = 0;    // the first signal that we were sent
  bool ending_ = false;  // we have told ranks to end
  Deadline settle_, kill_;
};

std::vector<std::string> Launcher::Environment(int rank, int port) const {
  std::vector<std::pair<std::string, std::string>> added = {
      {"RANK", absl::StrCat(rank)},
      {"WORLD_SIZE", absl::StrCat(options_.world_size)},
      {"LOCAL_RANK", absl::StrCat(rank)},
      {"LOCAL_WORLD_SIZE", absl::StrCat(options_.world_size)},
      {"MASTER_ADDR", "127.0.0.1"},
      {"MASTER_PORT", absl::StrCat(port)}};
  if (monitor_ != nullptr) {
    added.emplace_back(kRankPageVariable, absl::StrCat(monitor_->fd()));
  }
  added.insert(added.end(), options_.extra_env.begin(),
               options_.extra_env.end());
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::string name = text.substr(0, text.find('='));
    const bool replaced =
        std::any_of(added.begin(), added.end(),
                    [&](const auto& pair) { return pair.first == name; });
    if (!replaced) environment.push_back(text);
  }
  for (const auto& [name, value] : added) {
    environment.push_back(absl::StrCat(name, "=", value));
  }
  return environment;
}

absl::Status Launcher::StartRank(int rank, int port) {
  Fd log(open(LogPath(rank).c_str(),
              O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666));
  if (log.get() < 0) {
    return SystemError(absl::StrCat("cannot write '", LogPath(rank), "'"));
  }
  RankProcessOptions process;
  process.executable = options_.executable;
  process.argv = options_.argv.empty() ? OwnArguments() : options_.argv;
  process.environment = Environment(rank, port);
  process.stdout_fd = process.stderr_fd = log.get();
  if (monitor_ != nullptr) process.kept_fd = monitor_->fd();
  Fd pipe_write;
  if (rank == 0) {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) return SystemError("cannot make a pipe");
    rank_zero_stderr_ = Fd(fds[0]);
    pipe_write = Fd(fds[1]);
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    process.stdout_fd = STDOUT_FILENO;
    process.stderr_fd = pipe_write.get();
    rank_zero_log_ = std::move(log);
  }
  FTS_ASSIGN_OR_RETURN(RankProcess started, RankProcess::Start(process));
  ranks_.push_back(std::move(started));
  return absl::OkStatus();
}

absl::Status Launcher::Start() {
  FTS_ASSIGN_OR_RETURN(signals_, SignalPipe::Create());
  FTS_ASSIGN_OR_RETURN(port_, ReservedPort::Create());
  if (options_.hang_timeout.count() > 0) {
    FTS_ASSIGN_OR_RETURN(monitor_, HangMonitor::Create(options_.world_size,
                                                       options_.hang_timeout));
  }
  for (int rank = 0; rank < options_.world_size; ++rank) {
    FTS_RETURN_IF_ERROR(StartRank(rank, port_->port()));
  }
  return absl::OkStatus();
}

bool Launcher::AnyRunning() const {
  return std::any_of(ranks_.begin(), ranks_.end(),
                     [](const RankProcess& rank) { return rank.running(); });
}

void Launcher::Watch() {
  while (AnyRunning()) {
    WaitForSomething();
    TakeSignals();
    CopyRankZero();
    Reap();
    ActOnDeadlines();
    LookForHang();
  }
  CopyRankZero();
  ChooseFailure();
}

void Launcher::WaitForSomething() {
  std::vector<struct pollfd> fds = {{signals_->fd(), POLLIN, 0}};
  if (rank_zero_stderr_.get() >= 0) {
    fds.push_back({rank_zero_stderr_.get(), POLLIN, 0});
  }
  Deadline next;
  auto at = [&](Deadline deadline) {
    if (deadline.has_value() && (!next.has_value() || *deadline < *next)) {
      next = deadline;
    }
  };
  at(settle_);
  at(kill_);
  if (LooksForHang()) at(monitor_->next_look());
  for (const RankProcess& rank : ranks_) {
    if (!rank.running()) continue;
    if (rank.pidfd() >= 0) {
      fds.push_back({rank.pidfd(), POLLIN, 0});
    } else {
      at(SteadyClock::now() + kPollWithoutPidfd);
    }
  }
  int timeout = -1;
  if (next.has_value()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        *next - SteadyClock::now());
    timeout = static_cast<int>(std::max<int64_t>(left.count(), 0));
  }
  poll(fds.data(), fds.size(), timeout);
}

void Launcher::TakeSignals() {
  while (const int signal = signals_->Next()) {
    if (signal == SIGTSTP) {
      Suspend();
      continue;
    }
    // Failures seen before count; what ranks do about the signal does not.
    Reap();
    kill_ = SteadyClock::now();
    if (interrupt_ == 0) *kill_ += options_.interrupt_kill_after;
    if (interrupt_ == 0) interrupt_ = signal;
    ending_ = true;
    for (RankProcess& rank : ranks_) rank.Signal(signal);
  }
}

// The ranks are in process groups of their own, so that nothing but what we do
// reaches them: a terminal suspends us alone.
void Launcher::Suspend() {
  if (!ending_) {
    for (RankProcess& rank : ranks_) rank.Pause();
  }
  signals_->Suspend();
  for (RankProcess& rank : ranks_) rank.Resume();
  if (monitor_ != nullptr) monitor_->Restart();
}

void Launcher::CopyRankZero() {
  char buffer[16 * 1024];
  // Bounded, so that a rank that never stops writing holds up nothing else;
  // more than a pipe holds, so that the last call takes all there is.
  for (int turn = 0; turn < 256 && rank_zero_stderr_.get() >= 0; ++turn) {
    const ssize_t got = read(rank_zero_stderr_.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return;  // EAGAIN: nothing more for now
    if (got == 0) {
      rank_zero_stderr_.Close();
      return;
    }
    WriteAll(STDERR_FILENO, buffer, got);
    WriteAll(rank_zero_log_.get(), buffer, got);
  }
}

void Launcher::Reap() {
  for (size_t rank = 0; rank < ranks_.size(); ++rank) {
    if (!ranks_[rank].Reap() || ranks_[rank].succeeded() || ending_) continue;
    failures_.push_back(static_cast<int>(rank));
    const auto until =
        SteadyClock::now() +
        (LostPeer(ranks_[rank]) ? options_.lost_peer_settle : options_.settle);
    settle_ = std::min(settle_.value_or(until), until);
  }
}

void Launcher::ActOnDeadlines() {
  const auto now = SteadyClock::now();
  if (settle_.has_value() && now >= *settle_) {
    settle_.reset();
    if (!ending_) EndRanks();
  }
  if (kill_.has_value() && now >= *kill_) {
    kill_.reset();
    for (RankProcess& rank : ranks_) rank.Kill();
  }
}

void Launcher::EndRanks() {
  ending_ = true;
  for (RankProcess& rank : ranks_) rank.Signal(SIGTERM);
  kill_ = SteadyClock::now() + options_.kill_after;
}

void Launcher::LookForHang() {
  if (!LooksForHang()) return;
  hang_ = monitor_->Look(ranks_);
  if (hang_.has_value()) EndRanks();
}

void Launcher::ChooseFailure() {
  for (int rank : failures_) {
    if (!chosen_.has_value() ||
        Weight(ranks_[rank]) > Weight(ranks_[*chosen_])) {
      chosen_ = rank;
    }
  }
}

void Launcher::PrintTail(int rank) {
  // Rank 0's log was shown as it came.
  if (rank == 0) return;
  std::ifstream in(LogPath(rank), std::ios::binary);
  // Enough for the lines wanted, whatever the length of the log.
  constexpr std::streamoff kMost = 64 * 1024;
  in.seekg(0, std::ios::end);
  const std::streamoff size = in.tellg();
  in.seekg(std::max<std::streamoff>(size - kMost, 0));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  const size_t wanted = std::max(options_.log_tail_lines, 0);
  const size_t from = lines.size() > wanted ? lines.size() - wanted : 0;
  if (from == lines.size()) return;
  err_ << "--- the last lines of " << LogPath(rank) << " ---\n";
  for (size_t i = from; i < lines.size(); ++i) err_ << lines[i] << "\n";
  err_ << "---\n";
}

void Launcher::PrintHang() {
  for (int rank : hang_->hung) PrintTail(rank);
  for (const std::string& line : hang_->ranks) err_ << line << "\n";
  err_ << "error: " << hang_->error << "; ";
  if (hang_->hung.size() == 1) {
    err_ << "its log is " << LogPath(hang_->hung[0]) << std::endl;
  } else {
    err_ << "the logs are in " << options_.log_dir << std::endl;
  }
}

int Launcher::Verdict() {
  // A killed rank 0 leaves its live line open.
  const bool live = isatty(STDOUT_FILENO) && isatty(STDERR_FILENO);
  if (chosen_.has_value()) {
    const RankProcess& rank = ranks_[*chosen_];
    if (live) err_ << "\n";
    PrintTail(*chosen_);
    err_ << "error: rank " << *chosen_ << " " << rank.EndText()
         << "; its log is " << LogPath(*chosen_) << std::endl;
    return !rank.by_signal() && rank.code() == 2 ? 2 : 1;
  }
  if (hang_.has_value()) {
    if (live) err_ << "\n";
    PrintHang();
    return 1;
  }
  const bool all_well =
      std::all_of(ranks_.begin(), ranks_.end(),
                  [](const RankProcess& rank) { return rank.succeeded(); });
  if (all_well) return 0;
  if (live) err_ << "\n";
  err_ << "error: interrupted by signal " << SignalText(interrupt_)
       << "; all ranks have ended" << std::endl;
  return 1;
}

}  // namespace

absl::StatusOr<int> RunLocalRanks(const LaunchOptions& options) {
  if (options.world_size < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "world size is ", options.world_size, "; it must be at least 1"));
  }
  std::cout.flush();
  Launcher launcher(options);
  FTS_RETURN_IF_ERROR(launcher.Start());
  launcher.Watch();
  return launcher.Verdict();
}

}  // namespace fts::train
