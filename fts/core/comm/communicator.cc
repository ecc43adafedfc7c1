// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/communicator.h"

namespace fts::comm {

Communicator::~Communicator() = default;

const char* ReduceOpName(ReduceOp op) {
  return op == ReduceOp::kSum ? "sum" : "max";
}

}  // namespace fts::comm
