// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/unit_options.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fts/core/base/codes.h"
#include "fts/core/base/did_you_mean.h"
#include "fts/core/plan/act_ckpt.h"
#include "fts/core/plan/codes.h"

namespace fts {
namespace {

constexpr char kActCkpt[] = "act_ckpt";
constexpr char kCpuOffload[] = "cpu_offload_policy";
constexpr char kOffload[] = "offload_policy";
constexpr char kMpPolicy[] = "mp_policy";
constexpr char kReshard[] = "reshard_after_forward";
constexpr char kPlacement[] = "shard_placement";
constexpr char kIgnored[] = "ignored_params";
constexpr char kOneUnit[] = "one_unit";
constexpr char kReshardBackward[] = "reshard_after_backward";
constexpr char kForwardPrefetch[] = "forward_prefetch";
constexpr char kBackwardPrefetch[] = "backward_prefetch";

using Names = std::vector<std::string>;

const Names& Keys() {
  static const auto* const keys = new Names{
      kReshard,         kMpPolicy,         kOffload,    kPlacement,
      kIgnored,         kActCkpt,          kCpuOffload, kReshardBackward,
      kForwardPrefetch, kBackwardPrefetch, kOneUnit};
  return *keys;
}

const Names& Dtypes() {
  static const auto* const dtypes =
      new Names{"float32", "bfloat16", "float16", "float64"};
  return *dtypes;
}

bool Contains(const Names& list, const std::string& x) {
  return std::find(list.begin(), list.end(), x) != list.end();
}

// What to say of keywords of fully_shard that mean nothing in a file.
std::string WhyNot(const std::string& key) {
  if (key == "mesh") {
    return "; the mesh comes from the run config's 'mesh', remove the key";
  }
  if (key == "shard_placement_fn") {
    return "; a file cannot hold a function, use shard_placement: {dim: d}";
  }
  if (key == "dp_mesh_dims") {
    return "; the data-parallel dimensions come from the run config's 'mesh', "
           "remove the key";
  }
  return DidYouMean(key, Keys());
}

class Checker {
 public:
  Checker(const std::string& owner, Diagnostics* diags)
      : owner_(owner), diags_(diags) {}

  YamlNode Check(const YamlNode& options) {
    std::vector<YamlNode::Entry> out;
    if (!options.is_null() && !options.is_mapping()) {
      diags_->Error(codes::kBadType,
                    absl::StrCat(owner_, " is ", DescribeYaml(options),
                                 "; it must be a mapping of options, or null "
                                 "for none"),
                    options.where());
    }
    for (const YamlNode::Entry& entry : options.entries()) {
      const std::string& key = entry.key.text();
      if (!Contains(Keys(), key)) {
        Error(codes::kUnknownKey,
              absl::StrCat("there is no option '", key, "'", WhyNot(key)),
              entry.key);
        continue;
      }
      std::optional<YamlNode> value = CheckValue(key, entry.value);
      if (value) out.push_back({entry.key, *std::move(value)});
    }
    const YamlNode* offload = options.Find(kOffload);
    if (offload != nullptr && options.Find(kCpuOffload) != nullptr) {
      Error(codes::kConflictingOptions,
            "offload_policy and cpu_offload_policy stand for the same thing; "
            "keep one of them",
            *offload);
    }
    return YamlNode::Mapping(std::move(out), options.where());
  }

 private:
  void Error(const char* code, const std::string& what, const YamlNode& at) {
    diags_->Error(code, absl::StrCat(owner_, ": ", what), at.where());
  }
  // "KEY is SEEN; it must be WANTED".
  std::nullopt_t Bad(const char* code, const std::string& key,
                     const YamlNode& value, const std::string& wanted) {
    Error(
        code,
        absl::StrCat(key, " is ", DescribeYaml(value), "; it must be ", wanted),
        value);
    return std::nullopt;
  }

  std::optional<YamlNode> CheckValue(const std::string& key,
                                     const YamlNode& value) {
    if (key == kActCkpt) return CheckActCkpt(value, owner_, diags_);
    if (value.is_null()) return value;
    if (key == kReshard) return CheckReshard(value);
    if (key == kMpPolicy) return CheckMpPolicy(value);
    if (key == kPlacement) return CheckPlacement(value);
    if (key == kIgnored) {
      return CheckNames(key, value, "a list of parameter names or patterns");
    }
    if (key == kForwardPrefetch || key == kBackwardPrefetch) {
      return CheckNames(key, value, "a list of units, modules of the plan");
    }
    if (key == kReshardBackward || key == kOneUnit) {
      if (value.is_bool()) return value;
      return Bad(codes::kBadType, key, value, "true or false");
    }
    return CheckOffload(key, value);
  }

  std::optional<YamlNode> CheckReshard(const YamlNode& value) {
    if (value.is_bool()) return value;
    const char* wanted = "true, false, or a number of ranks from 1";
    if (!value.is_int()) return Bad(codes::kBadType, kReshard, value, wanted);
    if (value.as_int() < 1) {
      return Bad(codes::kOutOfRange, kReshard, value, wanted);
    }
    if (value.as_int() == 1) {
      diags_->Warning(
          codes::kReshardGroupOfOne,
          absl::StrCat(owner_,
                       ": reshard_after_forward is 1: groups of one "
                       "rank keep everything, as false does; write "
                       "false"),
          value.where());
    }
    return value;
  }

  std::optional<YamlNode> CheckOffload(const std::string& key,
                                       const YamlNode& value) {
    if (!value.is_mapping()) {
      return Bad(codes::kBadType, key, value,
                 "{}, {pin_memory: true or false}, or null for off");
    }
    bool good = CheckKeys(key, value, {"pin_memory"});
    const YamlNode* pin = value.Find("pin_memory");
    if (pin != nullptr && !pin->is_bool()) {
      Bad(codes::kBadType, absl::StrCat(key, ".pin_memory"), *pin,
          "true or false");
      good = false;
    }
    if (!good) return std::nullopt;
    return value;
  }

  std::optional<YamlNode> CheckMpPolicy(const YamlNode& value) {
    const Names known = {"param_dtype", "reduce_dtype", "output_dtype",
                         "cast_forward_inputs"};
    if (!value.is_mapping()) {
      return Bad(codes::kBadType, kMpPolicy, value,
                 absl::StrCat("a mapping of ", absl::StrJoin(known, ", ")));
    }
    bool good = CheckKeys(kMpPolicy, value, known);
    for (const YamlNode::Entry& entry : value.entries()) {
      const std::string& key = entry.key.text();
      if (!Contains(known, key)) continue;
      const std::string name = absl::StrCat(kMpPolicy, ".", key);
      if (key == "cast_forward_inputs") {
        if (entry.value.is_bool()) continue;
        Bad(codes::kBadType, name, entry.value, "true or false");
        good = false;
        continue;
      }
      if (entry.value.is_null()) continue;
      const std::string wanted =
          absl::StrCat("one of ", absl::StrJoin(Dtypes(), ", "),
                       ", or null to leave it as it is");
      if (!entry.value.is_string()) {
        Bad(codes::kBadType, name, entry.value, wanted);
        good = false;
      } else if (!Contains(Dtypes(), PlainDtype(entry.value.text()))) {
        Bad(codes::kBadValue, name, entry.value,
            absl::StrCat(wanted,
                         DidYouMean(PlainDtype(entry.value.text()), Dtypes())));
        good = false;
      }
    }
    if (!good) return std::nullopt;
    return value;
  }

  std::optional<YamlNode> CheckPlacement(const YamlNode& value) {
    const YamlNode* dim = value.Find("dim");
    if (!value.is_mapping() || dim == nullptr || !dim->is_int()) {
      return Bad(codes::kBadType, kPlacement, value,
                 "{dim: d} with a whole number d");
    }
    if (!CheckKeys(kPlacement, value, {"dim"})) return std::nullopt;
    return value;
  }

  std::optional<YamlNode> CheckNames(const std::string& key,
                                     const YamlNode& value,
                                     const char* wanted) {
    if (!value.is_sequence()) {
      return Bad(codes::kBadType, key, value, wanted);
    }
    for (const YamlNode& item : value.items()) {
      if (!item.is_string()) {
        return Bad(codes::kBadType, absl::StrCat("an item of ", key), item,
                   "a string");
      }
    }
    return value;
  }

  bool CheckKeys(const std::string& option, const YamlNode& value,
                 const Names& known) {
    bool good = true;
    for (const YamlNode::Entry& entry : value.entries()) {
      if (Contains(known, entry.key.text())) continue;
      Error(codes::kUnknownKey,
            absl::StrCat(option, " has no key '", entry.key.text(),
                         "'; it takes ", absl::StrJoin(known, ", "),
                         DidYouMean(entry.key.text(), known)),
            entry.key);
      good = false;
    }
    return good;
  }

 public:
  static std::string PlainDtype(const std::string& dtype) {
    return absl::StartsWith(dtype, "torch.") ? dtype.substr(6) : dtype;
  }

 private:
  const std::string& owner_;
  Diagnostics* const diags_;
};

std::vector<std::string> Texts(const YamlNode& list) {
  std::vector<std::string> out;
  for (const YamlNode& item : list.items()) out.push_back(item.text());
  return out;
}

// mp_policy with plain dtype names and without nulls.
YamlNode PlainMpPolicy(const YamlNode& policy) {
  std::vector<YamlNode::Entry> out;
  for (const YamlNode::Entry& entry : policy.entries()) {
    if (entry.value.is_null()) continue;
    if (!entry.value.is_string()) {
      out.push_back(entry);
      continue;
    }
    out.push_back(
        {entry.key, YamlNode::String(Checker::PlainDtype(entry.value.text()),
                                     entry.value.where())});
  }
  return YamlNode::Mapping(std::move(out), policy.where());
}

MpPolicy TypedMpPolicy(const YamlNode& policy) {
  MpPolicy out;
  const auto dtype = [&](const char* key, std::optional<std::string>* value) {
    const YamlNode* node = policy.Find(key);
    if (node == nullptr) return;
    *value = node->is_null() ? "" : Checker::PlainDtype(node->text());
  };
  dtype("param_dtype", &out.param);
  dtype("reduce_dtype", &out.reduce);
  dtype("output_dtype", &out.output);
  const YamlNode* cast = policy.Find("cast_forward_inputs");
  out.cast_forward_inputs = cast == nullptr || cast->as_bool();
  return out;
}

}  // namespace

YamlNode CheckOptions(const YamlNode& options, const std::string& owner,
                      Diagnostics* diags) {
  return Checker(owner, diags).Check(options);
}

YamlNode OverlayOptions(const YamlNode& defaults, const YamlNode& entry) {
  const bool offload_set = entry.Find(kOffload) || entry.Find(kCpuOffload);
  std::vector<YamlNode::Entry> out;
  for (const YamlNode::Entry& from : defaults.entries()) {
    const std::string& key = from.key.text();
    if (const YamlNode* over = entry.Find(key)) {
      out.push_back({from.key, *over});
    } else if (!offload_set || (key != kOffload && key != kCpuOffload)) {
      out.push_back(from);
    }
  }
  for (const YamlNode::Entry& from : entry.entries()) {
    if (!defaults.Find(from.key.text())) out.push_back(from);
  }
  return YamlNode::Mapping(std::move(out), entry.where());
}

UnitOptions ReadOptions(const YamlNode& written) {
  UnitOptions options;
  options.written = written.is_mapping()
                        ? written
                        : YamlNode::Mapping(std::vector<YamlNode::Entry>());
  for (const YamlNode::Entry& entry : written.entries()) {
    const std::string& key = entry.key.text();
    const YamlNode& value = entry.value;
    if (value.is_null()) continue;
    if (key == kReshard) {
      if (value.is_bool()) {
        options.reshard_after_forward =
            value.as_bool() ? Reshard::kAlways : Reshard::kNever;
      } else {
        options.reshard_group = value.as_int();
        options.reshard_after_forward =
            value.as_int() == 1 ? Reshard::kNever : Reshard::kAlways;
      }
    } else if (key == kActCkpt) {
      options.act_ckpt =
          ActCkpt{value.Find("mode")->text(), *value.Find("kwargs")};
    } else if (key == kCpuOffload || key == kOffload) {
      options.cpu_offload = true;
      const YamlNode* pin = value.Find("pin_memory");
      options.pin_memory = pin == nullptr || pin->as_bool();
    } else if (key == kMpPolicy) {
      options.mp_policy = PlainMpPolicy(value);
      options.mp = TypedMpPolicy(value);
    } else if (key == kPlacement) {
      options.shard_placement = value;
    } else if (key == kIgnored) {
      options.ignored_params = value;
    } else if (key == kOneUnit) {
      options.one_unit = value.as_bool();
    } else if (key == kReshardBackward) {
      options.reshard_after_backward = value.as_bool();
    } else if (key == kForwardPrefetch) {
      options.forward_prefetch = Texts(value);
    } else if (key == kBackwardPrefetch) {
      options.backward_prefetch = Texts(value);
    }
  }
  return options;
}

}  // namespace fts
