// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// main() of a stress test: how many rounds it runs and from which seed, as its
// command line says. Testing only.
// Threads: main's.
#ifndef FTS_CORE_COMM_SHM_STRESS_MAIN_H_
#define FTS_CORE_COMM_SHM_STRESS_MAIN_H_

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace fts::comm::shm {

// Runs all tests after reading --rounds=N and --seed=N into what is pointed to,
// which holds the defaults.
inline int StressMain(int argc, char** argv, int* rounds, unsigned* seed) {
  testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.rfind("--rounds=", 0) == 0) {
      *rounds = std::atoi(argument.c_str() + 9);
    } else if (argument.rfind("--seed=", 0) == 0) {
      *seed = static_cast<unsigned>(
          std::strtoul(argument.c_str() + 7, nullptr, 10));
    } else {
      std::fprintf(stderr, "unknown argument %s\n", argv[i]);
      return 2;
    }
  }
  return RUN_ALL_TESTS();
}

}  // namespace fts::comm::shm

#endif  // FTS_CORE_COMM_SHM_STRESS_MAIN_H_
