// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! Run configs, as the command `fts fit` reads them.

use std::fmt;
use std::path::Path;

use fts_sys as sys;

use crate::buffer::into_text;
use crate::call::{call, slice, text, view};
use crate::diagnostics::{collect, Diagnostics};
use crate::handle::handle;
use crate::Result;

handle! {
    /// A run config, or one value of it: YAML files and `key.path=value`
    /// overrides, merged, every value with the place it came from. Displays as
    /// YAML.
    pub Config: fts_config, fts_config_retain, fts_config_release
}

// SAFETY: immutable (config.h); its count may be changed from any thread.
unsafe impl Send for Config {}
// SAFETY: as above.
unsafe impl Sync for Config {}

/// A value of a config.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ConfigValue {
    /// null
    Null,
    /// true or false
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// Values in order.
    List(Vec<Config>),
    /// Keys and values in order.
    Mapping(Vec<(String, Config)>),
}

/// What a check asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigScope {
    /// All that a run needs, as `fts fit` wants it.
    Run,
    /// Part of a run: keys may be missing.
    Part,
}

impl Config {
    /// Reads files and merges them in order, a later one wins, then applies the
    /// overrides ("trainer.max_epochs=3"). Keys are not checked yet.
    ///
    /// # Errors
    /// INVALID_ARGUMENT, with diagnostics.
    pub fn load<P: AsRef<Path>>(files: &[P], overrides: &[&str]) -> Result<Self> {
        let names: Vec<_> = files.iter().map(|f| f.as_ref().to_string_lossy()).collect();
        let names: Vec<_> = names.iter().map(|n| view(n)).collect();
        let overrides: Vec<_> = overrides.iter().map(|o| view(o)).collect();
        let (names, overrides) = (slice(&names), slice(&overrides));
        let (raw, _) = collect(|diagnostics| {
            call!(fts_config_load(
                names.0, names.1, overrides.0, overrides.1, diagnostics
            ) -> out)
        })?;
        Ok(Self::from_raw(raw))
    }

    /// The same from a text in memory; `name` stands for the file in messages,
    /// and relative paths start beside it.
    ///
    /// ```
    /// let config = fts::Config::parse("a.yaml", "trainer: {max_epochs: 2}", &["seed=1"])?;
    /// let epochs = config.get("trainer.max_epochs")?;
    /// assert_eq!(epochs.value(), fts::ConfigValue::Int(2));
    /// assert_eq!(epochs.place(), Some(("a.yaml".to_owned(), 1, 23)));
    /// # Ok::<(), fts::Error>(())
    /// ```
    ///
    /// # Errors
    /// INVALID_ARGUMENT, with diagnostics.
    pub fn parse(name: &str, yaml: &str, overrides: &[&str]) -> Result<Self> {
        let given = [sys::fts_config_text { yaml: view(yaml), name: view(name) }];
        let overrides: Vec<_> = overrides.iter().map(|o| view(o)).collect();
        let (texts, overrides) = (slice(&given), slice(&overrides));
        let (raw, _) = collect(|diagnostics| {
            call!(fts_config_parse(
                texts.0, texts.1, overrides.0, overrides.1, diagnostics
            ) -> out)
        })?;
        Ok(Self::from_raw(raw))
    }

    /// Checks every key of a whole config: unknown ones, types, ranges, what must
    /// be there. Returns what was found and not refused.
    ///
    /// # Errors
    /// INVALID_ARGUMENT, with diagnostics.
    pub fn check(&self, scope: ConfigScope) -> Result<Diagnostics> {
        let scope = match scope {
            ConfigScope::Run => sys::FTS_CONFIG_SCOPE_RUN,
            ConfigScope::Part => sys::FTS_CONFIG_SCOPE_PART,
        };
        let ((), found) = collect(|diagnostics| {
            call!(fts_config_check(self.as_ptr(), scope, diagnostics))
        })?;
        Ok(found)
    }

    /// The value under a key path: "trainer.max_epochs"; a key that holds dots is
    /// quoted: `fsdp_plan."model.output"`.
    ///
    /// # Errors
    /// NOT_FOUND, naming the key that is missing.
    pub fn get(&self, path: &str) -> Result<Self> {
        call!(fts_config_get(self.as_ptr(), view(path)) -> out).map(Self::from_raw)
    }

    fn info(&self) -> sys::fts_config_info {
        call!(fts_config_get_info(self.as_ptr()) -> out).expect("a config")
    }

    /// What it is.
    pub fn value(&self) -> ConfigValue {
        let info = self.info();
        let value = |i| {
            let raw = call!(fts_config_get_value(self.as_ptr(), i) -> out);
            Self::from_raw(raw.expect("below the number"))
        };
        let key = |i| {
            let found = call!(fts_config_get_key(self.as_ptr(), i) -> out);
            // SAFETY: the view lives as long as self.
            unsafe { text(found.expect("below the number")) }
        };
        match info.kind {
            sys::FTS_CONFIG_KIND_BOOL => ConfigValue::Bool(info.integer != 0),
            sys::FTS_CONFIG_KIND_INT => ConfigValue::Int(info.integer),
            sys::FTS_CONFIG_KIND_FLOAT => ConfigValue::Float(info.number),
            // SAFETY: the view lives as long as self.
            sys::FTS_CONFIG_KIND_STRING => ConfigValue::Text(unsafe { text(info.text) }),
            sys::FTS_CONFIG_KIND_LIST => {
                ConfigValue::List((0..info.size).map(value).collect())
            }
            sys::FTS_CONFIG_KIND_MAPPING => {
                ConfigValue::Mapping((0..info.size).map(|i| (key(i), value(i))).collect())
            }
            _ => ConfigValue::Null,
        }
    }

    /// A number, also one that YAML takes for text, such as 1e-5.
    pub fn number(&self) -> Option<f64> {
        let info = self.info();
        (info.has_number != 0).then_some(info.number)
    }

    /// File, line and column it came from; `None` for an override.
    pub fn place(&self) -> Option<(String, u32, u32)> {
        let info = self.info();
        // SAFETY: the view lives as long as self.
        let file = unsafe { text(info.file) };
        let place = (u32::try_from(info.line), u32::try_from(info.column));
        match place {
            (Ok(line), Ok(column)) if !file.is_empty() => Some((file, line, column)),
            _ => None,
        }
    }

    /// YAML that reads back equal.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED when there is no memory.
    pub fn to_yaml(&self) -> Result<String> {
        call!(fts_config_to_yaml(self.as_ptr()) -> out).map(into_text)
    }

    /// YAML with "# file:line" behind values, as `fts config print` shows it.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED when there is no memory.
    pub fn to_text_with_places(&self) -> Result<String> {
        call!(fts_config_to_text(self.as_ptr()) -> out).map(into_text)
    }

    /// Numbers that JSON lacks (inf, nan) become strings.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED when there is no memory.
    pub fn to_json(&self) -> Result<String> {
        call!(fts_config_to_json(self.as_ptr()) -> out).map(into_text)
    }
}

/// Equal values; places do not count.
impl PartialEq for Config {
    fn eq(&self, other: &Self) -> bool {
        self.value() == other.value()
    }
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_yaml().map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json().map_err(|_| fmt::Error)?)
    }
}
