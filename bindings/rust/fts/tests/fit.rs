// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! The command as a made-up script, and once the real one (when FTS_BIN names
//! it).

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use fts::*;

/// A folder with a made-up command in it.
struct Folder(PathBuf);

impl Folder {
    /// `fit` is what the command does for `fts fit`, in shell.
    fn new(name: &str, fit: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("fts-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let script = format!("#!/bin/sh\necho \"$@\" > arguments; mkdir -p out\n{fit}\n");
        for config in ["a.yaml", "b.yaml"] {
            std::fs::write(dir.join(config), "output_dir: out\n").unwrap();
        }
        std::fs::write(dir.join("fts"), script).unwrap();
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(dir.join("fts"), mode).unwrap();
        Self(dir)
    }

    fn fit(&self) -> Fit {
        Fit::new("a.yaml").program(self.0.join("fts")).current_dir(&self.0)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const END: &str = r#"{"event":"run_end","reason":"max_steps","steps":1,"best":1.5}"#;

#[test]
fn events_come_while_the_run_goes_on() {
    // The command goes on only when the first event has been seen.
    let fit = format!(
        "printf '{{\"event\":\"validation\",\"step\":0,\"epoch\":0,\"phase\":0,' > out/metrics.jsonl\n\
         echo '\"val_loss\":2}}' >> out/metrics.jsonl\n\
         while [ ! -e seen ]; do :; done\necho '{END}' >> out/metrics.jsonl"
    );
    let folder = Folder::new("stream", &fit);
    let mut run =
        folder.fit().config("b.yaml").set("trainer.max_steps", 1).start().unwrap();
    let first = run.next().unwrap();
    assert!(matches!(first, FitEvent::Validation { val_loss: 2.0, .. }), "{first:?}");
    std::fs::write(folder.0.join("seen"), "").unwrap();
    let rest: Vec<FitEvent> = run.by_ref().collect();
    assert!(matches!(&rest[..], [FitEvent::RunEnd { .. }]), "{rest:?}");
    let report = run.finish().unwrap();
    assert_eq!((&*report.reason, report.steps, report.best), ("max_steps", 1, Some(1.5)));
    assert_eq!(report.output_dir, folder.0.join("out"));
    let arguments = std::fs::read_to_string(folder.0.join("arguments")).unwrap();
    let want = "fit --config a.yaml --config b.yaml trainer.max_steps=1\n";
    assert_eq!(arguments, want);
}

#[test]
fn the_command_s_words_are_the_error() {
    let fit = "echo 'a.yaml:2:3: error: no such file [not_found]' >&2; exit 2";
    let folder = Folder::new("bad", fit);
    let error = folder.fit().start().unwrap().finish().unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert_eq!(error.message(), "a.yaml:2:3: error: no such file [not_found]");
    assert_eq!(error.detail("line"), Some("2"));
    assert_eq!(error.detail("exit_code"), Some("2"));
    let folder = Folder::new("crash", "kill -KILL $$");
    let error = folder.fit().start().unwrap().finish().unwrap_err();
    assert_eq!(error.code(), Code::Aborted, "{error}");
}

/// A run stops when it is asked to, and when nobody holds it any more. The fifo
/// tells that the command is there.
#[test]
fn a_run_can_be_stopped() {
    let fit = "trap 'touch stopped; exit 1' TERM\necho x > out/metrics.jsonl\n\
               while :; do :; done";
    let folder = Folder::new("stop", fit);
    let mut run = folder.fit().start().unwrap();
    assert_eq!(run.next(), Some(FitEvent::Other("x".into())));
    run.stop();
    assert_eq!(run.finish().unwrap_err().code(), Code::Internal);
    std::fs::remove_file(folder.0.join("stopped")).unwrap();
    std::fs::remove_dir_all(folder.0.join("out")).unwrap();
    let mut run = folder.fit().start().unwrap();
    assert!(run.next().is_some());
    drop(run);
    assert!(folder.0.join("stopped").exists());
}

#[test]
fn an_earlier_run_s_events_are_not_this_one_s() {
    let folder =
        Folder::new("stale", "echo 'error: in use [output_dir_in_use]' >&2; exit 2");
    std::fs::create_dir(folder.0.join("out")).unwrap();
    std::fs::write(folder.0.join("out/metrics.jsonl"), format!("{END}\n")).unwrap();
    let mut run = folder.fit().start().unwrap();
    assert_eq!(run.next(), None);
    assert_eq!(run.finish().unwrap_err().detail("code"), Some("output_dir_in_use"));
}

#[test]
fn a_missing_command_is_named() {
    let folder = Folder::new("missing", "");
    let error = folder.fit().program("/nowhere/fts").start().unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    assert!(error.message().starts_with("the command '/nowhere/fts' can't be run"));
}

/// Two steps of a tiny model over a tiny text.
const CONFIG: &str = "\
seed: 1
output_dir: out
model:
  arch: llama
  config: {vocab_size: 256, dim: 16, n_layers: 1, n_heads: 2, n_kv_heads: 2, hidden_dim: 32,
    max_seq_len: 16, norm_eps: 1.0e-5, rope_theta: 10000.0, tied_embeddings: false}
data: {train: {path: text, format: text}, seq_len: 16, batch_size: 2}
trainer: {max_steps: 2, cpu_ranks: 1, log_interval: 1}
optimizer: {name: sgd, lr: 0.1}
";

#[test]
fn the_real_command_trains() {
    let Some(program) = std::env::var_os("FTS_BIN") else { return };
    let folder = Folder::new("real", "");
    std::fs::write(folder.0.join("a.yaml"), CONFIG).unwrap();
    std::fs::write(folder.0.join("text"), "what is learnt here ".repeat(20)).unwrap();
    let fit = Fit::new("a.yaml").program(&program).current_dir(&folder.0);
    let mut run = fit.start().unwrap();
    let steps: Vec<i64> = run
        .by_ref()
        .filter_map(|event| match event {
            FitEvent::Step { step, loss, .. } => {
                assert!(loss.is_finite());
                Some(step)
            }
            FitEvent::Other(line) => panic!("{line}"),
            _ => None,
        })
        .collect();
    let report = run.finish().unwrap();
    assert_eq!((steps, report.steps), (vec![0, 1], 2));
    assert_eq!(report.output_dir, folder.0.join("out"));
    // Again into the same folder: the command refuses.
    let error = fit.start().unwrap().finish().unwrap_err();
    assert_eq!(error.detail("code"), Some("output_dir_in_use"));
}
