// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// SharedArena over an Arena of our own: [ barrier | the caller's memory ].
//
// Threads: as SharedArena.
#ifndef FTS_CORE_COMM_SHM_SHM_ARENA_H_
#define FTS_CORE_COMM_SHM_SHM_ARENA_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fts/core/comm/shared_arena.h"
#include "fts/core/comm/shm/arena.h"
#include "fts/core/comm/shm/barrier.h"
#include "fts/core/comm/shm/stream.h"

namespace fts::comm::shm {

class ShmArena final : public SharedArena {
 public:
  // Of an Arena that is to hold the caller's `need` for `size` ranks.
  static ArenaNeed WithBarrier(const ArenaNeed& need, int size);

  // `arena` is what WithBarrier() asked for. `stream`: of the communicator
  // whose ranks share it, which is ended when an exchange fails. `job`: owner
  // of what `view` points to.
  ShmArena(std::string name, const ArenaNeed& need,
           std::shared_ptr<Arena> arena, std::shared_ptr<Stream> stream,
           JobView view, std::shared_ptr<void> job);

  uint8_t* data() const override { return data_; }
  int64_t bytes() const override { return bytes_; }
  absl::Status Exchange(const char* what, const Payload& mine,
                        std::vector<Payload>* all) override;
  absl::Status GiveBack(int64_t begin, int64_t bytes) override;

 private:
  const std::string name_;
  const std::shared_ptr<void> job_;
  const std::shared_ptr<Stream> stream_;
  const std::shared_ptr<Arena> arena_;
  const JobView view_;
  uint8_t* const data_;
  const int64_t bytes_;
  Barrier barrier_;
};

}  // namespace fts::comm::shm

#endif  // FTS_CORE_COMM_SHM_SHM_ARENA_H_
