// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Finds libfts.so.1 in FTS_LIB_DIR and links it. Direct dependents read where
// it is in DEP_FTS_LIB_DIR.

use std::path::{Path, PathBuf};
use std::{env, fs};

const LIBRARY: &str = "libfts.so.1";

fn main() {
    println!("cargo::rerun-if-env-changed=FTS_LIB_DIR");
    println!("cargo::rerun-if-changed=build.rs");
    // docs.rs has no library, and documentation links nothing.
    if env::var_os("DOCS_RS").is_some() {
        return;
    }
    match find() {
        Ok(dir) => link(&dir),
        Err(message) => println!("cargo::error={message}"),
    }
}

fn find() -> Result<PathBuf, String> {
    const FIX: &str = "set it to the folder that holds libfts.so.1: in a checkout \
        bazel-bin/fts/capi after `tools/bazel build //fts/capi:libfts.so.1`";
    let given = env::var("FTS_LIB_DIR").unwrap_or_default();
    if given.is_empty() {
        return Err(format!("FTS_LIB_DIR is not set; {FIX}"));
    }
    let dir = PathBuf::from(&given);
    // A relative path would mean this package's folder, never the caller's.
    if !dir.is_absolute() {
        return Err(format!("FTS_LIB_DIR is '{given}', which is not absolute; {FIX}"));
    }
    if !dir.join(LIBRARY).exists() {
        return Err(format!("FTS_LIB_DIR is '{given}', which has no {LIBRARY}; {FIX}"));
    }
    Ok(dir)
}

fn link(dir: &Path) {
    println!("cargo::metadata=lib_dir={}", dir.display());
    println!("cargo::rustc-link-lib=dylib:+verbatim={LIBRARY}");
    // `cargo run` and `cargo test` look for libraries at run time in search
    // paths below the target folder, and only there: hence a link to it.
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let link = out.join(LIBRARY);
    let _ = fs::remove_file(&link);
    match std::os::unix::fs::symlink(dir.join(LIBRARY), &link) {
        Ok(()) => println!("cargo::rustc-link-search=native={}", out.display()),
        Err(error) => println!("cargo::error=cannot make {}: {error}", link.display()),
    }
}
