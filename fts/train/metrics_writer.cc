// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/metrics_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/diagnostics_json.h"
#include "fts/core/base/status.h"
#include "fts/train/codes.h"

namespace fts::train {
namespace {

Json Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

Json Numbers(const std::vector<double>& values) {
  Json list = Json::array();
  for (double value : values) list.push_back(Number(value));
  return list;
}

void AddMeasured(const std::optional<PhaseMeasured>& measured, Json* line) {
  if (!measured.has_value()) return;
  Json json;
  json["phase"] = measured->phase;
  json["bytes_gathered"] = measured->bytes_gathered;
  json["bytes_reduced"] = measured->bytes_reduced;
  json["gradient_bytes"] = measured->gradient_bytes;
  json["moment_bytes"] = measured->moment_bytes;
  json["peak_bytes"] = measured->peak_bytes;
  if (measured->bytes_along_tp.has_value()) {
    json["bytes_along_tp"] = *measured->bytes_along_tp;
  }
  (*line)["measured"] = std::move(json);
}

std::string MetricsPath(const std::string& dir) {
  return absl::StrCat(dir, "/metrics.jsonl");
}

std::string InUseText(const std::string& dir) {
  return absl::StrCat("output_dir '", dir,
                      "' already holds a metrics.jsonl of another run; name a "
                      "new output_dir, or remove the old run");
}

// The nearest directory of `dir` upwards that exists.
std::string ExistingParent(std::string dir) {
  struct stat info;
  while (stat(dir.c_str(), &info) != 0 && errno == ENOENT) {
    while (dir.size() > 1 && dir.back() == '/') dir.pop_back();
    const size_t slash = dir.rfind('/');
    if (slash == std::string::npos) return ".";
    dir.resize(slash == 0 ? 1 : slash);
  }
  return dir;
}

}  // namespace

std::string ToJsonLine(const TrainStepEvent& event) {
  Json line;
  line["event"] = "train_step";
  line["step"] = event.step;
  line["epoch"] = event.epoch;
  line["phase"] = event.phase;
  line["loss"] = Number(event.loss);
  line["grad_norm"] = Number(event.grad_norm);
  line["lr"] = Numbers(event.lr);
  line["tokens_per_s"] = Number(event.tokens_per_s);
  line["step_ms"] = Number(event.step_ms);
  line["mem_mib"] = Number(event.mem_mib);
  return DumpJson(line);
}

std::string ToJsonLine(const ValidationEvent& event) {
  Json line;
  line["event"] = "validation";
  line["step"] = event.step;
  line["epoch"] = event.epoch;
  line["phase"] = event.phase;
  line["val_loss"] = Number(event.val_loss);
  return DumpJson(line);
}

std::string ToJsonLine(const PhaseEvent& event) {
  Json line;
  line["event"] = "phase";
  line["phase"] = event.phase;
  line["epoch"] = event.epoch;
  line["step"] = event.step;
  line["reason"] = event.reason;
  line["thawed"] = event.thawed;
  if (!event.frozen.empty()) line["frozen"] = event.frozen;
  line["trainable_params"] = event.trainable_params;
  line["total_params"] = event.total_params;
  line["transition_ms"] = Number(event.transition_ms);
  AddMeasured(event.measured, &line);
  return DumpJson(line);
}

std::string ToJsonLine(const RunEndEvent& event) {
  Json line;
  line["event"] = "run_end";
  line["reason"] = event.reason;
  line["steps"] = event.steps;
  line["best"] = event.best.has_value() ? Number(*event.best) : Json();
  AddMeasured(event.measured, &line);
  return DumpJson(line);
}

void CheckOutputDir(const std::string& dir, const SourceLocation& where,
                    Diagnostics* diags) {
  struct stat info;
  if (lstat(MetricsPath(dir).c_str(), &info) == 0) {
    diags->Error(codes::kOutputDirInUse, InUseText(dir), where);
    return;
  }
  const std::string parent = ExistingParent(dir);
  if (stat(parent.c_str(), &info) != 0) {
    diags->Error(codes::kOutputDirUnwritable,
                 absl::StrCat("output_dir '", dir, "' cannot be used: '",
                              parent, "': ", strerror(errno)),
                 where);
  } else if (!S_ISDIR(info.st_mode)) {
    diags->Error(codes::kOutputDirUnwritable,
                 absl::StrCat("output_dir '", dir, "' cannot be used: '",
                              parent, "' is not a directory"),
                 where);
  } else if (access(parent.c_str(), W_OK | X_OK) != 0) {
    diags->Error(codes::kOutputDirUnwritable,
                 absl::StrCat("output_dir '", dir, "' cannot be used: '",
                              parent, "' is not writable: ", strerror(errno)),
                 where);
  }
}

absl::Status CreateOutputDir(const std::string& dir) {
  for (size_t end = 1; end <= dir.size(); ++end) {
    if (end != dir.size() && dir[end] != '/') continue;
    const std::string part = dir.substr(0, end);
    if (mkdir(part.c_str(), 0777) != 0 && errno != EEXIST) {
      return absl::InternalError(absl::StrCat("cannot create directory '", part,
                                              "': ", strerror(errno)));
    }
  }
  struct stat info;
  if (stat(dir.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return absl::InternalError(absl::StrCat("'", dir, "' is not a directory"));
  }
  return absl::OkStatus();
}

absl::StatusOr<MetricsWriter> MetricsWriter::Create(const std::string& dir,
                                                    Diagnostics* diags) {
  const absl::Status created = CreateOutputDir(dir);
  if (!created.ok()) {
    diags->Error(codes::kOutputDirUnwritable, std::string(created.message()));
    return diags->status();
  }
  const std::string path = MetricsPath(dir);
  const int fd = open(path.c_str(),
                      O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
  if (fd < 0 && errno == EEXIST) {
    diags->Error(codes::kOutputDirInUse, InUseText(dir));
    return diags->status();
  }
  if (fd < 0) {
    diags->Error(codes::kOutputDirUnwritable,
                 absl::StrCat("cannot create '", path, "': ", strerror(errno)));
    return diags->status();
  }
  return MetricsWriter(path, fd);
}

MetricsWriter::~MetricsWriter() {
  if (fd_ >= 0) close(fd_);
}

MetricsWriter::MetricsWriter(MetricsWriter&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

MetricsWriter& MetricsWriter::operator=(MetricsWriter&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  return *this;
}

absl::Status MetricsWriter::WriteLine(std::string line) {
  line.push_back('\n');
  const char* next = line.data();
  size_t left = line.size();
  while (left > 0) {
    const ssize_t wrote = write(fd_, next, left);
    if (wrote < 0) {
      if (errno == EINTR) continue;
      const std::string text =
          absl::StrCat("cannot write to '", path_, "': ", strerror(errno));
      return errno == ENOSPC || errno == EDQUOT
                 ? absl::ResourceExhaustedError(text)
                 : absl::InternalError(text);
    }
    next += wrote;
    left -= wrote;
  }
  return absl::OkStatus();
}

}  // namespace fts::train
