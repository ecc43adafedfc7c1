// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Log lines on standard error, through spdlog. Standard output is never used:
// it belongs to what a command prints as its result.
//
//   FTS_LOG_INFO("phase {} starts at epoch {}", phase, epoch);
//
// Threads: safe from any thread.
#ifndef FTS_CORE_BASE_LOGGING_H_
#define FTS_CORE_BASE_LOGGING_H_

#include <spdlog/spdlog.h>

#include <string>

namespace fts {

// The process's logger, made at first use: standard error, "[fts] level: text".
// The environment
// variable FTS_LOG (debug, info, warning, error, off) sets the level.
spdlog::logger* Logger();

// Puts "rank N" into each later line; a negative rank removes it.
void SetLogRank(int rank);

}  // namespace fts

#define FTS_LOG_DEBUG(...) ::fts::Logger()->debug(__VA_ARGS__)
#define FTS_LOG_INFO(...) ::fts::Logger()->info(__VA_ARGS__)
#define FTS_LOG_WARNING(...) ::fts::Logger()->warn(__VA_ARGS__)
#define FTS_LOG_ERROR(...) ::fts::Logger()->error(__VA_ARGS__)

#endif  // FTS_CORE_BASE_LOGGING_H_
