// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A stand-in for a training program, for launcher_test.
//
//   launch_probe LOG_DIR ACTIONS_OF_RANK_0 ACTIONS_OF_RANK_1 ...
//
// Without RANK it launches one rank per ACTIONS; with it, it does the actions
// of its rank, one after the other, and exits with 0. ACTIONS are separated by
// commas: out=TEXT err=TEXT env lines=N pid post take ignore graceful fork
// listen wait spin report busy=WHAT step=N begin=OP end kill=SIGNAL exit=CODE.
// `report` joins the launcher's watch, `begin` to `end` is a wait for others.
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>

#include "absl/strings/str_split.h"
#include "fts/core/comm/wait_observer.h"
#include "fts/train/launcher.h"
#include "fts/train/rank_reporter.h"

namespace {

std::optional<fts::comm::ObservedWait> g_wait;

int FdFrom(const char* name) { return std::atoi(getenv(name)); }

void WritePid(pid_t pid) {
  if (write(FdFrom("PID_FD"), &pid, sizeof pid) != sizeof pid) _exit(99);
}

int Listen() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  address.sin_port = htons(FdFrom("MASTER_PORT"));
  auto* generic = reinterpret_cast<struct sockaddr*>(&address);
  if (bind(fd, generic, sizeof address) != 0) return 98;
  return listen(fd, 8) == 0 ? 0 : 97;
}

void Do(const std::string& action) {
  const size_t equals = action.find('=');
  const std::string verb = action.substr(0, equals);
  const std::string value =
      equals == std::string::npos ? "" : action.substr(equals + 1);
  if (verb == "out") {
    std::cout << value << std::endl;
  } else if (verb == "err") {
    std::cerr << value << std::endl;
  } else if (verb == "env") {
    for (const char* name : {"RANK", "WORLD_SIZE", "LOCAL_RANK",
                             "LOCAL_WORLD_SIZE", "MASTER_ADDR", "EXTRA"}) {
      const char* seen = getenv(name);
      std::cout << name << "=" << (seen == nullptr ? "-" : seen) << std::endl;
    }
    std::cout << getenv("MASTER_PORT") << std::endl;
  } else if (verb == "lines") {
    for (int i = 1; i <= std::stoi(value); ++i) {
      std::cerr << "line " << i << std::endl;
    }
  } else if (verb == "pid") {
    WritePid(getpid());
  } else if (verb == "post") {
    if (write(FdFrom("POST_FD"), "x", 1) != 1) _exit(99);
  } else if (verb == "take") {
    char byte;
    if (read(FdFrom("TAKE_FD"), &byte, 1) != 1) _exit(99);
  } else if (verb == "ignore") {
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
  } else if (verb == "graceful") {
    signal(SIGTERM, [](int) { _exit(0); });
  } else if (verb == "fork") {
    const pid_t child = fork();
    if (child == 0) {
      for (;;) pause();
    }
    WritePid(child);
  } else if (verb == "listen") {
    const int code = Listen();
    if (code != 0) _exit(code);
  } else if (verb == "wait") {
    for (;;) pause();
  } else if (verb == "spin") {
    for (volatile bool for_ever = true; for_ever;) {
    }
  } else if (verb == "report") {
    if (!fts::train::ReportToLauncher(FdFrom("RANK")).ok()) _exit(95);
  } else if (verb == "busy") {
    new fts::train::BusyWith(value.c_str());  // to the end
  } else if (verb == "step") {
    fts::train::NoteStep(std::stoi(value), 0);
  } else if (verb == "begin") {
    g_wait.emplace(fts::comm::WaitInfo{value, "layer", "gather",
                                       fts::comm::NextCollective()});
  } else if (verb == "end") {
    g_wait.reset();
  } else if (verb == "kill") {
    raise(std::stoi(value));
  } else if (verb == "exit") {
    _exit(std::stoi(value));
  } else {
    std::cerr << "launch_probe: no action '" << action << "'\n";
    _exit(99);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (const char* rank = getenv("RANK")) {
    const std::string actions = argv[2 + std::atoi(rank)];
    for (const auto& action : absl::StrSplit(actions, ',')) {
      Do(std::string(action));
    }
    return 0;
  }
  fts::train::LaunchOptions options;
  options.log_dir = argv[1];
  options.world_size = argc - 2;
  options.hang_timeout = std::chrono::minutes(1);
  auto code = fts::train::RunLocalRanks(options);
  if (!code.ok()) {
    std::cerr << code.status() << std::endl;
    return 96;
  }
  return *code;
}
