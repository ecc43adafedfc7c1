// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/arena.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace fts::comm::shm {
namespace {

using testing::HasSubstr;

constexpr int64_t kBytes = 100000;  // no multiple of a page

TEST(ArenaTest, IsZeroAndSharedWithWhoMapsIt) {
  auto arena = Arena::Create(kBytes);
  ASSERT_TRUE(arena.ok()) << arena.status();
  EXPECT_EQ((*arena)->bytes(), kBytes);
  EXPECT_TRUE(std::all_of((*arena)->data(), (*arena)->data() + kBytes,
                          [](uint8_t byte) { return byte == 0; }));
  auto other = Arena::Map(Descriptor(dup((*arena)->descriptor())), kBytes);
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_NE((*other)->data(), (*arena)->data());
  (*arena)->data()[kBytes - 1] = 42;
  EXPECT_EQ((*other)->data()[kBytes - 1], 42);
  // Without descriptors it stays mapped.
  (*arena)->CloseDescriptor();
  (*other)->CloseDescriptor();
  EXPECT_EQ((*arena)->descriptor(), -1);
  (*other)->data()[0] = 7;
  EXPECT_EQ((*arena)->data()[0], 7);
}

TEST(ArenaTest, NobodyCanResizeItButPagesCanBeGivenBack) {
  auto arena = Arena::Create(kBytes);
  ASSERT_TRUE(arena.ok()) << arena.status();
  EXPECT_EQ(ftruncate((*arena)->descriptor(), 10), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(ftruncate((*arena)->descriptor(), 2 * kBytes), -1);
  EXPECT_EQ(fcntl((*arena)->descriptor(), F_ADD_SEALS, F_SEAL_WRITE), -1);
  (*arena)->CloseDescriptor();
  (*arena)->data()[0] = 7;
  ASSERT_EQ(madvise((*arena)->data(), 4096, MADV_REMOVE), 0);
  EXPECT_EQ((*arena)->data()[0], 0);
}

TEST(ArenaTest, ShortageIsAnErrorBeforeAnythingIsTaken) {
  MemoryRoom room;
  room.machine = kBytes - 1;
  const absl::Status status = Arena::Create(kBytes, room).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("this machine has 0.1 MiB available"));
}

// In a process whose file size limit keeps the machine safe from a test that
// asks for more than there is.
TEST(ArenaTest, MoreThanTheMachineHasIsRefusedWhateverIsKnown) {
  const pid_t child = fork();
  if (child == 0) {
    const rlimit limit = {20000, 20000};
    setrlimit(RLIMIT_FSIZE, &limit);
    const absl::Status status =
        Arena::Create(int64_t{1} << 52, MemoryRoom()).status();
    const std::string text(status.message());
    _exit(status.code() == absl::StatusCode::kResourceExhausted &&
                  text.find("shared memory needs 4503599627370496 bytes but "
                            "this machine has ") == 0 &&
                  text.find(" in all") != std::string::npos
              ? 0
              : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(ArenaTest, TheFileSizeLimitIsNamedInsteadOfASignal) {
  const pid_t child = fork();
  if (child == 0) {
    const rlimit limit = {20000, 20000};
    setrlimit(RLIMIT_FSIZE, &limit);
    const absl::Status status = Arena::Create(kBytes).status();
    _exit(status.code() == absl::StatusCode::kResourceExhausted &&
                  status.message() ==
                      "shared memory needs 100000 bytes but this process may "
                      "write files of 20000 only; raise ulimit -f"
              ? 0
              : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(ArenaTest, ForeignMemoryIsRefused) {
  auto arena = Arena::Create(kBytes);
  ASSERT_TRUE(arena.ok()) << arena.status();
  const std::string refusal =
      "the descriptor that was handed over is not sealed memory of 4096 bytes; "
      "do all ranks run the same build?";
  // Another size.
  absl::Status status =
      Arena::Map(Descriptor(dup((*arena)->descriptor())), 4096).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), refusal);
  // Someone may shrink it.
  Descriptor loose(memfd_create("loose", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(ftruncate(loose.get(), 4096), 0);
  EXPECT_EQ(Arena::Map(std::move(loose), 4096).status().message(), refusal);
  // No memory at all.
  EXPECT_EQ(Arena::Map(Descriptor(), 4096).status().message(), refusal);
}

TEST(ArenaTest, SizesBelowOneAreRefused) {
  EXPECT_EQ(Arena::Create(0).status().message(),
            "shared memory of 0 bytes; must be at least 1");
}

}  // namespace
}  // namespace fts::comm::shm
