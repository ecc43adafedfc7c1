// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/peer_process.h"

#include <gtest/gtest.h>
#include <spawn.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

extern char** environ;

namespace fts::conformance {

pid_t StartPeer(const std::string& name, const PeerPlace& place) {
  std::vector<std::string> variables = {
      "PEER_STORE=" + place.store, "PEER_RANK=" + std::to_string(place.rank),
      "PEER_SIZE=" + std::to_string(place.size)};
  std::vector<char*> env;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    // The peer must not write this test's own report.
    if (std::string(*variable).rfind("XML_OUTPUT_FILE=", 0) == 0) continue;
    env.push_back(*variable);
  }
  for (std::string& variable : variables) env.push_back(&variable[0]);
  env.push_back(nullptr);
  std::string program = "/proc/self/exe";
  std::string filter = "--gtest_filter=" + name;
  std::string disabled = "--gtest_also_run_disabled_tests";
  char* argv[] = {&program[0], &filter[0], &disabled[0], nullptr};
  pid_t pid = 0;
  EXPECT_EQ(
      posix_spawn(&pid, program.c_str(), nullptr, nullptr, argv, env.data()),
      0);
  return pid;
}

PeerPlace ReadPeerPlace() {
  return {std::getenv("PEER_STORE"), std::atoi(std::getenv("PEER_RANK")),
          std::atoi(std::getenv("PEER_SIZE"))};
}

}  // namespace fts::conformance
