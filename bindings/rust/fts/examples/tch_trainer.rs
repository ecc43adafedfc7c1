// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! A trainer of one's own on tch: a small language model over bytes, its loss and
//! its loop are this program's. fts shards the parameters over the ranks, thaws
//! them in three phases, updates them, and says when to stop.
//!
//!     tch_trainer        one rank, or the ranks that a launcher (torchrun
//!                        --no-python, srun, mpirun) describes
//!     tch_trainer 2      starts two ranks of itself
//!
//! FTS_LIB_DIR and LIBTORCH when building; docs/rust.md says what the loader needs.

use fts::{
    EarlyStopping, Effect, Mesh, MeshOptions, Model, Optimizer, Plan, Schedule,
    ScheduleOptions, Scheduler, SchedulerOptions, Session, SessionOptions, StepArgs,
    Unit,
};
use tch::nn::{self, Module};
use tch::{Device, Tensor};

const SCHEDULE: &str = "\
0: {params: ['head.*'], max_transition_epoch: 2}
1: {params: ['blocks\\.[12]\\..*'], max_transition_epoch: 4, lr: 0.01}
2: {params: ['blocks\\.0\\..*', 'mix.*', 'embed.*'], lr: 0.01}
";
const PLAN: &str = "\
fsdp_default_kwargs: {reshard_after_forward: true}
fsdp_plan: {'blocks\\.\\d+$': {}, head: {}}
";
const OPTIMIZER: &str = "\
optimizer: {name: adamw, lr: 0.02, weight_decay: 0.0}
clip_grad_norm: 1.0
";
/// Read again and again, from 128 places.
const TEXT: &str = "the head learns first, then a block, then all. ";
const CONTEXT: usize = 6;
const EPOCHS: u32 = 8;

struct Block {
    up: nn::Linear,
    down: nn::Linear,
}

struct Net {
    embed: nn::Embedding,
    mix: nn::Linear,
    blocks: Vec<Block>,
    head: nn::Linear,
}

impl Net {
    fn new(root: &nn::Path) -> Self {
        let linear = |path: nn::Path, i, o| nn::linear(path, i, o, Default::default());
        Self {
            embed: nn::embedding(root / "embed", 128, 8, Default::default()),
            mix: linear(root / "mix", 8 * CONTEXT as i64, 32),
            blocks: (0..3)
                .map(|i| Block {
                    up: linear(root / "blocks" / i / "up", 32, 64),
                    down: linear(root / "blocks" / i / "down", 64, 32),
                })
                .collect(),
            head: linear(root / "head", 32, 128),
        }
    }
}

/// The model and the units its parameters are sharded by.
struct Sharded {
    net: Net,
    units: Vec<Unit>,
}

impl Sharded {
    /// Runs a module inside its unit, where the plan makes it one.
    fn run(
        &self,
        module: &str,
        x: &Tensor,
        f: impl FnOnce(&Tensor) -> fts::Result<Tensor>,
    ) -> fts::Result<Tensor> {
        match self.units.iter().find(|u| u.modules().iter().any(|m| m == module)) {
            Some(unit) => unit.try_forward_tch(&[x], |xs| f(&xs[0])),
            None => f(x),
        }
    }

    fn loss(&self, tokens: &Tensor, targets: &Tensor) -> fts::Result<Tensor> {
        // "" is the root: what no unit of the plan holds.
        let output = self.run("", tokens, |tokens| {
            let x = self.net.embed.forward(tokens).flatten(1, -1);
            let mut x = self.net.mix.forward(&x).tanh();
            for (i, block) in self.net.blocks.iter().enumerate() {
                x = self.run(&format!("blocks.{i}"), &x, |x| {
                    Ok(x + block.down.forward(&block.up.forward(x).tanh()))
                })?;
            }
            self.run("head", &x, |x| Ok(self.net.head.forward(x)))
        })?;
        Ok(output.cross_entropy_for_logits(targets))
    }
}

/// Contexts and the bytes that follow them.
fn windows() -> (Tensor, Tensor) {
    let text = TEXT.bytes().cycle().take(128 + CONTEXT);
    let bytes: Vec<i64> = text.map(i64::from).collect();
    let contexts: Vec<&[i64]> = bytes.windows(CONTEXT + 1).collect();
    let all = Tensor::from_slice(&contexts.concat()).reshape([-1, CONTEXT as i64 + 1]);
    (all.narrow(1, 0, CONTEXT as i64), all.select(1, CONTEXT as i64))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if let Some(ranks) = std::env::args().nth(1) {
        return launch(ranks.parse()?);
    }
    tch::set_num_threads(1);
    tch::manual_seed(1); // equal first weights on every rank
    fts::check_version()?;
    let mesh = Mesh::new(&MeshOptions::new())?;
    let (rank, ranks) = (mesh.rank() as i64, mesh.size() as i64);
    let say = |text: String| {
        if rank == 0 {
            println!("{text}");
        }
    };

    // What fts knows of the model: names, shapes, and that blocks are a list.
    let store = nn::VarStore::new(Device::Cpu);
    let net = Net::new(&store.root());
    let mut parameters: Vec<(String, Tensor)> = store.variables().into_iter().collect();
    parameters.sort_by(|a, b| a.0.cmp(&b.0));
    let mut model = Model::builder().container("blocks", "ModuleList");
    for (name, tensor) in &parameters {
        model = model.tch_parameter(name, tensor);
    }
    let model = model.build()?;
    let options = ScheduleOptions::new().max_epochs(EPOCHS);
    let schedule = Schedule::resolve(&model, "schedule", SCHEDULE, &options)?;
    let plan = Plan::resolve(&model, &schedule, "plan", PLAN)?;

    // The engine takes the parameters, the scheduler drives it and the optimizer.
    let session =
        Session::from_tch(&plan, &schedule, &mesh, &parameters, &SessionOptions::new())?;
    session.load()?;
    let optimizer = Optimizer::new(&session, "optimizer", OPTIMIZER)?;
    let rule = EarlyStopping::new().patience(3);
    let options = SchedulerOptions::new().early_stopping(rule);
    let mut scheduler = Scheduler::new(&schedule, &options, session.ports()?)?;
    let model = Sharded { net, units: session.units() };

    // Every 8th window is held back; a rank takes its share of each batch.
    let (tokens, targets) = windows();
    let every = |t: &Tensor, first: i64, step: i64| t.slice(0, first, None, step);
    let held_back = (every(&tokens, 0, 8), every(&targets, 0, 8));
    let mut step = 0;
    let mut last = scheduler.run_start()?;
    for epoch in 0.. {
        last = scheduler.epoch_start(epoch)?;
        if let Some(phase) = last.new_phase() {
            say(format!("phase {phase}: {:?}", schedule.phase(phase)?.params));
        }
        if scheduler.finished() {
            break;
        }
        for first in 1..8 {
            scheduler.step_start(step, 0, 0.0)?;
            let batch = |t: &Tensor| every(&every(t, first, 8), rank, ranks);
            let loss = model.loss(&batch(&tokens), &batch(&targets))?;
            loss.backward();
            let args = StepArgs::new().loss(loss.double_value(&[]));
            let info = optimizer.step(scheduler.phase(), &args)?;
            optimizer.after_step(first - 1)?;
            scheduler.step_end(step)?;
            if first == 7 {
                say(format!("epoch {epoch} step {step} loss {:.5}", info.loss));
            }
            step += 1;
        }
        // Every rank looks at all of what was held back: the same value on each.
        let evaluate = || tch::no_grad(|| model.loss(&held_back.0, &held_back.1));
        let val_loss = session.evaluate(evaluate)??.double_value(&[]);
        say(format!("epoch {epoch} val_loss {val_loss:.5}"));
        session.set_metric("val_loss", val_loss)?;
        last = scheduler.validation_end(epoch)?;
        if !scheduler.finished() {
            optimizer.after_epoch(epoch)?;
            last = scheduler.epoch_end(epoch)?;
        }
        if scheduler.finished() {
            break;
        }
    }
    for effect in last.effects() {
        if let Effect::Finish { text, .. } = effect {
            say(text);
        }
    }
    let mut total = 0;
    session.for_each_full(|_, value| {
        total += value.info()?.shape.iter().product::<i64>();
        Ok(())
    })?;
    say(format!("{total} parameters, {} optimizer groups", optimizer.groups().len()));
    Ok(())
}

/// Starts ranks of this program on this machine and waits for them.
fn launch(ranks: usize) -> Result<(), Box<dyn std::error::Error>> {
    // Free now; the ranks meet there.
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let start = |rank: usize| {
        std::process::Command::new(std::env::current_exe()?)
            .env("RANK", rank.to_string())
            .env("LOCAL_RANK", rank.to_string())
            .env("WORLD_SIZE", ranks.to_string())
            .env("LOCAL_WORLD_SIZE", ranks.to_string())
            .env("MASTER_ADDR", "127.0.0.1")
            .env("MASTER_PORT", port.to_string())
            .spawn()
    };
    let children: Result<Vec<_>, _> = (0..ranks).map(start).collect();
    let mut failed = false;
    for mut child in children? {
        failed |= !child.wait()?.success();
    }
    if failed {
        return Err("a rank failed".into());
    }
    Ok(())
}
