// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The example configs are read without a complaint and say what README.md says.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>
#include <vector>

#include "fts/core/config/load_config.h"
#include "fts/core/config/run_config.h"
#include "fts/core/match/model_description.h"
#include "fts/core/schedule/resolve.h"

namespace fts {
namespace {

std::string Path(const std::string& name) {
  return std::string(getenv("TEST_SRCDIR")) + "/" + getenv("TEST_WORKSPACE") +
         "/examples/" + name;
}

RunConfig Load(const std::vector<std::string>& names) {
  std::vector<std::string> paths;
  for (const std::string& name : names) paths.push_back(Path(name));
  Diagnostics diags;
  auto merged = LoadConfig(paths, {}, &diags);
  EXPECT_TRUE(merged.ok()) << diags.ToString();
  if (!merged.ok()) return {};
  auto config = ReadRunConfig(*merged, &diags);
  EXPECT_TRUE(config.ok());
  EXPECT_EQ(diags.ToString(), "");
  return config.ok() ? *config : RunConfig();
}

// The names of the bundled model.
ModelDescription BundledLlama() {
  ModelDescription model;
  auto add = [&](const std::string& name) {
    model.parameters.push_back({name + ".weight", {4}, "bfloat16", {}});
  };
  add("model.tok_embeddings");
  for (int layer = 0; layer < 4; ++layer) {
    for (const char* part :
         {"attention.wq", "attention.wk", "attention.wv", "attention.wo",
          "feed_forward.w1", "feed_forward.w2", "feed_forward.w3",
          "attention_norm", "ffn_norm"}) {
      add("model.layers." + std::to_string(layer) + "." + part);
    }
  }
  add("model.norm");
  add("model.output");
  return model;
}

std::vector<size_t> PhaseSizes(const RunConfig& config) {
  ResolveOptions options;
  options.max_depth = config.scheduler.max_depth;
  options.base_max_lr = config.scheduler.base_max_lr;
  options.max_epochs = config.trainer.max_epochs;
  Diagnostics diags;
  auto schedule =
      ResolveSchedule(config.schedule.phases, BundledLlama(), options, &diags);
  EXPECT_TRUE(schedule.ok());
  EXPECT_EQ(diags.ToString(), "");
  std::vector<size_t> sizes;
  if (!schedule.ok()) return sizes;
  for (const Phase& phase : schedule->phases) {
    sizes.push_back(phase.params.size());
    EXPECT_EQ(phase.max_transition_epoch,
              phase.index < 2 ? phase.index + 1 : -1);
  }
  return sizes;
}

TEST(ExampleConfigs, LlamaFsdpAuto) {
  const RunConfig config = Load({"llama_fsdp_auto.yaml"});
  EXPECT_EQ(config.model.path, Path("data/llama_bytes"));
  EXPECT_EQ(config.data.train.path, Path("data/jargon_train.txt"));
  EXPECT_EQ(config.trainer.cpu_ranks, 2);
  EXPECT_EQ(PhaseSizes(config), (std::vector<size_t>{2, 9, 28}));
  const YamlNode* plan = config.strategy_adapter_cfg.Find("fsdp_plan");
  ASSERT_NE(plan, nullptr);
  ASSERT_EQ(plan->entries().size(), 2u);
  EXPECT_EQ(plan->entries()[0].key.text(), "model.output");
  EXPECT_EQ(plan->entries()[1].key.text(), "model.layers.\\d*$");
  const YamlNode* defaults =
      config.strategy_adapter_cfg.Find("fsdp_default_kwargs");
  ASSERT_NE(defaults, nullptr);
  EXPECT_TRUE(defaults->Find("reshard_after_forward")->as_bool());
  EXPECT_EQ(defaults->Find("act_ckpt")->items()[0].text(), "composable");
  EXPECT_TRUE(defaults->Find("cpu_offload_policy")->entries().empty());
}

// The tour's run, on other meshes.
TEST(ExampleConfigs, LlamaTpPlanAndLlama2d) {
  const RunConfig fsdp = Load({"llama_fsdp_auto.yaml"});
  for (const char* name : {"llama_tp_plan.yaml", "llama_2d.yaml"}) {
    SCOPED_TRACE(name);
    const RunConfig config = Load({name});
    EXPECT_EQ(config.mesh.tp, 2);
    EXPECT_EQ(config.trainer.cpu_ranks, config.mesh.tp * config.mesh.dp_shard);
    EXPECT_EQ(config.data.batch_size * config.mesh.dp_shard,
              fsdp.data.batch_size * fsdp.trainer.cpu_ranks);
    EXPECT_EQ(config.data.train.path, fsdp.data.train.path);
    EXPECT_EQ(config.trainer.max_epochs, fsdp.trainer.max_epochs);
    EXPECT_EQ(PhaseSizes(config), (std::vector<size_t>{2, 9, 28}));
    const YamlNode& adapter = config.strategy_adapter_cfg;
    EXPECT_EQ(adapter.Find("tp_plan")->text(), "llama");
    EXPECT_TRUE(adapter.Find("loss_parallel")->as_bool());
    const YamlNode* plan = adapter.Find("fsdp_plan");
    EXPECT_EQ(plan == nullptr ? 0u : plan->entries().size(),
              config.mesh.dp_shard == 1 ? 0u : 2u);
  }
}

// Only the phases that run differ.
TEST(ExampleConfigs, HeadOnly) {
  const RunConfig full = Load({"llama_fsdp_auto.yaml"});
  const RunConfig head = Load({"llama_fsdp_auto.yaml", "head_only.yaml"});
  EXPECT_EQ(full.scheduler.max_depth, -1);
  EXPECT_EQ(head.scheduler.max_depth, 0);
  EXPECT_NE(head.output_dir, full.output_dir);
  EXPECT_EQ(head.scheduler.base_max_lr, full.scheduler.base_max_lr);
  EXPECT_EQ(head.data.train.path, full.data.train.path);
  EXPECT_EQ(head.trainer.max_epochs, full.trainer.max_epochs);
}

TEST(ExampleConfigs, Rotating) {
  const RunConfig config = Load({"rotating.yaml"});
  ResolveOptions options;
  options.max_epochs = config.trainer.max_epochs;
  Diagnostics diags;
  const auto schedule =
      ResolveSchedule(config.schedule.phases, BundledLlama(), options, &diags);
  ASSERT_TRUE(schedule.ok()) << diags.ToString();
  EXPECT_EQ(diags.ToString(), "");
  std::vector<std::vector<size_t>> sizes;  // thawed, frozen, groups
  for (const Phase& phase : schedule->phases) {
    sizes.push_back(
        {phase.params.size(), phase.freeze.size(), phase.groups.size()});
  }
  EXPECT_EQ(sizes, (std::vector<std::vector<size_t>>{
                       {2, 0, 1}, {18, 1, 2}, {19, 18, 3}, {19, 0, 3}}));
  EXPECT_EQ(schedule->phases[1].groups[1].name, "model.layers.2");
}

TEST(ExampleConfigs, PretrainLlama) {
  const RunConfig config = Load({"pretrain_llama.yaml"});
  EXPECT_FALSE(config.model.path.has_value());
  EXPECT_EQ(config.model.config.Find("dim")->as_int(), 128);
  EXPECT_EQ(config.schedule.kind, ScheduleSpec::Kind::kNone);
  ASSERT_TRUE(config.lr_scheduler.has_value());
  // The cosine ends where the run does.
  EXPECT_EQ(config.lr_scheduler->args.Find("T_max")->as_int(),
            config.trainer.max_steps);
}

}  // namespace
}  // namespace fts
