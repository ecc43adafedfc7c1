#!/bin/bash
# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#
# What a user does first: a new crate, `cargo add` from a path, one environment
# variable. And what is said when that is missing or wrong: one error.
source "$(dirname "${BASH_SOURCE[0]}")/cargo_env.sh"
failures=0

mkdir "${TEST_TMPDIR}/user" && cd "${TEST_TMPDIR}/user"
cargo init --quiet --vcs none --name user
cargo add --quiet --path "${root}/bindings/rust/fts"
cat >src/main.rs <<'RS'
fn main() -> fts::Result<()> {
    fts::check_version()?;
    let model = fts::Model::builder().parameter("head.weight", &[2], "float32").build()?;
    print!("{}", fts::Schedule::generate(&model, fts::Generate::Pairs)?);
    Ok(())
}
RS

output="$(cargo run --quiet)"
grep -qF "head.weight" <<<"${output}" || {
  echo "FAILED: the program printed: ${output}"
  failures=1
}
# Started without cargo, by a run path that the build script of docs/rust.md adds.
cat >build.rs <<'RS'
fn main() {
    let dir = std::env::var("DEP_FTS_RUST_LIB_DIR").unwrap();
    println!("cargo::rustc-link-arg=-Wl,-rpath,{dir}");
}
RS
cargo build --quiet
env -u LD_LIBRARY_PATH "${CARGO_TARGET_DIR}/debug/user" | grep -qF "head.weight" || {
  echo "FAILED: the program does not run by itself"
  failures=1
}
[[ "$(grep -c '^name = ' Cargo.lock)" == 3 ]] || {
  echo "FAILED: more crates than user, fts and fts-sys:"
  cat Cargo.lock
  failures=1
}

expect_error() { # what, wanted (once, on a line that begins with it)
  local output
  output="$(cargo build 2>&1)" && {
    echo "FAILED $1: it was built"
    failures=1
    return
  }
  if [[ "$(grep -c '^error: fts-sys' <<<"${output}")" != 1 ||
    "$(grep -cF "$2" <<<"${output}")" != 1 ]]; then
    echo "FAILED $1: ${output}"
    echo "wanted: $2"
    failures=1
  fi
}

fix="set it to the folder that holds libfts.so.1: in a checkout \
bazel-bin/fts/capi after \`tools/bazel build //fts/capi:libfts.so.1\`"
unset FTS_LIB_DIR
expect_error "no variable" "FTS_LIB_DIR is not set; ${fix}"
export FTS_LIB_DIR="${TEST_TMPDIR}"
expect_error "no library there" \
  "FTS_LIB_DIR is '${TEST_TMPDIR}', which has no libfts.so.1; ${fix}"
export FTS_LIB_DIR="capi"
expect_error "a relative path" "FTS_LIB_DIR is 'capi', which is not absolute; ${fix}"
exit "${failures}"
