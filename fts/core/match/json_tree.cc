// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/match/json_tree.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "fts/core/base/codes.h"
#include "fts/core/base/counting_iterator.h"
#include "fts/core/match/codes.h"

namespace fts::match_internal {
namespace {

constexpr size_t kMaxDepth = 32;
constexpr int64_t kMaxValues = 8000000;

class TreeBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  TreeBuilder(const std::string& text, const std::string& name,
              Diagnostics* diags)
      : text_(text),
        file_(std::make_shared<const std::string>(name)),
        diags_(diags) {
    line_starts_.push_back(0);
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') line_starts_.push_back(i + 1);
    }
  }

  bool Run(JsonValue* root) {
    root_ = root;
    const char* const begin = text_.data();
    cursor_ = begin;
    return nlohmann::json::sax_parse(
        CountingIterator(begin, &cursor_),
        CountingIterator(begin + text_.size(), &cursor_), this);
  }

  bool null() override { return Put(JsonValue::kNull, BareStart()); }
  bool boolean(bool value) override {
    if (!Put(JsonValue::kBool, BareStart())) return false;
    last_->boolean = value;
    return true;
  }
  bool number_integer(number_integer_t value) override {
    if (!Put(JsonValue::kInteger, BareStart())) return false;
    last_->integer = value;
    return true;
  }
  bool number_unsigned(number_unsigned_t value) override {
    const bool fits =
        value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
    if (!Put(fits ? JsonValue::kInteger : JsonValue::kNumber, BareStart())) {
      return false;
    }
    if (fits) last_->integer = static_cast<int64_t>(value);
    return true;
  }
  bool number_float(number_float_t, const string_t&) override {
    return Put(JsonValue::kNumber, BareStart());
  }
  bool string(string_t& value) override {
    if (!Put(JsonValue::kString, StringStart())) return false;
    last_->string = std::move(value);
    return true;
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override {
    if (!Open(JsonValue::kMapping)) return false;
    seen_.emplace_back();
    return true;
  }
  bool key(string_t& value) override {
    if (!seen_.back().insert(value).second) {
      diags_->Error(codes::kDuplicateName,
                    "the key \"" + value +
                        "\" appears twice in one mapping; "
                        "remove one",
                    At(StringStart()));
      return false;
    }
    stack_.back()->keys.push_back(std::move(value));
    return true;
  }
  bool end_object() override {
    seen_.pop_back();
    stack_.pop_back();
    return true;
  }
  bool start_array(std::size_t) override { return Open(JsonValue::kList); }
  bool end_array() override {
    stack_.pop_back();
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    // "[json.exception...] parse error at line 1, column 5: what is wrong"
    std::string what = error.what();
    const size_t column = what.find(", column ");
    const size_t colon =
        column == what.npos ? what.find("] ") : what.find(": ", column);
    if (colon != what.npos) what = what.substr(colon + 2);
    diags_->Error(codes::kBadJson, "not valid JSON: " + what,
                  At(position > 0 ? position - 1 : 0));
    return false;
  }

 private:
  size_t Offset() const { return cursor_ - text_.data(); }

  // Where the string that ends at the cursor starts.
  size_t StringStart() const {
    size_t i = Offset() - 1;  // the closing quote
    while (i > 0) {
      --i;
      if (text_[i] != '"') continue;
      size_t slashes = 0;
      while (slashes < i && text_[i - 1 - slashes] == '\\') ++slashes;
      if (slashes % 2 == 0) break;
    }
    return i;
  }

  // Where the number or word before the cursor starts. The parser has read one
  // character more than a number's.
  size_t BareStart() const {
    auto bare = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == 'E' ||
             c == '+' || c == '-' || c == '.';
    };
    size_t end = Offset();
    if (end > 0 && !bare(text_[end - 1])) --end;
    while (end > 0 && bare(text_[end - 1])) --end;
    return end;
  }

  SourceLocation At(size_t offset) const {
    const auto next =
        std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
    SourceLocation where;
    where.file = file_;
    where.line = static_cast<int>(next - line_starts_.begin());
    where.column = static_cast<int>(offset - *(next - 1)) + 1;
    return where;
  }

  bool Put(JsonValue::Kind kind, size_t offset) {
    if (++values_ > kMaxValues) {
      diags_->Error(codes::kOutOfRange, "more than 8000000 JSON values",
                    At(offset));
      return false;
    }
    if (stack_.empty()) {
      last_ = root_;
    } else {
      stack_.back()->items.emplace_back();
      last_ = &stack_.back()->items.back();
    }
    last_->kind = kind;
    last_->where = At(offset);
    return true;
  }

  bool Open(JsonValue::Kind kind) {
    const size_t offset = Offset() - 1;
    if (stack_.size() >= kMaxDepth) {
      diags_->Error(codes::kOutOfRange, "JSON nested more than 32 deep",
                    At(offset));
      return false;
    }
    if (!Put(kind, offset)) return false;
    stack_.push_back(last_);
    return true;
  }

  const std::string& text_;
  std::shared_ptr<const std::string> file_;
  Diagnostics* diags_;
  std::vector<size_t> line_starts_;
  const char* cursor_ = nullptr;
  JsonValue* root_ = nullptr;
  JsonValue* last_ = nullptr;
  // Values being filled. Only the innermost one's `items` grows, so the
  // addresses stay good.
  std::vector<JsonValue*> stack_;
  std::vector<std::unordered_set<std::string>> seen_;
  int64_t values_ = 0;
};

}  // namespace

const char* JsonValue::kind_name() const {
  switch (kind) {
    case kNull:
      return "null";
    case kBool:
      return "a boolean";
    case kInteger:
      return "an integer";
    case kNumber:
      return "a number";
    case kString:
      return "a string";
    case kList:
      return "a list";
    case kMapping:
      return "a mapping";
  }
  return "";
}

const JsonValue* JsonValue::Find(const std::string& key) const {
  for (size_t i = 0; i < keys.size() && i < items.size(); ++i) {
    if (keys[i] == key) return &items[i];
  }
  return nullptr;
}

absl::StatusOr<JsonValue> ParseJsonTree(const std::string& text,
                                        const std::string& name,
                                        Diagnostics* diags) {
  JsonValue root;
  TreeBuilder builder(text, name, diags);
  if (!builder.Run(&root)) {
    if (diags->ok()) diags->Error(codes::kBadJson, "not valid JSON");
    return diags->status();
  }
  return root;
}

}  // namespace fts::match_internal
