// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/session/guarded.h"

#include <c10/util/Exception.h>

#include <exception>

#include "fts/core/base/status.h"
#include "fts/core/session/shard_interceptor.h"

namespace fts {

absl::Status Guarded(shard::ShardEngine& engine,
                     const std::function<absl::Status()>& body) {
  try {
    return body();
  } catch (const StatusError& e) {
    FTS_RETURN_IF_ERROR(engine.TakeHookError());
    return e.status();
  } catch (const c10::Error& e) {
    FTS_RETURN_IF_ERROR(engine.TakeHookError());
    return absl::InternalError(e.what_without_backtrace());
  } catch (const std::exception& e) {
    FTS_RETURN_IF_ERROR(engine.TakeHookError());
    return absl::InternalError(e.what());
  }
}

}  // namespace fts
