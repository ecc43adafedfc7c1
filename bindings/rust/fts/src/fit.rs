// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! Runs the `fts` command: a whole run as a config says.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::{Code, Config, ConfigValue, Error, FitEvent, Result};

/// A run of the command `fts fit`: model, data, loop and ranks are its own, the
/// config's. For a loop of one's own there is [`Scheduler`](crate::Scheduler).
///
/// The command is the file that `FTS_BIN` names, else the one beside the library
/// (`FTS_LIB_DIR`).
///
/// ```no_run
/// let mut run = fts::Fit::new("llama.yaml").set("trainer.max_epochs", 2).start()?;
/// for event in &mut run {
///     if let fts::FitEvent::Validation { epoch, val_loss, .. } = event {
///         println!("epoch {epoch}: {val_loss}");
///     }
/// }
/// println!("{}", run.finish()?.reason);
/// # Ok::<(), fts::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Fit {
    configs: Vec<PathBuf>,
    overrides: Vec<String>,
    program: Option<PathBuf>,
    folder: Option<PathBuf>,
    show_progress: bool,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FitReport {
    /// Where it wrote its files.
    pub output_dir: PathBuf,
    /// Why it ended.
    pub reason: String,
    /// Optimizer steps done.
    pub steps: i64,
    /// The best monitored value.
    pub best: Option<f64>,
}

impl Fit {
    /// A run as a config file says.
    pub fn new(config: impl Into<PathBuf>) -> Self {
        Self {
            configs: vec![config.into()],
            overrides: Vec::new(),
            program: None,
            folder: None,
            show_progress: false,
        }
    }

    /// Lays another config file over those before it.
    pub fn config(mut self, config: impl Into<PathBuf>) -> Self {
        self.configs.push(config.into());
        self
    }

    /// Overrides one key: `set("trainer.max_epochs", 2)`.
    pub fn set(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        self.overrides.push(format!("{key}={value}"));
        self
    }

    /// The command, in place of the one that is looked for.
    pub fn program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = Some(program.into());
        self
    }

    /// Where the command runs, and what its relative paths begin at.
    pub fn current_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Whether progress lines go to this program's standard output.
    pub fn show_progress(mut self, yes: bool) -> Self {
        self.show_progress = yes;
        self
    }

    /// Starts the run.
    ///
    /// # Errors
    /// NOT_FOUND without the command, naming where it was looked for;
    /// INVALID_ARGUMENT for a config that can't be read. What else is wrong with
    /// the input is [`FitRun::finish`]'s to say.
    pub fn start(&self) -> Result<FitRun> {
        let program = match &self.program {
            Some(program) => program.clone(),
            None => find_program()?,
        };
        let output_dir = self.output_dir()?;
        let metrics = output_dir.join("metrics.jsonl");
        // Of an earlier run: the command will refuse it, nobody must read it.
        let stale = metrics.exists();
        let mut child = self
            .command(&program)
            .stdout(if self.show_progress { Stdio::inherit() } else { Stdio::null() })
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| cannot_run(&program, e))?;
        let mut stderr = child.stderr.take().expect("piped");
        let words = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stderr.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Ok(FitRun {
            child: Some(child),
            words: Some(words),
            lines: (!stale).then(|| Lines::new(metrics)),
            output_dir,
            ended: None,
        })
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.arg("fit").stdin(Stdio::null());
        // Under `bazel run` the command would resolve paths against it.
        command.env_remove("BUILD_WORKING_DIRECTORY");
        for config in &self.configs {
            command.arg("--config").arg(config);
        }
        command.args(&self.overrides);
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command
    }

    /// As the merged config has it.
    fn output_dir(&self) -> Result<PathBuf> {
        let beside = |path: &PathBuf| match &self.folder {
            Some(folder) => folder.join(path),
            None => path.clone(),
        };
        let files: Vec<PathBuf> = self.configs.iter().map(beside).collect();
        let overrides: Vec<&str> = self.overrides.iter().map(String::as_str).collect();
        match Config::load(&files, &overrides)?.get("output_dir").map(|v| v.value()) {
            Ok(ConfigValue::Text(dir)) => Ok(beside(&dir.into())),
            _ => Err(Error::new(
                Code::InvalidArgument,
                "output_dir is missing from the config; add it, or .set(\"output_dir\", …)",
            )),
        }
    }
}

fn find_program() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("FTS_BIN").filter(|v| !v.is_empty()) {
        let program = PathBuf::from(named);
        if program.is_file() {
            return Ok(program);
        }
        let text = format!(
            "FTS_BIN is '{}', which is no file; set it to the command fts",
            program.display()
        );
        return Err(Error::new(Code::NotFound, text));
    }
    let at_run_time = std::env::var_os("FTS_LIB_DIR").map(PathBuf::from);
    let at_build_time = option_env!("FTS_RUST_LIB_DIR").map(PathBuf::from);
    let dirs: Vec<PathBuf> = at_run_time.into_iter().chain(at_build_time).collect();
    // Beside the library, as installed, and as Bazel lays them out.
    let candidates: Vec<PathBuf> = dirs
        .iter()
        .flat_map(|d| ["fts", "../bin/fts", "../cli/fts"].map(|p| d.join(p)))
        .collect();
    if let Some(found) = candidates.iter().find(|c| c.is_file()) {
        return Ok(found.clone());
    }
    let tried: Vec<String> = candidates.iter().map(|c| c.display().to_string()).collect();
    let text = format!(
        "the command fts was not found (tried: {}); set FTS_BIN to it, in a checkout \
         bazel-bin/fts/cli/fts after `tools/bazel build //fts/cli:fts`",
        if tried.is_empty() { "nothing".into() } else { tried.join(", ") }
    );
    Err(Error::new(Code::NotFound, text))
}

fn cannot_run(program: &Path, error: std::io::Error) -> Error {
    let text = format!("the command '{}' can't be run: {error}", program.display());
    Error::new(Code::NotFound, text).with_source(error.into())
}

/// The error of a command that failed: its own text, and the place of its first
/// error as details.
fn failure(status: ExitStatus, words: &str) -> Error {
    let words = words.trim();
    let code = match status.code() {
        Some(2) => Code::InvalidArgument,
        Some(_) => Code::Internal,
        None => Code::Aborted,
    };
    let text = if words.is_empty() {
        format!("the command fts ended without a word ({status})")
    } else {
        words.to_owned()
    };
    let mut error = Error::new(code, text);
    for (key, value) in first_error(words) {
        error = error.with_detail(key, value);
    }
    match status.code() {
        Some(exit) => error.with_detail("exit_code", exit.to_string()),
        None => error.with_detail("status", status.to_string()),
    }
}

/// Code and place of the first "file:line:column: error: message [code]".
fn first_error(words: &str) -> Vec<(&'static str, String)> {
    let Some((place, rest)) = words.lines().find_map(|line| line.split_once("error: "))
    else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if let Some((_, code)) = rest.strip_suffix(']').and_then(|r| r.rsplit_once('[')) {
        found.push(("code", code.to_owned()));
    }
    let mut parts = place.trim().trim_end_matches(':').rsplitn(3, ':');
    let (column, line, file) = (parts.next(), parts.next(), parts.next());
    if let (Some(file), Some(line), Some(column)) = (file, line, column) {
        if line.parse::<u32>().is_ok() && column.parse::<u32>().is_ok() {
            found.push(("file", file.to_owned()));
            found.push(("line", line.to_owned()));
            found.push(("column", column.to_owned()));
        }
    }
    found
}

/// A run under way: iterates over its events as they are written, until it ends.
/// Dropped before that, it is stopped.
#[derive(Debug)]
pub struct FitRun {
    child: Option<Child>,
    words: Option<JoinHandle<String>>,
    lines: Option<Lines>,
    output_dir: PathBuf,
    ended: Option<(String, i64, Option<f64>)>,
}

/// How often the file is looked at.
const PAUSE: Duration = Duration::from_millis(20);

impl FitRun {
    /// Where it writes its files.
    pub fn output_dir(&self) -> &Path {
        &self.output_dir
    }

    /// Asks the run to stop (SIGTERM); its events go on until it has.
    pub fn stop(&self) {
        extern "C" {
            fn kill(pid: i32, signal: i32) -> i32;
        }
        const SIGTERM: i32 = 15;
        if let Some(pid) = self.child.as_ref().and_then(|c| i32::try_from(c.id()).ok()) {
            // SAFETY: a signal to a child that has not been waited for, so its
            // number is still its own.
            unsafe { kill(pid, SIGTERM) };
        }
    }

    /// Waits for the end; passes over events that are left.
    ///
    /// # Errors
    /// The command's own text: INVALID_ARGUMENT for wrong input (nothing was
    /// started), INTERNAL for a run that failed, ABORTED for one that a signal
    /// ended.
    pub fn finish(mut self) -> Result<FitReport> {
        self.by_ref().for_each(drop);
        let (status, words) = self.wait();
        if !status.success() {
            return Err(failure(status, &words));
        }
        let (reason, steps, best) = self.ended.take().ok_or_else(|| {
            let text = format!(
                "the run in '{}' ended well and wrote no run_end",
                self.output_dir.display()
            );
            Error::new(Code::DataLoss, text)
        })?;
        Ok(FitReport { output_dir: self.output_dir.clone(), reason, steps, best })
    }

    fn wait(&mut self) -> (ExitStatus, String) {
        let mut child = self.child.take().expect("waited for once");
        let status = child.wait().expect("a child of this process");
        let words = self.words.take().and_then(|w| w.join().ok());
        (status, words.unwrap_or_default())
    }
}

impl Iterator for FitRun {
    type Item = FitEvent;

    fn next(&mut self) -> Option<FitEvent> {
        let (child, lines) = (self.child.as_mut()?, self.lines.as_mut()?);
        loop {
            // Asked before the file is read: what it wrote, we then see.
            let over = !matches!(child.try_wait(), Ok(None));
            if let Some(line) = lines.next() {
                let event = FitEvent::parse(&line);
                if let FitEvent::RunEnd { reason, steps, best } = &event {
                    self.ended = Some((reason.clone(), *steps, *best));
                }
                return Some(event);
            }
            if over {
                return None;
            }
            std::thread::sleep(PAUSE);
        }
    }
}

impl Drop for FitRun {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.stop();
            self.wait();
        }
    }
}

/// The whole lines of a file that grows.
#[derive(Debug)]
struct Lines {
    path: PathBuf,
    file: Option<File>,
    partial: Vec<u8>,
    ready: VecDeque<String>,
}

impl Lines {
    fn new(path: PathBuf) -> Self {
        Self { path, file: None, partial: Vec::new(), ready: VecDeque::new() }
    }

    fn next(&mut self) -> Option<String> {
        if self.ready.is_empty() {
            self.read();
        }
        self.ready.pop_front()
    }

    fn read(&mut self) {
        if self.file.is_none() {
            self.file = File::open(&self.path).ok();
        }
        let Some(file) = &mut self.file else { return };
        // What can't be read now is read next time, or is not there at the end.
        let _ = file.read_to_end(&mut self.partial);
        while let Some(end) = self.partial.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = self.partial.drain(..=end).collect();
            self.ready.push_back(String::from_utf8_lossy(&line[..end]).into_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_from_the_command_s_text() {
        let found = first_error("warning: x\n/a:b.yaml:3:7: error: no 'y' [unknown_key]");
        assert_eq!(
            found,
            [
                ("code", "unknown_key".to_owned()),
                ("file", "/a:b.yaml".to_owned()),
                ("line", "3".to_owned()),
                ("column", "7".to_owned())
            ]
        );
        assert_eq!(
            first_error("error: no place [usage]"),
            [("code", "usage".to_owned())]
        );
        assert!(first_error("rank 1 died").is_empty());
    }

    #[test]
    fn lines_come_whole() {
        let path = std::env::temp_dir().join(format!("fts-lines-{}", std::process::id()));
        let mut lines = Lines::new(path.clone());
        assert_eq!(lines.next(), None);
        std::fs::write(&path, "one\ntw").unwrap();
        assert_eq!(lines.next().as_deref(), Some("one"));
        assert_eq!(lines.next(), None);
        std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        use std::io::Write;
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"o\n").unwrap();
        assert_eq!(lines.next().as_deref(), Some("two"));
        std::fs::remove_file(&path).unwrap();
    }
}
