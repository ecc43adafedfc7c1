// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// One spelling for the c10d calls whose names differ between torch 2.11 and
// 2.14: the single-tensor all-gather and reduce-scatter. Which of the two a
// torch has is asked of its Backend class, not of its version number.
// For .cc files of comm only.
#ifndef FTS_CORE_COMM_C10D_COMPAT_H_
#define FTS_CORE_COMM_C10D_COMPAT_H_

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <type_traits>
#include <utility>

namespace fts::comm::compat {

using WorkPtr = c10::intrusive_ptr<c10d::Work>;

template <typename B, typename = void>
struct HasSingle : std::false_type {};
template <typename B>
struct HasSingle<B,
                 std::void_t<decltype(std::declval<B&>().all_gather_single(
                     std::declval<at::Tensor&>(), std::declval<at::Tensor&>(),
                     std::declval<const c10d::AllgatherOptions&>()))>>
    : std::true_type {};

template <typename B>
WorkPtr AllGather(B& backend, at::Tensor& output, at::Tensor& input,
                  const c10d::AllgatherOptions& options) {
  if constexpr (HasSingle<B>::value) {
    return backend.all_gather_single(output, input, options);
  } else {
    return backend._allgather_base(output, input, options);
  }
}

template <typename B>
WorkPtr ReduceScatter(B& backend, at::Tensor& output, at::Tensor& input,
                      const c10d::ReduceScatterOptions& options) {
  if constexpr (HasSingle<B>::value) {
    return backend.reduce_scatter_single(output, input, options);
  } else {
    return backend._reduce_scatter_base(output, input, options);
  }
}

}  // namespace fts::comm::compat

#endif  // FTS_CORE_COMM_C10D_COMPAT_H_
