// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// model, data, mesh, precision.
#include "fts/core/base/codes.h"
#include "fts/core/base/did_you_mean.h"
#include "fts/core/config/paths.h"
#include "fts/core/config/run_config_sections.h"

namespace fts::config_internal {

void Missing(const MappingReader& reader, const std::string& name,
             const std::string& fix, Diagnostics* diags) {
  diags->Error(codes::kMissingKey, name + " is missing; " + fix,
               reader.Where(""));
}

void ReadModel(MappingReader* root, ModelSpec* out, Diagnostics* diags) {
  const YamlNode* node = root->Take("model");
  if (node == nullptr || node->is_null()) {
    Missing(*root, "model", "add model: {arch: llama, path: DIR}", diags);
    return;
  }
  MappingReader r(*node, "model", diags);
  if (!r.Has("arch") && node->is_mapping()) {
    Missing(r, "model.arch", "add arch: llama", diags);
  }
  r.String("arch", &out->arch);
  std::string path;
  if (const YamlNode* value = r.Take("path"); value && !value->is_null()) {
    if (r.String("path", &path)) {
      out->path = ResolvePath(path, value->where());
    }
  }
  if (const YamlNode* config = r.Take("config"); config != nullptr) {
    if (!config->is_null() && !config->is_mapping()) {
      r.BadType("config", *config, "a mapping");
    } else {
      out->config = *config;
    }
  }
  const bool has_path = node->Find("path") && !node->Find("path")->is_null();
  const bool has_config =
      node->Find("config") && !node->Find("config")->is_null();
  if (node->is_mapping() && has_path == has_config) {
    if (has_path) {
      diags->Error(codes::kBadValue,
                   "model.path and model.config are both given; keep path for "
                   "an existing model, config for a fresh one",
                   r.Where("config"));
    } else {
      Missing(r, "model.path",
              "name a model directory, or give the shape of a fresh model in "
              "model.config",
              diags);
    }
  }
  size_t names = 0;
  if (r.Choice("names", {"native", "hf"}, &names)) {
    out->names = names == 0 ? ParameterNames::kNative : ParameterNames::kHf;
  }
  r.Done();
}

namespace {

void ReadDataFile(const YamlNode& node, const std::string& name,
                  DataFileSpec* out, Diagnostics* diags) {
  MappingReader r(node, name, diags);
  std::string path;
  if (r.String("path", &path)) {
    out->where = r.Where("path");
    out->path = ResolvePath(path, node.Find("path")->where());
  } else if (node.is_mapping() && !r.Has("path")) {
    Missing(r, name + ".path", "name the file that holds the data", diags);
  }
  if (const YamlNode* format = r.Take("format");
      format != nullptr && format->text() == "jsonl") {
    diags->Error(codes::kNotAvailable,
                 name +
                     ".format: jsonl is not available in this version; use "
                     "text or tokens",
                 r.Where("format"));
  } else {
    size_t choice = 0;
    if (r.Choice("format", {"text", "tokens"}, &choice)) {
      out->format = choice == 0 ? DataFormat::kText : DataFormat::kTokens;
    }
  }
  size_t dtype = 0;
  const bool has_dtype = r.Choice("dtype", {"uint16", "uint32"}, &dtype);
  if (has_dtype) {
    out->dtype = dtype == 0 ? DataDtype::kUint16 : DataDtype::kUint32;
  }
  if (has_dtype && out->format == DataFormat::kText) {
    diags->Error(codes::kBadValue,
                 name +
                     ".dtype belongs to format: tokens; remove it, or set "
                     "the format",
                 r.Where("dtype"));
  }
  if (const YamlNode* tokenizer = r.Take("tokenizer");
      tokenizer != nullptr &&
      tokenizer->text().rfind("sentencepiece", 0) == 0) {
    diags->Error(codes::kNotAvailable,
                 name +
                     ".tokenizer: sentencepiece is not available in this "
                     "version; use bytes, or a token file",
                 r.Where("tokenizer"));
  } else {
    size_t choice = 0;
    r.Choice("tokenizer", {"bytes"}, &choice);
  }
  r.Done();
}

}  // namespace

void ReadData(MappingReader* root, DataSpec* out, Diagnostics* diags) {
  const YamlNode* node = root->Take("data");
  if (node == nullptr || node->is_null()) {
    Missing(*root, "data.train", "add data: {train: {path: FILE}}", diags);
    return;
  }
  MappingReader r(*node, "data", diags);
  const YamlNode* train = r.Take("train");
  if (train != nullptr && !train->is_null()) {
    ReadDataFile(*train, "data.train", &out->train, diags);
  } else if (node->is_mapping()) {
    Missing(r, "data.train", "add train: {path: FILE}", diags);
  }
  if (const YamlNode* val = r.Take("val"); val != nullptr && !val->is_null()) {
    out->val.emplace();
    ReadDataFile(*val, "data.val", &*out->val, diags);
  }
  r.Int("seq_len", &out->seq_len, 1);
  r.Int("batch_size", &out->batch_size, 1);
  r.OptionalInt("global_batch_size", &out->global_batch_size, 1);
  if (out->global_batch_size && r.Has("batch_size")) {
    diags->Error(codes::kBadValue,
                 "data.batch_size and data.global_batch_size are both given; "
                 "keep one (global = batch_size x accumulate x data-parallel "
                 "ranks)",
                 r.Where("global_batch_size"));
  }
  r.Bool("shuffle", &out->shuffle);
  r.Done();
}

void ReadMesh(MappingReader* root, MeshSpec* out, Diagnostics* diags) {
  const YamlNode* node = root->Take("mesh");
  if (node == nullptr) return;
  MappingReader r(*node, "mesh", diags);
  const auto size = [&](const std::string& key, int64_t* value) {
    if (!r.Int(key, value, -1)) return;
    if (*value != 0) return;
    diags->Error(codes::kOutOfRange,
                 "mesh." + key +
                     " is 0; it must be -1 (what is left) or at "
                     "least 1",
                 r.Where(key));
  };
  size("dp_replicate", &out->dp_replicate);
  size("dp_shard", &out->dp_shard);
  size("tp", &out->tp);
  r.Done();
}

namespace {

// "float32" or "bfloat16" from the usual spellings; "" when it is neither.
std::string DtypeName(const std::string& text) {
  const std::string name = text.rfind("torch.", 0) == 0 ? text.substr(6) : text;
  if (name == "float32" || name == "fp32" || name == "float") return "float32";
  if (name == "bfloat16" || name == "bf16") return "bfloat16";
  if (name == "float16" || name == "fp16" || name == "half") return "float16";
  return "";
}

}  // namespace

void ReadPrecision(MappingReader* root, PrecisionSpec* out,
                   Diagnostics* diags) {
  const YamlNode* node = root->Take("precision");
  if (node == nullptr) return;
  const SourceLocation where = root->Where("precision");
  if (!node->is_mapping()) {
    const std::string& name = node->text();
    // YAML reads a bare 32 as an integer.
    if (node->is_string() || node->is_int()) {
      out->name = name;
      if (name == "32-true" || name == "32") return;
      if (name == "bf16-mixed") {
        out->param = "bfloat16";
        return;
      }
      if (name == "bf16-true") {
        out->param = out->reduce = out->master = "bfloat16";
        return;
      }
      if (name == "16-mixed" || name == "16-true" || name == "64-true" ||
          name == "16" || name == "64") {
        diags->Error(codes::kNotAvailable,
                     "precision: " + name +
                         " is not available in this version; use 32-true, "
                         "bf16-mixed or bf16-true",
                     where);
        return;
      }
    }
    diags->Error(
        codes::kBadValue,
        "precision is " + DescribeYaml(*node) +
            "; it must be 32-true, bf16-mixed, bf16-true or a mapping "
            "{param, reduce, output}" +
            (node->is_string()
                 ? DidYouMean(name, {"32-true", "bf16-mixed", "bf16-true"})
                 : std::string()),
        where);
    return;
  }
  out->name = "custom";
  MappingReader r(*node, "precision", diags);
  const auto dtype = [&](const std::string& key, std::string* value) {
    std::string text;
    if (!r.String(key, &text)) return;
    const std::string name = DtypeName(text);
    if (name == "float16") {
      diags->Error(codes::kNotAvailable,
                   r.Name(key) + ": " + text +
                       " is not available in this version; use float32 or "
                       "bfloat16",
                   r.Where(key));
    } else if (name.empty()) {
      diags->Error(codes::kBadValue,
                   r.Name(key) + " is '" + text +
                       "'; it must be float32 or bfloat16" +
                       DidYouMean(text, {"float32", "bfloat16"}),
                   r.Where(key));
    } else {
      *value = name;
    }
  };
  dtype("param", &out->param);
  out->reduce = out->param;  // as PyTorch does when only param_dtype is given
  dtype("reduce", &out->reduce);
  std::string output;
  dtype("output", &output);
  if (!output.empty()) out->output = output;
  r.Done();
}

}  // namespace fts::config_internal
