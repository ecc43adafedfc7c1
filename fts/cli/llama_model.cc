// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/cli/llama_model.h"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fts/core/base/codes.h"
#include "fts/core/base/status.h"
#include "fts/core/nn/describe.h"
#include "fts/core/nn/parameter_source.h"
#include "fts/models/llama/checkpoint.h"
#include "fts/models/llama/config.h"
#include "fts/models/llama/export.h"
#include "fts/models/llama/heads.h"
#include "fts/models/llama/init.h"
#include "fts/models/llama/model.h"
#include "fts/models/llama/names.h"

namespace fts::cli {
namespace {

at::ScalarType StoredDtype(const std::string& name) {
  if (name == "bfloat16") return at::kBFloat16;
  if (name == "float16") return at::kHalf;
  return at::kFloat;
}

// Names as the user asked for them, and back. A name that has no other
// spelling stays.
std::string Shown(const std::string& native, ParameterNames names) {
  if (names == ParameterNames::kNative) return native;
  return llama::ToHfName(native).value_or(native);
}
std::string Native(const std::string& shown, ParameterNames names) {
  if (names == ParameterNames::kNative) return shown;
  return llama::ToNativeName(shown).value_or(shown);
}

ModelDescription Describe(const llama::Llama& model, ParameterNames names) {
  const ModelDescription native =
      llama::WithHeads(nn::Describe(model), model.config());
  return names == ParameterNames::kHf ? llama::WithHfNames(native) : native;
}

class LlamaExporter : public train::ModelExporter {
 public:
  LlamaExporter(std::unique_ptr<llama::HfExporter> exporter,
                ParameterNames names)
      : exporter_(std::move(exporter)), names_(names) {}
  absl::Status Add(const std::string& name, const at::Tensor& value) override {
    return exporter_->Add(Native(name, names_), value);
  }
  absl::Status Finish() override { return exporter_->Finish(); }

 private:
  std::unique_ptr<llama::HfExporter> exporter_;
  ParameterNames names_;
};

class LlamaModel : public train::TrainModel {
 public:
  LlamaModel(const llama::LlamaConfig& config, const std::string& dtype,
             std::shared_ptr<const nn::ParameterSource> source,
             ParameterNames names, at::Device device = at::kCPU)
      : config_(config),
        dtype_(dtype),
        llama_(config,
               at::TensorOptions().dtype(StoredDtype(dtype)).device(device)),
        source_(std::move(source)),
        names_(names),
        description_(Describe(llama_, names)) {}

  std::string arch() const override { return "llama"; }
  int64_t vocab_size() const override { return config_.vocab_size; }
  int64_t max_seq_len() const override { return config_.max_seq_len; }
  const ModelDescription& description() const override { return description_; }

  std::unique_ptr<train::TrainModel> OnMeta() const override {
    return std::make_unique<LlamaModel>(config_, dtype_, source_, names_,
                                        at::kMeta);
  }

  SessionModel parts() override {
    SessionModel parts;
    for (const auto& [name, tensor] : llama_.NamedParameters()) {
      parts.parameters.push_back({Shown(name, names_), tensor});
    }
    for (const auto& [name, module] : llama_.NamedModules()) {
      parts.modules.emplace_back(Shown(name, names_), module);
    }
    return parts;
  }

  at::Tensor Forward(const at::Tensor& tokens) override {
    return llama_(tokens);
  }

  absl::Status LoadRange(const std::string& name, int64_t begin, int64_t end,
                         at::Tensor dst) override {
    return source_->CopyRange(Native(name, names_), begin, end, std::move(dst));
  }

  absl::StatusOr<std::unique_ptr<train::ModelExporter>> StartExport(
      const std::string& directory, const std::string& dtype) override {
    FTS_ASSIGN_OR_RETURN(
        auto exporter,
        llama::HfExporter::Create(directory, config_, StoredDtype(dtype)));
    return std::make_unique<LlamaExporter>(std::move(exporter), names_);
  }

 private:
  llama::LlamaConfig config_;
  std::string dtype_;
  llama::Llama llama_;
  std::shared_ptr<const nn::ParameterSource> source_;
  ParameterNames names_;
  ModelDescription description_;
};

// Where a model comes from: its shape, and its values for when they are needed.
struct Origin {
  llama::LlamaConfig shape;
  std::string dtype = "float32";
  std::shared_ptr<const nn::ParameterSource> source;
};

absl::StatusOr<Origin> FindOrigin(const RunConfig& config, Diagnostics* diags) {
  if (config.model.arch != "llama") {
    diags->Error(codes::kNotAvailable,
                 absl::StrCat("model.arch '", config.model.arch,
                              "' is not available; use 'llama'"),
                 config.Where("model.arch"));
    return diags->status();
  }
  Origin origin;
  if (!config.model.path.has_value()) {
    FTS_ASSIGN_OR_RETURN(origin.shape,
                         llama::ConfigFromYaml(config.model.config, diags));
    origin.source = std::make_shared<llama::InitSource>(
        origin.shape, static_cast<uint64_t>(config.seed));
    return origin;
  }
  std::error_code ignored;
  if (!std::filesystem::is_directory(*config.model.path, ignored)) {
    diags->Error(codes::kMissingFile,
                 absl::StrCat("model.path: '", *config.model.path,
                              "' is no directory; name a Hugging Face model "
                              "directory, relative to the file that says it"),
                 config.Where("model.path"));
    return diags->status();
  }
  FTS_ASSIGN_OR_RETURN(auto checkpoint,
                       llama::Checkpoint::Open(*config.model.path, diags));
  origin.shape = checkpoint->config();
  origin.dtype = checkpoint->dtype();
  origin.source = std::move(checkpoint);
  return origin;
}

}  // namespace

absl::StatusOr<std::unique_ptr<train::TrainModel>> MakeLlamaModel(
    const RunConfig& config, Diagnostics* diags) {
  FTS_ASSIGN_OR_RETURN(Origin origin, FindOrigin(config, diags));
  return std::make_unique<LlamaModel>(
      origin.shape, origin.dtype, std::move(origin.source), config.model.names);
}

absl::StatusOr<ModelDescription> DescribeLlamaModel(const RunConfig& config,
                                                    Diagnostics* diags) {
  FTS_ASSIGN_OR_RETURN(const Origin origin, FindOrigin(config, diags));
  const llama::Llama model(
      origin.shape,
      at::TensorOptions().dtype(StoredDtype(origin.dtype)).device(at::kMeta));
  return Describe(model, config.model.names);
}

}  // namespace fts::cli
