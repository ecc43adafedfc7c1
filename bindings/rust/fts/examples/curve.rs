// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! The Rust program of tests/languages, whose README.md describes it: model, data
//! and losses as in the other languages. `curve SCHEDULE PLAN`
//!
//! Model, loss and loop are this program's; fts shards the parameters, thaws them
//! phase by phase, and updates them. Ranks are processes that a launcher starts
//! with RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT.

use fts::{
    Mesh, MeshOptions, Model, Optimizer, Plan, Schedule, ScheduleOptions, Scheduler,
    SchedulerOptions, Session, SessionOptions, StepArgs, Unit,
};
use tch::{Kind, Tensor};

const OPTIMIZER: &str = "\
optimizer: {name: adamw, lr: 0.001, weight_decay: 0.0}
clip_grad_norm: 1.0
";
const EPOCHS: i64 = 3;
const STEPS: i64 = 4;

struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    fn forward(&self, x: &Tensor) -> Tensor {
        x.linear(&self.weight, Some(&self.bias))
    }
}

/// The parameters by name, in order of registration, with their first values.
#[derive(Default)]
struct Parameters(Vec<(String, Tensor)>);

impl Parameters {
    fn add(&mut self, name: String, shape: &[i64]) -> Tensor {
        let k = self.0.len() as i64;
        let i = Tensor::arange(
            shape.iter().product::<i64>(),
            (Kind::Int64, tch::Device::Cpu),
        );
        let values =
            (i * 7919 + 104729 * k).remainder(2003).to_kind(Kind::Double) / 2003.0 - 0.5;
        let values = (values * 0.5).to_kind(Kind::Float).reshape(shape);
        self.0.push((name, values.shallow_clone()));
        values
    }

    fn linear(&mut self, name: &str, inputs: i64, outputs: i64) -> Linear {
        Linear {
            weight: self.add(format!("{name}.weight"), &[outputs, inputs]),
            bias: self.add(format!("{name}.bias"), &[outputs]),
        }
    }
}

struct Net {
    embed: Linear,
    blocks: Vec<(Linear, Linear)>,
    head: Linear,
}

impl Net {
    fn new(parameters: &mut Parameters) -> Self {
        let embed = parameters.linear("embed", 4, 16);
        let block = |i| {
            let up = parameters.linear(&format!("blocks.{i}.up"), 16, 32);
            (up, parameters.linear(&format!("blocks.{i}.down"), 32, 16))
        };
        let blocks = (0..3).map(block).collect();
        Self { embed, blocks, head: parameters.linear("head", 16, 2) }
    }

    /// The forward of a rank: each unit's module between its boundaries.
    fn forward(&self, units: &Units, x: &Tensor) -> fts::Result<Tensor> {
        units.run("", x, |x| {
            let mut x = units.run("embed", x, |x| Ok(self.embed.forward(x)))?;
            for (i, (up, down)) in self.blocks.iter().enumerate() {
                x = units.run(&format!("blocks.{i}"), &x, |x| {
                    Ok(x + down.forward(&up.forward(x).tanh()))
                })?;
            }
            units.run("head", &x, |x| Ok(self.head.forward(x)))
        })
    }
}

/// The units of the plan, by module.
struct Units(Vec<Unit>);

impl Units {
    /// Runs a module's forward inside its unit, if it is one.
    fn run(
        &self,
        module: &str,
        x: &Tensor,
        forward: impl FnOnce(&Tensor) -> fts::Result<Tensor>,
    ) -> fts::Result<Tensor> {
        match self.0.iter().find(|unit| unit.modules()[0] == module) {
            Some(unit) => unit.try_forward_tch(&[x], |xs| forward(&xs[0])),
            None => forward(x),
        }
    }
}

/// Inputs and targets of a step: 8 rows.
fn batch(step: i64) -> (Tensor, Tensor) {
    let j = Tensor::arange(32, (Kind::Int64, tch::Device::Cpu));
    let x =
        (j * 31337 + 7177 * step).remainder(1009).to_kind(Kind::Double) / 1009.0 - 0.5;
    let x = x.reshape([8, 4]);
    let sum = x.sum_dim_intlist([1_i64].as_slice(), false, Kind::Double);
    let product = x.select(1, 0) * x.select(1, 3);
    let y = Tensor::stack(&[sum, product], 1);
    (x.to_kind(Kind::Float), y.to_kind(Kind::Float))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [schedule, plan] = &paths[..] else {
        return Err("usage: curve SCHEDULE PLAN".into());
    };
    tch::set_num_threads(1);
    fts::check_version()?;
    let mesh = Mesh::new(&MeshOptions::new())?;

    let mut parameters = Parameters::default();
    let net = Net::new(&mut parameters);
    let mut model = Model::builder().container("blocks", "ModuleList");
    for (name, tensor) in &parameters.0 {
        model = model.tch_parameter(name, tensor);
    }
    let model = model.build()?;
    let options =
        ScheduleOptions::new().epoch_transitions_only(true).max_epochs(EPOCHS as u32);
    let schedule = Schedule::load(&model, schedule, &options)?;
    let plan = Plan::resolve(&model, &schedule, plan, &std::fs::read_to_string(plan)?)?;

    let options = SessionOptions::new();
    let session = Session::from_tch(&plan, &schedule, &mesh, &parameters.0, &options)?;
    session.load()?;
    let optimizer = Optimizer::new(&session, "optimizer", OPTIMIZER)?;
    let options = SchedulerOptions::new()
        .epoch_transitions_only(true)
        .has_validation(false)
        .restore_best(false);
    let mut scheduler = Scheduler::new(&schedule, &options, session.ports()?)?;
    let units = Units(session.units());

    scheduler.run_start()?;
    for epoch in 0..EPOCHS {
        scheduler.epoch_start(epoch)?;
        for in_epoch in 0..STEPS {
            let step = epoch * STEPS + in_epoch;
            scheduler.step_start(step, 8 * step, 0.0)?;
            let (x, y) = batch(step);
            let rows =
                |t: &Tensor| t.slice(0, mesh.rank() as i64, None, mesh.size() as i64);
            let output = net.forward(&units, &rows(&x))?;
            let loss = (output - rows(&y)).square().mean(Kind::Float);
            loss.backward();
            let args = StepArgs::new().loss(loss.double_value(&[]));
            let info = optimizer.step(scheduler.phase(), &args)?;
            if mesh.rank() == 0 {
                println!("{:.10e}", info.loss);
            }
            scheduler.step_end(step)?;
        }
        scheduler.epoch_end(epoch)?;
    }
    Ok(())
}
