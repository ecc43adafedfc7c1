// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/c10d_error.h"

#include <initializer_list>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace fts::comm {
namespace {

bool HasAny(const std::string& text,
            std::initializer_list<const char*> phrases) {
  for (const char* phrase : phrases) {
    if (absl::StrContains(text, phrase)) return true;
  }
  return false;
}

}  // namespace

std::string FirstLine(const std::exception& error) {
  std::string text = error.what();
  text = text.substr(0, text.find('\n'));
  const size_t trace = text.find("Exception raised from");
  if (trace != std::string::npos) text = text.substr(0, trace);
  // "[/path/pair.cc:538] Read error ..."
  if (!text.empty() && text[0] == '[') {
    const size_t end = text.find("] ");
    if (end != std::string::npos && text.find(".cc:") < end) {
      text = text.substr(end + 2);
    }
  }
  absl::StripAsciiWhitespace(&text);
  return text;
}

absl::StatusCode CodeOf(const std::exception& error) {
  const std::string text = absl::AsciiStrToLower(error.what());
  if (HasAny(text, {"timed out", "timeout", "time out"})) {
    return absl::StatusCode::kDeadlineExceeded;
  }
  if (HasAny(text, {"connection", "socket", "broken pipe", "read error",
                    "write error", "connect", "peer"})) {
    return absl::StatusCode::kUnavailable;
  }
  return absl::StatusCode::kInternal;
}

}  // namespace fts::comm
