// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![no_std]
#![allow(non_camel_case_types)]
#![warn(missing_docs)]

mod base;
mod buffer;
mod communicator;
mod config;
mod debug;
mod diagnostics;
mod event;
mod log;
mod mesh;
mod model;
mod optimizer;
mod plan;
mod schedule;
mod scheduler;
mod session;
mod status;
mod tensor;
mod torch;
mod tp;
mod tp_plan;
mod version;

pub use base::*;
pub use buffer::*;
pub use communicator::*;
pub use config::*;
pub use debug::*;
pub use diagnostics::*;
pub use event::*;
pub use log::*;
pub use mesh::*;
pub use model::*;
pub use optimizer::*;
pub use plan::*;
pub use schedule::*;
pub use scheduler::*;
pub use session::*;
pub use status::*;
pub use tensor::*;
pub use torch::*;
pub use tp::*;
pub use tp_plan::*;
pub use version::*;
