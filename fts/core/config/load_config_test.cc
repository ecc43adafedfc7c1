// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/config/load_config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "fts/core/config/paths.h"

namespace fts {
namespace {

YamlNode Parse(const std::string& text, const std::string& name = "f.yaml") {
  Diagnostics diags;
  auto node = ParseYaml(text, name, &diags);
  EXPECT_TRUE(node.ok()) << node.status();
  return node.ok() ? *node : YamlNode();
}

class LoadConfigTest : public testing::Test {
 protected:
  void SetUp() override {
    dir_ = std::string(std::getenv("TEST_TMPDIR")) + "/" +
           testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(dir_);
    std::filesystem::create_directories(dir_ + "/sub");
    // Commands are typed in dir_.
    setenv("BUILD_WORKING_DIRECTORY", dir_.c_str(), 1);
  }
  void TearDown() override { unsetenv("BUILD_WORKING_DIRECTORY"); }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(dir_ + "/" + name) << text;
  }

  // The merged config as YAML, or the errors, with the folder as $.
  std::string Load(const std::vector<std::string>& files,
                   const std::vector<std::string>& args = {},
                   bool places = false) {
    Diagnostics diags;
    auto overrides = ParseOverrides(args, &diags);
    EXPECT_TRUE(overrides.ok()) << overrides.status();
    auto merged = LoadConfig(files, *overrides, &diags);
    EmitOptions options;
    options.places = places;
    std::string out =
        merged.ok() ? EmitYaml(*merged, options) : diags.ToString();
    for (size_t at; (at = out.find(dir_)) != std::string::npos;) {
      out.replace(at, dir_.size(), "$");
    }
    return out;
  }

  std::string dir_;
};

TEST(MergeYaml, DeepForMappingsAndPositionKept) {
  const YamlNode merged =
      MergeYaml(Parse("a: {x: 1, y: [1, 2]}\nb: 2\nc: {d: 1}\n"),
                Parse("c: 5\nnew: 1\na: {y: [3], z: 4}\n", "g.yaml"));
  EmitOptions options;
  options.places = true;
  EXPECT_EQ(EmitYaml(merged, options),
            "a:\n"
            "  x: 1  # f.yaml:1\n"
            "  y:\n"
            "    - 3  # g.yaml:3\n"
            "  z: 4  # g.yaml:3\n"
            "b: 2  # f.yaml:2\n"
            "c: 5  # g.yaml:1\n"
            "new: 1  # g.yaml:2\n");
}

TEST(MergeYaml, NullReplacesAndIsReplaced) {
  EXPECT_EQ(EmitYaml(MergeYaml(Parse("a: {b: 1}\nc:\n"),
                               Parse("a:\nc: {d: {e: 1}}\n"))),
            "a: null\nc:\n  d:\n    e: 1\n");
}

TEST_F(LoadConfigTest, FilesMergeInOrderAndOverridesComeLast) {
  Write("a.yaml", "seed: 1\ntrainer: {max_epochs: 4, accumulate: 1}\n");
  Write("b.yaml", "trainer: {accumulate: 2}\n");
  EXPECT_EQ(Load({"a.yaml", "b.yaml"},
                 {"seed=3", "--trainer.log_interval", "5"}, true),
            "seed: 3\n"
            "trainer:\n"
            "  max_epochs: 4  # $/a.yaml:2\n"
            "  accumulate: 2  # $/b.yaml:1\n"
            "  log_interval: 5\n");
}

TEST_F(LoadConfigTest, StringsNameFilesRelativeToTheNamingFile) {
  Write("a.yaml",
        "schedule: sub/s.yaml\nstrategy_adapter_cfg: sub/p.yaml\n"
        "output_dir: runs\n");
  Write("sub/s.yaml", "0: {params: [x]}\n");
  Write("sub/p.yaml", "fsdp_plan: q.yaml\ntp_plan: llama\n");
  Write("sub/q.yaml", "model.output: {}\n");
  EXPECT_EQ(Load({"a.yaml"}, {}, true),
            "schedule:\n"
            "  0:\n"
            "    params:\n"
            "      - x  # $/sub/s.yaml:1\n"
            "strategy_adapter_cfg:\n"
            "  fsdp_plan:\n"
            "    model.output: {}  # $/sub/q.yaml:1\n"
            "  tp_plan: llama  # $/sub/p.yaml:2\n"
            "output_dir: runs  # $/a.yaml:3\n");
}

TEST_F(LoadConfigTest, LaterMappingsMergeIntoNamedFilesAndNamedFilesReplace) {
  Write("a.yaml", "schedule: s.yaml\n");
  Write("s.yaml", "0: {params: [x]}\n1: {params: [y], lr: 1e-3}\n");
  Write("t.yaml", "0: {params: [z]}\n");
  Write("b.yaml", "schedule: {1: {lr: 2e-3}}\n");
  EXPECT_EQ(Load({"a.yaml", "b.yaml"}),
            "schedule:\n  0:\n    params:\n      - x\n  1:\n    params:\n"
            "      - y\n    lr: 2e-3\n");
  EXPECT_EQ(Load({"a.yaml"}, {"schedule.1.lr=5e-3", "schedule.0.params+=w"}),
            "schedule:\n  0:\n    params:\n      - x\n      - w\n  1:\n"
            "    params:\n      - y\n    lr: 5e-3\n");
  EXPECT_EQ(Load({"a.yaml"}, {"schedule=t.yaml"}),
            "schedule:\n  0:\n    params:\n      - z\n");
  EXPECT_EQ(Load({"a.yaml"}, {"schedule=implicit"}), "schedule: implicit\n");
  EXPECT_EQ(Load({"a.yaml"}, {"schedule="}), "schedule: null\n");
}

TEST_F(LoadConfigTest, QuotedKeysAndNewPhases) {
  Write("a.yaml",
        "strategy_adapter_cfg:\n  fsdp_plan:\n    model.output: {}\n"
        "    'model.layers.\\d*$': {reshard_after_forward: true}\n");
  EXPECT_EQ(Load({"a.yaml"}, {"strategy_adapter_cfg.fsdp_plan.\"model.output\"."
                              "reshard_after_forward=false",
                              "schedule.2.lr=1"}),
            "strategy_adapter_cfg:\n  fsdp_plan:\n    model.output:\n"
            "      reshard_after_forward: false\n    model.layers.\\d*$:\n"
            "      reshard_after_forward: true\nschedule:\n  2:\n    lr: 1\n");
}

TEST_F(LoadConfigTest, FileErrors) {
  Write("list.yaml", "- 1\n");
  Write("empty.yaml", "");
  Write("a.yaml", "schedule: nope.yaml\nmodel: list.yaml\nmesh: empty.yaml\n");
  EXPECT_EQ(Load({"no.yaml", "list.yaml", "empty.yaml", "a.yaml"}),
            "error: cannot read '$/no.yaml': no such file [missing_file]\n"
            "$/list.yaml:1:1: error: the config file holds a list; it must "
            "hold a mapping (key: value) [bad_type]\n"
            "$/a.yaml:1:11: error: cannot read '$/nope.yaml': no such file; "
            "schedule names it [missing_file]\n"
            "$/a.yaml:2:8: error: model is a mapping, so 'list.yaml' names a "
            "file that must hold one; '$/list.yaml' holds a list [bad_type]\n"
            "$/a.yaml:3:7: error: mesh is a mapping, so 'empty.yaml' names a "
            "file that must hold one; '$/empty.yaml' holds nothing "
            "[bad_type]\n");
}

TEST_F(LoadConfigTest, AReservedWordIsSuggested) {
  Write("a.yaml", "strategy_adapter_cfg:\n  tp_plan: lama\n");
  EXPECT_EQ(Load({"a.yaml"}),
            "$/a.yaml:2:12: error: cannot read '$/lama': no such file; "
            "strategy_adapter_cfg.tp_plan names it; did you mean 'llama'? "
            "[missing_file]\n");
}

TEST_F(LoadConfigTest, CyclesEnd) {
  Write("a.yaml", "data: d.yaml\n");
  Write("d.yaml", "train: e.yaml\n");
  Write("e.yaml", "train: 1\n");
  EXPECT_EQ(Load({"a.yaml"}), "data:\n  train:\n    train: 1\n");
  Write("e.yaml", "path: x\n");
  Write("d.yaml", "train: d.yaml\n");
  EXPECT_EQ(Load({"a.yaml"}),
            "$/d.yaml:1:8: error: data.train names '$/d.yaml', which is being "
            "read already; a file cannot include itself [config_cycle]\n");
}

TEST_F(LoadConfigTest, OverrideErrors) {
  Write("a.yaml", "seed: 1\nlist: [1]\n");
  EXPECT_EQ(Load({"a.yaml"}, {"seed.x=1", "list.0=2", "seed+=1", "list+=[2]"}),
            "error: 'seed.x=1': seed is integer 1, which has no keys "
            "[bad_override]\n"
            "error: 'list.0=2': list is list [1], which has no keys; lists are "
            "replaced whole [bad_override]\n"
            "error: 'seed+=1': seed is integer 1; only lists take '+=' "
            "[bad_override]\n");
  EXPECT_EQ(Load({"a.yaml"}, {"list+=[2, 3]", "list+=4", "new+=5"}),
            "seed: 1\nlist:\n  - 1\n  - 2\n  - 3\n  - 4\nnew:\n  - 5\n");
}

}  // namespace
}  // namespace fts
