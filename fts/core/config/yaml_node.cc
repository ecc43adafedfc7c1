// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cassert>
#include <cmath>
#include <unordered_map>

#include "fts/core/config/yaml.h"
#include "fts/core/config/yaml_rep.h"

namespace fts {

YamlNode YamlNodeFactory::Scalar(yaml_internal::Scalar scalar, std::string text,
                                 bool quoted, SourceLocation where) {
  auto rep = std::make_shared<YamlNode::Rep>();
  rep->scalar = std::move(scalar);
  rep->text = std::move(text);
  rep->quoted = quoted;
  return YamlNode(std::move(rep), std::move(where));
}

int64_t YamlNodeFactory::Size(const YamlNode& node) { return node.rep_->size; }

YamlNode::YamlNode() : YamlNode(Null()) {}

YamlNode::YamlNode(std::shared_ptr<const Rep> rep, SourceLocation where)
    : rep_(std::move(rep)), where_(std::move(where)) {}

YamlNode YamlNode::Null(SourceLocation where) {
  static const auto* const kNullRep = [] {
    auto rep = std::make_shared<Rep>();
    rep->scalar.kind = Kind::kNull;
    rep->text = "null";
    return new std::shared_ptr<const Rep>(std::move(rep));
  }();
  return YamlNode(*kNullRep, std::move(where));
}

YamlNode YamlNode::Bool(bool value, SourceLocation where) {
  yaml_internal::Scalar scalar;
  scalar.kind = Kind::kBool;
  scalar.b = value;
  return YamlNodeFactory::Scalar(scalar, value ? "true" : "false", false,
                                 std::move(where));
}

YamlNode YamlNode::Int(int64_t value, SourceLocation where) {
  yaml_internal::Scalar scalar;
  scalar.kind = Kind::kInt;
  scalar.i = value;
  scalar.d = static_cast<double>(value);
  return YamlNodeFactory::Scalar(scalar, std::to_string(value), false,
                                 std::move(where));
}

YamlNode YamlNode::Float(double value, SourceLocation where) {
  yaml_internal::Scalar scalar;
  scalar.kind = Kind::kFloat;
  scalar.d = value;
  return YamlNodeFactory::Scalar(scalar, yaml_internal::FloatText(value), false,
                                 std::move(where));
}

YamlNode YamlNode::String(std::string value, SourceLocation where) {
  return YamlNodeFactory::Scalar({}, std::move(value), true, std::move(where));
}

YamlNode YamlNode::Sequence(std::vector<YamlNode> items, SourceLocation where) {
  auto rep = std::make_shared<Rep>();
  rep->scalar.kind = Kind::kSequence;
  for (const YamlNode& item : items) rep->size += item.rep_->size;
  rep->items = std::move(items);
  return YamlNode(std::move(rep), std::move(where));
}

YamlNode YamlNode::Mapping(std::vector<Entry> entries, SourceLocation where) {
  auto rep = std::make_shared<Rep>();
  rep->scalar.kind = Kind::kMapping;
  for (const Entry& e : entries) rep->size += 1 + e.value.rep_->size;
  rep->entries = std::move(entries);
  return YamlNode(std::move(rep), std::move(where));
}

YamlNode YamlNode::Mapping(
    std::vector<std::pair<std::string, YamlNode>> entries,
    SourceLocation where) {
  std::vector<Entry> out;
  for (auto& [key, value] : entries) {
    out.push_back({String(key, where), std::move(value)});
  }
  return Mapping(std::move(out), std::move(where));
}

std::optional<YamlNode> YamlNode::Plain(std::string text,
                                        SourceLocation where) {
  yaml_internal::Scalar scalar = yaml_internal::ResolvePlain(text);
  if (!scalar.error.empty() || text == "<<") return std::nullopt;
  if (scalar.kind == Kind::kNull) return Null(std::move(where));
  return YamlNodeFactory::Scalar(std::move(scalar), std::move(text), false,
                                 std::move(where));
}

YamlNode YamlNode::At(SourceLocation where) const {
  return YamlNode(rep_, std::move(where));
}

YamlNode::Kind YamlNode::kind() const { return rep_->scalar.kind; }

const char* YamlNode::kind_name() const {
  switch (kind()) {
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return "boolean";
    case Kind::kInt:
      return "integer";
    case Kind::kFloat:
      return "float";
    case Kind::kString:
      return "string";
    case Kind::kSequence:
      return "list";
    case Kind::kMapping:
      return "mapping";
  }
  return "";
}

const std::string& YamlNode::text() const { return rep_->text; }
bool YamlNode::quoted() const { return rep_->quoted; }

bool YamlNode::as_bool() const {
  assert(is_bool());
  return rep_->scalar.b;
}

int64_t YamlNode::as_int() const {
  assert(is_int());
  return rep_->scalar.i;
}

double YamlNode::as_double() const {
  assert(is_int() || is_float());
  return rep_->scalar.d;
}

std::optional<double> YamlNode::ToNumber() const {
  if (is_int() || is_float()) return rep_->scalar.d;
  if (is_string()) return yaml_internal::PythonFloat(text());
  return std::nullopt;
}

const std::vector<YamlNode>& YamlNode::items() const { return rep_->items; }

const std::vector<YamlNode::Entry>& YamlNode::entries() const {
  return rep_->entries;
}

const YamlNode* YamlNode::Find(const std::string& key) const {
  for (const Entry& e : entries()) {
    if (e.key.text() == key) return &e.value;
  }
  return nullptr;
}

SourceLocation YamlNode::KeyWhere(const std::string& key) const {
  for (const Entry& e : entries()) {
    if (e.key.text() == key) return e.key.where();
  }
  return {};
}

std::vector<std::string> YamlNode::Keys() const {
  std::vector<std::string> out;
  for (const Entry& e : entries()) out.push_back(e.key.text());
  return out;
}

namespace {

constexpr size_t kShowLength = 60;

// Appends until the text is long enough, then stops descending.
void ShowInto(const YamlNode& node, std::string* out) {
  if (out->size() > kShowLength) return;
  if (node.is_string()) {
    *out += "'" + node.text() + "'";
  } else if (node.is_sequence()) {
    *out += "[";
    const char* separator = "";
    for (const YamlNode& item : node.items()) {
      if (out->size() > kShowLength) break;
      *out += separator;
      ShowInto(item, out);
      separator = ", ";
    }
    *out += "]";
  } else if (node.is_mapping()) {
    *out += "{";
    const char* separator = "";
    for (const YamlNode::Entry& e : node.entries()) {
      if (out->size() > kShowLength) break;
      *out += separator + e.key.text() + ": ";
      ShowInto(e.value, out);
      separator = ", ";
    }
    *out += "}";
  } else {
    *out += node.text();
  }
}

}  // namespace

std::string YamlNode::Show() const {
  std::string out;
  ShowInto(*this, &out);
  for (char& c : out) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  }
  if (out.size() > kShowLength) {
    size_t cut = kShowLength;
    // Not inside a UTF-8 sequence.
    while (cut > 0 && (static_cast<unsigned char>(out[cut]) & 0xC0) == 0x80) {
      --cut;
    }
    out = out.substr(0, cut) + "...";
  }
  return out;
}

std::string DescribeYaml(const YamlNode& node) {
  if (node.is_null()) return "null";
  return std::string(node.kind_name()) + " " + node.Show();
}

namespace {

bool EqualMappings(const YamlNode& a, const YamlNode& b) {
  if (a.entries().size() != b.entries().size()) return false;
  // By text, which is not unique in built mappings (1 and '1').
  std::unordered_multimap<std::string, const YamlNode::Entry*> by_text;
  for (const YamlNode::Entry& e : b.entries()) {
    by_text.emplace(e.key.text(), &e);
  }
  for (const YamlNode::Entry& e : a.entries()) {
    bool found = false;
    auto [it, end] = by_text.equal_range(e.key.text());
    for (; it != end && !found; ++it) {
      found = YamlEqual(e.key, it->second->key) &&
              YamlEqual(e.value, it->second->value);
    }
    if (!found) return false;
  }
  return true;
}

}  // namespace

bool YamlEqual(const YamlNode& a, const YamlNode& b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case YamlNode::Kind::kNull:
      return true;
    case YamlNode::Kind::kBool:
      return a.as_bool() == b.as_bool();
    case YamlNode::Kind::kInt:
      return a.as_int() == b.as_int();
    case YamlNode::Kind::kFloat:
      return a.as_double() == b.as_double() ||
             (std::isnan(a.as_double()) && std::isnan(b.as_double()));
    case YamlNode::Kind::kString:
      return a.text() == b.text();
    case YamlNode::Kind::kSequence:
      return std::equal(a.items().begin(), a.items().end(), b.items().begin(),
                        b.items().end(), YamlEqual);
    case YamlNode::Kind::kMapping:
      return EqualMappings(a, b);
  }
  return false;
}

}  // namespace fts
