// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Every rank's text on every rank, for reports of what went wrong: when ranks
// already know together that something did.
// Threads: as the communicator's.

#ifndef FTS_CORE_SHARD_EXCHANGE_H_
#define FTS_CORE_SHARD_EXCHANGE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fts/core/comm/communicator.h"

namespace fts::shard {

// Collective and blocking: [rank] is what that rank passed. Texts may contain
// anything but '\0'. Errors: those of the communicator.
absl::StatusOr<std::vector<std::string>> ExchangeTexts(
    comm::Communicator& communicator, const std::string& mine);

}  // namespace fts::shard

#endif  // FTS_CORE_SHARD_EXCHANGE_H_
