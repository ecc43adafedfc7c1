// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// One sharding unit: the parameters of one module of the plan, gathered before
// its forward, released after it, gathered again for its backward and released
// when that is over. Engines attach it to a module by calling PreForward and
// PostForward around the module's forward; everything else happens in autograd
// hooks.
//
// [Note: when a unit's backward is over]
// A segment is reduced when all its parameters have their gradient. A forward
// call also registers a pre-hook on the node that made each input which
// requires grad: it fires when that input's gradient is complete. Autograd runs
// the nodes of a call, which are younger, before that node, so when every call
// of the unit whose graph still exists has seen it, no gradient of the unit is
// still to come: segments with unused parameters are closed and reduced too,
// and all weights are released. Where that node made the output of another
// unit, this unit is over before the other one's backward begins, so that one
// unit's weights are gone before another's come. That makes ranks which use
// different parameters of a unit launch its reduction before anything of the
// next unit, so none waits for another in vain. What neither rule reaches
// (inputs that are leaves, unused outputs) is done at the end of backward by
// the engine. A call none of whose inputs requires grad has no such node: there
// only counting tells, and not of the unit's own segments alone, since the way
// to a parameter of a unit inside may lead over frozen weights of this one. A
// unit without a graph (a frozen prefix) has no hooks at all, hence no backward
// gather. Under create_graph the weights stay until the next update: the graph
// of the gradients reads them without passing our hooks.
//
// [Note: a backward inside a backward]
// A forward that runs inside a backward is a checkpoint's recomputation, whose
// graph is never run, or one whose graph a backward inside that backward runs,
// as PyTorch's reentrant checkpoint does it. The latter shows when its output
// hook fires: the unit then stays as it is until that inner backward ends
// (EndNested), which reduces what the unit got in it. Until then neither rule
// above says anything: the same parameters may get gradients from any number of
// passes.
//
// [Note: generations]
// Writing the shard does not bump autograd's version counters, so a forward
// followed by an optimizer step and then its backward would silently use new
// weights. Each call remembers the unit's generation, which the optimizer step
// advances, and its backward fails when they differ.
//
// [Note: units of several modules]
// Such a unit is gathered for the first of its modules that runs and released
// when each has run since; a module that runs again begins a new round. While
// some module has not run, the unit stays gathered, at most until the backward
// or the next round is over.
//
// Threads: confined to the training thread.

#ifndef FTS_CORE_SHARD_UNIT_H_
#define FTS_CORE_SHARD_UNIT_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "fts/core/shard/context.h"
#include "fts/core/shard/segment.h"

namespace fts::shard {

class Unit;

enum class Pass { kForward, kBackward };

class UnitListener {
 public:
  virtual ~UnitListener() = default;
  // A forward with gradients entered `unit` (not a recomputation).
  virtual void OnForward(Unit& unit) = 0;
  // A forward, with or without gradients but no recomputation, or a backward
  // enters `unit`. Its own gathers are issued and not yet waited for.
  virtual absl::Status OnEnter(Unit& unit, Pass pass) = 0;
};

class Unit : public std::enable_shared_from_this<Unit> {
 public:
  // `module`: name in the model; "" for the root. `reshard`: release after
  // forward; otherwise what trains stays gathered until the backward is over,
  // and what is frozen for good.
  Unit(Context* context, UnitListener* listener, std::string module,
       bool reshard, std::vector<std::shared_ptr<Segment>> segments);

  // The segments that hold parameters below the module, of whatever unit. Until
  // told, its own.
  void SetInside(std::vector<std::shared_ptr<Segment>> inside) {
    inside_ = std::move(inside);
  }

  // Makes it a unit of these modules, of which `module` is the first; `label`
  // stands for them in traces and messages.
  void SetModules(std::vector<std::string> modules, std::string label) {
    modules_ = std::move(modules);
    if (!label.empty()) label_ = std::move(label);
  }

  const std::string& module() const { return modules_[0]; }
  const std::vector<std::string>& modules() const { return modules_; }
  // For messages and traces: the module's name, "(root)" for the root.
  const std::string& label() const { return label_; }
  bool reshard() const { return reshard_; }
  // Off: what trains stays gathered from its backward on, until the optimizer
  // step changes it, so that the next micro-step finds it there.
  bool reshard_after_backward() const { return reshard_after_backward_; }
  void set_reshard_after_backward(bool on) { reshard_after_backward_ = on; }
  const std::vector<std::shared_ptr<Segment>>& segments() const {
    return segments_;
  }
  bool trainable() const;
  bool gathered() const;
  // A graph of it may still run backward.
  bool has_graph() const;

  // Before and after the module's forward, with its tensors. PreForward
  // returns when the parameters may be read. `which`: of modules().
  // Errors: those of the communicator.
  [[nodiscard]] absl::Status PreForward(const std::vector<at::Tensor>& inputs);
  [[nodiscard]] absl::Status PostForward(const std::vector<at::Tensor>& outputs,
                                         int which = 0);

  // Issues the gathers and does not wait: what comes next but one may begin
  // ahead of its use. `prefetch` marks them in the trace. No-op for what is
  // gathered or on its way.
  [[nodiscard]] absl::Status StartGather(bool prefetch = false);
  // Lets go of what was gathered ahead and is not in use.
  void ReleaseUnused();

  // The optimizer changed the shards: gathered values are dropped and graphs
  // recorded so far can no longer run backward.
  void MarkUpdated();

  // An optimizer step is over: MarkUpdated if anything here trains.
  void FinishStep();

  // Called by the engine when a segment's gradients are complete, and at the
  // end of a backward pass.
  void MaybeEndBackward();
  void EndBackward();
  // A backward pass inside another, graph task `task`, has ended.
  void EndNested(int task);

  // Gives up whatever an aborted step left behind.
  void Reset();

 private:
  friend class OutputHook;
  friend class InputHook;
  // One forward. Owned by the hooks on its outputs, so it lives as long as its
  // graph.
  struct Call {
    bool recomputation = false;  // inside backward: its graph is never run
    bool takes_grad = false;     // some input requires grad
    int num_inputs = 0;          // that require grad
    int pending_inputs = 0;      // of those, without gradient in this backward
    int64_t generation = 0;
  };

  absl::Status FinishGather();
  void Release();
  void ReleaseChanging();
  bool MayRelease() const;
  // Whether every module has run, now that `which` has.
  bool EndsRound(int which);
  void PreBackward(const Call& call);
  void OnInputGradient(Call& call);

  Context* context_;
  UnitListener* listener_;
  std::vector<std::string> modules_;
  std::string label_;
  std::vector<bool> ran_;  // in this round, of several modules
  bool reshard_;
  bool reshard_after_backward_ = true;
  std::vector<std::shared_ptr<Segment>> segments_;
  std::vector<std::shared_ptr<Segment>> inside_;
  int64_t generation_ = 0;
  bool in_backward_ = false;
  int nested_task_ = -1;  // the inner pass that in_backward_ is about, if one
  std::vector<std::shared_ptr<Call>> open_;  // forward entered, not left
  // Calls that recorded a graph since the last update. While a graph is kept
  // that does not run, the unit closes later, at the end of backward.
  std::vector<std::weak_ptr<Call>> recorded_;
  bool twice_differentiable_ = false;  // a backward ran under create_graph
};

}  // namespace fts::shard

#endif  // FTS_CORE_SHARD_UNIT_H_
