// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/match/model_description.h"

#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <unordered_map>
#include <utility>

#include "fts/core/base/codes.h"
#include "fts/core/base/did_you_mean.h"
#include "fts/core/match/codes.h"
#include "fts/core/match/json_tree.h"

namespace fts {
namespace {

using match_internal::JsonValue;

constexpr char kFormat[] = "fts-model/1";
constexpr int64_t kMaxBytes = int64_t{256} << 20;
constexpr size_t kMaxDims = 64;

const std::vector<std::string>& KnownDtypes() {
  static const auto* const known = new std::vector<std::string>{
      "float32",   "bfloat16",   "float16",       "float64",    "int64",
      "int32",     "int16",      "int8",          "uint8",      "bool",
      "complex64", "complex128", "float8_e4m3fn", "float8_e5m2"};
  return *known;
}

class Reader {
 public:
  explicit Reader(Diagnostics* diags) : diags_(diags) {}

  ModelDescription Read(const JsonValue& root) {
    ModelDescription model;
    if (root.kind != JsonValue::kMapping) {
      diags_->Error(codes::kBadType,
                    std::string("a model description must be a mapping with "
                                "format, modules and parameters, got ") +
                        root.kind_name(),
                    root.where);
      return model;
    }
    CheckKeys(root, "the model description",
              {"format", "modules", "parameters"});
    const JsonValue* format = root.Find("format");
    if (format == nullptr) {
      diags_->Error(codes::kMissingKey,
                    "the model description lacks \"format\"; add \"format\": "
                    "\"fts-model/1\"",
                    root.where);
    } else if (format->kind != JsonValue::kString ||
               format->string != kFormat) {
      diags_->Error(codes::kBadValue,
                    "\"format\" must be \"fts-model/1\", got " + Show(*format),
                    format->where);
    }
    ReadModules(root, &model);
    ReadParameters(root, &model);
    return model;
  }

 private:
  static std::string Show(const JsonValue& value) {
    if (value.kind == JsonValue::kString) return "\"" + value.string + "\"";
    if (value.kind == JsonValue::kInteger) return std::to_string(value.integer);
    return value.kind_name();
  }

  void CheckKeys(const JsonValue& mapping, const std::string& what,
                 const std::vector<std::string>& known) {
    for (size_t i = 0; i < mapping.keys.size(); ++i) {
      const std::string& key = mapping.keys[i];
      bool found = false;
      for (const std::string& k : known) found |= k == key;
      if (found) continue;
      diags_->Warning(codes::kUnknownKey,
                      what + ": unknown key \"" + key + "\" is ignored" +
                          DidYouMean(key, known),
                      mapping.items[i].where);
    }
  }

  // The string under `key`; reports when it is absent or something else.
  bool ReadString(const JsonValue& mapping, const std::string& what,
                  const char* key, std::string* out) {
    const JsonValue* value = mapping.Find(key);
    if (value == nullptr) {
      diags_->Error(codes::kMissingKey, what + " lacks \"" + key + "\"",
                    mapping.where);
      return false;
    }
    if (value->kind != JsonValue::kString) {
      diags_->Error(codes::kBadType,
                    what + ": \"" + key + "\" must be a string, got " +
                        value->kind_name(),
                    value->where);
      return false;
    }
    *out = value->string;
    return true;
  }

  bool IsMapping(const JsonValue& value, const std::string& what,
                 const char* wanted) {
    if (value.kind == JsonValue::kMapping) return true;
    diags_->Error(codes::kBadType,
                  what + " must be a mapping with " + wanted + ", got " +
                      value.kind_name(),
                  value.where);
    return false;
  }

  const JsonValue* ReadList(const JsonValue& root, const char* key) {
    const JsonValue* list = root.Find(key);
    if (list == nullptr || list->kind == JsonValue::kList) return list;
    diags_->Error(
        codes::kBadType,
        std::string("\"") + key + "\" must be a list, got " + list->kind_name(),
        list->where);
    return nullptr;
  }

  void ReadModules(const JsonValue& root, ModelDescription* model) {
    if (root.Find("modules") == nullptr) {
      diags_->Warning(codes::kMissingKey,
                      "the model description lacks \"modules\": no plan entry "
                      "can match a module; list them in pre-order",
                      root.where);
      return;
    }
    const JsonValue* list = ReadList(root, "modules");
    if (list == nullptr) return;
    std::unordered_map<std::string, SourceLocation> seen;
    // Parents that were missing when their first child came.
    std::unordered_map<std::string, std::string> awaited;
    for (size_t i = 0; i < list->items.size(); ++i) {
      const JsonValue& item = list->items[i];
      std::string what = "modules[" + std::to_string(i) + "]";
      if (!IsMapping(item, what, "name, class and container")) continue;
      ModuleInfo module;
      CheckKeys(item, what, {"name", "class", "container", "heads"});
      if (ReadString(item, what, "name", &module.name)) {
        what += " (\"" + module.name + "\")";
        CheckOrder(module.name, what, item.where, &seen, &awaited);
      }
      ReadString(item, what, "class", &module.class_name);
      const JsonValue* container = item.Find("container");
      if (container != nullptr && container->kind != JsonValue::kBool) {
        diags_->Error(codes::kBadType,
                      what + ": \"container\" must be true or false, got " +
                          container->kind_name(),
                      container->where);
      } else if (container != nullptr) {
        module.container = container->boolean;
      }
      ReadHeads(item, what, &module.heads);
      model->modules.push_back(std::move(module));
    }
  }

  void ReadHeads(const JsonValue& item, const std::string& what, int64_t* out) {
    const JsonValue* heads = item.Find("heads");
    if (heads == nullptr) return;
    if (heads->kind != JsonValue::kInteger) {
      diags_->Error(
          codes::kBadType,
          what + ": \"heads\" must be an integer, got " + heads->kind_name(),
          heads->where);
    } else if (heads->integer < 0) {
      diags_->Error(codes::kOutOfRange,
                    what + ": \"heads\" is " + std::to_string(heads->integer) +
                        "; it must be the number of heads, or 0 for none",
                    heads->where);
    } else {
      *out = heads->integer;
    }
  }

  void CheckOrder(const std::string& name, const std::string& what,
                  const SourceLocation& where,
                  std::unordered_map<std::string, SourceLocation>* seen,
                  std::unordered_map<std::string, std::string>* awaited) {
    const auto [first, inserted] = seen->emplace(name, where);
    if (!inserted) {
      diags_->Error(
          codes::kDuplicateName,
          what + " is listed twice; first at " + first->second.ToString(),
          where);
      return;
    }
    const auto child = awaited->find(name);
    if (child != awaited->end()) {
      diags_->Error(codes::kBadModel,
                    what + " comes after its child \"" + child->second +
                        "\"; list modules in pre-order, parents first",
                    where);
    }
    if (name.empty()) return;
    const size_t dot = name.rfind('.');
    std::string parent = dot == name.npos ? "" : name.substr(0, dot);
    if (seen->count(parent) == 0) awaited->emplace(std::move(parent), name);
  }

  void ReadParameters(const JsonValue& root, ModelDescription* model) {
    if (root.Find("parameters") == nullptr) {
      diags_->Error(codes::kMissingKey,
                    "the model description lacks \"parameters\"; list them in "
                    "registration order",
                    root.where);
      return;
    }
    const JsonValue* list = ReadList(root, "parameters");
    if (list == nullptr) return;
    std::unordered_map<std::string, size_t> index;
    std::vector<SourceLocation> places;
    for (size_t i = 0; i < list->items.size(); ++i) {
      const JsonValue& item = list->items[i];
      std::string what = "parameters[" + std::to_string(i) + "]";
      if (!IsMapping(item, what, "name, shape, dtype and shared_with")) {
        continue;
      }
      ParameterInfo parameter;
      CheckKeys(item, what, {"name", "shape", "dtype", "shared_with"});
      if (ReadString(item, what, "name", &parameter.name)) {
        what += " (\"" + parameter.name + "\")";
        if (parameter.name.empty()) {
          diags_->Error(codes::kBadValue, what + ": the name is empty",
                        item.where);
        }
      }
      ReadShape(item, what, &parameter.shape);
      if (ReadString(item, what, "dtype", &parameter.dtype)) {
        CheckDtype(item, what, parameter.dtype);
      }
      ReadSharedWith(item, what, index, *model, &parameter);
      const auto [first, inserted] =
          index.emplace(parameter.name, model->parameters.size());
      if (!inserted && !parameter.name.empty()) {
        diags_->Error(codes::kDuplicateName,
                      what + " is listed twice; first at " +
                          places[first->second].ToString(),
                      item.where);
      }
      places.push_back(item.where);
      model->parameters.push_back(std::move(parameter));
    }
  }

  void ReadShape(const JsonValue& item, const std::string& what,
                 std::vector<int64_t>* out) {
    const JsonValue* shape = item.Find("shape");
    if (shape == nullptr) {
      diags_->Error(codes::kMissingKey, what + " lacks \"shape\"", item.where);
      return;
    }
    if (shape->kind != JsonValue::kList) {
      diags_->Error(codes::kBadType,
                    what + ": \"shape\" must be a list of integers, got " +
                        shape->kind_name(),
                    shape->where);
      return;
    }
    if (shape->items.size() > kMaxDims) {
      diags_->Error(codes::kOutOfRange,
                    what + ": \"shape\" has " +
                        std::to_string(shape->items.size()) +
                        " dims, at most 64 are possible",
                    shape->where);
      return;
    }
    int64_t numel = 1;
    bool zero = false;
    bool overflow = false;
    for (const JsonValue& dim : shape->items) {
      if (dim.kind != JsonValue::kInteger) {
        diags_->Error(
            codes::kBadType,
            what + ": a dim must be an integer, got " + dim.kind_name(),
            dim.where);
        return;
      }
      if (dim.integer < 0) {
        diags_->Error(
            codes::kOutOfRange,
            what + ": dim " + std::to_string(dim.integer) + " is negative",
            dim.where);
        return;
      }
      zero |= dim.integer == 0;
      if (dim.integer != 0) {
        overflow |= __builtin_mul_overflow(numel, dim.integer, &numel);
      }
      out->push_back(dim.integer);
    }
    // 16 bytes an element must still be countable.
    overflow |= numel > std::numeric_limits<int64_t>::max() / 16;
    if (overflow && !zero) {
      diags_->Error(codes::kOutOfRange,
                    what + ": the shape has more elements than can be counted",
                    shape->where);
    }
  }

  void CheckDtype(const JsonValue& item, const std::string& what,
                  const std::string& dtype) {
    std::string hint = DidYouMean(dtype, KnownDtypes());
    for (const std::string& known : KnownDtypes()) {
      if (known == dtype) return;
      if ("torch." + known == dtype) hint = "; did you mean '" + known + "'?";
    }
    diags_->Error(codes::kBadValue,
                  what + ": unknown dtype \"" + dtype +
                      "\"; write float32, bfloat16 or float16" + hint,
                  item.Find("dtype")->where);
  }

  void ReadSharedWith(const JsonValue& item, const std::string& what,
                      const std::unordered_map<std::string, size_t>& index,
                      const ModelDescription& model, ParameterInfo* parameter) {
    const JsonValue* value = item.Find("shared_with");
    if (value == nullptr || value->kind == JsonValue::kNull) return;
    if (value->kind != JsonValue::kString) {
      diags_->Error(codes::kBadType,
                    what +
                        ": \"shared_with\" must be a parameter's name or "
                        "null, got " +
                        value->kind_name(),
                    value->where);
      return;
    }
    parameter->shared_with = value->string;
    const auto found = index.find(value->string);
    if (found == index.end()) {
      diags_->Error(codes::kBadSharedWith,
                    what + ": \"shared_with\" names \"" + value->string +
                        "\", which is no parameter listed before it; the first "
                        "registered name is the canonical one",
                    value->where);
      return;
    }
    const ParameterInfo& owner = model.parameters[found->second];
    if (owner.shared_with) {
      diags_->Error(codes::kBadSharedWith,
                    what + ": \"shared_with\" names \"" + value->string +
                        "\", itself an alias; write \"" + *owner.shared_with +
                        "\"",
                    value->where);
    } else if (owner.shape != parameter->shape ||
               owner.dtype != parameter->dtype) {
      diags_->Error(codes::kBadSharedWith,
                    what + ": differs in shape or dtype from \"" +
                        value->string + "\", with which it is shared",
                    value->where);
    }
  }

  Diagnostics* diags_;
};

}  // namespace

int64_t ParameterInfo::numel() const {
  int64_t product = 1;
  for (int64_t dim : shape) {
    if (dim == 0) return 0;
    product *= dim;
  }
  return product;
}

std::vector<std::string> ModelDescription::CanonicalNames() const {
  std::vector<std::string> names;
  names.reserve(parameters.size());
  for (const ParameterInfo& parameter : parameters) {
    if (!parameter.shared_with) names.push_back(parameter.name);
  }
  return names;
}

absl::StatusOr<ModelDescription> ParseModelDescription(const std::string& text,
                                                       const std::string& name,
                                                       Diagnostics* diags) {
  const int before = diags->num_errors();
  const auto tree = match_internal::ParseJsonTree(text, name, diags);
  if (!tree.ok()) return tree.status();
  ModelDescription model = Reader(diags).Read(*tree);
  if (diags->num_errors() > before) return diags->status();
  return model;
}

absl::StatusOr<ModelDescription> ReadModelDescription(const std::string& path,
                                                      Diagnostics* diags) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    diags->Error(codes::kMissingFile, "cannot open the model description " +
                                          path + "; check the path");
    return diags->status();
  }
  std::string text;
  std::vector<char> buffer(1 << 20);
  while (file.read(buffer.data(), buffer.size()) || file.gcount() > 0) {
    text.append(buffer.data(), file.gcount());
    if (static_cast<int64_t>(text.size()) > kMaxBytes) {
      diags->Error(codes::kOutOfRange,
                   path +
                       " is larger than 256 MiB, too large for a model "
                       "description");
      return diags->status();
    }
  }
  if (file.bad()) {
    diags->Error(codes::kUnreadableFile,
                 "cannot read the model description " + path);
    return diags->status();
  }
  return ParseModelDescription(text, path, diags);
}

std::string ModelDescriptionToJson(const ModelDescription& model) {
  using Json = nlohmann::ordered_json;
  auto dump = [](const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
  };
  std::ostringstream out;
  out << "{\"format\":\"" << kFormat << "\",\n\"modules\":[";
  const char* separator = "\n";
  for (const ModuleInfo& module : model.modules) {
    Json item = {{"name", module.name},
                 {"class", module.class_name},
                 {"container", module.container}};
    if (module.heads != 0) item["heads"] = module.heads;
    out << separator << dump(item);
    separator = ",\n";
  }
  out << "],\n\"parameters\":[";
  separator = "\n";
  for (const ParameterInfo& parameter : model.parameters) {
    Json item;
    item["name"] = parameter.name;
    item["shape"] = parameter.shape;
    item["dtype"] = parameter.dtype;
    item["shared_with"] = nullptr;
    if (parameter.shared_with) item["shared_with"] = *parameter.shared_with;
    out << separator << dump(item);
    separator = ",\n";
  }
  out << "]}\n";
  return out.str();
}

}  // namespace fts
