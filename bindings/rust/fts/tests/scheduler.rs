// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! Scheduler and ports: order, errors, panics, and what is dropped when.

mod common;

use std::cell::RefCell;
use std::error::Error as _;
use std::rc::Rc;
use std::sync::Mutex;

use common::{one_at_a_time, two_phases};
use fts::*;

/// Early stopping ends phase 0 and the run; the best state comes back.
#[test]
fn a_loop_goes_through_its_phases() {
    let _one = one_at_a_time();
    let before = live_handles();
    {
        let schedule = two_phases(&ScheduleOptions::new());
        let log = RefCell::new(Vec::new());
        let note = |text: String| log.borrow_mut().push(text);
        let epoch = RefCell::new(0_i64);
        let ports = Callbacks::new()
            .thaw(|phase| {
                note(format!("thaw {phase}"));
                Ok(())
            })
            .add_group(|phase, lr| {
                note(format!("group {phase} {lr:?}"));
                Ok(())
            })
            .restore_best(|best| {
                note(format!("restore {} of epoch {}", best.metric, best.epoch));
                Ok(())
            })
            .metric(|name| {
                assert_eq!(name, "val_loss");
                let epoch = *epoch.borrow();
                Ok(if epoch < 2 { 2.0 - epoch as f64 } else { 5.0 })
            });
        let rule = EarlyStopping::new().patience(1);
        let options = SchedulerOptions::new().early_stopping(rule).max_steps(100);
        let mut scheduler = Scheduler::new(&schedule, &options, ports).unwrap();
        assert_eq!(scheduler.phase(), 0);
        scheduler.run_start().unwrap();
        let mut outcomes = Vec::new();
        while !scheduler.finished() {
            let now = *epoch.borrow();
            outcomes.push(scheduler.epoch_start(now).unwrap());
            scheduler.step_start(now, 8 * now, 0.5).unwrap();
            scheduler.step_end(now).unwrap();
            outcomes.push(scheduler.validation_end(now).unwrap());
            if !scheduler.finished() {
                scheduler.epoch_end(now).unwrap();
            }
            *epoch.borrow_mut() += 1;
        }
        assert_eq!(scheduler.phase(), 1);
        drop(scheduler);
        let want = [
            "thaw 0",
            "group 0 None",
            "restore 1 of epoch 1",
            "thaw 1",
            "group 1 Some(0.0001)",
        ];
        assert_eq!(log.into_inner(), want);
        // Outcomes outlive their scheduler.
        assert_eq!(
            outcomes.iter().filter_map(Outcome::new_phase).collect::<Vec<_>>(),
            [1]
        );
        let last = outcomes.last().unwrap().clone();
        drop(outcomes);
        let effects: Vec<Effect> = last.effects().collect();
        assert!(
            matches!(&effects[..], [Effect::Finish { cause, .. }] if cause == "early_stopping"),
            "{effects:?}"
        );
    }
    assert_eq!(live_handles(), before);
}

#[derive(Debug)]
struct Wrong(i32);

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "wrong {}", self.0)
    }
}

impl std::error::Error for Wrong {}

#[test]
fn an_error_of_a_port_comes_back_as_it_was() {
    let _one = one_at_a_time();
    let schedule = two_phases(&ScheduleOptions::new());
    let options = SchedulerOptions::new().max_steps(9);
    let ports = Callbacks::new().thaw(|_| Err(Wrong(7).into()));
    let mut scheduler = Scheduler::new(&schedule, &options, ports).unwrap();
    let error = scheduler.run_start().unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Code::Unknown, "Thaw{phase 0} at RunStart failed: wrong 7")
    );
    assert_eq!(error.source().unwrap().downcast_ref::<Wrong>().unwrap().0, 7);
    // The scheduler is half-way.
    let again = scheduler.epoch_start(0).unwrap_err();
    assert!(again.message().contains("wrong 7"), "{again}");
    assert!(again.source().is_none());

    let ports = Callbacks::new()
        .thaw(|_| Err(Error::new(Code::ResourceExhausted, "no memory").into()));
    let mut scheduler = Scheduler::new(&schedule, &options, ports).unwrap();
    assert_eq!(scheduler.run_start().unwrap_err().code(), Code::ResourceExhausted);
}

#[test]
fn a_panic_in_a_port_becomes_an_error() {
    let _one = one_at_a_time();
    let schedule = two_phases(&ScheduleOptions::new());
    let options = SchedulerOptions::new().max_steps(9);
    let ports = Callbacks::new().thaw(|phase| panic!("no phase {phase}"));
    let mut scheduler = Scheduler::new(&schedule, &options, ports).unwrap();
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let error = scheduler.run_start().unwrap_err();
    std::panic::set_hook(hook);
    assert_eq!(error.code(), Code::Internal);
    let words = "Thaw{phase 0} at RunStart failed: the port thaw panicked: no phase 0";
    assert_eq!(error.message(), words);
}

#[test]
fn a_missing_metric_says_what_to_do() {
    let _one = one_at_a_time();
    let schedule = two_phases(&ScheduleOptions::new().max_epochs(4));
    let mut scheduler = Scheduler::new(&schedule, &SchedulerOptions::new(), ()).unwrap();
    scheduler.run_start().unwrap();
    scheduler.epoch_start(0).unwrap();
    let error = scheduler.validation_end(0).unwrap_err();
    assert_eq!(
        error.message(),
        "the scheduler needs the metric 'val_loss'; implement Ports::metric"
    );
}

/// Counts how often it is dropped.
struct Counting(Rc<RefCell<i32>>);

impl Ports for Counting {}

impl Drop for Counting {
    fn drop(&mut self) {
        *self.0.borrow_mut() += 1;
    }
}

#[test]
fn ports_are_dropped_once_also_when_there_is_no_scheduler() {
    let _one = one_at_a_time();
    let before = live_handles();
    let drops = Rc::new(RefCell::new(0));
    let schedule = two_phases(&ScheduleOptions::new());
    let options = SchedulerOptions::new().max_steps(1);
    let scheduler = Scheduler::new(&schedule, &options, Counting(drops.clone())).unwrap();
    assert_eq!(*drops.borrow(), 0);
    drop(scheduler);
    assert_eq!(*drops.borrow(), 1);
    // Neither epochs nor steps.
    let error =
        Scheduler::new(&schedule, &SchedulerOptions::new(), Counting(drops.clone()))
            .unwrap_err();
    assert_eq!(*drops.borrow(), 2);
    assert_eq!(error.code(), Code::InvalidArgument);
    assert_eq!(error.diagnostics().len(), 1);
    drop((schedule, error));
    assert_eq!(live_handles(), before);
}

#[test]
fn a_state_goes_on_elsewhere() {
    let _one = one_at_a_time();
    let schedule = Schedule::resolve(
        &common::body_and_head(),
        "s.yaml",
        "0: {params: [head.weight], max_transition_epoch: 2}\n\
         1: {params: [body.weight]}\n",
        &ScheduleOptions::new().max_epochs(4),
    )
    .unwrap();
    let options = SchedulerOptions::new().has_validation(false).restore_best(false);
    let make = || Scheduler::new(&schedule, &options, ()).unwrap();
    let mut first = make();
    first.run_start().unwrap();
    first.epoch_start(0).unwrap();
    first.step_start(0, 0, 0.0).unwrap();
    first.step_end(0).unwrap();
    first.epoch_end(0).unwrap();
    let mut second = make();
    second.resume(&first.state().unwrap()).unwrap();
    assert_eq!(second.state().unwrap(), first.state().unwrap());
    assert_eq!(make().resume("{}").unwrap_err().code(), Code::InvalidArgument);
    let error = second.epoch_start(0).unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition, "{error}");
}

/// A scheduler whose ports are Send goes to the thread that trains.
#[test]
fn a_scheduler_moves_to_another_thread() {
    let _one = one_at_a_time();
    let schedule = two_phases(&ScheduleOptions::new().max_epochs(1));
    let mut scheduler = Scheduler::new(&schedule, &SchedulerOptions::new(), ()).unwrap();
    let phase = std::thread::spawn(move || {
        scheduler.run_start().unwrap();
        scheduler.phase()
    });
    assert_eq!(phase.join().unwrap(), 0);
}

#[test]
fn immutable_handles_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Model>();
    shared::<Schedule>();
    shared::<Plan>();
    shared::<Outcome>();
    shared::<Diagnostics>();
    shared::<Error>();
    shared::<SchedulerOptions>();
    shared::<ScheduleOptions>();
}

/// Warnings that a C caller leaves lying about reach the log; a panic in it goes
/// nowhere.
#[test]
fn a_log_can_be_set_and_cleared() {
    let _one = one_at_a_time();
    let (sender, receiver) = std::sync::mpsc::channel();
    let sender = Mutex::new(sender);
    set_log(LogLevel::Warning, move |entry| {
        sender.lock().unwrap().send(entry.clone()).unwrap();
        panic!("dropped");
    })
    .unwrap();
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let json = common::body_and_head().to_json().unwrap();
    let view = |text: &'static str| fts_sys::fts_string {
        data: text.as_ptr().cast(),
        size: text.len(),
    };
    let json: &'static str = json.leak();
    // SAFETY: live views, handles released once.
    unsafe {
        let (mut model, mut schedule) = (std::ptr::null_mut(), std::ptr::null_mut());
        let none = std::ptr::null_mut();
        let failed = fts_sys::fts_model_parse(view(json), view("m"), none, &mut model);
        assert!(failed.is_null());
        let failed = fts_sys::fts_schedule_resolve(
            model,
            view("0: {params: [head.weight], lr: 0.5}\n"),
            view("s.yaml"),
            std::ptr::null(),
            std::ptr::null_mut(),
            &mut schedule,
        );
        assert!(failed.is_null());
        fts_sys::fts_schedule_release(schedule);
        fts_sys::fts_model_release(model);
    }
    std::panic::set_hook(hook);
    let entry = receiver.try_recv().unwrap();
    assert_eq!((entry.level, &*entry.file, entry.line), (LogLevel::Warning, "s.yaml", 1));
    clear_log().unwrap();
    // The closure is gone, and the sender with it.
    assert!(receiver.recv().is_err());
}
