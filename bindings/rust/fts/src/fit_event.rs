// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! The lines of metrics.jsonl as values.

use crate::json::Json;

/// What happened in a run. Steps, epochs and phases count from 0.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum FitEvent {
    /// One optimizer step; the values of that step, not a mean.
    #[non_exhaustive]
    Step {
        step: i64,
        epoch: i64,
        phase: usize,
        loss: f64,
        grad_norm: f64,
        /// Per optimizer group.
        lr: Vec<f64>,
        tokens_per_s: f64,
        step_ms: f64,
    },
    /// A validation; epoch -1 is the baseline before training.
    #[non_exhaustive]
    Validation { step: i64, epoch: i64, phase: usize, val_loss: f64 },
    /// A phase begins; phase 0 too.
    #[non_exhaustive]
    Phase {
        phase: usize,
        epoch: i64,
        step: i64,
        reason: String,
        /// Names that begin to train.
        thawed: Vec<String>,
        /// Names that stop.
        frozen: Vec<String>,
        trainable_params: i64,
        total_params: i64,
    },
    /// The run has ended.
    #[non_exhaustive]
    RunEnd { reason: String, steps: i64, best: Option<f64> },
    /// A line of a newer command, as it is.
    Other(String),
}

impl FitEvent {
    /// Reads a line; what it can't read it returns as [`FitEvent::Other`].
    pub(crate) fn parse(line: &str) -> Self {
        Json::parse(line)
            .and_then(|json| read(&json))
            .unwrap_or_else(|| Self::Other(line.into()))
    }
}

fn read(json: &Json) -> Option<FitEvent> {
    let number = |key: &str| json.get(key)?.number();
    let whole = |key: &str| number(key).map(|n| n as i64);
    let phase = || number("phase").map(|n| n as usize);
    let words = |key: &str| Some(json.get(key)?.text()?.to_owned());
    let names = |key: &str| {
        let items = json.get(key).map_or(&[][..], Json::list);
        items.iter().filter_map(|name| name.text().map(String::from)).collect()
    };
    Some(match json.get("event")?.text()? {
        "train_step" => FitEvent::Step {
            step: whole("step")?,
            epoch: whole("epoch")?,
            phase: phase()?,
            loss: number("loss")?,
            grad_norm: number("grad_norm")?,
            lr: json.get("lr")?.list().iter().filter_map(Json::number).collect(),
            tokens_per_s: number("tokens_per_s")?,
            step_ms: number("step_ms")?,
        },
        "validation" => FitEvent::Validation {
            step: whole("step")?,
            epoch: whole("epoch")?,
            phase: phase()?,
            val_loss: number("val_loss")?,
        },
        "phase" => FitEvent::Phase {
            phase: phase()?,
            epoch: whole("epoch")?,
            step: whole("step")?,
            reason: words("reason")?,
            thawed: names("thawed"),
            frozen: names("frozen"),
            trainable_params: whole("trainable_params")?,
            total_params: whole("total_params")?,
        },
        "run_end" => FitEvent::RunEnd {
            reason: words("reason")?,
            steps: whole("steps")?,
            best: number("best"),
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_events() {
        let line =
            r#"{"event":"validation","step":3,"epoch":-1,"phase":0,"val_loss":2.5}"#;
        assert_eq!(
            FitEvent::parse(line),
            FitEvent::Validation { step: 3, epoch: -1, phase: 0, val_loss: 2.5 }
        );
        let line = r#"{"event":"run_end","reason":"max_epochs","steps":8,"best":null}"#;
        assert_eq!(
            FitEvent::parse(line),
            FitEvent::RunEnd { reason: "max_epochs".into(), steps: 8, best: None }
        );
        for line in ["", "{\"event\":\"later\"}", "{\"event\":\"phase\"}"] {
            assert_eq!(FitEvent::parse(line), FitEvent::Other(line.into()));
        }
    }
}
