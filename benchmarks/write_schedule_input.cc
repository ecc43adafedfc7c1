// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Writes the benchmark's input for programs in other languages:
//   write_schedule_input NAMES PHASES FOLDER
// gives FOLDER/names.txt, a name a line, and FOLDER/schedule.yaml.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "benchmarks/schedule_input.h"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: write_schedule_input NAMES PHASES FOLDER\n");
    return 2;
  }
  const int names = std::atoi(argv[1]);
  const int phases = std::atoi(argv[2]);
  const std::string folder = argv[3];
  std::ofstream list(folder + "/names.txt");
  for (const auto& parameter : fts::benchmarks::LargeModel(names).parameters) {
    list << parameter.name << "\n";
  }
  std::ofstream schedule(folder + "/schedule.yaml");
  schedule << fts::benchmarks::LargeSchedule(names, phases);
  if (list.flush() && schedule.flush()) return 0;
  std::fprintf(stderr, "cannot write to %s\n", folder.c_str());
  return 1;
}
