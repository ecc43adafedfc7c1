// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A page of memory in which the ranks that a launcher starts tell it what they
// are doing, so that it can find the one that hangs. It has no name anywhere:
// a child finds it by an inherited file descriptor. No torch here.
//
// A rank writes its own slot, the launcher reads all; neither ever waits for
// the other, so a rank that is stopped in the middle of a write harms nobody.
// Threads: RankSlot and RankPage::Read are safe to use from any thread.
#ifndef FTS_TRAIN_RANK_PAGE_H_
#define FTS_TRAIN_RANK_PAGE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fts::train {

// Tells a child its page's file descriptor.
inline constexpr char kRankPageVariable[] = "FTS_RANK_PAGE_FD";

// What a rank said of itself.
struct RankReport {
  bool attached = false;  // it has found its slot; else it is still starting
  bool waiting = false;   // for other ranks
  bool busy = false;      // with work of its own for which others may wait
  uint64_t activity = 0;  // changes with everything that the rank does
  int64_t step = -1;      // -1: not yet in a step
  int64_t epoch = -1;
  // Of the wait going on, else of the last one. No op: none yet.
  std::string op, label, communicator;
  uint64_t collective = 0;  // 0: not one of the numbered calls
  std::string busy_with;    // the last such work
};

// One rank's part. All of it is atomics, as two processes share it.
class RankSlot {
 public:
  // For the rank.
  void Attach();
  void Issued(uint64_t collectives);
  // Long texts are cut. Waits may overlap: the last to begin is described.
  void BeginWait(std::string_view op, std::string_view label,
                 std::string_view communicator, uint64_t collective);
  void EndWait();
  void BeginBusy(std::string_view with);
  void EndBusy();
  void SetStep(int64_t step, int64_t epoch);

  // For the launcher.
  RankReport Read() const;

 private:
  static constexpr size_t kMaxOp = 24, kMaxLabel = 136, kMaxCommunicator = 40,
                          kMaxBusy = 40;
  // Written word by word under a sequence counter, which is odd meanwhile.
  struct Text {
    uint64_t collective;
    char op[kMaxOp], label[kMaxLabel], communicator[kMaxCommunicator];
    char busy_with[kMaxBusy];
  };
  static constexpr size_t kWords = sizeof(Text) / sizeof(uint64_t);
  static_assert(sizeof(Text) % sizeof(uint64_t) == 0);
  static_assert(std::atomic<uint64_t>::is_always_lock_free);

  template <typename Edit>
  void EditText(const Edit& edit);
  bool LoadText(Text* out) const;
  void Changed() { changes_.fetch_add(1, std::memory_order_relaxed); }

  alignas(64) std::atomic<uint32_t> attached_;
  std::atomic<uint32_t> waits_;  // going on
  std::atomic<uint32_t> busy_;   // going on
  std::atomic<uint64_t> changes_;
  std::atomic<uint64_t> issued_;
  std::atomic<int64_t> step_, epoch_;
  std::atomic<uint64_t> sequence_;
  std::atomic<uint64_t> words_[kWords];
};

class RankPage {
 public:
  // For the launcher. The descriptor is closed on exec.
  static absl::StatusOr<std::unique_ptr<RankPage>> Create(int ranks);
  // For a rank: the page behind a descriptor, which it takes over.
  static absl::StatusOr<std::unique_ptr<RankPage>> Open(int fd);
  ~RankPage();
  RankPage(const RankPage&) = delete;
  RankPage& operator=(const RankPage&) = delete;

  int fd() const { return fd_; }
  int ranks() const;
  // 0 <= rank < ranks().
  RankSlot& slot(int rank);
  RankReport Read(int rank) const;

 private:
  struct Layout;
  RankPage(int fd, Layout* layout, size_t size)
      : fd_(fd), layout_(layout), size_(size) {}

  const int fd_;
  Layout* const layout_;
  const size_t size_;
};

}  // namespace fts::train

#endif  // FTS_TRAIN_RANK_PAGE_H_
