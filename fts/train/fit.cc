// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/fit.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <iostream>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fts/core/comm/launch_environment.h"
#include "fts/core/config/paths.h"
#include "fts/core/schedule/phase_keys.h"
#include "fts/core/session/ranks.h"
#include "fts/train/launcher.h"
#include "fts/train/metrics_writer.h"
#include "fts/train/rank_reporter.h"
#include "fts/train/run_files.h"
#include "fts/train/run_setup.h"
#include "fts/train/trainer.h"

namespace fts::train {
namespace {

// Tells ranks that we started where the run's output goes; set means that the
// parent has already checked everything and printed the warnings.
constexpr char kOutputDirVariable[] = "FTS_RUN_OUTPUT_DIR";

bool IsLocalRank() { return std::getenv(kOutputDirVariable) != nullptr; }

int PrintProblems(const Diagnostics& diags, bool warnings) {
  for (const Diagnostic& d : diags.all()) {
    if (d.severity == Severity::kError || warnings) {
      std::cerr << d.ToString() << "\n";
    }
  }
  return diags.ok() ? 0 : 2;
}

// runs/llama-20260131-142500
std::string DefaultOutputDir(const std::string& arch) {
  const std::time_t now = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%d-%H%M%S", std::localtime(&now));
  return UserPath(absl::StrCat("runs/", arch, "-", text));
}

std::string OutputDir(const RunConfig& config) {
  if (const char* given = std::getenv(kOutputDirVariable)) return given;
  return config.output_dir.has_value() ? *config.output_dir
                                       : DefaultOutputDir(config.model.arch);
}

// 0: off.
std::chrono::milliseconds HangTimeout(const TrainerSpec& trainer) {
  // Longer than any run, and no overflow.
  constexpr double kMostSeconds = 1e9;
  const double seconds = std::min(trainer.hang_timeout, kMostSeconds);
  return std::chrono::milliseconds(std::llround(std::ceil(seconds * 1e3)));
}

void SetThreads(const RunConfig& config, int local_ranks) {
  int64_t threads = 0;
  if (config.trainer.threads.has_value()) {
    threads = *config.trainer.threads;
  } else if (const char* omp = std::getenv("OMP_NUM_THREADS")) {
    threads = std::atoll(omp);
  }
  if (threads <= 0) {
    threads = std::max(1u, std::thread::hardware_concurrency()) /
              std::max(1, local_ranks);
  }
  at::set_num_threads(static_cast<int>(std::max<int64_t>(threads, 1)));
}

// What LibTorch or a model throws outside the session's own guards still lets
// the other ranks go with a message.
absl::Status TrainOrStatus(RunSetup* setup, const Ranks& ranks,
                           const std::string& output_dir) {
  try {
    return Train(setup, ranks, output_dir);
  } catch (const std::exception& e) {
    return absl::InternalError(e.what());
  }
}

// Diagnostics bring the word along.
void PrintError(const absl::Status& status) {
  const std::string text(status.message());
  std::cerr << (absl::StartsWith(text, "error: ") ? "" : "error: ") << text
            << "\n";
}

// Of one collective call, and of starting up. Whoever started us watches over
// hanging ranks and knows which ones are busy, and comes first; under another
// launcher nobody does, and what the user wrote is the limit.
std::chrono::milliseconds CollectiveTimeout(const TrainerSpec& trainer) {
  constexpr std::chrono::milliseconds kDefault = std::chrono::minutes(10);
  const std::chrono::milliseconds hang = HangTimeout(trainer);
  if (IsLocalRank()) return std::max(kDefault, 2 * hang);
  return trainer.hang_timeout_given && hang.count() > 0 ? hang : kDefault;
}

int RunThisRank(RunSetup* setup, const comm::LaunchEnvironment& launch,
                const std::string& output_dir) {
  SetThreads(setup->config, launch.local_world_size);
  absl::Status status = ReportToLauncher(launch.rank);
  if (!status.ok()) {
    PrintError(status);
    return 1;
  }
  auto ranks = Ranks::Connect(launch, CollectiveTimeout(setup->config.trainer));
  status = ranks.status();
  if (status.ok()) {
    status = ranks->SplitTp(static_cast<int>(setup->mesh.DimSize(kTp)));
  }
  if (status.ok()) {
    status = ranks->SplitReplicas(
        static_cast<int>(setup->mesh.DimSize(kDpReplicate)));
  }
  if (status.ok()) status = TrainOrStatus(setup, *ranks, output_dir);
  if (status.ok()) return 0;
  std::cout << std::flush;
  PrintError(status);
  if (ranks.ok()) ranks->Abort(std::string(status.message()));
  const bool lost_peer =
      absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
  return lost_peer && IsLocalRank() ? kLostPeerExitCode : 1;
}

int StartRanks(const RunSetup& setup, const std::string& output_dir) {
  absl::Status status = CreateOutputDir(output_dir);
  if (status.ok()) {
    LaunchOptions options;
    options.world_size = static_cast<int>(setup.world_size());
    options.log_dir = output_dir;
    options.extra_env = {{kOutputDirVariable, output_dir}};
    options.hang_timeout = HangTimeout(setup.config.trainer);
    const auto code = RunLocalRanks(options);
    if (code.ok()) return *code;
    status = code.status();
  }
  PrintError(status);
  return 1;
}

// A schedule whose phases had to be renumbered is refused; the corrected one is
// left beside the run's output for review.
void OfferValidSchedule(const RunConfig& config,
                        const std::string& output_dir) {
  if (config.schedule.kind != ScheduleSpec::Kind::kExplicit) return;
  Diagnostics already_reported;
  const PhaseKeys keys =
      ConvertPhaseKeys(config.schedule.phases, &already_reported);
  if (!keys.renumbered) return;
  const auto path =
      WriteValidSchedule(keys.valid, config.model.arch, output_dir);
  if (path.ok()) {
    std::cerr << "the renumbered schedule is in " << *path
              << "; review it and use it instead\n";
  }
}

}  // namespace

int RunFit(const ConfigArgs& arguments, const ModelFactory& make_model) {
  Diagnostics diags;
  const auto config =
      LoadRunConfig(arguments.files, arguments.overrides, &diags);
  const auto launch =
      comm::ReadLaunchEnvironment(comm::ProcessEnvironment(), &diags);
  if (!config.ok() || !launch.ok()) return PrintProblems(diags, true);
  const std::string output_dir = OutputDir(*config);
  const bool writes = launch->rank == 0;
  if (writes) {
    CheckOutputDir(output_dir, config->Where("output_dir"), &diags);
  }
  auto setup = PrepareRun(*config, *launch, make_model, &diags);
  if (PrintProblems(diags, writes && !IsLocalRank()) != 0 || !setup.ok()) {
    if (writes) OfferValidSchedule(*config, output_dir);
    return 2;
  }
  if (!launch->launched && setup->world_size() > 1) {
    return StartRanks(*setup, output_dir);
  }
  return RunThisRank(&*setup, *launch, output_dir);
}

}  // namespace fts::train
