// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! What an event of the training loop led to.

use std::fmt;

use fts_sys as sys;

use crate::call::{call, text};
use crate::handle::handle;

handle! {
    /// The effects of an event, in order, those that ports were called for
    /// included.
    pub Outcome: fts_outcome, fts_outcome_retain, fts_outcome_release
}

// SAFETY: immutable (scheduler.h); its count may be changed from any thread.
unsafe impl Send for Outcome {}
// SAFETY: as above.
unsafe impl Sync for Outcome {}

/// The best validation so far.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Best {
    /// Its metric.
    pub metric: f64,
    /// The epoch it was found in.
    pub epoch: i64,
    /// The phase it was found in.
    pub phase: usize,
}

/// Something that an event led to.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Effect {
    /// The best state was brought back.
    RestoreBest(Best),
    /// What the phase freezes stopped.
    Freeze {
        /// Of the schedule.
        phase: usize,
    },
    /// The phase's new_optimizer took over.
    ReplaceOptimizer {
        /// Of the schedule.
        phase: usize,
    },
    /// The phase's params began to train.
    Thaw {
        /// Of the schedule.
        phase: usize,
    },
    /// The phase's optimizer groups were added.
    AddGroup {
        /// Of the schedule.
        phase: usize,
        /// `None`: the optimizer's own.
        lr: Option<f64>,
    },
    /// The phase's new_lr_scheduler took over.
    ReplaceLrScheduler {
        /// Of the schedule.
        phase: usize,
    },
    /// The phase is in force.
    Phase {
        /// Of the schedule.
        phase: usize,
        /// Why it began.
        reason: String,
    },
    /// The state was kept as the best.
    SaveBest(Best),
    /// Take no more steps in this epoch.
    EndEpoch,
    /// For the log.
    Note(String),
    /// The run is over.
    Finish {
        /// "max_epochs", "early_stopping", ...
        cause: String,
        /// For people.
        text: String,
    },
    /// What a newer library knows.
    Other(i32),
}

impl Outcome {
    /// All effects, in order.
    pub fn effects(&self) -> impl ExactSizeIterator<Item = Effect> + '_ {
        // SAFETY: self lives.
        let size = unsafe { sys::fts_outcome_size(self.as_ptr()) };
        (0..size).map(|i| {
            let found = call!(fts_outcome_get(self.as_ptr(), i) -> out);
            let effect: sys::fts_effect = found.expect("below the number");
            // SAFETY: its views live as long as self.
            unsafe { read(&effect) }
        })
    }

    /// The phase that began, if one did.
    pub fn new_phase(&self) -> Option<usize> {
        self.effects().find_map(|effect| match effect {
            Effect::Phase { phase, .. } => Some(phase),
            _ => None,
        })
    }
}

/// # Safety
/// The views of `effect` must be alive.
unsafe fn read(effect: &sys::fts_effect) -> Effect {
    let phase = usize::try_from(effect.phase).unwrap_or(0);
    let best = Best {
        metric: effect.best_metric,
        epoch: effect.best_epoch,
        phase: usize::try_from(effect.best_phase).unwrap_or(0),
    };
    // SAFETY: alive, says the caller.
    let words = unsafe { text(effect.text) };
    match effect.kind {
        sys::FTS_EFFECT_RESTORE_BEST => Effect::RestoreBest(best),
        sys::FTS_EFFECT_FREEZE => Effect::Freeze { phase },
        sys::FTS_EFFECT_REPLACE_OPTIMIZER => Effect::ReplaceOptimizer { phase },
        sys::FTS_EFFECT_THAW => Effect::Thaw { phase },
        sys::FTS_EFFECT_ADD_GROUP => {
            Effect::AddGroup { phase, lr: (effect.has_lr != 0).then_some(effect.lr) }
        }
        sys::FTS_EFFECT_REPLACE_LR_SCHEDULER => Effect::ReplaceLrScheduler { phase },
        sys::FTS_EFFECT_PHASE => Effect::Phase { phase, reason: words },
        sys::FTS_EFFECT_SAVE_BEST => Effect::SaveBest(best),
        sys::FTS_EFFECT_END_EPOCH => Effect::EndEpoch,
        sys::FTS_EFFECT_NOTE => Effect::Note(words),
        sys::FTS_EFFECT_FINISH => Effect::Finish {
            // SAFETY: as above.
            cause: unsafe { text(effect.cause) },
            text: words,
        },
        other => Effect::Other(other),
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.effects()).finish()
    }
}
