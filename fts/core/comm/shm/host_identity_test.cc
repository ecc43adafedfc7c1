// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/host_identity.h"

#include <gtest/gtest.h>

namespace fts::comm::shm {
namespace {

TEST(HostIdentityTest, IsTheSameTwiceAndNamesItsParts) {
  const absl::StatusOr<std::string> here = HostIdentity();
  ASSERT_TRUE(here.ok()) << here.status();
  EXPECT_EQ(*here, *HostIdentity());
  for (const char* part :
       {"boot ", ", network namespace ", ", process namespace ", ", user "}) {
    EXPECT_NE(here->find(part), std::string::npos) << *here;
  }
  EXPECT_TRUE(CheckOneHost({*here, *here, *here}).ok());
}

TEST(HostIdentityTest, WhatDiffersIsNamed) {
  const std::string one =
      "boot a, network namespace 1, process namespace 2, user 0";
  const auto check = [&](const std::string& other) {
    return CheckOneHost({one, one, other});
  };
  absl::Status status =
      check("boot b, network namespace 9, process namespace 2, user 0");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            "ranks 0 and 2 cannot share memory: they have boot a and boot b; "
            "use gloo between them");
  EXPECT_EQ(
      check("boot a, network namespace 1, process namespace 3, user 0")
          .message(),
      "ranks 0 and 2 cannot share memory: they have process namespace 2 and "
      "process namespace 3; use gloo between them");
}

TEST(HostIdentityTest, AHostThatCannotBeToldIsAnError) {
  const absl::Status status = HostIdentity("/nowhere").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            "cannot read /nowhere/proc/sys/kernel/random/boot_id, so ranks "
            "cannot tell whether they are on one host");
}

}  // namespace
}  // namespace fts::comm::shm
