#!/bin/sh
# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#
# Makes the bundled model: pre-trains it from random weights on kjv_train.txt
# (examples/pretrain_llama.yaml) and rounds the export to bfloat16.
#
#   examples/data/make_model.sh [OUT_DIR]     (default: llama_bytes beside this)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=${1:-$here/llama_bytes}
case $out in /*) ;; *) out=$PWD/$out ;; esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$root"
tools/bazel run //fts/cli:fts -- fit --config "$root/examples/pretrain_llama.yaml" \
  "output_dir=$work/run"
python3 "$here/round_to_bf16.py" "$work/run/export" "$out"
ls -l "$out"
