# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Sourced by the tests and build rules here: finds cargo, which tools/setup sees
# to, and the library. Nothing is downloaded. Bazel gives a bare environment.

set -euo pipefail

if [[ -z "${HOME:-}" ]]; then
  HOME="$(getent passwd "$(id -u)" | cut -d: -f6)"
  export HOME
fi
export PATH="${CARGO_HOME:-${HOME}/.cargo}/bin:${PATH}"
type -P cargo >/dev/null || {
  echo "no cargo in PATH or ${HOME}/.cargo/bin: run tools/setup" >&2
  exit 1
}
export CARGO_NET_OFFLINE=true CARGO_TERM_COLOR=never

# In a test: the checkout as the runfiles show it.
if [[ -n "${TEST_SRCDIR:-}" ]]; then
  root="${TEST_SRCDIR}/${TEST_WORKSPACE}"
  export FTS_LIB_DIR="${root}/fts/capi"
  export CARGO_TARGET_DIR="${TEST_TMPDIR}/target"
  export TMPDIR="${TEST_TMPDIR}"
fi
