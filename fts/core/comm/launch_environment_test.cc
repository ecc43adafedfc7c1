// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/launch_environment.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace fts::comm {
namespace {

using Variables = std::map<std::string, std::string>;

absl::StatusOr<LaunchEnvironment> Read(const Variables& variables) {
  Diagnostics diags;
  return ReadLaunchEnvironment(
      [&](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
      },
      &diags);
}

std::string Error(const Variables& variables) {
  return std::string(Read(variables).status().message());
}

const Variables kTorchrun = {
    {"RANK", "5"},         {"WORLD_SIZE", "8"},       {"LOCAL_RANK", "1"},
    {"MASTER_ADDR", "n0"}, {"LOCAL_WORLD_SIZE", "4"}, {"MASTER_PORT", "1234"},
};

Variables With(Variables variables, const Variables& more) {
  for (const auto& [name, value] : more) variables[name] = value;
  return variables;
}

Variables Without(Variables variables, const std::string& name) {
  variables.erase(name);
  return variables;
}

TEST(LaunchEnvironmentTest, NothingSetIsOneRank) {
  const auto env = Read({{"MASTER_ADDR", "left from something"}});
  ASSERT_TRUE(env.ok());
  EXPECT_FALSE(env->launched);
  EXPECT_EQ(env->launcher, "none");
  EXPECT_EQ(env->rank, 0);
  EXPECT_EQ(env->world_size, 1);
}

TEST(LaunchEnvironmentTest, Torchrun) {
  const auto env =
      Read(With(kTorchrun, {{"TORCHELASTIC_RUN_ID", "r"},
                            {"TORCHELASTIC_RESTART_COUNT", "2"},
                            {"TORCHELASTIC_USE_AGENT_STORE", "True"},
                            {"SLURM_STEP_ID", "0"},
                            {"SLURM_PROCID", "1"}}));
  ASSERT_TRUE(env.ok()) << env.status();
  EXPECT_TRUE(env->launched);
  EXPECT_EQ(env->launcher, "torchrun");
  EXPECT_EQ(env->rank, 5);
  EXPECT_EQ(env->world_size, 8);
  EXPECT_EQ(env->local_rank, 1);
  EXPECT_EQ(env->local_world_size, 4);
  EXPECT_EQ(env->master_addr, "n0");
  EXPECT_EQ(env->master_port, 1234);
  EXPECT_EQ(env->attempt, 2);
  EXPECT_TRUE(env->agent_serves_store);
  EXPECT_FALSE(env->listen_fd.has_value());
}

TEST(LaunchEnvironmentTest, LocalRankFollowsOnOneMachine) {
  const auto env = Read({{"RANK", "1"},
                         {"WORLD_SIZE", "2"},
                         {"MASTER_ADDR", "127.0.0.1"},
                         {"MASTER_PORT", "1234"}});
  ASSERT_TRUE(env.ok()) << env.status();
  EXPECT_EQ(env->launcher, "environment");
  EXPECT_EQ(env->local_rank, 1);
  EXPECT_EQ(env->local_world_size, 2);
}

TEST(LaunchEnvironmentTest, OnlyRankZeroTakesTheListeningSocket) {
  Variables variables = With(kTorchrun, {{"FTS_MASTER_LISTEN_FD", "7"}});
  EXPECT_FALSE(Read(variables)->listen_fd.has_value());
  variables["RANK"] = "0";
  EXPECT_EQ(Read(variables)->listen_fd, 7);
}

TEST(LaunchEnvironmentTest, Mpirun) {
  const Variables variables = {{"OMPI_COMM_WORLD_RANK", "3"},
                               {"OMPI_COMM_WORLD_SIZE", "4"},
                               {"OMPI_COMM_WORLD_LOCAL_RANK", "3"},
                               {"OMPI_COMM_WORLD_LOCAL_SIZE", "4"},
                               {"PMIX_NAMESPACE", "job-17"}};
  const auto env = Read(variables);
  ASSERT_TRUE(env.ok()) << env.status();
  EXPECT_EQ(env->launcher, "mpirun");
  EXPECT_EQ(env->rank, 3);
  EXPECT_EQ(env->local_rank, 3);
  EXPECT_EQ(env->master_addr, "127.0.0.1");
  EXPECT_GE(env->master_port, 20000);
  EXPECT_NE(env->master_port,
            Read(With(variables, {{"PMIX_NAMESPACE", "job-18"}}))->master_port);
  EXPECT_EQ(
      Error(With(variables, {{"OMPI_COMM_WORLD_LOCAL_SIZE", "2"},
                             {"OMPI_COMM_WORLD_LOCAL_RANK", "1"}})),
      "error: MASTER_ADDR is not set although the job has 4 ranks; set it to "
      "the host of rank 0, on every rank [launch_environment]");
}

TEST(LaunchEnvironmentTest, SrunOnlyInsideAStep) {
  Variables variables = {{"SLURM_PROCID", "2"},
                         {"SLURM_NTASKS", "4"},
                         {"SLURM_LOCALID", "0"},
                         {"SLURM_JOB_ID", "99"},
                         {"SLURM_JOB_NODELIST", "gpu[03-05,9],other"}};
  EXPECT_FALSE(Read(variables)->launched);
  variables["SLURM_STEP_ID"] = "0";
  const auto env = Read(variables);
  ASSERT_TRUE(env.ok()) << env.status();
  EXPECT_EQ(env->launcher, "srun");
  EXPECT_EQ(env->rank, 2);
  EXPECT_EQ(env->world_size, 4);
  EXPECT_EQ(env->local_rank, 0);
  EXPECT_EQ(env->master_addr, "gpu03");
  variables["SLURM_STEP_NODELIST"] = "a,b";
  variables["MASTER_PORT"] = "4000";
  EXPECT_EQ(Read(variables)->master_addr, "a");
  EXPECT_EQ(Read(variables)->master_port, 4000);
}

TEST(LaunchEnvironmentTest, ContradictionsAreNamed) {
  EXPECT_EQ(Error(With(kTorchrun, {{"RANK", "8"}})),
            "error: RANK is 8 but WORLD_SIZE is 8; RANK must be between 0 and "
            "7 [launch_environment]");
  EXPECT_EQ(Error(With(kTorchrun, {{"LOCAL_RANK", "4"}})),
            "error: LOCAL_RANK is 4 but LOCAL_WORLD_SIZE is 4; LOCAL_RANK must "
            "be between 0 and 3 [launch_environment]");
  EXPECT_EQ(Error(With(kTorchrun, {{"LOCAL_WORLD_SIZE", "9"}})),
            "error: LOCAL_WORLD_SIZE is 9 but WORLD_SIZE is 8; one machine "
            "cannot have more ranks than the job [launch_environment]");
  EXPECT_EQ(Error({{"LOCAL_RANK", "0"}}),
            "error: LOCAL_RANK is set ('0') but RANK and WORLD_SIZE are not; "
            "set all of them or none [launch_environment]");
}

TEST(LaunchEnvironmentTest, MissingPartnersAreNamed) {
  EXPECT_EQ(Error(Without(kTorchrun, "WORLD_SIZE")),
            "error: WORLD_SIZE is not set although RANK is; launch with "
            "torchrun, srun or mpirun, or set it [launch_environment]");
  EXPECT_EQ(Error(Without(kTorchrun, "RANK")),
            "error: RANK is not set although WORLD_SIZE is; launch with "
            "torchrun, srun or mpirun, or set it [launch_environment]");
  EXPECT_EQ(Error(Without(kTorchrun, "MASTER_PORT")),
            "error: MASTER_PORT is not set although the job has 8 ranks; set "
            "it to a free port of rank 0's host, on every rank "
            "[launch_environment]");
  EXPECT_EQ(Error(Without(kTorchrun, "LOCAL_RANK")),
            "error: LOCAL_RANK is not set although MASTER_ADDR 'n0' is another "
            "machine's or may be; set it to the rank's place on its machine, "
            "from 0 [launch_environment]");
}

TEST(LaunchEnvironmentTest, AllBadNumbersAreReported) {
  EXPECT_EQ(Error(With(kTorchrun, {{"RANK", "x"},
                                   {"WORLD_SIZE", "0"},
                                   {"MASTER_PORT", "65536"}})),
            "error: RANK is 'x', must be a whole number [launch_environment]\n"
            "error: WORLD_SIZE is 0, must be at least 1 [launch_environment]\n"
            "error: MASTER_PORT is 65536, must be between 1 and 65535 "
            "[launch_environment]");
}

TEST(LaunchEnvironmentTest, Loopback) {
  EXPECT_TRUE(IsLoopback("localhost"));
  EXPECT_TRUE(IsLoopback("127.0.1.1"));
  EXPECT_TRUE(IsLoopback("::1"));
  EXPECT_FALSE(IsLoopback("10.0.0.1"));
  EXPECT_FALSE(IsLoopback(""));
}

}  // namespace
}  // namespace fts::comm
