// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! A trainer without torch: model, loss and loop are this program's, fts says
//! what trains when. The model is y = head * body * x, the loss a half of the
//! squared error, the gradients written out by hand.
//!
//!     FTS_LIB_DIR=… cargo run --example schedule_only

use std::cell::RefCell;
use std::collections::BTreeMap;

use fts::{
    Callbacks, EarlyStopping, Effect, Model, Plan, Schedule, ScheduleOptions, Scheduler,
    SchedulerOptions,
};

const SCHEDULE: &str = "\
0: {params: [head.weight], max_transition_epoch: 3}
1: {params: [body.weight], lr: 0.05}
";

/// What the program trains: a number each, and the rates of those that train.
#[derive(Default)]
struct Trainer {
    weights: BTreeMap<String, f64>,
    rates: BTreeMap<String, f64>,
    best: BTreeMap<String, f64>,
    val_loss: f64,
}

impl Trainer {
    /// Loss over a batch of x; updates what trains.
    fn step(&mut self, batch: &[f64]) -> f64 {
        let (head, body) = (self.weights["head.weight"], self.weights["body.weight"]);
        let (mut loss, mut d_head, mut d_body) = (0.0, 0.0, 0.0);
        for x in batch {
            let error = head * body * x - target(*x);
            loss += error * error / 2.0;
            d_head += error * body * x;
            d_body += error * head * x;
        }
        for (name, gradient) in [("head.weight", d_head), ("body.weight", d_body)] {
            if let Some(lr) = self.rates.get(name) {
                *self.weights.get_mut(name).unwrap() -= lr * gradient;
            }
        }
        loss
    }
}

fn target(x: f64) -> f64 {
    3.0 * x
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    fts::check_version()?;
    let model = Model::builder()
        .parameter("body.weight", &[1], "float32")
        .parameter("head.weight", &[1], "float32")
        .build()?;
    let options = ScheduleOptions::new().max_epochs(12);
    let schedule = Schedule::resolve(&model, "schedule.yaml", SCHEDULE, &options)?;
    let plan = Plan::resolve(&model, &schedule, "plan.yaml", "fsdp_plan: {body: {}}")?;
    print!("{plan}");

    let trainer = RefCell::new(Trainer {
        weights: [("body.weight".into(), 0.5), ("head.weight".into(), 0.1)].into(),
        ..Trainer::default()
    });
    let phases = schedule.phases();
    let ports = Callbacks::new()
        .add_group(|phase, lr| {
            for name in &phases[phase].params {
                trainer.borrow_mut().rates.insert(name.clone(), lr.unwrap_or(0.1));
            }
            Ok(())
        })
        .save_best(|_| {
            let mut trainer = trainer.borrow_mut();
            trainer.best = trainer.weights.clone();
            Ok(())
        })
        .restore_best(|_| {
            let mut trainer = trainer.borrow_mut();
            trainer.weights = trainer.best.clone();
            Ok(())
        })
        .metric(|name| match name {
            "val_loss" => Ok(trainer.borrow().val_loss),
            _ => Err(format!("no metric '{name}'").into()),
        });
    let rule = EarlyStopping::new().patience(2).min_delta(1e-6);
    let options = SchedulerOptions::new().early_stopping(rule);
    let mut scheduler = Scheduler::new(&schedule, &options, ports)?;

    scheduler.run_start()?;
    let mut step = 0;
    for epoch in 0.. {
        for effect in scheduler.epoch_start(epoch)?.effects() {
            if let Effect::Phase { phase, reason } = effect {
                println!("phase {phase}: {reason}");
            }
        }
        if scheduler.finished() {
            break;
        }
        for batch in [[0.5, 1.0], [-1.0, 0.25]] {
            scheduler.step_start(step, 2 * step, 0.0)?;
            let loss = trainer.borrow_mut().step(&batch);
            scheduler.step_end(step)?;
            println!("epoch {epoch} step {step} loss {loss:.6}");
            step += 1;
        }
        let weights = trainer.borrow().weights.clone();
        let error = weights["head.weight"] * weights["body.weight"] - target(1.0);
        trainer.borrow_mut().val_loss = error * error;
        let mut last = scheduler.validation_end(epoch)?;
        if !scheduler.finished() {
            last = scheduler.epoch_end(epoch)?;
        }
        if scheduler.finished() {
            for effect in last.effects() {
                if let Effect::Finish { text, .. } = effect {
                    println!("{text}");
                }
            }
            break;
        }
    }
    drop(scheduler);
    let trainer = trainer.into_inner();
    println!("val_loss {:.6}, trained {:?}", trainer.val_loss, trainer.rates.keys());
    Ok(())
}
