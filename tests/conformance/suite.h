// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The suite that every communicator backend passes. Instantiate it:
//   INSTANTIATE_TEST_SUITE_P(Gloo, CommunicatorTest, testing::Values(...),
//                            BackendName());
#ifndef FTS_TESTS_CONFORMANCE_SUITE_H_
#define FTS_TESTS_CONFORMANCE_SUITE_H_

#include <gtest/gtest.h>

#include <string>

#include "tests/conformance/world.h"

namespace fts::conformance {

class CommunicatorTest : public testing::TestWithParam<Backend> {
 protected:
  int size() const { return GetParam().size; }
  at::DeviceType device() const { return GetParam().device; }
};

struct BackendName {
  std::string operator()(const testing::TestParamInfo<Backend>& info) const {
    return info.param.name + std::to_string(info.param.size);
  }
};

}  // namespace fts::conformance

#endif  // FTS_TESTS_CONFORMANCE_SUITE_H_
