// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! Which parameters train in which phase.

use std::fmt;
use std::path::Path;

use fts_sys as sys;

use crate::buffer::into_text;
use crate::call::{call, index, text, view};
use crate::diagnostics::{collect, Diagnostics};
use crate::handle::handle;
use crate::{Code, Error, Model, Result};

handle! {
    pub(crate) Handle: fts_schedule, fts_schedule_retain, fts_schedule_release
}

/// A fine-tuning schedule resolved against a model. The format and its rules:
/// docs/schedules.md. Displays as YAML that resolves to the same schedule.
#[derive(Clone)]
pub struct Schedule {
    handle: Handle,
    warnings: Diagnostics,
}

// SAFETY: immutable (schedule.h); its count may be changed from any thread.
unsafe impl Send for Schedule {}
// SAFETY: as above.
unsafe impl Sync for Schedule {}

/// How an entry that is no exact name selects parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Match {
    /// As Python's `re.match`.
    #[default]
    Prefix,
    /// As Python's `re.fullmatch`.
    Full,
}

/// How to resolve a schedule.
#[derive(Clone, Debug)]
pub struct ScheduleOptions(sys::fts_schedule_options);

// SAFETY: plain numbers; `next` is always null.
unsafe impl Send for ScheduleOptions {}
// SAFETY: as above.
unsafe impl Sync for ScheduleOptions {}

impl Default for ScheduleOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl ScheduleOptions {
    /// finetuning-scheduler's defaults.
    pub fn new() -> Self {
        Self(sys::fts_schedule_options::INIT)
    }

    /// Phases end by their `max_transition_*` keys alone.
    pub fn epoch_transitions_only(mut self, yes: bool) -> Self {
        self.0.epoch_transitions_only = yes.into();
        self
    }

    /// Index of the last phase to run.
    pub fn max_depth(mut self, phase: usize) -> Self {
        self.0.max_depth = index(phase);
        self
    }

    /// Learning rate of later phases that set none (1e-5); with `None` they are
    /// errors.
    pub fn base_max_lr(mut self, lr: impl Into<Option<f64>>) -> Self {
        let lr = lr.into();
        self.0.has_base_max_lr = lr.is_some().into();
        self.0.base_max_lr = lr.unwrap_or(0.0);
        self
    }

    /// How entries select.
    pub fn matching(mut self, rule: Match) -> Self {
        self.0.r#match = match rule {
            Match::Prefix => sys::FTS_MATCH_PREFIX,
            Match::Full => sys::FTS_MATCH_FULL,
        };
        self
    }

    /// Epochs of the run.
    pub fn max_epochs(mut self, epochs: u32) -> Self {
        self.0.max_epochs = epochs.into();
        self
    }
}

/// Ways to make a schedule from a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Generate {
    /// finetuning-scheduler's implicit schedule: pairs of parameters, last first.
    Pairs,
    /// So many phases, aligned with the model's layers.
    Blocks(usize),
    /// A phase per layer.
    Depth,
}

/// A phase.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Phase {
    /// From 0.
    pub index: usize,
    /// `None` in phase 0, whose rate is the optimizer's own.
    pub lr: Option<f64>,
    /// The epoch at whose start the next phase begins at the latest.
    pub max_transition_epoch: Option<i64>,
    /// Names that begin to train.
    pub params: Vec<String>,
    /// Names that stop.
    pub freeze: Vec<String>,
}

impl Schedule {
    /// Resolves a schedule as written: YAML text, `name` for the file in
    /// messages.
    ///
    /// ```
    /// # let model = fts::Model::builder()
    /// #     .parameter("body.weight", &[4, 4], "float32")
    /// #     .parameter("head.weight", &[2, 4], "float32").build()?;
    /// let text = "0: {params: [head.weight]}\n1: {params: [body.*], lr: 1e-4}\n";
    /// let schedule =
    ///     fts::Schedule::resolve(&model, "s.yaml", text, &fts::ScheduleOptions::new())?;
    /// assert_eq!(schedule.phases()[1].params, ["body.weight"]);
    /// # Ok::<(), fts::Error>(())
    /// ```
    ///
    /// # Errors
    /// INVALID_ARGUMENT; its diagnostics hold every problem found.
    pub fn resolve(
        model: &Model,
        name: &str,
        yaml: &str,
        options: &ScheduleOptions,
    ) -> Result<Self> {
        let (raw, warnings) = collect(|diagnostics| {
            call!(fts_schedule_resolve(
                model.as_ptr(), view(yaml), view(name), &options.0, diagnostics
            ) -> out)
        })?;
        Ok(Self { handle: Handle::from_raw(raw), warnings })
    }

    /// Reads a file and resolves it.
    ///
    /// # Errors
    /// NOT_FOUND when it can't be read, else as [`Schedule::resolve`].
    pub fn load(
        model: &Model,
        path: impl AsRef<Path>,
        options: &ScheduleOptions,
    ) -> Result<Self> {
        let path = path.as_ref();
        let yaml = std::fs::read_to_string(path).map_err(|e| {
            let text = format!("schedule '{}' can't be read: {e}", path.display());
            Error::new(Code::NotFound, text).with_source(e.into())
        })?;
        Self::resolve(model, &path.to_string_lossy(), &yaml, options)
    }

    /// Schedule text (commented YAML) from a model.
    ///
    /// # Errors
    /// INVALID_ARGUMENT: more phases than the model allows.
    pub fn generate(model: &Model, how: Generate) -> Result<String> {
        let (by, phases) = match how {
            Generate::Pairs => (sys::FTS_GENERATE_BY_PAIRS, 0),
            Generate::Blocks(phases) => (sys::FTS_GENERATE_BY_BLOCKS, index(phases)),
            Generate::Depth => (sys::FTS_GENERATE_BY_DEPTH, 0),
        };
        call!(fts_schedule_generate(model.as_ptr(), by, phases) -> out).map(into_text)
    }

    pub(crate) fn as_ptr(&self) -> *mut sys::fts_schedule {
        self.handle.as_ptr()
    }

    /// What was found and not refused.
    pub fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }

    /// All phases, those that never run included.
    pub fn phases(&self) -> Vec<Phase> {
        // SAFETY: self lives.
        let size = unsafe { sys::fts_schedule_num_phases(self.as_ptr()) };
        (0..size).map(|i| self.phase(i).expect("below the number")).collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// OUT_OF_RANGE.
    pub fn phase(&self, i: usize) -> Result<Phase> {
        let info: sys::fts_phase_info =
            call!(fts_schedule_get_phase(self.as_ptr(), i) -> out)?;
        let mut phase = Phase {
            index: usize::try_from(info.index).unwrap_or(i),
            lr: (info.has_lr != 0).then_some(info.lr),
            max_transition_epoch: (info.max_transition_epoch >= 0)
                .then_some(info.max_transition_epoch),
            params: Vec::with_capacity(info.num_params),
            freeze: Vec::with_capacity(info.num_freeze),
        };
        for k in 0..info.num_params {
            let name = call!(fts_schedule_get_param(self.as_ptr(), i, k) -> out)?;
            // SAFETY: the view lives as long as self.
            phase.params.push(unsafe { text(name) });
        }
        for k in 0..info.num_freeze {
            let name = call!(fts_schedule_get_freeze(self.as_ptr(), i, k) -> out)?;
            // SAFETY: the view lives as long as self.
            phase.freeze.push(unsafe { text(name) });
        }
        Ok(phase)
    }

    /// Index of the last phase that runs.
    pub fn max_depth(&self) -> usize {
        // SAFETY: self lives.
        let depth = unsafe { sys::fts_schedule_max_depth(self.as_ptr()) };
        usize::try_from(depth).unwrap_or(0)
    }

    /// Epochs of the run, as given or as the schedule raised them.
    pub fn max_epochs(&self) -> Option<i64> {
        // SAFETY: self lives.
        let epochs = unsafe { sys::fts_schedule_max_epochs(self.as_ptr()) };
        (epochs >= 0).then_some(epochs)
    }

    /// The object of the command `fts schedule resolve --json`.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED when there is no memory.
    pub fn to_json(&self) -> Result<String> {
        call!(fts_schedule_to_json(self.as_ptr()) -> out).map(into_text)
    }

    /// All of one phase as JSON: "phase", "params", "freeze", "lr",
    /// "weight_decay", "clip_grad_norm", "groups", "new_optimizer",
    /// "new_lr_scheduler".
    ///
    /// # Errors
    /// OUT_OF_RANGE.
    pub fn phase_to_json(&self, i: usize) -> Result<String> {
        call!(fts_schedule_phase_to_json(self.as_ptr(), i) -> out).map(into_text)
    }

    /// YAML that resolves to the same schedule again.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED when there is no memory.
    pub fn to_yaml(&self) -> Result<String> {
        call!(fts_schedule_to_yaml(self.as_ptr()) -> out).map(into_text)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_yaml().map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schedule")
            .field("phases", &self.phases())
            .field("max_depth", &self.max_depth())
            .field("max_epochs", &self.max_epochs())
            .finish()
    }
}
