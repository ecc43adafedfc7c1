// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! How a scheduler judges.

use fts_sys as sys;

use crate::call::view;

/// Whether smaller or larger is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum MetricMode {
    /// Smaller.
    #[default]
    Min,
    /// Larger.
    Max,
}

impl MetricMode {
    fn to_raw(self) -> sys::fts_metric_mode {
        match self {
            Self::Min => sys::FTS_METRIC_MODE_MIN,
            Self::Max => sys::FTS_METRIC_MODE_MAX,
        }
    }
}

/// When a phase ends for want of improvement, and when the run does.
#[derive(Clone, Debug)]
pub struct EarlyStopping {
    monitor: String,
    mode: MetricMode,
    patience: i64,
    min_delta: f64,
    check_finite: bool,
    stopping_threshold: Option<f64>,
    divergence_threshold: Option<f64>,
}

impl Default for EarlyStopping {
    fn default() -> Self {
        Self::new()
    }
}

impl EarlyStopping {
    /// finetuning-scheduler's rule: val_loss, smaller is better, patience 3.
    pub fn new() -> Self {
        Self {
            monitor: String::new(),
            mode: MetricMode::Min,
            patience: 3,
            min_delta: 0.0,
            check_finite: true,
            stopping_threshold: None,
            divergence_threshold: None,
        }
    }

    /// The metric, and whether smaller or larger is better.
    pub fn monitor(mut self, name: &str, mode: MetricMode) -> Self {
        self.monitor = name.into();
        self.mode = mode;
        self
    }

    /// Validations without an improvement beyond min_delta.
    pub fn patience(mut self, validations: u32) -> Self {
        self.patience = validations.into();
        self
    }

    /// The smallest improvement that counts.
    pub fn min_delta(mut self, delta: f64) -> Self {
        self.min_delta = delta;
        self
    }

    /// Whether a value that is not finite ends the run.
    pub fn check_finite(mut self, yes: bool) -> Self {
        self.check_finite = yes;
        self
    }

    /// Better than it ends the run.
    pub fn stopping_threshold(mut self, value: f64) -> Self {
        self.stopping_threshold = Some(value);
        self
    }

    /// Worse than it ends the run.
    pub fn divergence_threshold(mut self, value: f64) -> Self {
        self.divergence_threshold = Some(value);
        self
    }
}

/// How a scheduler judges.
#[derive(Clone, Debug)]
pub struct SchedulerOptions {
    epoch_transitions_only: bool,
    restore_best: bool,
    early_stopping: Option<EarlyStopping>,
    best: (String, MetricMode),
    max_steps: Option<i64>,
    has_validation: bool,
}

impl Default for SchedulerOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl SchedulerOptions {
    /// finetuning-scheduler's defaults.
    pub fn new() -> Self {
        Self {
            epoch_transitions_only: false,
            restore_best: true,
            early_stopping: None,
            best: (String::new(), MetricMode::Min),
            max_steps: None,
            has_validation: true,
        }
    }

    /// As given to [`ScheduleOptions`](crate::ScheduleOptions).
    pub fn epoch_transitions_only(mut self, yes: bool) -> Self {
        self.epoch_transitions_only = yes;
        self
    }

    /// Whether a phase begins from the best state so far.
    pub fn restore_best(mut self, yes: bool) -> Self {
        self.restore_best = yes;
        self
    }

    /// A rule other than the default one.
    pub fn early_stopping(mut self, rule: EarlyStopping) -> Self {
        self.early_stopping = Some(rule);
        self
    }

    /// What the best state is judged by (val_loss, smaller).
    pub fn best_by(mut self, name: &str, mode: MetricMode) -> Self {
        self.best = (name.into(), mode);
        self
    }

    /// Steps after which the run ends.
    pub fn max_steps(mut self, steps: i64) -> Self {
        self.max_steps = Some(steps);
        self
    }

    /// Whether there will be validation_end events.
    pub fn has_validation(mut self, yes: bool) -> Self {
        self.has_validation = yes;
        self
    }

    /// As the library takes it; the views in it borrow from self.
    pub(crate) fn to_raw(&self) -> sys::fts_scheduler_options {
        let mut raw = sys::fts_scheduler_options::INIT;
        raw.epoch_transitions_only = self.epoch_transitions_only.into();
        raw.restore_best = self.restore_best.into();
        if let Some(rule) = &self.early_stopping {
            raw.has_early_stopping = 1;
            raw.monitor = view(&rule.monitor);
            raw.mode = rule.mode.to_raw();
            raw.patience = rule.patience;
            raw.min_delta = rule.min_delta;
            raw.check_finite = rule.check_finite.into();
            raw.has_stopping_threshold = rule.stopping_threshold.is_some().into();
            raw.stopping_threshold = rule.stopping_threshold.unwrap_or(0.0);
            raw.has_divergence_threshold = rule.divergence_threshold.is_some().into();
            raw.divergence_threshold = rule.divergence_threshold.unwrap_or(0.0);
        }
        raw.best_monitor = view(&self.best.0);
        raw.best_mode = self.best.1.to_raw();
        raw.max_steps = self.max_steps.unwrap_or(-1);
        raw.has_validation = self.has_validation.into();
        raw
    }
}
