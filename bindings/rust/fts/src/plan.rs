// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! Which modules become units of a sharded model.

use std::fmt;

use fts_sys as sys;

use crate::buffer::into_text;
use crate::call::{call, index, text, view};
use crate::diagnostics::{collect, Diagnostics};
use crate::handle::handle;
use crate::{Model, Result, Schedule};

handle! {
    pub(crate) Handle: fts_plan, fts_plan_retain, fts_plan_release
}

/// A sharding plan resolved against a model (docs/plans.md). Displays as a table.
#[derive(Clone)]
pub struct Plan {
    handle: Handle,
    warnings: Diagnostics,
}

// SAFETY: immutable (plan.h); its count may be changed from any thread.
unsafe impl Send for Plan {}
// SAFETY: as above.
unsafe impl Sync for Plan {}

/// What a plan must know of a mesh.
#[derive(Clone, Debug)]
pub struct PlanOptions(sys::fts_plan_options);

// SAFETY: plain numbers; `next` is always null.
unsafe impl Send for PlanOptions {}
// SAFETY: as above.
unsafe impl Sync for PlanOptions {}

impl Default for PlanOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl PlanOptions {
    /// No ranks that share the work of layers.
    pub fn new() -> Self {
        Self(sys::fts_plan_options::INIT)
    }

    /// Ranks along the mesh's tp dimension, for the `tp_plan`.
    pub fn tp(mut self, ranks: usize) -> Self {
        self.0.tp = index(ranks);
        self
    }
}

/// A unit of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlanUnit {
    /// "" for the remainder.
    pub module: String,
    /// An ancestor of every other unit.
    pub is_root: bool,
    /// Released after its forward.
    pub reshard: bool,
    /// Of all its parameters.
    pub num_elements: i64,
    /// How many parameters.
    pub num_parameters: usize,
}

impl Plan {
    /// Resolves the YAML of a `strategy_adapter_cfg` mapping (`fsdp_plan`,
    /// `fsdp_default_kwargs`, `unplanned`, `tp_plan`), `name` for the file in
    /// messages.
    /// Without a schedule everything trains from the start.
    ///
    /// ```
    /// # let model = fts::Model::builder()
    /// #     .parameter("body.weight", &[4, 4], "float32")
    /// #     .parameter("head.weight", &[2, 4], "float32").build()?;
    /// let plan = fts::Plan::resolve(&model, None, "p.yaml", "fsdp_plan: {body: {}}")?;
    /// assert_eq!(plan.units()[0].module, "body");
    /// assert_eq!(plan.remainder().num_parameters, 1);
    /// # Ok::<(), fts::Error>(())
    /// ```
    ///
    /// # Errors
    /// INVALID_ARGUMENT, with diagnostics.
    pub fn resolve<'s>(
        model: &Model,
        schedule: impl Into<Option<&'s Schedule>>,
        name: &str,
        yaml: &str,
    ) -> Result<Self> {
        Self::resolve_with(model, schedule, name, yaml, &PlanOptions::new())
    }

    /// The same for a mesh of which the plan must know something.
    ///
    /// # Errors
    /// INVALID_ARGUMENT, with diagnostics.
    pub fn resolve_with<'s>(
        model: &Model,
        schedule: impl Into<Option<&'s Schedule>>,
        name: &str,
        yaml: &str,
        options: &PlanOptions,
    ) -> Result<Self> {
        let schedule = schedule.into().map_or(std::ptr::null_mut(), Schedule::as_ptr);
        let (raw, warnings) = collect(|diagnostics| {
            call!(fts_plan_resolve_with(
                model.as_ptr(), schedule, view(yaml), view(name), &options.0, diagnostics
            ) -> out)
        })?;
        Ok(Self { handle: Handle::from_raw(raw), warnings })
    }

    pub(crate) fn as_ptr(&self) -> *mut sys::fts_plan {
        self.handle.as_ptr()
    }

    /// What was found and not refused.
    pub fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }

    /// Units in the order they are applied, the remainder not among them.
    pub fn units(&self) -> Vec<PlanUnit> {
        // SAFETY: self lives.
        let size = unsafe { sys::fts_plan_num_units(self.as_ptr()) };
        (0..size).map(|i| self.unit(i)).collect()
    }

    /// What no unit holds.
    pub fn remainder(&self) -> PlanUnit {
        // SAFETY: self lives.
        self.unit(unsafe { sys::fts_plan_num_units(self.as_ptr()) })
    }

    fn unit(&self, i: usize) -> PlanUnit {
        let found = call!(fts_plan_get_unit(self.as_ptr(), i) -> out);
        let u: sys::fts_unit_info = found.expect("at most the number");
        PlanUnit {
            // SAFETY: the view lives as long as self.
            module: unsafe { text(u.module) },
            is_root: u.is_root != 0,
            reshard: u.reshard != 0,
            num_elements: u.num_elements,
            num_parameters: u.num_parameters,
        }
    }

    /// The object of the command `fts plan resolve --json`.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED when there is no memory.
    pub fn to_json(&self) -> Result<String> {
        call!(fts_plan_to_json(self.as_ptr()) -> out).map(into_text)
    }

    /// The whole plan, format fts-plan/1, segments included.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED when there is no memory.
    pub fn to_full_json(&self) -> Result<String> {
        call!(fts_plan_to_full_json(self.as_ptr()) -> out).map(into_text)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match call!(fts_plan_to_text(self.as_ptr()) -> out) {
            Ok(raw) => f.write_str(&into_text(raw)),
            Err(_) => Err(fmt::Error),
        }
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("units", &self.units())
            .field("remainder", &self.remainder())
            .finish()
    }
}
