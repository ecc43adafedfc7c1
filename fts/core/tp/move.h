// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The forward half of a conversion (convert.h): one collective, or a slice, and
// the copies that put a tensor's parts where collectives want them.
//
// Collectives work on parts that lie one after another. Along the first
// dimension parts do; along another one they are copied to, or from, a buffer
// [ranks, part...].
// Threads: as Group.
#ifndef FTS_CORE_TP_MOVE_H_
#define FTS_CORE_TP_MOVE_H_

#include <ATen/core/Tensor.h>

#include "fts/core/mesh/placement.h"
#include "fts/core/tp/convert.h"
#include "fts/core/tp/group.h"

namespace fts::tp {

// Without a graph. x itself where nothing moves. Throws as Convert.
at::Tensor Move(const at::Tensor& x, const Placement& from, const Placement& to,
                const Group& group, const ConvertOptions& options = {});

// The placement or layout for tensors of x's number of dimensions, negative
// ones made positive. Throws std::invalid_argument, naming options.label, when
// there is no such dimension.
Placement Resolved(const Placement& placement, const at::Tensor& x,
                   const ConvertOptions& options);
Layout Resolved(const Layout& layout, const at::Tensor& x,
                const ConvertOptions& options);

}  // namespace fts::tp

#endif  // FTS_CORE_TP_MOVE_H_
