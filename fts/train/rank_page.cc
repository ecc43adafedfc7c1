// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/rank_page.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <new>

#include "absl/strings/str_cat.h"

namespace fts::train {
namespace {

// Changes with the layout: launcher and ranks are one program as a rule, but
// need not be.
constexpr uint64_t kMagic = 0x6674735f70616731;  // "fts_pag1"

// A reader gives up on a text that never stands still: its writer was stopped.
constexpr int kReadTurns = 64;

template <size_t N>
void Put(std::string_view text, char (&out)[N]) {
  const size_t size = std::min(text.size(), N - 1);
  memcpy(out, text.data(), size);
  memset(out + size, 0, N - size);
  if (text.size() < N) return;
  // Cut, but not within a UTF-8 character.
  size_t end = N - 4;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0) == 0x80) {
    --end;
  }
  memset(out + end, 0, N - end);
  memcpy(out + end, "...", 3);
}

template <size_t N>
std::string Get(const char (&text)[N]) {
  return std::string(text, strnlen(text, N));
}

absl::Status SystemError(const char* what) {
  return absl::InternalError(
      absl::StrCat("the page for the ranks: ", what, ": ", strerror(errno)));
}

}  // namespace

void RankSlot::Attach() {
  Changed();
  attached_.store(1, std::memory_order_release);
}

void RankSlot::Issued(uint64_t collectives) {
  issued_.store(collectives, std::memory_order_relaxed);
}

// A second thread that comes meanwhile leaves the text as it is: nobody waits
// here, and the states do not depend on it.
template <typename Edit>
void RankSlot::EditText(const Edit& edit) {
  uint64_t before = sequence_.load(std::memory_order_relaxed);
  if (before % 2 != 0 || !sequence_.compare_exchange_strong(
                             before, before + 1, std::memory_order_acquire)) {
    return;
  }
  std::atomic_thread_fence(std::memory_order_release);
  edit(this);
  sequence_.store(before + 2, std::memory_order_release);
}

// [Note: order of writes]
//
// What changes comes after its mark in `changes_`, so that a reader who sees
// the new state also sees that something changed: else the time since the last
// change would be put down to the new state.
void RankSlot::BeginWait(std::string_view op, std::string_view label,
                         std::string_view communicator, uint64_t collective) {
  Changed();
  EditText([&](RankSlot* self) {
    Text text;
    text.collective = collective;
    Put(op, text.op);
    Put(label, text.label);
    Put(communicator, text.communicator);
    constexpr size_t kWaitWords = offsetof(Text, busy_with) / sizeof(uint64_t);
    uint64_t words[kWaitWords];
    memcpy(words, &text, sizeof words);
    for (size_t i = 0; i < kWaitWords; ++i) {
      self->words_[i].store(words[i], std::memory_order_relaxed);
    }
  });
  waits_.fetch_add(1, std::memory_order_release);
}

void RankSlot::EndWait() {
  Changed();
  waits_.fetch_sub(1, std::memory_order_release);
}

void RankSlot::BeginBusy(std::string_view with) {
  Changed();
  EditText([&](RankSlot* self) {
    char text[kMaxBusy];
    Put(with, text);
    uint64_t words[kMaxBusy / sizeof(uint64_t)];
    memcpy(words, text, sizeof words);
    constexpr size_t kFirst = offsetof(Text, busy_with) / sizeof(uint64_t);
    for (size_t i = 0; i < kMaxBusy / sizeof(uint64_t); ++i) {
      self->words_[kFirst + i].store(words[i], std::memory_order_relaxed);
    }
  });
  busy_.fetch_add(1, std::memory_order_release);
}

void RankSlot::EndBusy() {
  Changed();
  busy_.fetch_sub(1, std::memory_order_release);
}

void RankSlot::SetStep(int64_t step, int64_t epoch) {
  Changed();
  epoch_.store(epoch, std::memory_order_relaxed);
  step_.store(step, std::memory_order_release);
}

bool RankSlot::LoadText(Text* out) const {
  uint64_t words[kWords];
  for (int turn = 0; turn < kReadTurns; ++turn) {
    const uint64_t before = sequence_.load(std::memory_order_acquire);
    for (size_t i = 0; i < kWords; ++i) {
      words[i] = words_[i].load(std::memory_order_relaxed);
    }
    std::atomic_thread_fence(std::memory_order_acquire);
    if (before % 2 != 0 ||
        sequence_.load(std::memory_order_relaxed) != before) {
      continue;
    }
    memcpy(out, words, sizeof words);
    return true;
  }
  return false;
}

RankReport RankSlot::Read() const {
  RankReport report;
  report.attached = attached_.load(std::memory_order_acquire) != 0;
  report.waiting = waits_.load(std::memory_order_acquire) != 0;
  report.busy = busy_.load(std::memory_order_acquire) != 0;
  report.step = step_.load(std::memory_order_acquire);
  report.epoch = epoch_.load(std::memory_order_relaxed);
  Text text;
  if (LoadText(&text)) {
    report.op = Get(text.op);
    report.label = Get(text.label);
    report.communicator = Get(text.communicator);
    report.collective = text.collective;
    report.busy_with = Get(text.busy_with);
  }
  // Last: see the note on the order of writes. Both only grow.
  report.activity = changes_.load(std::memory_order_relaxed) +
                    issued_.load(std::memory_order_relaxed);
  return report;
}

struct RankPage::Layout {
  uint64_t magic;
  uint64_t ranks;
  RankSlot slots[1];  // really `ranks`

  static size_t Size(uint64_t ranks) {
    return offsetof(Layout, slots) + ranks * sizeof(RankSlot);
  }
};

absl::StatusOr<std::unique_ptr<RankPage>> RankPage::Create(int ranks) {
  const int any = memfd_create("fts_ranks", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (any < 0) return SystemError("memfd_create");
  // Above 2, so that a child's stdin, stdout and stderr do not overwrite it.
  const int fd = fcntl(any, F_DUPFD_CLOEXEC, 3);
  close(any);
  if (fd < 0) return SystemError("fcntl");
  const size_t size = Layout::Size(ranks);
  // Sealed, so that no access can fail for a page that was cut off.
  void* at = MAP_FAILED;
  if (ftruncate(fd, size) == 0 &&
      fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) {
    at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  }
  if (at == MAP_FAILED) {
    const absl::Status status = SystemError("mmap");
    close(fd);
    return status;
  }
  auto* layout = static_cast<Layout*>(at);
  layout->ranks = ranks;
  layout->magic = kMagic;
  for (int rank = 0; rank < ranks; ++rank) {
    // Zero, as new pages are, but for the step.
    new (&layout->slots[rank]) RankSlot();
    layout->slots[rank].SetStep(-1, -1);
  }
  return std::unique_ptr<RankPage>(new RankPage(fd, layout, size));
}

absl::StatusOr<std::unique_ptr<RankPage>> RankPage::Open(int fd) {
  struct stat found;
  if (fstat(fd, &found) != 0) return SystemError("fstat");
  const size_t size = found.st_size;
  void* at =
      size < Layout::Size(1)
          ? MAP_FAILED
          : mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) {
    return absl::InvalidArgumentError(
        absl::StrCat(kRankPageVariable, " is ", fd,
                     ", which is not the page of a launcher; unset it"));
  }
  auto* layout = static_cast<Layout*>(at);
  if (layout->magic != kMagic || size != Layout::Size(layout->ranks)) {
    munmap(at, size);
    return absl::InvalidArgumentError(
        absl::StrCat(kRankPageVariable, " is ", fd,
                     ", which is the page of another program; unset it"));
  }
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  return std::unique_ptr<RankPage>(new RankPage(fd, layout, size));
}

RankPage::~RankPage() {
  munmap(layout_, size_);
  close(fd_);
}

int RankPage::ranks() const { return static_cast<int>(layout_->ranks); }

RankSlot& RankPage::slot(int rank) { return layout_->slots[rank]; }

RankReport RankPage::Read(int rank) const {
  return layout_->slots[rank].Read();
}

}  // namespace fts::train
