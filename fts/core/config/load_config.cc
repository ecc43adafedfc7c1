// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/config/load_config.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <unordered_map>
#include <utility>

#include "fts/core/base/codes.h"
#include "fts/core/base/did_you_mean.h"
#include "fts/core/config/codes.h"
#include "fts/core/config/paths.h"

namespace fts {
namespace {

using Path = std::vector<std::string>;

// A mapping merge in which `replace(path, value)` sees each later value first.
using Expand = std::function<YamlNode(const Path&, const YamlNode&)>;

YamlNode Merge(const YamlNode& base, const YamlNode& later, Path* path,
               const Expand& expand) {
  // A string that became a mapping came from a file and replaces all.
  const YamlNode seen = expand ? expand(*path, later) : later;
  if (!seen.is_mapping()) return seen;
  const bool merge = base.is_mapping() && later.is_mapping();
  std::vector<YamlNode::Entry> entries;
  std::unordered_map<std::string, size_t> known;
  if (merge) {
    entries = base.entries();
    for (size_t i = 0; i < entries.size(); ++i) {
      known.emplace(entries[i].key.text(), i);
    }
  }
  for (const YamlNode::Entry& e : seen.entries()) {
    const auto found = known.find(e.key.text());
    YamlNode::Entry* old =
        found == known.end() ? nullptr : &entries[found->second];
    path->push_back(e.key.text());
    YamlNode value =
        Merge(old ? old->value : YamlNode(), e.value, path, expand);
    path->pop_back();
    if (old == nullptr) {
      entries.push_back({e.key, std::move(value)});
    } else {
      if (!value.is_mapping()) old->key = e.key;
      old->value = std::move(value);
    }
  }
  return YamlNode::Mapping(std::move(entries),
                           merge ? base.where() : seen.where());
}

class Loader {
 public:
  explicit Loader(Diagnostics* diags) : diags_(diags) {}

  YamlNode MergeFile(const YamlNode& base, const std::string& typed) {
    const std::string path = UserPath(typed);
    const auto read = ReadYamlFile(path, diags_);
    return read.ok() ? MergePart(base, *read) : base;
  }

  YamlNode MergePart(const YamlNode& base, const YamlNode& part) {
    if (part.is_null()) return base;
    if (!part.is_mapping()) {
      diags_->Error(codes::kBadType,
                    "the config file holds a " + std::string(part.kind_name()) +
                        "; it must hold a mapping (key: value)",
                    part.where());
      return base;
    }
    return MergeNode(base, part);
  }

  YamlNode MergeNode(const YamlNode& base, const YamlNode& later) {
    Path path;
    return Merge(base, later, &path,
                 [this](const Path& at, const YamlNode& value) {
                   return ExpandFile(at, value);
                 });
  }

  YamlNode Apply(const YamlNode& base, const Override& change) {
    const YamlNode* old = &base;
    for (size_t i = 0; i < change.path.size() && old != nullptr; ++i) {
      if (old->is_sequence() || (old->is_scalar() && !old->is_null())) {
        const Path outer(change.path.begin(), change.path.begin() + i);
        diags_->Error(
            codes::kBadOverride,
            "'" + change.text + "': " + JoinKeyPath(outer) + " is " +
                DescribeYaml(*old) + ", which has no keys" +
                (old->is_sequence() ? "; lists are replaced whole" : ""));
        return base;
      }
      old = old->Find(change.path[i]);
    }
    YamlNode value = change.value;
    if (change.append) {
      std::vector<YamlNode> items;
      if (old != nullptr && !old->is_null()) {
        if (!old->is_sequence()) {
          diags_->Error(codes::kBadOverride,
                        "'" + change.text + "': " + JoinKeyPath(change.path) +
                            " is " + DescribeYaml(*old) +
                            "; only lists take '+='");
          return base;
        }
        items = old->items();
      }
      if (value.is_sequence()) {
        items.insert(items.end(), value.items().begin(), value.items().end());
      } else {
        items.push_back(value);
      }
      value = YamlNode::Sequence(std::move(items));
    }
    for (size_t i = change.path.size(); i-- > 0;) {
      // A phase number is an integer key, as if it stood in a file.
      const auto plain = YamlNode::Plain(change.path[i]);
      const YamlNode key =
          plain && plain->is_int() ? *plain : YamlNode::String(change.path[i]);
      value = YamlNode::Mapping({YamlNode::Entry{key, value}});
    }
    return MergeNode(base, value);
  }

 private:
  YamlNode ExpandFile(const Path& at, const YamlNode& value) {
    if (!value.is_string() || !NamesAFile(JoinKeyPath(at))) return value;
    static const auto* const kWords =
        new std::vector<std::string>{"implicit", "llama", "auto"};
    for (const std::string& word : *kWords) {
      if (value.text() == word) return value;
    }
    const std::string path = ResolvePath(value.text(), value.where());
    if (std::find(open_.begin(), open_.end(), path) != open_.end()) {
      diags_->Error(codes::kConfigCycle,
                    JoinKeyPath(at) + " names '" + path +
                        "', which is being read already; a file cannot "
                        "include itself",
                    value.where());
      return YamlNode::Null(value.where());
    }
    Diagnostics inner;
    const auto read = ReadYamlFile(path, &inner);
    if (!read.ok()) {
      for (Diagnostic d : inner.all()) {
        if (!d.where.known()) {
          d.message += "; " + JoinKeyPath(at) + " names it" +
                       DidYouMean(value.text(), *kWords);
          d.where = value.where();
        }
        diags_->Add(std::move(d));
      }
      return YamlNode::Null(value.where());
    }
    if (!read->is_mapping()) {
      diags_->Error(
          codes::kBadType,
          JoinKeyPath(at) + " is a mapping, so '" + value.text() +
              "' names a file that must hold one; '" + path + "' holds " +
              (read->is_null() ? std::string("nothing")
                               : "a " + std::string(read->kind_name())),
          value.where());
      return YamlNode::Null(value.where());
    }
    // Strings inside name files too, relative to this one.
    open_.push_back(path);
    Path inside = at;
    const YamlNode whole = Merge(YamlNode(), *read, &inside,
                                 [this, &at](const Path& p, const YamlNode& v) {
                                   return p == at ? v : ExpandFile(p, v);
                                 });
    open_.pop_back();
    return whole;
  }

  Diagnostics* diags_;
  std::vector<std::string> open_;
};

}  // namespace

bool NamesAFile(const std::string& dotted_path) {
  static const char* const kPaths[] = {
      "model",
      "model.config",
      "data",
      "data.train",
      "data.val",
      "mesh",
      "trainer",
      "optimizer",
      "lr_scheduler",
      "schedule",
      "scheduler",
      "scheduler.reinit_optim_cfg",
      "scheduler.reinit_lr_cfg",
      "early_stopping",
      "checkpoint",
      "strategy_adapter_cfg",
      "strategy_adapter_cfg.fsdp_plan",
      "strategy_adapter_cfg.fsdp_default_kwargs",
      "strategy_adapter_cfg.tp_plan",
      "profile",
  };
  return std::find(std::begin(kPaths), std::end(kPaths), dotted_path) !=
         std::end(kPaths);
}

YamlNode MergeYaml(const YamlNode& base, const YamlNode& later) {
  Path path;
  return Merge(base, later, &path, nullptr);
}

namespace {

// `add` merges part i of `size` into what it is given.
template <typename Add>
absl::StatusOr<YamlNode> MergeAll(size_t size,
                                  const std::vector<Override>& overrides,
                                  Diagnostics* diags, const Add& add) {
  const int errors_before = diags->num_errors();
  Loader loader(diags);
  YamlNode merged = YamlNode::Mapping(std::vector<YamlNode::Entry>());
  for (size_t i = 0; i < size; ++i) merged = add(loader, merged, i);
  for (const Override& change : overrides) {
    merged = loader.Apply(merged, change);
  }
  if (diags->num_errors() > errors_before) return diags->status();
  return merged;
}

}  // namespace

absl::StatusOr<YamlNode> LoadConfig(const std::vector<std::string>& files,
                                    const std::vector<Override>& overrides,
                                    Diagnostics* diags) {
  return MergeAll(files.size(), overrides, diags,
                  [&](Loader& loader, const YamlNode& base, size_t i) {
                    return loader.MergeFile(base, files[i]);
                  });
}

absl::StatusOr<YamlNode> MergeConfig(const std::vector<YamlNode>& parts,
                                     const std::vector<Override>& overrides,
                                     Diagnostics* diags) {
  return MergeAll(parts.size(), overrides, diags,
                  [&](Loader& loader, const YamlNode& base, size_t i) {
                    return loader.MergePart(base, parts[i]);
                  });
}

}  // namespace fts
