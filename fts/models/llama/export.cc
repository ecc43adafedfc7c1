// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/models/llama/export.h"

#include <ATen/core/grad_mode.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/core/safetensors/dtype.h"
#include "fts/models/llama/dtypes.h"
#include "fts/models/llama/hf_config.h"
#include "fts/models/llama/names.h"

namespace fts::llama {
namespace {

absl::Status WriteError(const std::string& path, const char* what) {
  const int error = errno;
  const std::string message =
      absl::StrCat(path, ": cannot ", what, ": ", strerror(error));
  return error == ENOSPC || error == EDQUOT
             ? absl::ResourceExhaustedError(message)
             : absl::InternalError(message);
}

// Writes a small file beside its place and renames it there.
absl::Status WriteText(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".tmp";
  const int fd =
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return WriteError(path, "create the file");
  absl::Status status;
  if (::write(fd, text.data(), text.size()) !=
      static_cast<ssize_t>(text.size())) {
    status = WriteError(path, "write");
  } else if (::fsync(fd) != 0) {
    status = WriteError(path, "flush");
  }
  ::close(fd);
  if (status.ok() && std::rename(temporary.c_str(), path.c_str()) != 0) {
    status = WriteError(path, "rename the finished file into place");
  }
  if (!status.ok()) ::unlink(temporary.c_str());
  return status;
}

std::string GenerationConfig(const LlamaConfig& config) {
  nlohmann::json json = {{"_from_model_config", true}};
  if (config.bos_token_id.has_value()) {
    json["bos_token_id"] = *config.bos_token_id;
  }
  if (config.pad_token_id.has_value()) {
    json["pad_token_id"] = *config.pad_token_id;
  }
  if (config.eos_token_ids.size() == 1) {
    json["eos_token_id"] = config.eos_token_ids[0];
  } else if (config.eos_token_ids.size() > 1) {
    json["eos_token_id"] = config.eos_token_ids;
  }
  return json.dump(2) + "\n";
}

}  // namespace

absl::StatusOr<std::unique_ptr<HfExporter>> HfExporter::Create(
    const std::string& directory, const LlamaConfig& config,
    at::ScalarType dtype) {
  const std::optional<safetensors::DType> file_dtype = ToSafetensors(dtype);
  if (!file_dtype.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(
        directory, ": cannot export in dtype ", c10::toString(dtype),
        "; expected float32, bfloat16 or float16"));
  }
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (!error) std::filesystem::remove(directory + "/config.json", error);
  if (error) {
    return absl::InternalError(absl::StrCat(
        directory, ": cannot prepare the directory: ", error.message()));
  }
  std::unique_ptr<HfExporter> exporter(new HfExporter());
  exporter->directory_ = directory;
  exporter->config_ = config;
  exporter->dtype_ = dtype;
  std::vector<safetensors::TensorSpec> specs;
  for (ParameterShape& parameter : ParameterShapes(config)) {
    specs.push_back(
        {ToHfName(parameter.name).value(), *file_dtype, parameter.shape});
    exporter->shapes_[parameter.name] = std::move(parameter.shape);
  }
  FTS_ASSIGN_OR_RETURN(exporter->writer_,
                       safetensors::Writer::Create(
                           directory + "/model.safetensors", std::move(specs)));
  return exporter;
}

absl::Status HfExporter::Add(const std::string& native_name,
                             const at::Tensor& value) {
  if (config_.tied_embeddings && native_name == kOutputName) {
    return absl::OkStatus();
  }
  const auto found = shapes_.find(native_name);
  if (found == shapes_.end()) {
    return absl::NotFoundError(
        absl::StrCat(directory_, ": parameter '", native_name,
                     "' is not the model's, or was given before"));
  }
  if (!value.device().is_cpu() ||
      value.sizes() != at::IntArrayRef(found->second)) {
    return absl::InvalidArgumentError(
        absl::StrCat(directory_, ": parameter '", native_name, "' has shape ",
                     safetensors::ShapeToString(value.sizes().vec()), " on ",
                     value.device().str(), "; expected ",
                     safetensors::ShapeToString(found->second), " on cpu"));
  }
  at::NoGradGuard no_grad;
  const std::string name = ToHfName(native_name).value();
  const at::Tensor flat =
      value.detach().contiguous().view(at::IntArrayRef({-1}));
  // Cast in pieces, so that a large table is not held twice.
  constexpr int64_t kChunk = 1 << 22;
  for (int64_t at = 0; at < flat.numel(); at += kChunk) {
    const at::Tensor piece =
        flat.narrow(0, at, std::min(kChunk, flat.numel() - at)).to(dtype_);
    FTS_RETURN_IF_ERROR(
        writer_->Append(name, piece.const_data_ptr(), piece.nbytes()));
  }
  shapes_.erase(found);
  return absl::OkStatus();
}

absl::Status HfExporter::Finish() {
  if (!shapes_.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(directory_, ": ", shapes_.size(),
                     " parameters were not given, the first is '",
                     shapes_.begin()->first, "'"));
  }
  FTS_RETURN_IF_ERROR(writer_->Commit());
  FTS_RETURN_IF_ERROR(WriteText(directory_ + "/generation_config.json",
                                GenerationConfig(config_)));
  return WriteText(directory_ + "/config.json",
                   HfConfigToJson(config_, HfDtypeName(dtype_)));
}

absl::Status ExportHf(const nn::Module& model, const LlamaConfig& config,
                      const std::string& directory, at::ScalarType dtype) {
  FTS_ASSIGN_OR_RETURN(std::unique_ptr<HfExporter> exporter,
                       HfExporter::Create(directory, config, dtype));
  for (const auto& [name, tensor] : model.NamedParameters()) {
    FTS_RETURN_IF_ERROR(exporter->Add(name, tensor));
  }
  return exporter->Finish();
}

}  // namespace fts::llama
