// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/schedule/reach.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"

namespace fts {
namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

int64_t Plus(int64_t a, int64_t b) { return a > kMost - b ? kMost : a + b; }
int64_t Times(int64_t a, int64_t b) {
  return b != 0 && a > kMost / b ? kMost : a * b;
}

class Walk {
 public:
  Walk(const Schedule& schedule, const ReachOptions& options)
      : schedule_(schedule), options_(options) {}

  // From the start of phase `k` to that of the next.
  EarliestStart Next(int k, const EarliestStart& from) {
    out_ = EarliestStart();
    out_.never = true;
    if (from.never) return out_;
    const Phase& phase = schedule_.phases[k];
    const PhaseCriteria& criteria = phase.criteria;
    if (options_.early_stopping) EarlyStopping(k, from);
    if (phase.max_transition_epoch >= 0) {
      // One transition per epoch; only phase 0 may end before its first.
      const int64_t epoch = std::max(phase.max_transition_epoch,
                                     k == 0 ? 0 : Plus(from.epoch, 1));
      AtEpoch(
          epoch, from,
          absl::StrCat("max_transition_epoch ", phase.max_transition_epoch));
    }
    exact_ = exact_ && Exact(criteria);
    if (criteria.max_transition_step) {
      AtStep(
          *criteria.max_transition_step, from,
          absl::StrCat("max_transition_step ", *criteria.max_transition_step));
    }
    if (criteria.max_transition_tokens) {
      const int64_t tokens = *criteria.max_transition_tokens;
      const int64_t each = options_.tokens_per_step.value_or(0);
      AtStep(each > 0 ? tokens / each + (tokens % each != 0) : 0, from,
             absl::StrCat("max_transition_tokens ", tokens));
    }
    if (criteria.max_transition_time) {
      AtStep(
          0, from,
          absl::StrCat("max_transition_time ", *criteria.max_transition_time));
    }
    return out_;
  }

 private:
  // Whether it is known in which epoch the limits before a step act.
  bool Exact(const PhaseCriteria& criteria) const {
    if (criteria.max_transition_time) return false;
    if (criteria.max_transition_tokens && !options_.tokens_per_step) {
      return false;
    }
    return options_.steps_per_epoch ||
           (!criteria.max_transition_step && !criteria.max_transition_tokens);
  }

  // [Note: earliest end by early stopping]
  // `patience` validations in a row must not improve. The first validation of
  // the run always does, and so does a phase's first where the comparison
  // starts afresh with the phase. Whether the run's first lies before this
  // phase is known as long as its start is.
  void EarlyStopping(int k, const EarliestStart& from) {
    const PhaseCriteria& criteria = schedule_.phases[k].criteria;
    const int64_t patience = criteria.patience.value_or(options_.patience);
    const bool afresh = criteria.best_score
                            ? *criteria.best_score == "per_phase"
                            : options_.best_score_per_phase;
    const int64_t every = std::max<int64_t>(options_.val_interval, 1);
    // The ends of epochs every-1, 2*every-1, ... are validated.
    const int64_t before = from.epoch / every;
    const bool first = before == 0 && (k == 0 || exact_);
    const int64_t validations =
        Plus(std::max<int64_t>(patience, 1), first || afresh ? 1 : 0);
    AtEpoch(Times(Plus(before, validations), every), from,
            absl::StrCat("early stopping with patience ", patience));
  }

  void AtEpoch(int64_t epoch, const EarliestStart& from, std::string by) {
    const int64_t step = options_.steps_per_epoch
                             ? Times(epoch, *options_.steps_per_epoch)
                             : Plus(from.step, epoch - from.epoch);
    Take(epoch, step, by);
  }

  // Each phase takes at least one step before such a limit ends it.
  void AtStep(int64_t limit, const EarliestStart& from, std::string by) {
    const int64_t step = std::max(limit, Plus(from.step, 1));
    const int64_t epoch =
        options_.steps_per_epoch
            ? step / std::max<int64_t>(*options_.steps_per_epoch, 1)
            : from.epoch;
    Take(epoch, step, by);
  }

  void Take(int64_t epoch, int64_t step, const std::string& by) {
    if (out_.never || epoch < out_.epoch) {
      out_.epoch = epoch;
      out_.by_epoch = by;
    }
    if (out_.never || step < out_.step) {
      out_.step = step;
      out_.by_step = by;
    }
    out_.never = false;
  }

  const Schedule& schedule_;
  const ReachOptions& options_;
  bool exact_ = true;  // the start of the phase is no mere lower bound
  EarliestStart out_;
};

}  // namespace

std::vector<EarliestStart> EarliestStarts(const Schedule& schedule,
                                          const ReachOptions& options) {
  std::vector<EarliestStart> out;
  if (schedule.phases.empty()) return out;
  Walk walk(schedule, options);
  out.emplace_back();
  for (int k = 0; k < schedule.max_depth; ++k) {
    out.push_back(walk.Next(k, out.back()));
  }
  return out;
}

}  // namespace fts
