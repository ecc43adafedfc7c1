#!/bin/bash
# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#
# The bridge to tch, the trainer on it, and tensor parallelism by hand: the same
# at one rank and two.
source "$(dirname "${BASH_SOURCE[0]}")/cargo_env.sh"
export LD_LIBRARY_PATH="${FTS_LIB_DIR}"
programs="${root}/bindings/rust"
failures=0

status=0
"${programs}/tch_unit_tests" || status="$?"
if ((status == 77)); then
  exit 0
fi
((status == 0)) || failures=1

one="${TEST_TMPDIR}/one" two="${TEST_TMPDIR}/two"
"${programs}/tch_trainer" | tee "${one}"
"${programs}/tch_trainer" 2 >"${two}"
for wanted in 'phase 1: \["blocks.1.down.bias", ' 'phase 2: \["blocks.0.down.bias", ' \
  'epoch 7 step 55 loss 0\.' 'max_epochs 8 reached in phase 2' \
  '19392 parameters, 3 optimizer groups'; do
  grep -q "^${wanted}" "${one}" || {
    echo "FAILED: not printed: ${wanted}"
    failures=1
  }
done
# Word by word; numbers may differ by rounding.
same() {
  paste -d'\n' "$1" "$2" | awk '
  NR % 2 { n = split($0, a); next }
  { if (split($0, b) != n) { print "FAILED: two ranks: " $0; bad = 1 }
    for (i = 1; i <= n; ++i)
      if (a[i] != b[i] && (a[i] - b[i] > 1e-3 || b[i] - a[i] > 1e-3 || a[i] + 0 == 0)) {
        print "FAILED: one rank " a[i] ", two " b[i] ": " $0; bad = 1
      }
  }
  END { exit bad }'
}
same "${one}" "${two}" || failures=1

"${programs}/tch_tensor_parallel" | tee "${one}"
"${programs}/tch_tensor_parallel" 2 >"${two}"
for wanted in 'epoch 2 phase 1 loss [0-2]\.' '3613 parameters'; do
  grep -q "^${wanted}" "${one}" || {
    echo "FAILED: not printed: ${wanted}"
    failures=1
  }
done
same "${one}" "${two}" || failures=1
exit "${failures}"
