// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Passes the folder of libfts.so.1 on: to dependents as DEP_FTS_RUST_LIB_DIR, to
// fit.rs as FTS_RUST_LIB_DIR. With the feature tch also says which LibTorch tch
// was built with.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if let Ok(dir) = env::var("DEP_FTS_LIB_DIR") {
        println!("cargo::metadata=lib_dir={dir}");
        println!("cargo::rustc-env=FTS_RUST_LIB_DIR={dir}");
    }
    if env::var_os("CARGO_FEATURE_TCH").is_some() {
        tch();
    }
}

fn tch() {
    println!("cargo::rerun-if-env-changed=LIBTORCH_CXX11_ABI");
    // docs.rs has no LibTorch.
    let Some(lib) = env::var_os("DEP_TCH_LIBTORCH_LIB").map(PathBuf::from) else {
        println!("cargo::rustc-env=FTS_RUST_TORCH_TAG=");
        return;
    };
    match torch_version(&lib) {
        // As torch-sys takes it.
        Ok(version) => {
            let abi = env::var("LIBTORCH_CXX11_ABI").unwrap_or_else(|_| "1".into());
            println!("cargo::rustc-env=FTS_RUST_TORCH_TAG={version}/cxx11abi={abi}");
        }
        Err(message) => println!("cargo::error={message}"),
    }
    // For this package's own tests and examples.
    println!("cargo::rustc-link-arg=-Wl,-rpath,{}", lib.display());
    println!("cargo::metadata=torch_lib_dir={}", lib.display());
}

/// "2.11.0", from the headers beside the library.
fn torch_version(lib: &Path) -> Result<String, String> {
    let header = lib.join("../include/torch/headeronly/version.h");
    println!("cargo::rerun-if-changed={}", header.display());
    let text = fs::read_to_string(&header)
        .map_err(|e| format!("'{}' can't be read: {e}", header.display()))?;
    let mut version = Vec::new();
    for part in ["MAJOR", "MINOR", "PATCH"] {
        let define = format!("#define TORCH_VERSION_{part} ");
        let number = text.lines().find_map(|line| line.strip_prefix(&define));
        version.push(
            number
                .ok_or_else(|| {
                    format!("'{}' has no TORCH_VERSION_{part}", header.display())
                })?
                .trim(),
        );
    }
    Ok(version.join("."))
}
