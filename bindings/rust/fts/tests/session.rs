// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! Sessions over host tensors, without autograd: three phases of a chain of
//! scales, held against the same arithmetic written out here; meshes, events and
//! tensors.

mod common;

use std::error::Error as _;
use std::sync::mpsc::channel;
use std::time::Duration;

use common::one_at_a_time;
use fts::*;

const SCHEDULE: &str = "0: {params: [c.w], max_transition_epoch: 1}\n\
                        1: {params: [b.w], max_transition_epoch: 2, lr: 0.05}\n\
                        2: {params: [a.w], max_transition_epoch: 3, lr: 0.02}\n";
const PLAN: &str = "fsdp_plan: {a: {}, b: {}, c: {}}\n";
const NAMES: [&str; 3] = ["a.w", "b.w", "c.w"];
const RATES: [f32; 3] = [0.1, 0.05, 0.02];

type Weights = [[f32; 4]; 3];

fn first_weights() -> Weights {
    std::array::from_fn(|i| std::array::from_fn(|j| 0.5 + 0.1 * (i + j) as f32))
}

/// y = a * b * c elementwise, loss = sum((y - 1)^2) / 2, and its gradients.
fn loss_and_gradients(w: &Weights) -> (f64, Weights) {
    let mut loss = 0.0;
    let mut gradients = Weights::default();
    for j in 0..4 {
        let y = w[0][j] * w[1][j] * w[2][j];
        loss += f64::from((y - 1.0) * (y - 1.0) / 2.0);
        for i in 0..3 {
            gradients[i][j] = (y - 1.0) * y / w[i][j];
        }
    }
    (loss, gradients)
}

/// SGD as written here. What trains in a phase: the last, then one more each.
fn plain_step(w: &mut Weights, phase: usize) -> f64 {
    let (loss, gradients) = loss_and_gradients(w);
    for i in (2 - phase)..3 {
        for j in 0..4 {
            w[i][j] -= RATES[2 - i] * gradients[i][j];
        }
    }
    loss
}

struct Chain {
    session: Session,
    scheduler: Scheduler<SessionPorts>,
    weights: Vec<Tensor>,
}

fn chain(optimizer: Option<&str>) -> (Chain, Option<Optimizer>) {
    let mut model = Model::builder();
    let mut parameters = Vec::new();
    for (name, values) in NAMES.iter().zip(first_weights()) {
        model = model.parameter(name, &[4], "float32");
        parameters.push((*name, Tensor::from_vec(values.to_vec(), &[4]).unwrap()));
    }
    let model = model.build().unwrap();
    let options = ScheduleOptions::new().epoch_transitions_only(true).max_epochs(3);
    let schedule = Schedule::resolve(&model, "s.yaml", SCHEDULE, &options).unwrap();
    let plan = Plan::resolve(&model, &schedule, "p.yaml", PLAN).unwrap();
    let mesh = Mesh::new(&MeshOptions::new()).unwrap();
    let options = SessionOptions::new();
    let session = Session::new(&plan, &schedule, &mesh, &parameters, &options).unwrap();
    session.load().unwrap();
    let optimizer =
        optimizer.map(|yaml| Optimizer::new(&session, "o.yaml", yaml).unwrap());
    let options = SchedulerOptions::new()
        .epoch_transitions_only(true)
        .has_validation(false)
        .restore_best(false);
    let ports = session.ports().unwrap();
    let scheduler = Scheduler::new(&schedule, &options, ports).unwrap();
    let weights = parameters.into_iter().map(|(_, tensor)| tensor).collect();
    (Chain { session, scheduler, weights }, optimizer)
}

impl Chain {
    fn read(&self) -> Weights {
        std::array::from_fn(|i| {
            self.weights[i].read::<f32>().unwrap().try_into().unwrap()
        })
    }

    /// Forward and backward by hand.
    fn gradients(&self, phase: usize) -> f64 {
        let units = self.session.units();
        for unit in &units {
            let output = unit.forward(&[], |_| Ok(Vec::new())).unwrap();
            assert!(output.is_empty());
        }
        units.iter().for_each(|unit| unit.gather().unwrap());
        let (loss, gradients) = loss_and_gradients(&self.read());
        for i in ((2 - phase)..3).rev() {
            let gradient = Tensor::from_vec(gradients[i].to_vec(), &[4]).unwrap();
            self.session.add_gradients(&[(i, &gradient)]).unwrap();
        }
        units.iter().for_each(|unit| unit.release().unwrap());
        loss
    }
}

fn assert_near(got: f64, want: f64) {
    assert!((got - want).abs() < 1e-6, "{got}, wanted {want}");
}

#[test]
fn our_optimizer_follows_the_phases() {
    let _one = one_at_a_time();
    let (mut chain, optimizer) = chain(Some("optimizer: {name: sgd, lr: 0.1}"));
    let optimizer = optimizer.unwrap();
    assert_eq!(optimizer.name(), "SGD");
    chain.scheduler.run_start().unwrap();
    let mut plain = first_weights();
    for epoch in 0..3 {
        chain.scheduler.epoch_start(epoch).unwrap();
        let phase = chain.scheduler.phase();
        assert_eq!(phase, epoch as usize);
        assert_eq!(optimizer.groups().len(), phase + 1);
        for step in 0..5 {
            let loss = chain.gradients(phase);
            assert!(chain.session.has_gradients().unwrap());
            assert_near(loss, plain_step(&mut plain, phase));
            let info = optimizer.step(phase, &StepArgs::new().loss(loss)).unwrap();
            assert_eq!(info.loss, loss);
            assert!(info.grad_norm > 0.0);
            chain.scheduler.step_end(epoch * 5 + step).unwrap();
            optimizer.after_step(step).unwrap();
        }
        chain.scheduler.epoch_end(epoch).unwrap();
        optimizer.after_epoch(epoch).unwrap();
    }
    let last = &optimizer.groups()[2];
    assert_eq!((&*last.name, last.lr, last.initial_lr), ("phase 2", 0.02, 0.02));
    optimizer.set_lr(2, 0.5).unwrap();
    assert_eq!(optimizer.groups()[2].lr, 0.5);
    optimizer.after_validation(2, 1.0).unwrap();
    let mut full = Vec::new();
    let walk = chain.session.for_each_full(|name, value| {
        full.push((name.to_owned(), value.read::<f32>()?));
        Ok(())
    });
    walk.unwrap();
    for ((name, values), (want_name, want)) in full.iter().zip(NAMES.iter().zip(plain)) {
        assert_eq!(name, want_name);
        values.iter().zip(want).for_each(|(v, w)| assert_near((*v).into(), w.into()));
    }
}

#[test]
fn the_caller_s_optimizer_writes_shards() {
    let _one = one_at_a_time();
    let (mut chain, _) = chain(None);
    let session = chain.session.clone();
    chain.scheduler.run_start().unwrap();
    let mut plain = first_weights();
    for epoch in 0..3_usize {
        chain.scheduler.epoch_start(epoch as i64).unwrap();
        assert_near(chain.gradients(epoch), plain_step(&mut plain, epoch));
        let first = session.complete_gradients(&StepArgs::new()).unwrap();
        assert_eq!(session.complete_gradients(&StepArgs::new()).unwrap(), first);
        session.clip(1e9).unwrap();
        let update = || {
            for i in 0..3 {
                let shard = session.shard(i)?;
                assert_eq!((shard.begin, shard.size), (0, 4));
                assert_eq!(shard.trainable, i >= 2 - epoch);
                assert_eq!(shard.gradient.is_some(), shard.trainable);
                if let Some(gradient) = shard.gradient {
                    let mut values = shard.value.read::<f32>()?;
                    for (v, g) in values.iter_mut().zip(gradient.read::<f32>()?) {
                        *v -= RATES[2 - i] * g;
                    }
                    shard.value.write(&values)?;
                }
            }
            Ok(())
        };
        session.update(update).unwrap();
        assert!(!session.has_gradients().unwrap());
        chain.scheduler.step_end(epoch as i64).unwrap();
        chain.scheduler.epoch_end(epoch as i64).unwrap();
    }
    assert_eq!(session.usage().unwrap().gathered, 0); // one rank
    let unit = session.unit("b").unwrap();
    assert_eq!((unit.place(), unit.modules()), (1, &["b".to_owned()][..]));
    assert_eq!((unit.input_dtype(), unit.act_ckpt()), (None, None));
    assert!(session.unit("d").is_none());
}

#[test]
fn values_come_and_go() {
    let _one = one_at_a_time();
    let (mut chain, _) = chain(None);
    let session = &chain.session;
    session
        .load_from(|name, range, dst| {
            let first = if name == "b.w" { 7.0 } else { 1.0 };
            dst.write(&range.map(|i| first + i as f32).collect::<Vec<f32>>())?;
            Ok(())
        })
        .unwrap();
    let place = session.find_parameter("b.w").unwrap();
    assert_eq!(
        session.shard(place).unwrap().value.read::<f32>().unwrap(),
        [7.0, 8.0, 9.0, 10.0]
    );
    let twice = || session.shard(place)?.value.write(&[2.0_f32; 4]);
    session.write(twice).unwrap();
    let b = session.unit("b").unwrap();
    let read = || b.gathered(|| chain.weights[1].read::<f32>()).unwrap();
    assert_eq!(read(), [2.0; 4]);
    chain.scheduler.run_start().unwrap();
    session.save_best().unwrap();
    session.write(|| session.shard(2)?.value.write(&[3.0_f32; 4])).unwrap();
    session.restore_best().unwrap();
    assert_eq!(
        session.shard(2).unwrap().value.read::<f32>().unwrap(),
        [1.0, 2.0, 3.0, 4.0]
    );
    let sum = session.evaluate(|| read().iter().sum::<f32>()).unwrap();
    assert_eq!(sum, 8.0);
    session.begin_micro_step(true).unwrap();
    session.set_metric("val_loss", 1.0).unwrap();
    session.thaw(1).unwrap();
    assert!(session.shard(1).unwrap().trainable);
    session.freeze(1).unwrap();
    let _ = session.why_gathered();
}

#[test]
fn mistakes_are_named() {
    let _one = one_at_a_time();
    let (mut chain, _) = chain(None);
    let session = chain.session.clone();
    chain.scheduler.run_start().unwrap();
    assert_eq!(session.find_parameter("d.w").unwrap_err().code(), Code::NotFound);
    assert_eq!(session.thaw(7).unwrap_err().code(), Code::OutOfRange);
    let bad = Tensor::from_vec(vec![1.0_f32, 2.0], &[2]).unwrap();
    let error = session.add_gradients(&[(2, &bad)]).unwrap_err();
    assert_eq!(
        error.message(),
        "the gradient of parameter 'c.w' has shape [2]; it must be [4]"
    );
    let error = session.update(|| Ok(())).unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition);
    // A step that is given up leaves nothing behind.
    chain.gradients(0);
    session.complete_gradients(&StepArgs::new()).unwrap();
    let failed = session.update(|| Err::<(), _>(Error::new(Code::DataLoss, "no")));
    assert_eq!(failed.unwrap_err().code(), Code::DataLoss);
    assert!(!session.has_gradients().unwrap());
    chain.gradients(0);
    session.complete_gradients(&StepArgs::new().loss(1.0)).unwrap();
    session.reset_step().unwrap();
    chain.gradients(0);
    let args = StepArgs::new().loss(f64::NAN);
    assert_eq!(
        session.complete_gradients(&args).unwrap_err().code(),
        Code::FailedPrecondition
    );
    // An error of a closure comes back as it was; a panic becomes one.
    let walk = session.for_each_full(|_, _| Err(std::fmt::Error.into()));
    assert!(walk.unwrap_err().source().unwrap().is::<std::fmt::Error>());
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let walk = session.for_each_full(|name, _| panic!("at {name}"));
    std::panic::set_hook(hook);
    assert!(walk.unwrap_err().message().contains("panicked: at a.w"));
    let error = Optimizer::new(&session, "o.yaml", "optimizer: {name: sdg}").unwrap_err();
    assert_eq!(error.detail("file"), Some("o.yaml"));
    assert!(!error.diagnostics().is_empty());
}

#[test]
fn a_rank_alone_agrees_with_itself() {
    let _one = one_at_a_time();
    let options = MeshOptions::new().timeout(Duration::from_secs(60)).dp_replicate(1);
    let mesh = Mesh::new(&options).unwrap();
    assert_eq!((mesh.rank(), mesh.size()), (0, 1));
    let mut numbers = [1.0, 2.0];
    mesh.sum(&mut numbers).unwrap();
    mesh.max(&mut numbers).unwrap();
    mesh.barrier().unwrap();
    assert_eq!(numbers, [1.0, 2.0]);
    let comm = mesh.communicator(MeshDim::DpShard).unwrap();
    assert_eq!((comm.rank(), comm.size()), (0, 1));
    let tensor = Tensor::from_vec(vec![1.0_f32, 2.0], &[2]).unwrap();
    let output = Tensor::from_vec(vec![0.0_f32, 0.0], &[2]).unwrap();
    comm.all_reduce(&tensor, ReduceOp::Sum).unwrap();
    comm.all_gather(&tensor).unwrap();
    comm.broadcast(&tensor, 0).unwrap();
    comm.reduce_scatter(&tensor, &output, ReduceOp::Max).unwrap();
    assert_eq!(output.read::<f32>().unwrap(), [1.0, 2.0]);
    // SAFETY: waited for before the tensor is used again.
    let event = unsafe { comm.start_all_reduce(&tensor, ReduceOp::Sum) }.unwrap();
    event.wait(Duration::from_secs(60)).unwrap();
    assert!(event.is_ready());
    let (sender, receiver) = channel();
    event.on_ready(move |result| sender.send(result.is_ok()).unwrap()).unwrap();
    assert_eq!(receiver.recv(), Ok(true));
    let error = Mesh::join("no such group", &MeshOptions::new()).unwrap_err();
    assert!(error.message().contains("no such group"), "{error}");
    // From another thread.
    let abort = mesh.abort_handle();
    std::thread::spawn(move || abort.abort("enough").unwrap()).join().unwrap();
}

#[test]
fn tensors_share_memory_and_give_it_back() {
    let _one = one_at_a_time();
    let before = live_handles();
    {
        let tensor = Tensor::from_vec((0..6_i64).collect(), &[2, 3]).unwrap();
        let info = tensor.info().unwrap();
        assert_eq!((&*info.shape, &*info.strides), (&[2, 3][..], &[3, 1][..]));
        assert_eq!((info.dtype, info.device), (Dtype::Int(64), Device::Cpu));
        let managed = tensor.to_dlpack().unwrap();
        // SAFETY: just made, and nobody else has it.
        let again = unsafe { Tensor::from_dlpack(managed) }.unwrap();
        again.write(&[9_i64; 6]).unwrap();
        assert_eq!(tensor.read::<i64>().unwrap(), [9; 6]);
        assert_eq!(tensor.read::<f32>().unwrap_err().code(), Code::InvalidArgument);
        assert_eq!(tensor.write(&[1_i64]).unwrap_err().code(), Code::InvalidArgument);
        let error = Tensor::from_vec(vec![1.0_f32], &[2]).unwrap_err();
        assert_eq!(error.message(), "1 values do not fill shape [2]");
        let mut values = [1.0_f64; 2];
        // SAFETY: outlives the tensor.
        let view = unsafe { Tensor::from_raw_parts(values.as_mut_ptr(), &[2]) }.unwrap();
        view.write(&[3.0_f64, 4.0]).unwrap();
        drop(view);
        assert_eq!(values, [3.0, 4.0]);
    }
    assert_eq!(live_handles(), before);
}

/// The vector that a tensor was made of goes when the tensor does.
#[test]
fn memory_of_tensors_is_given_back() {
    let _one = one_at_a_time();
    // Pages in memory, from /proc.
    let resident = || {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
        statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
    };
    const ELEMENTS: usize = 4 << 20;
    let before = resident();
    for _ in 0..16 {
        Tensor::from_vec(vec![1.0_f32; ELEMENTS], &[ELEMENTS as i64]).unwrap();
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 8 * ELEMENTS * size_of::<f32>(), "{grown} bytes more");
}
