// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What a communicator offers beside its calls when its ranks can map the same
// memory. Optional: an engine asks for it and does without where there is none.
//
// Threads: as Communicator::Split().
#ifndef FTS_CORE_COMM_ARENA_SERVICE_H_
#define FTS_CORE_COMM_ARENA_SERVICE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "fts/core/comm/communicator.h"
#include "fts/core/comm/shared_arena.h"

namespace fts::comm {

class ArenaService {
 public:
  virtual ~ArenaService();

  // Memory for all ranks of the communicator, which call it with the same
  // `name` and `need`. Collective; blocks.
  // Errors: RESOURCE_EXHAUSTED, on all ranks, where this host has no room for
  // it; INVALID_ARGUMENT, on all ranks, where they do not agree; those of
  // Split().
  [[nodiscard]] virtual absl::StatusOr<std::shared_ptr<SharedArena>> MakeArena(
      const std::string& name, const ArenaNeed& need) = 0;
};

// Null where the communicator has none.
ArenaService* FindArenaService(Communicator& communicator);

}  // namespace fts::comm

#endif  // FTS_CORE_COMM_ARENA_SERVICE_H_
