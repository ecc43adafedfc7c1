// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Run set-up on a model that is only a description, and the files and log that
// start from it.
#include "fts/train/run_setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "fts/train/run_files.h"
#include "fts/train/run_log.h"

namespace fts::train {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FakeModel : public TrainModel {
 public:
  FakeModel() {
    description_.modules = {{"", "Net", false},
                            {"body", "Linear", false},
                            {"head", "Linear", false}};
    description_.parameters = {
        {"body.weight", {4, 4}, "float32", std::nullopt},
        {"head.weight", {4, 4}, "float32", std::nullopt}};
  }
  std::string arch() const override { return "fake"; }
  int64_t vocab_size() const override { return 256; }
  int64_t max_seq_len() const override { return 8; }
  const ModelDescription& description() const override { return description_; }
  SessionModel parts() override { return {}; }
  at::Tensor Forward(const at::Tensor& tokens) override { return tokens; }
  absl::Status LoadRange(const std::string&, int64_t, int64_t,
                         at::Tensor) override {
    return absl::OkStatus();
  }
  absl::StatusOr<std::unique_ptr<ModelExporter>> StartExport(
      const std::string&, const std::string&) override {
    return absl::UnimplementedError("fake");
  }

 private:
  ModelDescription description_;
};

std::string Directory(const std::string& name) {
  const char* base = std::getenv("TEST_TMPDIR");
  const std::string path =
      std::string(base != nullptr ? base : "/tmp") + "/run_setup_" + name;
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

std::string Read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// Prepares a run from a config without `model`, in a directory that holds 100
// bytes of text.
struct Prepared {
  Diagnostics diags;
  std::string dir;
  absl::StatusOr<RunSetup> setup = absl::UnknownError("not prepared");

  Prepared(const std::string& name, const std::string& yaml,
           int launched_ranks = 0)
      : dir(Directory(name)) {
    std::ofstream(dir + "/t.txt") << std::string(100, 'x');
    std::ofstream(dir + "/c.yaml") << "model: {arch: llama, path: .}\n" << yaml;
    const auto config = LoadRunConfig({dir + "/c.yaml"}, {}, &diags);
    if (!config.ok()) return;
    comm::LaunchEnvironment launch;
    if (launched_ranks > 0) {
      launch.launched = true;
      launch.world_size = launched_ranks;
    }
    setup = PrepareRun(
        *config, launch,
        [](const RunConfig&,
           Diagnostics*) -> absl::StatusOr<std::unique_ptr<TrainModel>> {
          return std::make_unique<FakeModel>();
        },
        &diags);
  }
  // Without the directory, which differs from run to run.
  std::string Problems() const {
    std::string text = diags.ToString();
    for (size_t at; (at = text.find(dir + "/")) != std::string::npos;) {
      text.erase(at, dir.size() + 1);
    }
    return text;
  }
};

constexpr char kData[] = "data: {train: {path: t.txt}, seq_len: 4";

TEST(RunSetupTest, NoScheduleIsOnePhaseThatTrainsEverything) {
  Prepared p("plain", std::string(kData) + ", batch_size: 2}\n" +
                          "trainer: {max_steps: 3, accumulate: 2}\n");
  ASSERT_TRUE(p.setup.ok()) << p.Problems();
  const RunSetup& s = *p.setup;
  EXPECT_EQ(s.world_size(), 1);
  EXPECT_EQ(s.batch_size, 2);
  EXPECT_EQ(s.tokens_per_step(), 2 * 2 * 4);
  ASSERT_EQ(s.schedule.phases.size(), 1u);
  EXPECT_THAT(s.schedule.phases[0].params,
              ElementsAre("body.weight", "head.weight"));
  EXPECT_TRUE(s.plan.units.empty());
  ASSERT_EQ(s.plan.remainder.segments.size(), 1u);
  EXPECT_EQ(s.val, nullptr);
  // 24 samples of 4 tokens, 4 a step.
  EXPECT_EQ(s.order->steps_per_epoch(), 6);
}

TEST(RunSetupTest, GlobalBatchIsSplitOverRanksAndMicroSteps) {
  Prepared p("global",
             std::string(kData) + ", global_batch_size: 12}\n" +
                 "trainer: {max_steps: 3, accumulate: 2}\n",
             /*launched_ranks=*/3);
  ASSERT_TRUE(p.setup.ok()) << p.Problems();
  EXPECT_EQ(p.setup->world_size(), 3);
  EXPECT_EQ(p.setup->batch_size, 2);
  Prepared odd("odd",
               std::string(kData) + ", global_batch_size: 10}\n" +
                   "trainer: {max_steps: 3, accumulate: 2}\n",
               3);
  EXPECT_EQ(odd.Problems(),
            "c.yaml:2:61: error: data.global_batch_size 10 does not divide by "
            "6 (3 data-parallel ranks x trainer.accumulate 2); use a multiple "
            "of 6 [out_of_range]\n");
}

TEST(RunSetupTest, ProblemsOfAllPartsAreFoundInOneGo) {
  Prepared p("all", std::string(kData) +
                        "0, batch_size: 2}\n"
                        "trainer: {max_epochs: 3}\n"
                        "optimizer: {name: adamw, lr: 0.1, betaz: 1}\n"
                        "schedule: {0: {params: ['tail.*']}}\n");
  EXPECT_FALSE(p.setup.ok());
  EXPECT_THAT(p.Problems(), HasSubstr("betaz"));
  EXPECT_THAT(p.Problems(), HasSubstr("tail.*"));
  EXPECT_THAT(p.Problems(),
              HasSubstr("data.seq_len 40 is longer than the model's "
                        "max_seq_len 8; lower data.seq_len"));
}

TEST(RunSetupTest, APlateauWithoutValidationIsRefused) {
  Prepared p("plateau", std::string(kData) +
                            "}\n"
                            "trainer: {max_steps: 3}\n"
                            "lr_scheduler: {name: reduce_lr_on_plateau}\n");
  EXPECT_THAT(p.Problems(),
              HasSubstr("waits for 'val_loss', but there is no validation "
                        "data; add data.val, or use another lr_scheduler "
                        "[needs_validation]"));
}

constexpr char kSplit[] =
    "trainer: {max_steps: 3, cpu_ranks: 4}\n"
    "mesh: {tp: 2}\n"
    "strategy_adapter_cfg:\n"
    "  binding: auto\n"
    "  tp_plan:\n"
    "    body: {style: rowwise, input: replicate, output: shard(1)}\n"
    "    head: {style: colwise, input: shard(1), output: replicate}\n";

TEST(RunSetupTest, RanksAlongTpCountOnce) {
  Prepared p("tp", std::string(kData) + "}\n" + kSplit);
  ASSERT_TRUE(p.setup.ok()) << p.Problems();
  EXPECT_EQ(p.setup->world_size(), 4);
  EXPECT_EQ(p.setup->dp_size(), 2);
  EXPECT_EQ(p.setup->plan.tp.size, 2);
  EXPECT_EQ(p.setup->order->global_batch(), 2 * p.setup->batch_size);
  EXPECT_EQ(p.setup->timeline.tp, 2);
}

TEST(RunSetupTest, SequencesAreSharedEvenly) {
  Prepared p(
      "tp_seq",
      std::string("data: {train: {path: t.txt}, seq_len: 7}\n") + kSplit);
  EXPECT_THAT(p.Problems(),
              HasSubstr("error: data.seq_len 7 does not divide by 2: under "
                        "this tp_plan each of the 2 ranks along mesh.tp works "
                        "on its part of every sequence between layers; use a "
                        "multiple of 2 [out_of_range]"));
}

TEST(RunSetupTest, AMeshWithTpNeedsATpPlan) {
  Prepared p("no_tp_plan", std::string(kData) +
                               "}\n"
                               "trainer: {max_steps: 3, cpu_ranks: 2}\n"
                               "mesh: {tp: 2}\n");
  EXPECT_THAT(p.Problems(),
              HasSubstr("error: mesh.tp is 2, but there is no tp_plan to say "
                        "how 2 ranks share the layers; write "
                        "strategy_adapter_cfg.tp_plan (llama, or a mapping "
                        "{module pattern: style}), or set mesh.tp to 1 "
                        "[tp_plan_missing]"));
}

constexpr char kScheduled[] =
    "trainer: {max_steps: 3}\n"
    "scheduler: {epoch_transitions_only: true}\n"
    "schedule:\n"
    "  0: {params: ['head.*'], max_transition_epoch: 1}\n"
    "  1: {params: ['body.*'], max_transition_epoch: 2}\n"
    "strategy_adapter_cfg: {fsdp_plan: {body: {}}}\n";

TEST(RunFilesTest, ARunLeavesItsConfigPlanAndSchedule) {
  Prepared p("files", std::string(kData) + "}\n" + kScheduled);
  ASSERT_TRUE(p.setup.ok()) << p.Problems();
  const std::string out = p.dir + "/made/here";
  ASSERT_TRUE(WriteRunFiles(*p.setup, out).ok());
  EXPECT_THAT(Read(out + "/config.yaml"), HasSubstr("max_steps: 3"));
  EXPECT_THAT(Read(out + "/plan.json"), HasSubstr("\"body.weight\""));
  EXPECT_THAT(Read(out + "/fake_ft_schedule.yaml"), HasSubstr("head.*"));
  EXPECT_FALSE(std::filesystem::exists(out + "/fake_ft_schedule_valid.yaml"));
  // What was written reads back as the same schedule.
  Diagnostics diags;
  const auto again = ReadYamlFile(out + "/fake_ft_schedule.yaml", &diags);
  ASSERT_TRUE(again.ok()) << diags.ToString();
  EXPECT_EQ(again->entries().size(), 2u);
}

TEST(RunFilesTest, ConvertedKeysLeaveTheScheduleAsItShouldBe) {
  Prepared p("converted",
             std::string(kData) +
                 "}\n"
                 "trainer: {max_steps: 3}\n"
                 "scheduler: {epoch_transitions_only: true}\n"
                 "schedule:\n"
                 "  '1': {params: ['body.*'], max_transition_epoch: 2}\n"
                 "  0.0: {params: ['head.*'], max_transition_epoch: 1}\n");
  ASSERT_TRUE(p.setup.ok()) << p.Problems();
  EXPECT_THAT(p.Problems(), HasSubstr("[phase_keys_converted]"));
  const std::string out = p.dir + "/out";
  ASSERT_TRUE(WriteRunFiles(*p.setup, out).ok());
  EXPECT_EQ(Read(out + "/fake_ft_schedule_valid.yaml"),
            "0:\n  params:\n    - head.*\n  max_transition_epoch: 1\n"
            "1:\n  params:\n    - body.*\n  max_transition_epoch: 2\n");
  EXPECT_THAT(Read(out + "/fake_ft_schedule.yaml"), HasSubstr("'1':"));
}

TEST(RunFilesTest, NoScheduleNoFile) {
  Prepared p("nofile", std::string(kData) + "}\ntrainer: {max_steps: 3}\n");
  ASSERT_TRUE(p.setup.ok()) << p.Problems();
  ASSERT_TRUE(WriteRunFiles(*p.setup, p.dir + "/out").ok());
  EXPECT_FALSE(std::filesystem::exists(p.dir + "/out/fake_ft_schedule.yaml"));
}

TEST(RunFilesTest, TheOfferedScheduleIsNamedAfterTheModel) {
  const std::string dir = Directory("valid");
  Diagnostics diags;
  const auto valid = ParseYaml("{0: {params: [a]}}", "f", &diags);
  const auto path = WriteValidSchedule(*valid, "fake", dir + "/out");
  ASSERT_TRUE(path.ok()) << path.status();
  EXPECT_EQ(*path, dir + "/out/fake_ft_schedule_valid.yaml");
  EXPECT_THAT(Read(*path), HasSubstr("params"));
}

TEST(RunFilesTest, AnUnwritableDirectoryIsNamed) {
  const std::string dir = Directory("unwritable");
  std::ofstream(dir + "/file") << "x";
  Diagnostics diags;
  const auto path = WriteValidSchedule(YamlNode(), "fake", dir + "/file");
  ASSERT_FALSE(path.ok());
  EXPECT_THAT(std::string(path.status().message()), HasSubstr(dir + "/file"));
}

TEST(RunLogTest, EveryEventGoesToTheMetricsFile) {
  Prepared p("log", std::string(kData) + "}\n" + kScheduled);
  ASSERT_TRUE(p.setup.ok()) << p.Problems();
  Diagnostics diags;
  const std::string out = p.dir + "/out";
  {
    auto log = RunLog::Create(out, *p.setup, &diags);
    ASSERT_TRUE(log.ok()) << log.status();
    EXPECT_TRUE((*log)->Validation({-1, -1, 0, 2.5}).ok());
    EXPECT_TRUE((*log)->Phase(PhaseEvent()).ok());
    EXPECT_TRUE((*log)->Step(TrainStepEvent()).ok());
    EXPECT_TRUE((*log)->RunEnd(RunEndEvent()).ok());
  }
  std::stringstream lines(Read(out + "/metrics.jsonl"));
  std::vector<std::string> events;
  for (std::string line; std::getline(lines, line);) {
    events.push_back(line.substr(0, line.find(',')));
  }
  EXPECT_THAT(events,
              ElementsAre(R"({"event":"validation")", R"({"event":"phase")",
                          R"({"event":"train_step")", R"({"event":"run_end")"));
  // A second run does not write over the first.
  EXPECT_FALSE(RunLog::Create(out, *p.setup, &diags).ok());
  EXPECT_THAT(diags.ToString(), HasSubstr("[output_dir_in_use]"));
}

}  // namespace
}  // namespace fts::train
