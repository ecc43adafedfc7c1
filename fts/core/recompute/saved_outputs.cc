// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/recompute/saved_outputs.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/TensorImpl.h>
#include <torch/library.h>

#include <atomic>

#include "fts/core/recompute/checkpoint_error.h"
#include "fts/core/recompute/operator_log.h"

namespace fts::recompute {
namespace {

// Not CustomRNGKeyId, which counts as a backend: operators would take their
// composite kernels under it.
constexpr c10::DispatchKey kKey = c10::DispatchKey::Fake;

SavedOutputsGuard::State& Current() {
  thread_local SavedOutputsGuard::State state;
  return state;
}

std::atomic<int64_t> g_reused{0};

// The same values without a history, under the same version counter.
at::Tensor Alias(const at::Tensor& tensor) {
  c10::TensorImpl* impl = tensor.unsafeGetTensorImpl();
  return at::Tensor(impl->shallow_copy_and_detach(
      impl->version_counter(), /*allow_tensor_metadata_change=*/true));
}

c10::IValue AliasValue(const c10::IValue& value) {
  if (!value.isTensor() || !value.toTensor().defined()) return value;
  return Alias(value.toTensor());
}

bool DrawsRandomNumbers(const c10::OperatorHandle& op,
                        const torch::jit::Stack& stack) {
  const auto& arguments = op.schema().arguments();
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].name() != "dropout_p") continue;
    const c10::IValue& value = stack[stack.size() - arguments.size() + i];
    return !value.isDouble() || value.toDouble() > 0;
  }
  return false;
}

void Run(const c10::OperatorHandle& op, c10::DispatchKeySet keys,
         torch::jit::Stack* stack) {
  // What the kernel itself calls is its own affair.
  c10::impl::ExcludeDispatchKeyGuard exclude(kKey);
  op.redispatchBoxed(
      keys & c10::DispatchKeySet(c10::DispatchKeySet::FULL_AFTER, kKey), stack);
}

template <unsigned kKind>
void Intercepted(const c10::OperatorHandle& op, c10::DispatchKeySet keys,
                 torch::jit::Stack* stack) {
  SavedOutputsGuard::State& state = Current();
  const bool wanted = state.outputs != nullptr &&
                      (state.outputs->kinds() & kKind) != 0 &&
                      !DrawsRandomNumbers(op, *stack);
  if (!wanted) {
    Run(op, keys, stack);
    return;
  }
  if (state.mode == SavedOutputsGuard::Mode::kReplay) {
    std::vector<c10::IValue> outputs =
        state.outputs->Replay(state.next++, op.operator_name().name);
    torch::jit::drop(*stack, op.schema().arguments().size());
    for (c10::IValue& output : outputs) stack->push_back(std::move(output));
    ++g_reused;
    return;
  }
  {
    OperatorLogGuard unlogged(nullptr);  // a replay does not call it
    Run(op, keys, stack);
  }
  const auto first = stack->end() - op.schema().returns().size();
  state.outputs->Record(op.operator_name().name, {first, stack->end()});
}

void InterceptedView(const c10::OperatorHandle& op, c10::DispatchKeySet keys,
                     torch::jit::Stack* stack) {
  Run(op, keys, stack);
  const SavedOutputsGuard::State& state = Current();
  if (state.outputs != nullptr &&
      state.mode == SavedOutputsGuard::Mode::kRecord) {
    state.outputs->WatchView(stack->back().toTensor());
  }
}

}  // namespace

void SavedOutputs::DropUnneeded() {
  while (!entries_.empty() && entries_.back().packs_before == packs_) {
    entries_.pop_back();
  }
}

void SavedOutputs::Record(const std::string& op,
                          const std::vector<c10::IValue>& outputs) {
  Entry entry;
  entry.op = op;
  entry.packs_before = packs_;
  for (const c10::IValue& output : outputs) {
    entry.outputs.push_back(AliasValue(output));
    if (output.isTensor() && output.toTensor().defined()) {
      entry.watched.push_back({entry.outputs.back().toTensor(),
                               entry.outputs.back().toTensor()._version()});
    }
  }
  entries_.push_back(std::move(entry));
}

void SavedOutputs::WatchView(const at::Tensor& view) {
  if (entries_.empty() || entries_.back().watched.empty()) return;
  Entry& last = entries_.back();
  if (!last.watched.front().alias.is_alias_of(view)) return;
  last.watched.push_back({Alias(view), view._version()});
}

std::vector<c10::IValue> SavedOutputs::Replay(size_t index,
                                              const std::string& op) const {
  const std::string start =
      "checkpoint: recomputing " + label_ + ": operator " + op + " ";
  if (index >= entries_.size() || entries_[index].op != op) {
    throw CheckpointError(
        start + "runs where the forward ran " +
        (index < entries_.size() ? entries_[index].op : "none to be saved") +
        "; the forward must do the same work each time");
  }
  const Entry& entry = entries_[index];
  for (const Watched& watched : entry.watched) {
    if (watched.alias._version() == watched.version) continue;
    throw CheckpointError(start +
                          "has an output that act_ckpt saves and that was "
                          "changed in place afterwards; change a copy, or take "
                          "the operator out of `save`");
  }
  std::vector<c10::IValue> out;
  for (const c10::IValue& output : entry.outputs) {
    out.push_back(AliasValue(output));
  }
  return out;
}

SavedOutputsGuard::SavedOutputsGuard(SavedOutputs* outputs, Mode mode)
    : before_(Current()), key_(kKey) {
  Current() = {outputs, mode, 0};
}

SavedOutputsGuard::~SavedOutputsGuard() { Current() = before_; }

int64_t OutputsReused() { return g_reused; }

TORCH_LIBRARY_IMPL(_, Fake, library) {
  library.fallback(torch::CppFunction::makeFallthrough());
}

// A matmul on more than two dimensions and a linear layer without bias end in
// _unsafe_view, which shares memory but no version counter.
TORCH_LIBRARY_IMPL(aten, Fake, library) {
  for (const char* name : {"mm", "addmm", "bmm", "baddbmm"}) {
    library.impl(
        name,
        torch::CppFunction::makeFromBoxedFunction<&Intercepted<kMatmul>>());
  }
  for (const char* name :
       {"_scaled_dot_product_flash_attention_for_cpu",
        "_scaled_dot_product_flash_attention",
        "_scaled_dot_product_efficient_attention",
        "_scaled_dot_product_cudnn_attention",
        "_scaled_dot_product_fused_attention_overrideable"}) {
    library.impl(
        name,
        torch::CppFunction::makeFromBoxedFunction<&Intercepted<kAttention>>());
  }
  library.impl("_unsafe_view",
               torch::CppFunction::makeFromBoxedFunction<&InterceptedView>());
}

}  // namespace fts::recompute
