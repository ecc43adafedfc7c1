// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The way from our Store to the c10d store behind it, for backends that build
// a process group on it. Pulls in c10d: include it in .cc files of comm only.
#ifndef FTS_CORE_COMM_C10D_STORE_H_
#define FTS_CORE_COMM_C10D_STORE_H_

#include <c10/util/intrusive_ptr.h>

#include <torch/csrc/distributed/c10d/Store.hpp>

#include "fts/core/comm/store.h"

namespace fts::comm {

// Our Store over one that somebody else made. `own_connection`: its clone()
// gives a second connection, as a TCPStore's does.
StorePtr StoreOver(c10::intrusive_ptr<c10d::Store> store, bool own_connection);

// Null when `store` was not made by store.h's functions.
c10::intrusive_ptr<c10d::Store> C10dStoreOf(const Store& store);

}  // namespace fts::comm

#endif  // FTS_CORE_COMM_C10D_STORE_H_
