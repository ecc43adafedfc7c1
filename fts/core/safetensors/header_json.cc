// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/safetensors/header_json.h"

#include <cstddef>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fts/core/base/counting_iterator.h"

namespace fts::safetensors {
namespace {

// Bytes of the printable character at `i`; 0 for a control character or a byte
// that starts no well-formed UTF-8 sequence.
size_t CharacterLength(const std::string& text, size_t i) {
  const auto byte = [&](size_t k) -> unsigned {
    return k < text.size() ? static_cast<unsigned char>(text[k]) : 0u;
  };
  const unsigned first = byte(i);
  if (first < 0x80) return first < 0x20 || first == 0x7f ? 0 : 1;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (size_t k = 1; k < length; ++k) {
    if (byte(i + k) >> 6 != 2) return 0;
  }
  // Overlong forms, surrogates, beyond U+10FFFF; and the C1 controls.
  const unsigned second = byte(i + 1);
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
      (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f) ||
      (first == 0xc2 && second < 0xa0)) {
    return 0;
  }
  return length;
}

using Json = nlohmann::json;

class Handler : public nlohmann::json_sax<Json> {
 public:
  Handler(const char* text, size_t max_tensors, size_t max_rank, RawHeader* out)
      : text_(text),
        reached_(text),
        max_tensors_(max_tensors),
        max_rank_(max_rank),
        out_(out) {}

  const char** reached() { return &reached_; }
  std::optional<HeaderJsonError> error;

  bool null() override { return Scalar("null"); }
  bool boolean(bool) override { return Scalar("a boolean"); }
  bool number_integer(number_integer_t) override {
    return Scalar("a negative number");
  }
  bool number_float(number_float_t, const string_t&) override {
    return Scalar("not an integer below 2^64");
  }
  bool binary(binary_t&) override { return Scalar("binary"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (state_ != State::kShapeList && state_ != State::kOffsetsList) {
      return Scalar("a number");
    }
    std::vector<uint64_t>& list =
        state_ == State::kShapeList ? *entry().shape : *entry().offsets;
    const size_t limit = state_ == State::kShapeList ? max_rank_ : 2;
    if (list.size() == limit) {
      return Fail(absl::StrCat(What(), " has more than ", limit, " elements"));
    }
    list.push_back(value);
    return true;
  }

  bool string(string_t& value) override {
    if (state_ == State::kMetadataValue) {
      out_->metadata[key_] = value;
      state_ = State::kMetadata;
      return true;
    }
    if (state_ == State::kDType) {
      entry().dtype = value;
      state_ = State::kEntry;
      return true;
    }
    return Scalar("a string");
  }

  bool start_object(std::size_t) override {
    switch (state_) {
      case State::kStart:
        state_ = State::kTop;
        return true;
      case State::kEntryValue:
        state_ = State::kEntry;
        return true;
      case State::kMetadataStart:
        state_ = State::kMetadata;
        return true;
      default:
        return Scalar("an object");
    }
  }

  bool end_object() override {
    state_ = state_ == State::kTop ? State::kEnd : State::kTop;
    return true;
  }

  bool start_array(std::size_t) override {
    if (state_ == State::kShape) {
      entry().shape.emplace();
      state_ = State::kShapeList;
      return true;
    }
    if (state_ == State::kOffsets) {
      entry().offsets.emplace();
      state_ = State::kOffsetsList;
      return true;
    }
    return Scalar("a list");
  }

  bool end_array() override {
    state_ = State::kEntry;
    return true;
  }

  bool key(string_t& value) override {
    switch (state_) {
      case State::kTop:
        return TopKey(value);
      case State::kMetadata:
        key_ = value;
        if (out_->metadata.count(value) != 0) {
          return Fail(absl::StrCat("'__metadata__' has the key '",
                                   Printable(value), "' twice"));
        }
        state_ = State::kMetadataValue;
        return true;
      default:
        return EntryKey(value);
    }
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& e) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 9: ..."
    std::string what = e.what();
    const size_t colon = what.find(": ");
    if (colon != std::string::npos) what = what.substr(colon + 2);
    error = HeaderJsonError{absl::StrCat("not valid JSON: ", Printable(what)),
                            position == 0 ? 0 : position - 1};
    return false;
  }

 private:
  // Where the parse stands; the value states say whose value comes next.
  enum class State {
    kStart,
    kTop,
    kMetadataStart,
    kMetadata,
    kMetadataValue,
    kEntryValue,
    kEntry,
    kDType,
    kShape,
    kShapeList,
    kOffsets,
    kOffsetsList,
    kEnd,
  };

  RawEntry& entry() { return out_->entries.back(); }

  bool TopKey(const std::string& value) {
    if (value == "__metadata__") {
      if (out_->has_metadata) return Fail("'__metadata__' appears twice");
      out_->has_metadata = true;
      state_ = State::kMetadataStart;
      return true;
    }
    if (out_->entries.size() == max_tensors_) {
      return Fail(absl::StrCat("more than ", max_tensors_, " tensors"));
    }
    out_->entries.emplace_back();
    entry().name = value;
    entry().at = StringStart();
    state_ = State::kEntryValue;
    return true;
  }

  bool EntryKey(const std::string& value) {
    bool seen = false;
    if (value == "dtype") {
      state_ = State::kDType;
      seen = entry().dtype.has_value();
    } else if (value == "shape") {
      state_ = State::kShape;
      seen = entry().shape.has_value();
    } else if (value == "data_offsets") {
      state_ = State::kOffsets;
      seen = entry().offsets.has_value();
    } else {
      return Fail(absl::StrCat(TensorName(), " has the unknown key '",
                               Printable(value),
                               "'; known are dtype, shape, data_offsets"));
    }
    if (!seen) return true;
    return Fail(absl::StrCat(What(), " is given twice"));
  }

  // Position of the opening quote of the string that was just read.
  uint64_t StringStart() const {
    const char* at = reached_ - 1;  // the closing quote
    while (at > text_) {
      --at;
      if (*at != '"') continue;
      int backslashes = 0;
      for (const char* b = at; b > text_ && b[-1] == '\\'; --b) ++backslashes;
      if (backslashes % 2 == 0) break;
    }
    return at - text_;
  }

  std::string TensorName() {
    return absl::StrCat("tensor '", Printable(entry().name), "'");
  }

  // The thing whose value is being read, and what that value should be.
  std::string What() {
    switch (state_) {
      case State::kMetadataStart:
        return "'__metadata__'";
      case State::kMetadataValue:
        return absl::StrCat("'", Printable(key_), "' in '__metadata__'");
      case State::kEntryValue:
        return TensorName();
      case State::kDType:
        return absl::StrCat("the 'dtype' of ", TensorName());
      case State::kShape:
      case State::kShapeList:
        return absl::StrCat("the 'shape' of ", TensorName());
      case State::kOffsets:
      case State::kOffsetsList:
        return absl::StrCat("'data_offsets' of ", TensorName());
      default:
        return "the header";
    }
  }

  const char* Wanted() {
    switch (state_) {
      case State::kMetadataValue:
      case State::kDType:
        return "a string";
      case State::kShape:
      case State::kOffsets:
        return "a list of integers";
      case State::kShapeList:
      case State::kOffsetsList:
        return "a non-negative integer";
      default:
        return "an object";
    }
  }

  bool Scalar(const char* seen) {
    const bool inside =
        state_ == State::kShapeList || state_ == State::kOffsetsList;
    return Fail(absl::StrCat(inside ? "an element of " : "", What(), " is ",
                             seen, "; expected ", Wanted()));
  }

  bool Fail(std::string text) {
    const uint64_t at = reached_ == text_ ? 0 : reached_ - text_ - 1;
    error = HeaderJsonError{std::move(text), at};
    return false;
  }

  const char* text_;
  const char* reached_;
  const size_t max_tensors_;
  const size_t max_rank_;
  RawHeader* out_;
  State state_ = State::kStart;
  std::string key_;
};

}  // namespace

std::optional<HeaderJsonError> ParseHeaderJson(const uint8_t* text,
                                               uint64_t size,
                                               size_t max_tensors,
                                               size_t max_rank,
                                               RawHeader* out) {
  const char* begin = reinterpret_cast<const char*>(text);
  Handler handler(begin, max_tensors, max_rank, out);
  const bool parsed = Json::sax_parse(
      CountingIterator(begin, handler.reached()),
      CountingIterator(begin + size, handler.reached()), &handler);
  if (parsed) return std::nullopt;
  if (handler.error.has_value()) return handler.error;
  return HeaderJsonError{"not valid JSON", 0};
}

std::string Printable(const std::string& name) {
  constexpr size_t kMax = 200;
  std::string shown;
  for (size_t i = 0; i < name.size();) {
    if (shown.size() >= kMax) return shown + "...";
    const size_t length = CharacterLength(name, i);
    if (length == 0) {
      absl::StrAppendFormat(&shown, "\\x%02x",
                            static_cast<unsigned char>(name[i++]));
    } else {
      shown.append(name, i, length);
      i += length;
    }
  }
  return shown;
}

}  // namespace fts::safetensors
