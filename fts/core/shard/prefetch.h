// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Issues the gather of the unit that comes next before the present one
// computes, so that the two run at the same time: in forward the next unit's,
// in backward the previous one's.
//
// [Note: prefetching in the order of the first step]
// Gathers must be issued in the same order on all ranks. What a rank enters
// next is not known for certain, so it is predicted: the first step of a phase
// records in which order units are entered, up to its first backward, and in
// that backward; when the ranks have agreed on the order of their collectives
// (order_hash.h), that order holds until the next phase. A prediction depends
// on that order and on what was entered so far in this pass, nothing else. So
// ranks that enter the same units issue the same gathers, and ranks that do not
// would already have issued different ones without any prefetch: a wrong
// prediction never is what makes them disagree.
//
// A unit that is not the predicted one takes the pass off the record: nothing
// more is predicted until another pass begins or, in forward, the first unit of
// the record is entered. What was issued ahead stays until it is used or the
// pass ends: so a rank that strays alone still issues as many gathers as the
// others, and the order hash can say so, where it would otherwise wait for
// ever. A training pass that strays has the next step record anew, up to
// kMaxRecordings times in a phase; a model that keeps changing its order goes
// without. Passes without gradients follow the record and never change it.
//
// What is recorded of a backward are units whose graph ran. A frozen prefix has
// none, so it is never gathered there, also not ahead.
//
// At most one unit is gathered ahead, except where a unit's own list
// (`forward_prefetch`, `backward_prefetch`) asks for more. A list replaces the
// prediction for its unit; an empty one means nothing. Lists are obeyed as they
// stand, also on ranks whose order differs; in backward, units that have no
// graph are left out.
//
// Threads: confined to the training thread.

#ifndef FTS_CORE_SHARD_PREFETCH_H_
#define FTS_CORE_SHARD_PREFETCH_H_

#include <cstddef>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "fts/core/shard/unit.h"

namespace fts::shard {

class Prefetch {
 public:
  static constexpr int kMaxRecordings = 3;

  // Off: only explicit lists. One rank alone has nothing to gather.
  void SetAutomatic(bool on) { automatic_ = on; }
  // Instead of a prediction, when `unit` is entered in `pass`. Units outlive
  // this.
  void SetList(Unit* unit, Pass pass, std::vector<Unit*> list) {
    lists_[static_cast<int>(pass)][unit] = std::move(list);
  }

  // Whether units may be gathered ahead in backward.
  bool in_backward() const {
    return automatic_ || !lists_[static_cast<int>(Pass::kBackward)].empty();
  }

  // `unit` is about to run and its own gathers are issued. Errors: those of the
  // gathers.
  [[nodiscard]] absl::Status OnEnter(Unit& unit, Pass pass);

  // A forward of the training step, or of an evaluation, follows.
  void BeginForward(bool training);
  void BeginBackward();
  // The pass is over: releases what it gathered ahead and did not use.
  void EndPass();

  // The optimizer step is over and the ranks issued the same collectives.
  void AdoptRecord();
  // Another phase: the order may be another.
  void ForgetRecord();
  // The step failed.
  void Reset();

 private:
  // The order of one kind of pass and where the present pass stands in it.
  struct Track {
    std::vector<Unit*> record;  // empty: none yet
    std::vector<Unit*> fresh;   // being recorded
    size_t next = 0;            // in record: what is expected now
    bool lost = false;          // not where the record says
    Unit* last = nullptr;       // entered in this pass

    // To where a pass begins.
    void Rewind() {
      next = 0;
      lost = false;
      last = nullptr;
    }
  };
  static constexpr size_t kMaxRecord = 1 << 14;

  Track& track(Pass pass) { return tracks_[static_cast<int>(pass)]; }
  // What is expected after `unit`, null when unknown.
  Unit* Follow(Pass pass, Unit& unit);
  absl::Status Issue(Unit* unit, Pass pass);
  void ReleaseAhead();
  // Drops what was being recorded; the next step begins anew.
  void StartStep();

  bool automatic_ = true;
  Track tracks_[2];
  std::unordered_map<const Unit*, std::vector<Unit*>> lists_[2];
  std::vector<Unit*> ahead_;     // issued and not entered yet
  bool training_ = true;         // the present forward
  bool record_forward_ = true;   // no backward of this step has begun
  bool record_backward_ = true;  // none has ended
  bool strayed_ = false;         // a training pass of this step left the record
  int recordings_ = 0;           // records adopted in this phase
};

}  // namespace fts::shard

#endif  // FTS_CORE_SHARD_PREFETCH_H_
