// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// How every backend names a call in error texts. No torch.
//
// Threads: pure function.
#ifndef FTS_CORE_COMM_DESCRIBE_CALL_H_
#define FTS_CORE_COMM_DESCRIBE_CALL_H_

#include <string>

namespace fts::comm {

// "all_gather 'model.layers.0' on world (rank 0 of 2)"
std::string DescribeCall(const std::string& label, const std::string& name,
                         int rank, int size, const char* op);

}  // namespace fts::comm

#endif  // FTS_CORE_COMM_DESCRIBE_CALL_H_
