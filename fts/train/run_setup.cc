// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/run_setup.h"

#include <ATen/ops/empty.h>

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/codes.h"
#include "fts/core/base/status.h"
#include "fts/core/mesh/resolve_mesh.h"
#include "fts/core/plan/check_mesh.h"
#include "fts/core/plan/tp_layout.h"
#include "fts/core/session/check_flow.h"
#include "fts/core/session/check_supported.h"
#include "fts/train/check_optimization.h"
#include "fts/train/explain_run.h"
#include "fts/train/resolve_run.h"

namespace fts::train {
namespace {

absl::StatusOr<std::shared_ptr<const TokenSource>> OpenData(
    const DataFileSpec& file, const std::string& key, const RunSetup& setup,
    Diagnostics* diags) {
  TokenSourceSpec spec;
  spec.path = file.path;
  spec.format = file.format == DataFormat::kText ? TokenFormat::kText
                                                 : TokenFormat::kTokens;
  spec.dtype = file.dtype == DataDtype::kUint16 ? TokenDtype::kUint16
                                                : TokenDtype::kUint32;
  spec.vocab_size = setup.model->vocab_size();
  spec.seq_len = setup.config.data.seq_len;
  spec.key = key;
  spec.where = file.where;
  return TokenSource::Open(spec, diags);
}

// Sequences per rank and micro-step, from batch_size or global_batch_size.
int64_t BatchSize(const RunSetup& setup, Diagnostics* diags) {
  const DataSpec& data = setup.config.data;
  if (!data.global_batch_size.has_value()) return data.batch_size;
  const int64_t parts = setup.dp_size() * setup.config.trainer.accumulate;
  if (*data.global_batch_size % parts != 0) {
    diags->Error(
        codes::kOutOfRange,
        absl::StrCat("data.global_batch_size ", *data.global_batch_size,
                     " does not divide by ", parts, " (", setup.dp_size(),
                     " data-parallel ranks x trainer.accumulate ",
                     setup.config.trainer.accumulate, "); use a multiple of ",
                     parts),
        setup.config.Where("data.global_batch_size"));
    return 0;
  }
  return *data.global_batch_size / parts;
}

// Ranks along tp that share sequences, or batches, between layers share them
// evenly.
void CheckShares(const RunSetup& setup, Diagnostics* diags) {
  const TpPlan& tp = setup.plan.tp;
  if (!tp.active()) return;
  const auto check = [&](int64_t dim, const char* key, int64_t size,
                         const char* what) {
    if (!TpSplits(tp, dim) || size % tp.size == 0) return;
    diags->Error(
        codes::kOutOfRange,
        absl::StrCat(
            key, " ", size, " does not divide by ", tp.size,
            ": under this tp_plan each of the ", tp.size,
            " ranks along mesh.tp works on its part of ", what,
            " between layers; use a multiple of ", tp.size,
            tp.written.is_string() ? ", or sequence_parallel: false" : ""),
        setup.config.Where(key));
  };
  check(1, "data.seq_len", setup.config.data.seq_len, "every sequence");
  check(0, "data.batch_size", setup.batch_size, "every batch");
}

absl::Status MakeData(RunSetup* setup, Diagnostics* diags) {
  const RunConfig& config = setup->config;
  if (config.data.seq_len > setup->model->max_seq_len()) {
    diags->Error(
        codes::kOutOfRange,
        absl::StrCat("data.seq_len ", config.data.seq_len,
                     " is longer than the model's max_seq_len ",
                     setup->model->max_seq_len(), "; lower data.seq_len"),
        config.Where("data.seq_len"));
  }
  auto train = OpenData(config.data.train, "data.train", *setup, diags);
  if (config.data.val.has_value()) {
    auto val = OpenData(*config.data.val, "data.val", *setup, diags);
    if (val.ok()) setup->val = *std::move(val);
  }
  setup->batch_size = BatchSize(*setup, diags);
  CheckShares(*setup, diags);
  if (!train.ok() || setup->batch_size == 0) return diags->status();
  setup->train = *std::move(train);
  SampleOrderOptions order;
  order.samples = SampleCount(setup->train->size(), config.data.seq_len);
  order.batch_size = setup->batch_size;
  order.accumulate = config.trainer.accumulate;
  order.dp_size = setup->dp_size();
  order.shuffle = config.data.shuffle;
  order.seed = config.seed;
  order.steps_per_epoch = config.trainer.steps_per_epoch;
  order.where = config.Where(config.trainer.steps_per_epoch.has_value()
                                 ? "trainer.steps_per_epoch"
                                 : "data.train");
  order.batch_where = config.Where(config.data.global_batch_size.has_value()
                                       ? "data.global_batch_size"
                                       : "data.batch_size");
  FTS_ASSIGN_OR_RETURN(setup->order, SampleOrder::Create(order, diags));
  return diags->status();
}

// Whether what modules hand to each other lies as the tp_plan says.
void CheckLayouts(const RunSetup& setup, Diagnostics* diags) {
  if (!setup.plan.tp.active() || !diags->ok()) return;
  const std::unique_ptr<TrainModel> model = setup.model->OnMeta();
  if (model == nullptr) return;
  // A number of sequences that no other dimension is likely to have, and that
  // plans which split the batch can share.
  const at::Tensor tokens =
      at::empty({7 * setup.plan.tp.size, setup.config.data.seq_len},
                at::TensorOptions().dtype(at::kLong).device(at::kMeta));
  CheckFlow(
      setup.plan, model->parts(), [&] { model->Forward(tokens); }, diags);
}

}  // namespace

absl::StatusOr<RunSetup> PrepareRun(RunConfig config,
                                    const comm::LaunchEnvironment& launch,
                                    const ModelFactory& make_model,
                                    Diagnostics* diags) {
  RunSetup setup;
  setup.config = std::move(config);
  const RunConfig& c = setup.config;

  MeshRequest request;
  request.dp_replicate = c.mesh.dp_replicate;
  request.dp_shard = c.mesh.dp_shard;
  request.tp = c.mesh.tp;
  request.where = c.Where("mesh");
  RankSources ranks;
  if (launch.launched) ranks.world_size = launch.world_size;
  ranks.cpu_ranks = c.trainer.cpu_ranks;
  auto mesh = ResolveMesh(request, ranks, diags);

  CheckRunOptimization(c, diags);
  FTS_ASSIGN_OR_RETURN(setup.model, make_model(c, diags));
  // From here on problems are collected: each part is checked on its own.
  ResolvedRun resolved =
      ResolveRun(c, setup.model->description(),
                 mesh.ok() ? mesh->DimSize(kTp) : c.mesh.tp, diags);
  const bool complete =
      resolved.schedule && resolved.scheduler && resolved.plan;
  setup.schedule_as_run = std::move(resolved.schedule_as_run);
  if (resolved.scheduler) setup.scheduler = *std::move(resolved.scheduler);
  if (resolved.plan) {
    setup.plan = *std::move(resolved.plan);
    CheckSupported(setup.plan, diags);
  }
  if (resolved.schedule) {
    setup.schedule = *std::move(resolved.schedule);
    CheckPhaseOptimization(c, setup.schedule_as_run, setup.schedule, diags);
  }
  if (mesh.ok()) {
    setup.mesh = *std::move(mesh);
    if (complete) {
      CheckPlanFitsMesh(setup.plan, setup.model->description(), setup.mesh,
                        diags)
          .IgnoreError();
    }
    MakeData(&setup, diags).IgnoreError();
    if (complete) CheckLayouts(setup, diags);
  }
  FTS_RETURN_IF_ERROR(diags->status());
  if (!complete) return absl::InternalError("the run could not be resolved");
  RunFacts facts;
  facts.world_size = setup.dp_size();
  facts.replicas = setup.mesh.DimSize(kDpReplicate);
  facts.steps_per_epoch = setup.order->steps_per_epoch();
  facts.tokens_per_step = setup.tokens_per_step();
  setup.timeline =
      ExplainRun(c, setup.model->description(), setup.schedule_as_run,
                 setup.schedule, setup.plan, facts, diags);
  return setup;
}

}  // namespace fts::train
