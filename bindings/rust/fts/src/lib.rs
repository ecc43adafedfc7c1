// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![deny(unsafe_op_in_unsafe_fn)]
#![warn(missing_docs)]

mod buffer;
mod call;
mod callback;
mod communicator;
mod config;
mod diagnostics;
mod error;
mod event;
mod fit;
mod fit_event;
mod handle;
mod json;
mod log;
mod mesh;
mod model;
mod optimizer;
mod outcome;
mod plan;
mod ports;
mod schedule;
mod scheduler;
mod scheduler_options;
mod session;
mod session_ports;
mod tensor;
mod torch;
#[cfg(feature = "tch")]
mod torch_tp;
mod tp;
mod tp_plan;
mod unit;
mod version;

pub use communicator::{Communicator, ReduceOp};
pub use config::{Config, ConfigScope, ConfigValue};
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use error::{BoxError, Code, Error, Result};
pub use event::Event;
pub use fit::{Fit, FitReport, FitRun};
pub use fit_event::FitEvent;
pub use log::{clear_log, set_log, LogEntry, LogLevel};
pub use mesh::{Mesh, MeshAbort, MeshDim, MeshOptions};
pub use model::{Model, ModelBuilder, Module, Parameter};
pub use optimizer::{Group, Optimizer};
pub use outcome::{Best, Effect, Outcome};
pub use plan::{Plan, PlanOptions, PlanUnit};
pub use ports::{Callbacks, PortResult, Ports};
pub use schedule::{Generate, Match, Phase, Schedule, ScheduleOptions};
pub use scheduler::Scheduler;
pub use scheduler_options::{EarlyStopping, MetricMode, SchedulerOptions};
pub use session::{Reduction, Session, SessionOptions, Shard, StepArgs, StepInfo, Use};
pub use session_ports::SessionPorts;
pub use tensor::{Device, Dtype, Element, Tensor, TensorInfo};
pub use torch::torch_tag;
#[cfg(feature = "tch")]
pub use torch::TchOutputs;
pub use tp::{Conversion, CrossEntropy, Layout};
pub use tp_plan::{chunk, Placement, TpParameter, TpPlan, TpRule, TpStyle};
pub use unit::Unit;
pub use version::{api_version, check_version, live_handles, version};
