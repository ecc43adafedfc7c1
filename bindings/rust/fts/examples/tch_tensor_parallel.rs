// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! Tensor parallelism by hand: a program on tch asks the plan what is done around
//! which module and does it with the functions of the mesh. Ranks share every
//! layer and see the same batches; the losses are those of one rank.
//!
//!     tch_tensor_parallel        one rank, or the ranks that a launcher describes
//!     tch_tensor_parallel 2      starts two ranks of itself
//!
//! FTS_LIB_DIR and LIBTORCH when building; docs/rust.md says what the loader needs.

use fts::{
    Conversion, Layout, Mesh, MeshDim, MeshOptions, Model, Optimizer, Placement, Plan,
    PlanOptions, Schedule, ScheduleOptions, Scheduler, SchedulerOptions, Session,
    SessionOptions, StepArgs, TpPlan, TpStyle,
};
use tch::nn::{self, Module};
use tch::{Device, Tensor};

const SCHEDULE: &str = "\
0: {params: ['head.*', 'down.*'], max_transition_epoch: 1}
1: {params: ['embed.*', 'up.*'], lr: 0.02}
";
/// The loss is over each rank's part of the 61 words, which two do not share evenly.
const PLAN: &str = "\
tp_plan: {embed: rowwise, up: colwise, down: rowwise, head: colwise}
loss_parallel: true
unplanned: shard
";
const WORDS: i64 = 61;
const EPOCHS: u32 = 3;

struct Net {
    embed: nn::Embedding,
    up: nn::Linear,
    down: nn::Linear,
    head: nn::Linear,
}

/// What the plan says, done: `tp` is for as many ranks as the mesh has along tp.
struct Parallel<'m> {
    mesh: &'m Mesh,
    tp: TpPlan,
}

impl Parallel<'_> {
    fn convert(
        &self,
        module: &str,
        x: &Tensor,
        from: impl Into<Layout>,
        to: impl Into<Layout>,
    ) -> fts::Result<Tensor> {
        let whole = self.tp.rule(module).map_or(0, |rule| rule.whole);
        self.mesh.convert_tch(x, &Conversion::new(from, to).label(module).whole(whole))
    }

    fn linear(
        &self,
        module: &str,
        layer: &nn::Linear,
        x: &Tensor,
    ) -> fts::Result<Tensor> {
        let Some(rule) = self.tp.rule(module).filter(|_| self.tp.size > 1) else {
            return Ok(layer.forward(x));
        };
        let outside = rule.inputs[0].0.unwrap_or(Placement::Replicate);
        let leaves = rule.outputs[0].1.unwrap_or(Placement::Replicate);
        if rule.style == TpStyle::Colwise {
            // Each rank multiplies the same input by columns of its own.
            let x = self.convert(module, x, outside, Layout::SHARED)?;
            return self.convert(
                module,
                &layer.forward(&x),
                Placement::Shard(-1),
                leaves,
            );
        }
        // The bias is added once, after the sum.
        let x = self.convert(module, x, outside, Placement::Shard(-1))?;
        let y = x.matmul(&layer.ws.tr());
        let y = self.convert(module, &y, Placement::Partial, leaves)?;
        Ok(layer.bs.as_ref().map_or_else(|| y.shallow_clone(), |bias| &y + bias))
    }

    fn logits(&self, net: &Net, tokens: &Tensor) -> fts::Result<Tensor> {
        let rows = self.mesh.embedding_tch(tokens, &net.embed.ws, WORDS)?;
        let x = self.convert("embed", &rows, Placement::Partial, Placement::Replicate)?;
        let x = &x
            + self.linear("down", &net.down, &self.linear("up", &net.up, &x)?.tanh())?;
        self.linear("head", &net.head, &x)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if let Some(ranks) = std::env::args().nth(1) {
        return launch(ranks.parse()?);
    }
    tch::set_num_threads(1);
    tch::manual_seed(1); // equal first weights on every rank
    fts::check_version()?;
    let all: usize = std::env::var("WORLD_SIZE").map_or(Ok(1), |n| n.parse())?;
    let mesh = Mesh::new(&MeshOptions::new().tp(all))?;
    let (_, ranks) = mesh.along(MeshDim::Tp)?;
    let say = |text: String| {
        if mesh.rank() == 0 {
            println!("{text}");
        }
    };

    let store = nn::VarStore::new(Device::Cpu);
    let root = store.root();
    let net = Net {
        embed: nn::embedding(&root / "embed", WORDS, 16, Default::default()),
        up: nn::linear(&root / "up", 16, 48, Default::default()),
        down: nn::linear(&root / "down", 48, 16, Default::default()),
        head: nn::linear(&root / "head", 16, WORDS, Default::default()),
    };
    let mut parameters: Vec<(String, Tensor)> = store.variables().into_iter().collect();
    parameters.sort_by(|a, b| a.0.cmp(&b.0));
    let mut model = Model::builder().module("", "Net").module("embed", "Embedding");
    for name in ["up", "down", "head"] {
        model = model.module(name, "Linear");
    }
    for (name, tensor) in &parameters {
        model = model.tch_parameter(name, tensor);
    }
    let model = model.build()?;
    let options = ScheduleOptions::new().max_epochs(EPOCHS);
    let schedule = Schedule::resolve(&model, "schedule", SCHEDULE, &options)?;
    let options = PlanOptions::new().tp(ranks);
    let plan = Plan::resolve_with(&model, &schedule, "plan", PLAN, &options)?;
    let parallel = Parallel { mesh: &mesh, tp: plan.tp() };

    // Takes the parameters, which get the shapes of this rank's parts.
    let session =
        Session::from_tch(&plan, &schedule, &mesh, &parameters, &SessionOptions::new())?;
    session.load()?;
    let part = fts::chunk(WORDS, ranks, mesh.rank())?;
    assert_eq!(net.head.ws.size(), [part.end - part.start, 16]);
    let optimizer =
        Optimizer::new(&session, "optimizer", "optimizer: {name: adamw, lr: 0.05}")?;
    let options = SchedulerOptions::new().has_validation(false).restore_best(false);
    let mut scheduler = Scheduler::new(&schedule, &options, session.ports()?)?;
    let units = session.units();

    // A word is followed by one that it determines.
    let tokens =
        (Tensor::arange(96, (tch::Kind::Int64, Device::Cpu)) * 7).remainder(WORDS);
    let targets = (&tokens * 5 + 3).remainder(WORDS);
    let mut step = 0;
    scheduler.run_start()?;
    for epoch in 0..i64::from(EPOCHS) {
        scheduler.epoch_start(epoch)?;
        let mut last = 0.0;
        for _ in 0..6 {
            scheduler.step_start(step, 0, 0.0)?;
            let logits = units[0]
                .try_forward_tch(&[&tokens], |xs| parallel.logits(&net, &xs[0]))?;
            let (sum, count) = session.token_loss_tch(&logits, &targets)?;
            let loss = sum / count;
            loss.backward();
            let args = StepArgs::new().loss(loss.double_value(&[]));
            last = optimizer.step(scheduler.phase(), &args)?.loss;
            scheduler.step_end(step)?;
            step += 1;
        }
        say(format!("epoch {epoch} phase {} loss {last:.5}", scheduler.phase()));
        if scheduler.finished() {
            break;
        }
        optimizer.after_epoch(epoch)?;
        scheduler.epoch_end(epoch)?;
    }
    let mut total = 0;
    session.for_each_full(|_, value| {
        total += value.info()?.shape.iter().product::<i64>();
        Ok(())
    })?;
    say(format!("{total} parameters"));
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
