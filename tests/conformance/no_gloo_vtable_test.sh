#!/bin/bash
# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#
# Our objects hold gloo types by pointer only: the headers are older than the
# gloo inside LibTorch, so a vtable or type description made from them would
# clash with the real one. See the note in fts/core/comm/gloo.cc.
# Arguments: the archives to look into.
set -euo pipefail

defined='(vtable|typeinfo|typeinfo name|construction vtable|VTT) for gloo::'
archives=0
calls=0
for archive in "$@"; do
  [[ "${archive}" == *.a ]] || continue
  archives=$((archives + 1))
  symbols="$(nm -C "${archive}")"
  if grep -E "${defined}" <<<"${symbols}"; then
    echo "FAILED: ${archive} contains the above" >&2
    exit 1
  fi
  # The control: this is the code that uses gloo.
  if grep -q 'U gloo::Context::closeConnections' <<<"${symbols}"; then
    calls=$((calls + 1))
  fi
done
if [[ "${archives}" == 0 || "${calls}" == 0 ]]; then
  echo "FAILED: looked into ${archives} archives, ${calls} of which use gloo" >&2
  exit 1
fi
echo "no gloo vtable in ${archives} archives"
