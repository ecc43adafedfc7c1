// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! A small model that several tests use.
#![allow(dead_code)]

use std::sync::{Mutex, MutexGuard, PoisonError};

use fts::{Model, Schedule, ScheduleOptions};

pub fn body_and_head() -> Model {
    Model::builder()
        .module("", "Net")
        .module("body", "Linear")
        .parameter("body.weight", &[4, 4], "float32")
        .parameter("head.weight", &[2, 4], "float32")
        .build()
        .unwrap()
}

pub const TWO_PHASES: &str = "0: {params: [head.weight]}\n\
                              1: {params: [body.weight], lr: 1.0e-4}\n";

pub fn two_phases(options: &ScheduleOptions) -> Schedule {
    Schedule::resolve(&body_and_head(), "s.yaml", TWO_PHASES, options).unwrap()
}

/// Tests of a process that counts the library's handles run one at a time.
pub fn one_at_a_time() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}
