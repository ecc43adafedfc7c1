// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/shard/context.h"

#include <stdexcept>
#include <string>

namespace fts::shard {

void ThrowIfError(Context& context, const absl::Status& status) {
  if (status.ok()) return;
  if (context.hook_error.ok()) context.hook_error = status;
  throw std::runtime_error(std::string(status.message()));
}

}  // namespace fts::shard
