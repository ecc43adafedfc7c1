// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/base/logging.h"

#include <spdlog/sinks/stdout_sinks.h>

#include <cstdlib>
#include <memory>
#include <string>

namespace fts {
namespace {

std::shared_ptr<spdlog::logger> MakeLogger() {
  auto logger = std::make_shared<spdlog::logger>(
      "fts", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("[fts] %l: %v");
  logger->set_level(spdlog::level::info);
  if (const char* level = std::getenv("FTS_LOG")) {
    logger->set_level(spdlog::level::from_str(level));
  }
  logger->flush_on(spdlog::level::trace);
  return logger;
}

}  // namespace

spdlog::logger* Logger() {
  // Never destroyed: other static objects may log while the process ends.
  static auto* logger = new std::shared_ptr<spdlog::logger>(MakeLogger());
  return logger->get();
}

void SetLogRank(int rank) {
  Logger()->set_pattern(rank < 0
                            ? std::string("[fts] %l: %v")
                            : "[fts rank " + std::to_string(rank) + "] %l: %v");
}

}  // namespace fts
