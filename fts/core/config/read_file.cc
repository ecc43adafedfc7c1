// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/config/read_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "fts/core/base/codes.h"
#include "fts/core/config/codes.h"

namespace fts {

bool ReadTextFile(const std::string& path, int64_t max_bytes, std::string* text,
                  Diagnostics* diags, const SourceLocation& where) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) {
    diags->Error(codes::kMissingFile,
                 "cannot read '" + path + "': no such file", where);
    return false;
  }
  if (std::filesystem::is_directory(status)) {
    diags->Error(codes::kUnreadableFile,
                 "cannot read '" + path + "': it is a directory", where);
    return false;
  }
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    diags->Error(codes::kUnreadableFile,
                 "cannot read '" + path + "': " + std::strerror(errno), where);
    return false;
  }
  text->clear();
  char buffer[1 << 16];
  size_t n = 0;
  while ((n = std::fread(buffer, 1, sizeof(buffer), file)) > 0) {
    text->append(buffer, n);
    if (static_cast<int64_t>(text->size()) > max_bytes) break;
  }
  const bool failed = std::ferror(file) != 0;
  std::fclose(file);
  if (failed) {
    diags->Error(codes::kUnreadableFile, "cannot read '" + path + "'", where);
    return false;
  }
  if (static_cast<int64_t>(text->size()) > max_bytes) {
    diags->Error(
        codes::kYamlLimit,
        "'" + path + "' is longer than " + std::to_string(max_bytes) + " bytes",
        where);
    return false;
  }
  return true;
}

}  // namespace fts
