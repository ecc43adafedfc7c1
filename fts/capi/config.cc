// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/config.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fts/capi/internal/guard.h"
#include "fts/capi/internal/handles.h"
#include "fts/capi/internal/text.h"
#include "fts/core/base/codes.h"
#include "fts/core/base/did_you_mean.h"
#include "fts/core/base/status.h"
#include "fts/core/config/load_config.h"
#include "fts/core/config/overrides.h"
#include "fts/core/config/run_config.h"
#include "fts/core/config/yaml.h"
#include "fts/core/plan/plan_json.h"

using fts::YamlNode;
using fts::capi::Guard;
using fts::capi::InRange;
using fts::capi::NotNull;
using fts::capi::ToString;
using fts::capi::View;

struct fts_config : fts::capi::Counted {
  explicit fts_config(YamlNode node) : value(std::move(node)) {}
  const YamlNode value;
};

namespace {

absl::StatusOr<std::vector<std::string>> ReadStrings(const fts_string* given,
                                                     size_t size,
                                                     const char* what) {
  std::vector<std::string> out;
  if (size > 0) FTS_RETURN_IF_ERROR(NotNull(given, what));
  out.reserve(size);
  for (size_t i = 0; i < size; ++i) out.push_back(ToString(given[i]));
  return out;
}

// What load and parse have in common: `merge` makes the config of overrides.
template <typename Merge>
fts_status* Make(const char* function, const fts_string* overrides,
                 size_t num_overrides, fts_diagnostics** out_diagnostics,
                 fts_config** out, const Merge& merge) noexcept {
  if (out != nullptr) *out = nullptr;
  if (out_diagnostics != nullptr) *out_diagnostics = nullptr;
  return Guard([&]() -> fts_status* {
    absl::Status bad = NotNull(out, absl::StrCat(function, ": out").c_str());
    const auto arguments =
        ReadStrings(overrides, num_overrides,
                    absl::StrCat(function, ": overrides").c_str());
    bad.Update(arguments.status());
    if (!bad.ok()) return fts::capi::MakeStatus(bad);

    fts::Diagnostics diags;
    const auto changes = fts::ParseOverrides(*arguments, &diags);
    const absl::StatusOr<YamlNode> merged =
        merge(changes.ok() ? *changes : std::vector<fts::Override>(), &diags);
    // All problems at once, those of arguments that are NULL aside.
    if (merged.ok() || !diags.ok()) {
      fts::capi::PutDiagnostics(diags, out_diagnostics);
    }
    if (!diags.ok()) return fts::capi::MakeStatus(diags.status(), diags);
    if (!merged.ok()) return fts::capi::MakeStatus(merged.status());
    *out = new fts_config(*merged);
    return nullptr;
  });
}

// As the command fts config print: `fit` is what refuses those.
bool AllowedInPart(const fts::Diagnostic& diagnostic) {
  return diagnostic.code == fts::codes::kMissingKey ||
         diagnostic.code == fts::codes::kNotAvailable;
}

fts_config_kind ToC(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::kNull:
      return FTS_CONFIG_KIND_NULL;
    case YamlNode::Kind::kBool:
      return FTS_CONFIG_KIND_BOOL;
    case YamlNode::Kind::kInt:
      return FTS_CONFIG_KIND_INT;
    case YamlNode::Kind::kFloat:
      return FTS_CONFIG_KIND_FLOAT;
    case YamlNode::Kind::kString:
      return FTS_CONFIG_KIND_STRING;
    case YamlNode::Kind::kSequence:
      return FTS_CONFIG_KIND_LIST;
    case YamlNode::Kind::kMapping:
      return FTS_CONFIG_KIND_MAPPING;
  }
  return FTS_CONFIG_KIND_UNSPECIFIED;
}

size_t SizeOf(const YamlNode& node) {
  return node.items().size() + node.entries().size();
}

template <typename ToText>
fts_status* Text(const fts_config* config, fts_buffer** out,
                 const char* function, const ToText& to_text) noexcept {
  if (out != nullptr) *out = nullptr;
  return Guard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(out, absl::StrCat(function, ": out").c_str()));
    FTS_RETURN_IF_ERROR(
        NotNull(config, absl::StrCat(function, ": config").c_str()));
    *out = new fts_buffer(to_text(config->value));
    return absl::OkStatus();
  });
}

}  // namespace

fts_status* fts_config_load(const fts_string* files, size_t num_files,
                            const fts_string* overrides, size_t num_overrides,
                            fts_diagnostics** out_diagnostics,
                            fts_config** out) noexcept {
  return Make("fts_config_load", overrides, num_overrides, out_diagnostics, out,
              [&](const std::vector<fts::Override>& changes,
                  fts::Diagnostics* diags) -> absl::StatusOr<YamlNode> {
                FTS_ASSIGN_OR_RETURN(
                    const std::vector<std::string> paths,
                    ReadStrings(files, num_files, "fts_config_load: files"));
                return fts::LoadConfig(paths, changes, diags);
              });
}

fts_status* fts_config_parse(const fts_config_text* texts, size_t num_texts,
                             const fts_string* overrides, size_t num_overrides,
                             fts_diagnostics** out_diagnostics,
                             fts_config** out) noexcept {
  return Make(
      "fts_config_parse", overrides, num_overrides, out_diagnostics, out,
      [&](const std::vector<fts::Override>& changes,
          fts::Diagnostics* diags) -> absl::StatusOr<YamlNode> {
        if (num_texts > 0) {
          FTS_RETURN_IF_ERROR(NotNull(texts, "fts_config_parse: texts"));
        }
        std::vector<YamlNode> parts;
        for (size_t i = 0; i < num_texts; ++i) {
          const auto part = fts::ParseYaml(ToString(texts[i].yaml),
                                           ToString(texts[i].name), diags);
          if (part.ok()) parts.push_back(*part);
        }
        return fts::MergeConfig(parts, changes, diags);
      });
}

void fts_config_retain(fts_config* config) noexcept {
  fts::capi::Retain(config);
}

void fts_config_release(fts_config* config) noexcept {
  fts::capi::Release(config);
}

fts_status* fts_config_check(const fts_config* config, fts_config_scope scope,
                             fts_diagnostics** out_diagnostics) noexcept {
  if (out_diagnostics != nullptr) *out_diagnostics = nullptr;
  return Guard([&]() -> fts_status* {
    absl::Status bad = NotNull(config, "fts_config_check: config");
    if (scope < FTS_CONFIG_SCOPE_UNSPECIFIED || scope > FTS_CONFIG_SCOPE_PART) {
      bad.Update(absl::InvalidArgumentError(
          absl::StrCat("fts_config_check: scope is ", scope,
                       "; it must be one of the FTS_CONFIG_SCOPE_ constants")));
    }
    if (!bad.ok()) return fts::capi::MakeStatus(bad);
    fts::Diagnostics found, kept;
    fts::ReadRunConfig(config->value, &found).status().IgnoreError();
    for (const fts::Diagnostic& d : found.all()) {
      if (scope != FTS_CONFIG_SCOPE_PART || !AllowedInPart(d)) kept.Add(d);
    }
    fts::capi::PutDiagnostics(kept, out_diagnostics);
    return fts::capi::MakeStatus(kept.status(), kept);
  });
}

fts_status* fts_config_get(const fts_config* config, fts_string path,
                           fts_config** out) noexcept {
  if (out != nullptr) *out = nullptr;
  return Guard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(config, "fts_config_get: config"));
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_config_get: out"));
    const std::string text = ToString(path);
    const auto keys = fts::SplitKeyPath(text);
    if (!keys.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "fts_config_get: '", text,
          "' is no key path; join keys with '.', and quote a key that holds "
          "dots: a.\"b.c\".d"));
    }
    const YamlNode* node = &config->value;
    for (size_t i = 0; i < keys->size(); ++i) {
      const YamlNode* next = node->Find((*keys)[i]);
      if (next == nullptr) {
        const std::string outer =
            fts::JoinKeyPath({keys->begin(), keys->begin() + i});
        return absl::NotFoundError(absl::StrCat(
            "fts_config_get: ", outer.empty() ? "the config" : outer,
            " has no key '", (*keys)[i], "'",
            fts::DidYouMean((*keys)[i], node->Keys())));
      }
      node = next;
    }
    *out = new fts_config(*node);
    return absl::OkStatus();
  });
}

fts_status* fts_config_get_info(const fts_config* config,
                                fts_config_info* out) noexcept {
  return Guard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_config_get_info: out"));
    *out = {};
    FTS_RETURN_IF_ERROR(NotNull(config, "fts_config_get_info: config"));
    const YamlNode& node = config->value;
    out->kind = ToC(node.kind());
    if (node.where().known()) {
      out->file = View(*node.where().file);
      out->line = node.where().line;
      out->column = node.where().column;
    } else {
      out->file = fts_str("");
    }
    out->text = node.is_scalar() ? View(node.text()) : fts_str("");
    if (node.is_int()) out->integer = node.as_int();
    if (node.is_bool()) out->integer = node.as_bool() ? 1 : 0;
    if (const std::optional<double> number = node.ToNumber()) {
      out->has_number = 1;
      out->number = *number;
    }
    out->size = SizeOf(node);
    return absl::OkStatus();
  });
}

fts_status* fts_config_get_key(const fts_config* config, size_t i,
                               fts_string* out) noexcept {
  return Guard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_config_get_key: out"));
    *out = fts_str("");
    FTS_RETURN_IF_ERROR(NotNull(config, "fts_config_get_key: config"));
    const auto& entries = config->value.entries();
    FTS_RETURN_IF_ERROR(InRange(i, entries.size(), "fts_config_get_key: key"));
    *out = View(entries[i].key.text());
    return absl::OkStatus();
  });
}

fts_status* fts_config_get_value(const fts_config* config, size_t i,
                                 fts_config** out) noexcept {
  if (out != nullptr) *out = nullptr;
  return Guard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_config_get_value: out"));
    FTS_RETURN_IF_ERROR(NotNull(config, "fts_config_get_value: config"));
    const YamlNode& node = config->value;
    FTS_RETURN_IF_ERROR(
        InRange(i, SizeOf(node), "fts_config_get_value: value"));
    *out = new fts_config(node.is_mapping() ? node.entries()[i].value
                                            : node.items()[i]);
    return absl::OkStatus();
  });
}

fts_status* fts_config_to_yaml(const fts_config* config,
                               fts_buffer** out) noexcept {
  return Text(config, out, "fts_config_to_yaml",
              [](const YamlNode& node) { return fts::EmitYaml(node); });
}

fts_status* fts_config_to_text(const fts_config* config,
                               fts_buffer** out) noexcept {
  return Text(config, out, "fts_config_to_text", [](const YamlNode& node) {
    fts::EmitOptions options;
    options.places = true;
    options.no_place = "command line";
    return fts::EmitYaml(node, options);
  });
}

fts_status* fts_config_to_json(const fts_config* config,
                               fts_buffer** out) noexcept {
  return Text(config, out, "fts_config_to_json", [](const YamlNode& node) {
    return fts::YamlToJson(node).dump();
  });
}
