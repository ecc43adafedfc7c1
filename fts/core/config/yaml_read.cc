// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <cmath>
#include <exception>
#include <optional>
#include <sstream>
#include <unordered_map>

#include "fts/core/base/codes.h"
#include "fts/core/config/codes.h"
#include "fts/core/config/read_file.h"
#include "fts/core/config/yaml.h"
#include "fts/core/config/yaml_lexical.h"
#include "fts/core/config/yaml_rep.h"
#include "fts/core/config/yaml_text.h"

namespace fts {
namespace {

using yaml_internal::KeyHasColon;
using yaml_internal::QuoteEnd;
using yaml_internal::RepairEscapes;
using yaml_internal::Scalar;
using yaml_internal::SkipProperties;
using yaml_internal::YamlText;
using Kind = YamlNode::Kind;

constexpr char kCoreTag[] = "tag:yaml.org,2002:";

// Ends a parse from inside a handler; the error is recorded already.
struct Stop {};

// Keys that PyYAML would take for one and the same have one canonical form.
std::string CanonicalKey(const YamlNode& key) {
  if (key.is_null()) return "n";
  if (key.is_string()) return "s" + key.text();
  const double value =
      key.is_bool() ? (key.as_bool() ? 1 : 0) : key.as_double();
  if (key.is_int()) return "d" + std::to_string(key.as_int());
  if (std::nearbyint(value) == value && std::fabs(value) < 1e15) {
    return "d" + std::to_string(static_cast<int64_t>(value));
  }
  return "f" + yaml_internal::FloatText(value);
}

// yaml-cpp skips each line that starts with '%', wherever it stands and even
// without the '---' that must follow a directive.
bool CheckDirectives(const YamlText& text, Diagnostics* diags) {
  std::istringstream lines(text.text());
  std::string line;
  bool content = false;    // something but comments was seen
  bool directive = false;  // the lines before were directives
  SourceLocation where;
  int number = -1;
  while (std::getline(lines, line)) {
    ++number;
    const size_t first = line.find_first_not_of(" \t");
    if (first == std::string::npos || line[first] == '#') continue;
    if (line[0] == '%') {
      where = text.Where(number, 0);
      directive = true;
      const bool known =
          line.rfind("%YAML 1.", 0) == 0 || line.rfind("%TAG ", 0) == 0;
      if (content || !known) break;
    } else {
      content = true;
      if (directive && line.rfind("---", 0) != 0) break;
      directive = false;
    }
  }
  if (!directive) return true;
  diags->Error(codes::kYamlSyntax,
               "a line that starts with '%' is a YAML directive, and only "
               "'%YAML 1.x' or '%TAG' with a '---' line after it is one; quote "
               "the text, or remove the line",
               where);
  return false;
}

// yaml-cpp's words for a syntax error, with a hint where they need one.
std::string SyntaxMessage(const std::string& seen) {
  const std::string& text = seen;
  if (text == YAML::ErrorMsg::END_OF_MAP || text == YAML::ErrorMsg::MAP_KEY ||
      text == YAML::ErrorMsg::MAP_VALUE) {
    return text + "; check the indentation, and quote text that holds ': '";
  }
  if (text == YAML::ErrorMsg::END_OF_SEQ ||
      text == YAML::ErrorMsg::BLOCK_ENTRY) {
    return text + "; check the indentation of the '-' items";
  }
  if (text == YAML::ErrorMsg::TAB_IN_INDENTATION) {
    return text + "; indent with spaces";
  }
  if (text == YAML::ErrorMsg::END_OF_MAP_FLOW) {
    return text + "; add the closing '}'";
  }
  if (text == YAML::ErrorMsg::END_OF_SEQ_FLOW) {
    return text + "; add the closing ']'";
  }
  if (text == YAML::ErrorMsg::UNKNOWN_TOKEN) {
    return text + "; quote text that starts with a special character";
  }
  return text;
}

class Builder : public YAML::EventHandler {
 public:
  Builder(const YamlText& text, const YamlLimits& limits, Diagnostics* diags)
      : text_(text), limits_(limits), diags_(diags) {}

  YamlNode root() const { return root_; }
  int num_documents() const { return num_documents_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++num_documents_ == 1) return;
    diags_->Error(codes::kYamlSecondDocument,
                  "a second document, or text after the end of the first, "
                  "starts here; a file holds one document: check the "
                  "indentation above, or use two files",
                  Where(mark));
    throw Stop{};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (!stack_.empty() && stack_.back().key && stack_.back().block &&
        !KeyHasColon(text_.text(), stack_.back().key_offset,
                     *stack_.back().key)) {
      const YamlNode& key = *stack_.back().key;
      diags_->Error(codes::kYamlSyntax,
                    "':' is missing after the key " + key.Show() +
                        "; add it, or check the indentation",
                    key.where());
      throw Stop{};
    }
    offset_ = text_.Offset(mark.line, mark.column);
    Add(YamlNode::Null(NullWhere(mark)), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      diags_->Error(codes::kYamlAlias,
                    "this alias stands inside the value that it refers to; "
                    "write the value out instead",
                    Where(mark));
      throw Stop{};
    }
    offset_ = text_.Offset(mark.line, mark.column);
    Add(found->second.At(Where(mark)), 0, YamlNodeFactory::Size(found->second));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag,
                YAML::anchor_t anchor, const std::string& value) override {
    const SourceLocation where = Where(mark);
    const std::string& text = text_.text();
    offset_ = text_.Offset(mark.line, mark.column);
    const size_t start = SkipProperties(text, offset_);
    const char first = start < text.size() ? text[start] : '\0';
    if ((first == '"' || first == '\'') &&
        QuoteEnd(text, start) == std::string::npos) {
      diags_->Error(codes::kYamlSyntax,
                    std::string("this quoted string is never closed; add the "
                                "closing ") +
                        first,
                    where);
      throw Stop{};
    }
    // Plain scalars never start with an indicator of the other styles.
    const bool quoted =
        first == '"' || first == '\'' || first == '|' || first == '>';
    const std::string core = CoreTag(tag, where);
    Scalar scalar;
    if (!core.empty()) {
      if (core == "seq" || core == "map") {
        diags_->Error(codes::kYamlTag,
                      "!!" + core + " stands before the scalar '" + value +
                          "'; remove the tag",
                      where);
      } else {
        scalar = yaml_internal::ConstructTagged(core, value);
      }
    } else if (!quoted && tag != "!") {
      if (value == "<<") {
        diags_->Error(codes::kYamlMergeKey,
                      "merge keys ('<<') are not supported; write the keys "
                      "out, or quote it if it is meant as text",
                      where);
      }
      scalar = yaml_internal::ResolvePlain(value);
    }
    if (!scalar.error.empty()) {
      diags_->Error(codes::kBadValue, scalar.error, where);
      scalar = Scalar();  // as text: no number to compare with other keys
    }
    if (value.find('\0') != std::string::npos) {
      diags_->Error(codes::kYamlEncoding,
                    "this string holds a NUL character; remove the '\\0'",
                    where);
    }
    if (scalar.kind == Kind::kNull) {
      Add(YamlNode::Null(where), anchor);
      return;
    }
    Add(YamlNodeFactory::Scalar(scalar, RepairEscapes(value),
                                quoted || tag == "!", where),
        anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    Open(false, mark, tag, anchor, style);
  }
  void OnSequenceEnd() override {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    Add(YamlNode::Sequence(std::move(frame.items), frame.where), frame.anchor);
  }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    Open(true, mark, tag, anchor, style);
  }
  void OnMapEnd() override {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    Add(YamlNode::Mapping(std::move(frame.entries), frame.where), frame.anchor);
  }

  SourceLocation Where(const YAML::Mark& mark) const {
    return text_.Where(mark.line, mark.column);
  }

 private:
  struct Frame {
    bool is_map = false;
    bool block = false;  // not in brackets or braces
    SourceLocation where;
    YAML::anchor_t anchor = 0;
    std::vector<YamlNode> items;
    std::vector<YamlNode::Entry> entries;
    std::optional<YamlNode> key;  // read, its value is not
    size_t key_offset = 0;        // where that key starts in the text
    std::unordered_map<std::string, SourceLocation> seen;
  };

  // The name behind "!!"; "" for no explicit tag, or a bad one (recorded).
  std::string CoreTag(const std::string& tag, const SourceLocation& where) {
    if (tag.empty() || tag == "?" || tag == "!") return "";
    const size_t prefix = sizeof(kCoreTag) - 1;
    if (tag.compare(0, prefix, kCoreTag) == 0) {
      const std::string name = tag.substr(prefix);
      for (const char* core :
           {"str", "int", "float", "bool", "null", "seq", "map"}) {
        if (name == core) return name;
      }
    }
    std::string shown = tag;
    if (tag.compare(0, prefix, kCoreTag) == 0) {
      shown = "!!" + tag.substr(prefix);
    }
    diags_->Error(codes::kYamlTag,
                  "the tag '" + shown +
                      "' is not supported; only !!str, !!int, !!float, "
                      "!!bool, !!null, !!seq and !!map are: remove the tag",
                  where);
    return "";
  }

  void Open(bool is_map, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor, YAML::EmitterStyle::value style) {
    const SourceLocation where = Where(mark);
    if (static_cast<int>(stack_.size()) >= limits_.max_depth) {
      diags_->Error(codes::kYamlLimit,
                    "lists and mappings are nested more than " +
                        std::to_string(limits_.max_depth) + " deep",
                    where);
      throw Stop{};
    }
    if (!stack_.empty() && stack_.back().is_map && !stack_.back().key) {
      diags_->Error(
          codes::kComplexKey,
          std::string("a ") + (is_map ? "mapping" : "list") +
              " cannot be a key; " +
              (style == YAML::EmitterStyle::Flow
                   ? std::string("add the closing '") + (is_map ? "}" : "]") +
                         "' if it is missing, or "
                   : std::string()) +
              "quote it if it is meant as text",
          where);
      throw Stop{};
    }
    const std::string core = CoreTag(tag, where);
    if (!core.empty() && core != (is_map ? "map" : "seq")) {
      diags_->Error(codes::kYamlTag,
                    "!!" + core + " stands before a " +
                        (is_map ? "mapping" : "list") + "; remove the tag",
                    where);
    }
    Frame frame;
    frame.is_map = is_map;
    frame.block = style == YAML::EmitterStyle::Block;
    frame.where = where;
    frame.anchor = anchor;
    stack_.push_back(std::move(frame));
  }

  // yaml-cpp marks an absent value with the token after it, so the key's place
  // (or the list's) is the best there is.
  SourceLocation NullWhere(const YAML::Mark& mark) const {
    if (stack_.empty()) return Where(mark);
    const Frame& frame = stack_.back();
    if (frame.is_map) return frame.key ? frame.key->where() : Where(mark);
    const std::string& text = text_.text();
    const size_t pos = text_.Offset(mark.line, mark.column);
    for (const char* word : {"~", "null", "Null", "NULL"}) {
      if (text.compare(pos, std::char_traits<char>::length(word), word) == 0) {
        return Where(mark);
      }
    }
    return frame.items.empty() ? frame.where : frame.items.back().where();
  }

  void Add(YamlNode node, YAML::anchor_t anchor, int64_t cost = 1) {
    CountNodes(node, cost);
    if (anchor != 0) anchors_[anchor] = node;
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = stack_.back();
    if (!frame.is_map) {
      frame.items.push_back(std::move(node));
    } else if (!frame.key) {
      frame.key = std::move(node);
      frame.key_offset = offset_;
      CheckKey(*frame.key, &frame);
    } else {
      frame.entries.push_back({std::move(*frame.key), std::move(node)});
      frame.key.reset();
    }
  }

  // `cost` is 1, or for an alias all of what it stands for: sharing keeps
  // memory small, but whoever walks the tree meets each value again.
  void CountNodes(const YamlNode& node, int64_t cost) {
    total_ += cost;
    if (total_ <= limits_.max_nodes) return;
    diags_->Error(codes::kYamlLimit,
                  "the document holds more than " +
                      std::to_string(limits_.max_nodes) +
                      " values, aliases counted as what they stand for",
                  node.where());
    throw Stop{};
  }

  void CheckKey(const YamlNode& key, Frame* frame) {
    if (!key.is_scalar()) {
      diags_->Error(codes::kComplexKey,
                    std::string("a ") + key.kind_name() +
                        " cannot be a key; quote it if it is meant as text",
                    key.where());
      throw Stop{};
    }
    if (key.is_null()) {
      diags_->Error(codes::kComplexKey,
                    "null, or nothing, cannot be a key; write the key before "
                    "the ':', or quote it if it is meant as text",
                    key.where());
      throw Stop{};
    }
    std::vector<std::string> forms = {CanonicalKey(key)};
    if (!key.is_string()) forms.push_back("s" + key.text());
    for (const std::string& form : forms) {
      const auto [place, added] = frame->seen.emplace(form, key.where());
      if (added) continue;
      diags_->Error(
          codes::kDuplicateKey,
          "duplicate key '" + key.text() + "'" +
              (place->second.known() ? ", first at " + place->second.ToString()
                                     : std::string()) +
              "; remove one of the two",
          key.where());
      return;
    }
  }

  const YamlText& text_;
  const YamlLimits& limits_;
  Diagnostics* diags_;
  std::vector<Frame> stack_;
  std::unordered_map<YAML::anchor_t, YamlNode> anchors_;
  YamlNode root_;
  int num_documents_ = 0;
  int64_t total_ = 0;
  size_t offset_ = 0;  // of the latest scalar or alias
};

}  // namespace

bool IsYamlText(const std::string& text) {
  Diagnostics ignored;
  return yaml_internal::YamlText::Make(text, "", &ignored).has_value();
}

absl::StatusOr<YamlNode> ParseYaml(const std::string& text,
                                   const std::string& name, Diagnostics* diags,
                                   const YamlLimits& limits) {
  const int errors_before = diags->num_errors();
  if (static_cast<int64_t>(text.size()) > limits.max_bytes) {
    diags->Error(codes::kYamlLimit,
                 "the text is longer than " + std::to_string(limits.max_bytes) +
                     " bytes",
                 name.empty() ? SourceLocation() : MakeLocation(name));
    return diags->status();
  }
  const std::optional<YamlText> prepared = YamlText::Make(text, name, diags);
  if (!prepared || !CheckDirectives(*prepared, diags)) return diags->status();
  Builder builder(*prepared, limits, diags);
  try {
    std::istringstream stream(prepared->text());
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {
  } catch (const YAML::Exception& e) {
    diags->Error(codes::kYamlSyntax, SyntaxMessage(e.msg),
                 builder.Where(e.mark));
  } catch (const std::exception& e) {
    diags->Error(codes::kYamlSyntax,
                 std::string("the YAML parser failed: ") + e.what(),
                 name.empty() ? SourceLocation() : MakeLocation(name));
  }
  if (diags->num_errors() > errors_before) return diags->status();
  return builder.num_documents() == 0 ? YamlNode::Null(prepared->Where(0, 0))
                                      : builder.root();
}

absl::StatusOr<YamlNode> ReadYamlFile(const std::string& path,
                                      Diagnostics* diags,
                                      const YamlLimits& limits) {
  std::string text;
  if (!ReadTextFile(path, limits.max_bytes, &text, diags)) {
    return diags->status();
  }
  return ParseYaml(text, path, diags, limits);
}

}  // namespace fts
