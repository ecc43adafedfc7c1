// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! What schedules and plans know of a model.

use std::collections::BTreeSet;
use std::fmt;

use fts_sys as sys;

use crate::buffer::into_text;
use crate::call::{call, text, view};
use crate::diagnostics::collect;
use crate::handle::handle;
use crate::json::quote;
use crate::Result;

handle! {
    /// Module names, and parameters with shape, dtype and ties. No weights.
    pub Model: fts_model, fts_model_retain, fts_model_release
}

// SAFETY: immutable (model.h); its count may be changed from any thread.
unsafe impl Send for Model {}
// SAFETY: as above.
unsafe impl Sync for Model {}

/// A module.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Module {
    /// "" for the root.
    pub name: String,
    /// As its framework prints it.
    pub class: String,
    /// A list or mapping of modules, never called.
    pub container: bool,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parameter {
    /// Its full name.
    pub name: String,
    /// Empty for a scalar.
    pub shape: Vec<i64>,
    /// "float32", "bfloat16", ...
    pub dtype: String,
    /// The first name of a tied alias.
    pub shared_with: Option<String>,
}

impl Model {
    /// Reads a description (JSON, format fts-model/1). `name` stands for the
    /// file in messages.
    ///
    /// # Errors
    /// INVALID_ARGUMENT, with diagnostics.
    pub fn from_json(name: &str, json: &str) -> Result<Self> {
        let (raw, _) = collect(
            |diagnostics| call!(fts_model_parse(view(json), view(name), diagnostics) -> out),
        )?;
        Ok(Self::from_raw(raw))
    }

    /// Describes a model from within the program that has it.
    ///
    /// ```
    /// let model = fts::Model::builder()
    ///     .parameter("body.weight", &[4, 4], "float32")
    ///     .parameter("head.weight", &[2, 4], "float32")
    ///     .build()?;
    /// let names: Vec<_> = model.modules().map(|m| m.name).collect();
    /// assert_eq!(names, ["", "body", "head"]);
    /// # Ok::<(), fts::Error>(())
    /// ```
    pub fn builder() -> ModelBuilder {
        ModelBuilder::default()
    }

    /// Modules, parents before children.
    pub fn modules(&self) -> impl ExactSizeIterator<Item = Module> + '_ {
        // SAFETY: self lives.
        let size = unsafe { sys::fts_model_num_modules(self.as_ptr()) };
        (0..size).map(|i| {
            let found = call!(fts_model_get_module(self.as_ptr(), i) -> out);
            let m: sys::fts_module_info = found.expect("below the number");
            // SAFETY: views live as long as self.
            unsafe {
                Module {
                    name: text(m.name),
                    class: text(m.class_name),
                    container: m.container != 0,
                }
            }
        })
    }

    /// Parameters in registration order, tied aliases included.
    pub fn parameters(&self) -> impl ExactSizeIterator<Item = Parameter> + '_ {
        // SAFETY: self lives.
        let size = unsafe { sys::fts_model_num_parameters(self.as_ptr()) };
        (0..size).map(|i| {
            let found = call!(fts_model_get_parameter(self.as_ptr(), i) -> out);
            let p: sys::fts_parameter_info = found.expect("below the number");
            // SAFETY: views live as long as self; shape has rank numbers.
            unsafe {
                let shared_with = text(p.shared_with);
                Parameter {
                    name: text(p.name),
                    shape: match p.rank {
                        0 => Vec::new(),
                        _ => std::slice::from_raw_parts(p.shape, p.rank).to_vec(),
                    },
                    dtype: text(p.dtype),
                    shared_with: (!shared_with.is_empty()).then_some(shared_with),
                }
            }
        })
    }

    /// The description as JSON; [`Model::from_json`] reads it back equal.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED when there is no memory.
    pub fn to_json(&self) -> Result<String> {
        call!(fts_model_to_json(self.as_ptr()) -> out).map(into_text)
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model")
            .field("modules", &self.modules().len())
            .field("parameters", &self.parameters().len())
            .finish()
    }
}

/// Describes a model; made by [`Model::builder`]. Modules that nobody names and
/// that hold a parameter or another module are added by themselves.
#[derive(Clone, Debug, Default)]
pub struct ModelBuilder {
    modules: Vec<Module>,
    parameters: Vec<Parameter>,
    heads: Vec<(String, u32)>,
}

impl ModelBuilder {
    /// A module ("" for the root) and its class, in order of registration.
    pub fn module(self, name: &str, class: &str) -> Self {
        self.add_module(name, class, false)
    }

    /// A module that only holds others, such as a list of layers.
    pub fn container(self, name: &str, class: &str) -> Self {
        self.add_module(name, class, true)
    }

    /// How many attention heads make up the dimension of a projection that tensor
    /// parallelism splits: none of them may be cut.
    pub fn heads(mut self, module: &str, count: u32) -> Self {
        self.heads.push((module.into(), count));
        self
    }

    /// A parameter, in order of registration.
    pub fn parameter(self, name: &str, shape: &[i64], dtype: &str) -> Self {
        self.add_parameter(name, shape, dtype, None)
    }

    /// Another name of a parameter that was given before.
    pub fn alias(
        self,
        name: &str,
        shape: &[i64],
        dtype: &str,
        shared_with: &str,
    ) -> Self {
        self.add_parameter(name, shape, dtype, Some(shared_with.into()))
    }

    fn add_module(mut self, name: &str, class: &str, container: bool) -> Self {
        self.modules.push(Module { name: name.into(), class: class.into(), container });
        self
    }

    fn add_parameter(
        mut self,
        name: &str,
        shape: &[i64],
        dtype: &str,
        shared_with: Option<String>,
    ) -> Self {
        self.parameters.push(Parameter {
            name: name.into(),
            shape: shape.into(),
            dtype: dtype.into(),
            shared_with,
        });
        self
    }

    /// The model described.
    ///
    /// # Errors
    /// INVALID_ARGUMENT: a name twice, an unknown dtype, an alias of nothing.
    pub fn build(self) -> Result<Model> {
        Model::from_json("the model", &self.to_json())
    }

    fn to_json(&self) -> String {
        let mut modules: Vec<Module> = Vec::new();
        let mut seen = BTreeSet::new();
        let given = self.modules.iter().map(|m| m.name.as_str());
        let holders = self.parameters.iter().map(|p| parent(&p.name));
        for name in given.chain(holders) {
            // Parents first: "" and every prefix that ends before a dot.
            let ends = name.match_indices('.').map(|(at, _)| at);
            for end in std::iter::once(0).chain(ends).chain([name.len()]) {
                let prefix = &name[..end];
                if !seen.insert(prefix.to_owned()) {
                    continue;
                }
                let named = self.modules.iter().find(|m| m.name == prefix);
                modules.push(named.cloned().unwrap_or_else(|| Module {
                    name: prefix.into(),
                    class: "Module".into(),
                    container: false,
                }));
            }
        }
        let modules: Vec<String> = modules
            .iter()
            .map(|m| {
                let heads = self.heads.iter().find(|(name, _)| *name == m.name);
                format!(
                    "{{\"name\":{},\"class\":{},\"container\":{}{}}}",
                    quote(&m.name),
                    quote(&m.class),
                    m.container,
                    heads.map_or_else(String::new, |(_, n)| format!(",\"heads\":{n}"))
                )
            })
            .collect();
        let parameters: Vec<String> = self
            .parameters
            .iter()
            .map(|p| {
                format!(
                    "{{\"name\":{},\"shape\":{:?},\"dtype\":{},\"shared_with\":{}}}",
                    quote(&p.name),
                    p.shape,
                    quote(&p.dtype),
                    p.shared_with.as_deref().map_or("null".into(), quote)
                )
            })
            .collect();
        format!(
            "{{\"format\":\"fts-model/1\",\"modules\":[{}],\"parameters\":[{}]}}",
            modules.join(","),
            parameters.join(",")
        )
    }
}

fn parent(name: &str) -> &str {
    name.rfind('.').map_or("", |dot| &name[..dot])
}
