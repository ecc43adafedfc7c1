// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "fts/core/config/yaml.h"
#include "fts/core/config/yaml_rep.h"
#include "fts/core/config/yaml_text.h"

namespace fts {
namespace {

using Kind = YamlNode::Kind;

// Letters, digits and a few harmless signs: never mistaken for YAML's own.
bool SafePlain(const std::string& text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return false;
  if (text.rfind("...", 0) == 0) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                       (c >= 'A' && c <= 'Z');
    const std::string inside = "_./+-*\\$^()|=~@% ,";
    const std::string first = "_./\\$^(";
    if (alnum) continue;
    if (i == 0 ? first.find(c) == std::string::npos
               : inside.find(c) == std::string::npos) {
      return false;
    }
  }
  return true;
}

std::string Quote(const std::string& text) {
  bool single = true;
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 ||
        static_cast<unsigned char>(c) >= 0x7F) {
      single = false;
    }
  }
  std::string out;
  if (single) {
    out = "'";
    for (char c : text) {
      if (c == '\'') out += '\'';
      out += c;
    }
    return out + "'";
  }
  out = "\"";
  for (size_t i = 0; i < text.size();) {
    uint32_t c = 0;
    const int length = yaml_internal::DecodeUtf8(text, i, &c);
    char buffer[16];
    if (length == 0) {
      out += "\\uFFFD";  // only built strings can hold such bytes
      ++i;
      continue;
    }
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c < 0x20 || (c >= 0x7F && c < 0xA0)) {
      std::snprintf(buffer, sizeof(buffer), "\\x%02X", c);
      out += buffer;
    } else if (c == 0x2028 || c == 0x2029 || c == 0xFEFF || c == 0xFFFE ||
               c == 0xFFFF) {
      std::snprintf(buffer, sizeof(buffer), "\\u%04X", c);
      out += buffer;
    } else {
      out.append(text, i, length);
    }
    i += length;
  }
  return out + "\"";
}

// A string in flow context would need more care; all output is block style.
std::string ScalarText(const YamlNode& node) {
  if (node.is_string()) {
    const std::string& text = node.text();
    const std::optional<YamlNode> plain = YamlNode::Plain(text);
    const bool comment = text.find(" #") != std::string::npos;
    if (!comment && SafePlain(text) && plain && plain->is_string()) {
      return text;
    }
    return Quote(text);
  }
  if (node.is_null()) return "null";
  const std::optional<YamlNode> plain = YamlNode::Plain(node.text());
  if (plain && YamlEqual(*plain, node)) {
    return node.text();
  }
  if (node.is_bool()) return node.as_bool() ? "true" : "false";
  if (node.is_int()) return std::to_string(node.as_int());
  return yaml_internal::FloatText(node.as_double());
}

class Emitter {
 public:
  explicit Emitter(const EmitOptions& options) : options_(options) {}

  std::string Run(const YamlNode& root) {
    if (IsBlock(root)) {
      Children(root, 0, false);
    } else {
      out_ += Inline(root);
      End(root);
    }
    return std::move(out_);
  }

 private:
  static bool IsBlock(const YamlNode& node) {
    return !node.items().empty() || !node.entries().empty();
  }

  static std::string Inline(const YamlNode& node) {
    if (node.is_sequence()) return "[]";
    if (node.is_mapping()) return "{}";
    return ScalarText(node);
  }

  void End(const YamlNode& node) {
    if (options_.places) {
      std::string place =
          node.where().known() ? *node.where().file : options_.no_place;
      if (node.where().line > 0) {
        place += ":" + std::to_string(node.where().line);
      }
      for (char& c : place) {
        if (static_cast<unsigned char>(c) < 0x20) c = '?';
      }
      if (!place.empty()) out_ += "  # " + place;
    }
    out_ += "\n";
  }

  void Value(const YamlNode& node, int indent) {
    if (!IsBlock(node)) {
      out_ += " " + Inline(node);
      End(node);
      return;
    }
    out_ += "\n";
    Children(node, indent, false);
  }

  // `inline_first`: the first child continues the current line ("- a: 1").
  void Children(const YamlNode& node, int indent, bool inline_first) {
    bool first = inline_first;
    for (const YamlNode& item : node.items()) {
      if (!first) out_.append(indent, ' ');
      first = false;
      out_ += "-";
      if (IsBlock(item)) {
        out_ += " ";
        Children(item, indent + 2, true);
      } else {
        Value(item, indent + 2);
      }
    }
    for (const YamlNode::Entry& e : node.entries()) {
      if (!first) out_.append(indent, ' ');
      first = false;
      out_ += ScalarText(e.key) + ":";
      Value(e.value, indent + 2);
    }
  }

  const EmitOptions& options_;
  std::string out_;
};

}  // namespace

std::string EmitYaml(const YamlNode& node, const EmitOptions& options) {
  return Emitter(options).Run(node);
}

}  // namespace fts
