// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/config/paths.h"

#include <cstdlib>
#include <filesystem>

namespace fts {
namespace {

std::string Under(const std::string& folder, const std::string& path) {
  if (path.empty() || path[0] == '/' || folder.empty()) return path;
  return (std::filesystem::path(folder) / path).lexically_normal().string();
}

}  // namespace

std::string UserPath(const std::string& typed) {
  const char* directory = std::getenv("BUILD_WORKING_DIRECTORY");
  return Under(directory == nullptr ? "" : directory, typed);
}

std::string ResolvePath(const std::string& path, const SourceLocation& where) {
  if (!where.known()) return UserPath(path);
  return Under(std::filesystem::path(*where.file).parent_path().string(), path);
}

}  // namespace fts
