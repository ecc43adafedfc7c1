#!/bin/bash
# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#
# The crates without features: tests, documentation, the example without torch.
source "$(dirname "${BASH_SOURCE[0]}")/cargo_env.sh"
cd "${root}/bindings/rust"

export FTS_BIN="${root}/fts/cli/fts"
cargo test --locked --workspace
RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps

output="$(cargo run --locked --quiet --example schedule_only)"
echo "${output}"
for wanted in "epoch 0 step 0 loss 5.439063" \
  "phase 1: max_transition_epoch 3 of phase 0 reached" \
  "epoch 11 step 23 loss 0.000000" \
  "max_epochs 12 reached in phase 1, the last phase"; do
  grep -qxF "${wanted}" <<<"${output}" || {
    echo "schedule_only did not print: ${wanted}" >&2
    exit 1
  }
done
