#!/bin/sh
# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
set -eu
cd "$TEST_SRCDIR/$TEST_WORKSPACE/examples/data"
sha256sum --quiet -c SHA256SUMS
for text in *.txt; do
  if LC_ALL=C grep -n -m 1 '[^ -~]' "$text"; then
    echo "$text: the line above is not plain ASCII" >&2
    exit 1
  fi
done
bytes=$(cat $(find -L . -type f) | wc -c)
if [ "$bytes" -gt 4000000 ]; then
  echo "examples/data holds $bytes bytes, over its budget of 4000000" >&2
  exit 1
fi
