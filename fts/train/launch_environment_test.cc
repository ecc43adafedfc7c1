// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/launch_environment.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <map>
#include <string>

namespace fts::train {
namespace {

using Vars = std::map<std::string, std::string>;

EnvLookup Lookup(Vars vars) {
  return [vars](const std::string& name) -> std::optional<std::string> {
    const auto found = vars.find(name);
    if (found == vars.end()) return std::nullopt;
    return found->second;
  };
}

std::string Errors(const Vars& vars) {
  Diagnostics diags;
  EXPECT_FALSE(ReadLaunchEnvironment(Lookup(vars), &diags).ok());
  return diags.ToString();
}

// "rank/world local/local_world address:port", or "none".
std::string Read(const Vars& vars) {
  Diagnostics diags;
  auto launch = ReadLaunchEnvironment(Lookup(vars), &diags);
  EXPECT_TRUE(launch.ok()) << diags.ToString();
  if (!launch.ok() || !launch->has_value()) return "none";
  const LaunchEnvironment& l = **launch;
  return std::to_string(l.rank) + "/" + std::to_string(l.world_size) + " " +
         std::to_string(l.local_rank) + "/" +
         std::to_string(l.local_world_size) + " " + l.master_addr + ":" +
         std::to_string(l.master_port);
}

TEST(LaunchEnvironment, NothingSet) {
  EXPECT_EQ(Read({}), "none");
  EXPECT_EQ(Read({{"MASTER_PORT", "1"}, {"LOCAL_RANK", "0"}}), "none");
}

TEST(LaunchEnvironment, Torchrun) {
  EXPECT_EQ(Read({{"RANK", "5"},
                  {"WORLD_SIZE", "8"},
                  {"LOCAL_RANK", "1"},
                  {"LOCAL_WORLD_SIZE", "4"},
                  {"MASTER_ADDR", "node0"},
                  {"MASTER_PORT", "1234"}}),
            "5/8 1/4 node0:1234");
  EXPECT_EQ(Read({{"RANK", "0"}, {"WORLD_SIZE", "1"}}),
            "0/1 0/1 127.0.0.1:29500");
}

TEST(LaunchEnvironment, OpenMpiOnOneHost) {
  Vars vars = {{"OMPI_COMM_WORLD_RANK", "1"},
               {"OMPI_COMM_WORLD_SIZE", "2"},
               {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
               {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}};
  EXPECT_EQ(Read(vars), "1/2 1/2 127.0.0.1:29500");
  vars["MASTER_PORT"] = "777";
  EXPECT_EQ(Read(vars), "1/2 1/2 127.0.0.1:777");
  vars["OMPI_COMM_WORLD_LOCAL_SIZE"] = "1";
  vars["OMPI_COMM_WORLD_LOCAL_RANK"] = "0";
  EXPECT_EQ(Errors(vars),
            "error: launch environment: MASTER_ADDR is not set and "
            "OMPI_COMM_WORLD_SIZE is 2; set it to the host name or address of "
            "rank 0 [bad_launch_environment]\n");
}

TEST(LaunchEnvironment, Pmi) {
  EXPECT_EQ(Read({{"PMI_RANK", "3"},
                  {"PMI_SIZE", "4"},
                  {"MPI_LOCALRANKID", "1"},
                  {"MPI_LOCALNRANKS", "2"},
                  {"MASTER_ADDR", "h"}}),
            "3/4 1/2 h:29500");
}

TEST(LaunchEnvironment, SrunCountsInsideAStepOnly) {
  Vars vars = {{"SLURM_PROCID", "1"},
               {"SLURM_NTASKS", "2"},
               {"SLURM_LOCALID", "1"},
               {"SLURM_NNODES", "1"}};
  EXPECT_EQ(Read(vars), "none");
  vars["SLURM_STEP_ID"] = "0";
  EXPECT_EQ(Read(vars), "1/2 1/2 127.0.0.1:29500");
  vars["SLURM_NNODES"] = "2";
  EXPECT_NE(Errors(vars).find("MASTER_ADDR is not set"), std::string::npos);
}

TEST(LaunchEnvironment, TorchrunsNamesComeFirst) {
  EXPECT_EQ(Read({{"RANK", "0"},
                  {"WORLD_SIZE", "1"},
                  {"SLURM_PROCID", "7"},
                  {"SLURM_NTASKS", "8"},
                  {"SLURM_STEP_ID", "0"}}),
            "0/1 0/1 127.0.0.1:29500");
}

TEST(LaunchEnvironmentErrors, HalfASet) {
  EXPECT_EQ(Errors({{"RANK", "0"}}),
            "error: launch environment: RANK is set but WORLD_SIZE is not; set "
            "both (torchrun) or neither [bad_launch_environment]\n");
  EXPECT_EQ(Errors({{"WORLD_SIZE", "2"}}),
            "error: launch environment: WORLD_SIZE is set but RANK is not; set "
            "both (torchrun) or neither [bad_launch_environment]\n");
}

TEST(LaunchEnvironmentErrors, AllProblemsAreNamed) {
  EXPECT_EQ(Errors({{"RANK", "2"}, {"WORLD_SIZE", "2"}}),
            "error: launch environment: RANK is 2 but WORLD_SIZE is 2; ranks "
            "count from 0 [bad_launch_environment]\n"
            "error: launch environment: MASTER_ADDR is not set and WORLD_SIZE "
            "is 2; set it to the host name or address of rank 0 "
            "[bad_launch_environment]\n"
            "error: launch environment: MASTER_PORT is not set and WORLD_SIZE "
            "is 2; set it to a free port on rank 0's host "
            "[bad_launch_environment]\n");
  EXPECT_EQ(Errors({{"RANK", "x"},
                    {"WORLD_SIZE", "2"},
                    {"MASTER_ADDR", "h"},
                    {"MASTER_PORT", "70000"}}),
            "error: launch environment: RANK is 'x'; it must be a number from "
            "0 to 1048576 [bad_launch_environment]\n"
            "error: launch environment: MASTER_PORT is '70000'; it must be a "
            "number from 1 to 65535 [bad_launch_environment]\n");
}

TEST(ExportLaunchEnvironment, IsReadBack) {
  LaunchEnvironment launch;
  launch.rank = 3;
  launch.world_size = 4;
  launch.local_rank = 1;
  launch.local_world_size = 2;
  launch.master_addr = "node7";
  launch.master_port = 4321;
  ExportLaunchEnvironment(launch);
  Diagnostics diags;
  auto seen = ReadLaunchEnvironment(ProcessEnvironment(), &diags);
  ASSERT_TRUE(seen.ok() && seen->has_value());
  EXPECT_EQ((*seen)->rank, 3);
  EXPECT_EQ((*seen)->local_world_size, 2);
  EXPECT_EQ((*seen)->master_addr, "node7");
  EXPECT_EQ((*seen)->master_port, 4321);
}

}  // namespace
}  // namespace fts::train
