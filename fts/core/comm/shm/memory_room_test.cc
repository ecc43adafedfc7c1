// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/memory_room.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

namespace fts::comm::shm {
namespace {

// A machine of files below a folder of its own.
class MemoryRoomTest : public testing::Test {
 protected:
  MemoryRoomTest()
      : root_(testing::TempDir() + "/room_" +
              testing::UnitTest::GetInstance()->current_test_info()->name()) {}

  void Write(const std::string& path, const std::string& text) {
    for (size_t slash = root_.size(); slash != std::string::npos;
         slash = (root_ + path).find('/', slash + 1)) {
      mkdir((root_ + path).substr(0, slash).c_str(), 0755);
    }
    std::ofstream(root_ + path) << text;
  }

  MemoryRoom Read() const { return ReadMemoryRoom(root_); }

  const std::string root_;
};

TEST_F(MemoryRoomTest, NothingIsKnownOfAMachineWithoutFiles) {
  EXPECT_FALSE(Read().machine);
  EXPECT_FALSE(Read().control_group);
}

TEST_F(MemoryRoomTest, ReadsWhatTheMachineHasAvailable) {
  Write("/proc/meminfo",
        "MemTotal:  900 kB\nMemFree:  3 kB\n"
        "MemAvailable:     700 kB\n");
  EXPECT_EQ(Read().machine, 700 * 1024);
}

TEST_F(MemoryRoomTest, Version2TakesTheTightestGroupAndCountsCachesAsFree) {
  Write("/proc/self/cgroup", "0::/a/b\n");
  Write("/sys/fs/cgroup/a/b/memory.max", "1000\n");
  Write("/sys/fs/cgroup/a/b/memory.current", "400\n");
  Write("/sys/fs/cgroup/a/b/memory.stat", "anon 1\ninactive_file 150\n");
  Write("/sys/fs/cgroup/a/memory.max", "max\n");
  Write("/sys/fs/cgroup/a/memory.current", "999999\n");
  EXPECT_EQ(Read().control_group, 750);
  Write("/sys/fs/cgroup/memory.max", "500\n");
  Write("/sys/fs/cgroup/memory.current", "450\n");
  EXPECT_EQ(Read().control_group, 50);
}

TEST_F(MemoryRoomTest, Version1ReadsItsMemoryController) {
  Write("/proc/self/cgroup",
        "9:name=systemd:/x\n4:cpu,memory:/job\n1:cpu:/y\n");
  Write("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "1000\n");
  Write("/sys/fs/cgroup/memory/job/memory.usage_in_bytes", "2000\n");
  Write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  Write("/sys/fs/cgroup/memory/memory.usage_in_bytes", "5\n");
  EXPECT_EQ(Read().control_group, 0);
  Write("/sys/fs/cgroup/memory/job/memory.usage_in_bytes", "900\n");
  Write("/sys/fs/cgroup/memory/job/memory.stat", "total_inactive_file 70\n");
  EXPECT_EQ(Read().control_group, 170);
}

TEST_F(MemoryRoomTest, ThisMachineIsRead) {
  ASSERT_TRUE(ReadMemoryRoom().machine);
  EXPECT_GT(*ReadMemoryRoom().machine, 0);
}

TEST_F(MemoryRoomTest, ShortageNamesNeedRoomAndFix) {
  MemoryRoom room;
  EXPECT_TRUE(CheckMemoryRoom(int64_t{1} << 50, room).ok());
  room.machine = 3 << 20;
  EXPECT_TRUE(CheckMemoryRoom(3 << 20, room).ok());
  absl::Status status = CheckMemoryRoom((3 << 20) + (1 << 19), room);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(),
            "shared memory needs 3.5 MiB but this machine has 3.0 MiB "
            "available; free some, or start fewer ranks");
  room.control_group = 1 << 20;
  status = CheckMemoryRoom(2 << 20, room);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(),
            "shared memory needs 2.0 MiB but this process's control group has "
            "room for 1.0 MiB; raise the container's memory limit, or start "
            "fewer ranks");
}

}  // namespace
}  // namespace fts::comm::shm
