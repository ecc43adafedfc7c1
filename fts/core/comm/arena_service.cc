// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/arena_service.h"

namespace fts::comm {

ArenaService::~ArenaService() = default;

ArenaService* FindArenaService(Communicator& communicator) {
  return dynamic_cast<ArenaService*>(&communicator);
}

}  // namespace fts::comm
