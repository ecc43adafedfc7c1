// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/run_files.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/core/config/yaml.h"
#include "fts/core/plan/plan_json.h"
#include "fts/core/schedule/phase_keys.h"
#include "fts/train/metrics_writer.h"

namespace fts::train {
namespace {

absl::Status WriteText(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (out) return absl::OkStatus();
  const std::string message =
      absl::StrCat("cannot write '", path, "': ", std::strerror(errno));
  return errno == ENOSPC ? absl::ResourceExhaustedError(message)
                         : absl::InternalError(message);
}

}  // namespace

absl::StatusOr<std::string> WriteValidSchedule(const YamlNode& valid,
                                               const std::string& arch,
                                               const std::string& output_dir) {
  FTS_RETURN_IF_ERROR(CreateOutputDir(output_dir));
  const std::string path =
      absl::StrCat(output_dir, "/", arch, "_ft_schedule_valid.yaml");
  FTS_RETURN_IF_ERROR(WriteText(path, EmitYaml(valid)));
  return path;
}

absl::Status WriteRunFiles(const RunSetup& setup,
                           const std::string& output_dir) {
  FTS_RETURN_IF_ERROR(CreateOutputDir(output_dir));
  FTS_RETURN_IF_ERROR(
      WriteText(output_dir + "/config.yaml", EmitYaml(setup.config.merged)));
  FTS_RETURN_IF_ERROR(
      WriteText(output_dir + "/plan.json",
                FullPlanToJson(setup.plan, Diagnostics()) + "\n"));
  if (setup.config.schedule.kind == ScheduleSpec::Kind::kNone) {
    return absl::OkStatus();
  }
  const std::string arch = setup.model->arch();
  FTS_RETURN_IF_ERROR(
      WriteText(absl::StrCat(output_dir, "/", arch, "_ft_schedule.yaml"),
                EmitYaml(setup.schedule_as_run)));
  Diagnostics already_reported;
  const PhaseKeys keys =
      ConvertPhaseKeys(setup.schedule_as_run, &already_reported);
  if (keys.changed) {
    return WriteValidSchedule(keys.valid, arch, output_dir).status();
  }
  return absl::OkStatus();
}

}  // namespace fts::train
