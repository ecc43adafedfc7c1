// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! A tp_plan as it was resolved: what is done around which module, and how
//! parameters are split.

use std::ops::Range;

use fts_sys as sys;

use crate::call::{call, index, text};
use crate::{Plan, Result};

/// How one tensor lies over the ranks along tp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Whole on every rank.
    Replicate,
    /// A part of this dimension per rank; negative: counted from the end.
    Shard(i32),
    /// One term of a sum per rank.
    Partial,
}

impl Placement {
    fn of(raw: sys::fts_placement) -> Option<Self> {
        match raw.kind {
            sys::FTS_PLACEMENT_KIND_REPLICATE => Some(Self::Replicate),
            sys::FTS_PLACEMENT_KIND_SHARD => Some(Self::Shard(raw.dim)),
            sys::FTS_PLACEMENT_KIND_PARTIAL => Some(Self::Partial),
            _ => None,
        }
    }

    pub(crate) fn raw(self) -> sys::fts_placement {
        let (kind, dim) = match self {
            Self::Replicate => (sys::FTS_PLACEMENT_KIND_REPLICATE, 0),
            Self::Shard(dim) => (sys::FTS_PLACEMENT_KIND_SHARD, dim),
            Self::Partial => (sys::FTS_PLACEMENT_KIND_PARTIAL, 0),
        };
        sys::fts_placement { kind, dim }
    }
}

/// What a rule does around a module (docs/tensor_parallel.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TpStyle {
    /// Outputs are split.
    Colwise,
    /// Inputs, or the vocabulary, are split.
    Rowwise,
    /// The sequence is split.
    Sequence,
    /// Arguments are converted.
    PrepareInput,
    /// Results are.
    PrepareOutput,
    /// Both are.
    PrepareInputOutput,
}

/// What is done around one module.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TpRule {
    /// Its name.
    pub module: String,
    /// Its class.
    pub class_name: String,
    /// What is done.
    pub style: TpStyle,
    /// Features or vocabulary over all ranks; 0 when the style splits nothing.
    pub whole: i64,
    /// Per tensor argument: how it comes, and how the module works on it. None:
    /// left as it is.
    pub inputs: Vec<(Option<Placement>, Option<Placement>)>,
    /// Per result: how the module makes it, and how it leaves.
    pub outputs: Vec<(Option<Placement>, Option<Placement>)>,
}

/// A parameter that is split, or of which a rank's gradient is one term of a sum.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TpParameter {
    /// Its name.
    pub name: String,
    /// How it lies.
    pub placement: Placement,
    /// Whether a rank's gradient is one term of a sum.
    pub partial_gradient: bool,
}

/// A plan's `tp_plan`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TpPlan {
    /// Ranks along tp; with 1 there is nothing to do.
    pub size: usize,
    /// Whether the loss is over split logits.
    pub loss_parallel: bool,
    /// Whether a built-in plan splits the sequence between blocks.
    pub sequence_parallel: bool,
    /// The module whose split results are the logits.
    pub loss_module: Option<String>,
    /// In the model's order.
    pub rules: Vec<TpRule>,
    /// By name.
    pub parameters: Vec<TpParameter>,
}

impl TpPlan {
    /// The rule for a module.
    pub fn rule(&self, module: &str) -> Option<&TpRule> {
        self.rules.iter().find(|rule| rule.module == module)
    }
}

impl Plan {
    /// The `tp_plan`, for hosts that apply it around their modules themselves.
    ///
    /// ```
    /// # let model = fts::Model::builder().parameter("up.weight", &[4, 2], "float32")
    /// #     .module("up", "Linear").build()?;
    /// let yaml = "tp_plan: {up: {style: colwise, output: replicate}}";
    /// let options = fts::PlanOptions::new().tp(2);
    /// let plan = fts::Plan::resolve_with(&model, None, "p.yaml", yaml, &options)?;
    /// let tp = plan.tp();
    /// assert_eq!(tp.parameters[0].placement, fts::Placement::Shard(0));
    /// assert_eq!(tp.rule("up").unwrap().whole, 4);
    /// // Three heads cannot be shared by two ranks.
    /// # let model = fts::Model::builder()
    /// #     .parameter("up.weight", &[6, 2], "float32").module("up", "Linear").heads("up", 3)
    /// #     .parameter("down.weight", &[2, 6], "float32").module("down", "Linear")
    /// #     .build()?;
    /// let yaml = "tp_plan: {up: colwise, down: rowwise}";
    /// assert!(fts::Plan::resolve_with(&model, None, "p.yaml", yaml, &options).is_err());
    /// # Ok::<(), fts::Error>(())
    /// ```
    pub fn tp(&self) -> TpPlan {
        let found = call!(fts_plan_get_tp(self.as_ptr()) -> out);
        let info: sys::fts_tp_info = found.expect("a plan has one");
        // SAFETY: the view lives as long as self.
        let loss_module = unsafe { text(info.loss_module) };
        TpPlan {
            size: usize::try_from(info.size).unwrap_or(1),
            loss_parallel: info.loss_parallel != 0,
            sequence_parallel: info.sequence_parallel != 0,
            loss_module: Some(loss_module).filter(|name| !name.is_empty()),
            rules: (0..info.num_rules).map(|i| self.tp_rule(i)).collect(),
            parameters: (0..info.num_parameters).map(|i| self.tp_parameter(i)).collect(),
        }
    }

    fn tp_rule(&self, i: usize) -> TpRule {
        let found = call!(fts_plan_get_tp_rule(self.as_ptr(), i) -> out);
        let raw: sys::fts_tp_rule = found.expect("less than the number");
        let mut inputs = Vec::new();
        for t in 0..raw.num_inputs {
            let (mut a, mut b) = (Placement::Replicate.raw(), Placement::Replicate.raw());
            call!(fts_plan_get_tp_input(self.as_ptr(), i, t, &raw mut a, &raw mut b))
                .expect("less than the number");
            inputs.push((Placement::of(a), Placement::of(b)));
        }
        let mut outputs = Vec::new();
        for t in 0..raw.num_outputs {
            let (mut a, mut b) = (Placement::Replicate.raw(), Placement::Replicate.raw());
            call!(fts_plan_get_tp_output(self.as_ptr(), i, t, &raw mut a, &raw mut b))
                .expect("less than the number");
            outputs.push((Placement::of(a), Placement::of(b)));
        }
        TpRule {
            // SAFETY: the views live as long as self.
            module: unsafe { text(raw.module) },
            // SAFETY: as above.
            class_name: unsafe { text(raw.class_name) },
            style: match raw.style {
                sys::FTS_TP_STYLE_COLWISE => TpStyle::Colwise,
                sys::FTS_TP_STYLE_ROWWISE => TpStyle::Rowwise,
                sys::FTS_TP_STYLE_SEQUENCE => TpStyle::Sequence,
                sys::FTS_TP_STYLE_PREPARE_INPUT => TpStyle::PrepareInput,
                sys::FTS_TP_STYLE_PREPARE_OUTPUT => TpStyle::PrepareOutput,
                _ => TpStyle::PrepareInputOutput,
            },
            whole: raw.whole,
            inputs,
            outputs,
        }
    }

    fn tp_parameter(&self, i: usize) -> TpParameter {
        let found = call!(fts_plan_get_tp_parameter(self.as_ptr(), i) -> out);
        let raw: sys::fts_tp_parameter = found.expect("less than the number");
        TpParameter {
            // SAFETY: the view lives as long as self.
            name: unsafe { text(raw.name) },
            placement: Placement::of(raw.placement).unwrap_or(Placement::Replicate),
            partial_gradient: raw.partial_gradient != 0,
        }
    }
}

/// Elements of a dimension that a rank holds: equal chunks of the size rounded up,
/// the last ones shorter.
///
/// ```
/// assert_eq!(fts::chunk(5, 2, 1)?, 3..5);
/// # Ok::<(), fts::Error>(())
/// ```
///
/// # Errors
/// INVALID_ARGUMENT unless `i` is less than `parts`.
pub fn chunk(whole: i64, parts: usize, i: usize) -> Result<Range<i64>> {
    let (mut begin, mut size) = (0, 0);
    call!(fts_tp_chunk(whole, index(parts), index(i), &raw mut begin, &raw mut size))?;
    Ok(begin..begin + size)
}
