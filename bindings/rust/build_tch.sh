#!/bin/bash
# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#
#   build_tch.sh LIBRARY OUT    builds the programs of :tch_programs into OUT
#
# Objects are kept from one build to the next, for all checkouts; cargo locks
# the folder. LibTorch is the one that LIBRARY was linked with.
source "$(dirname "${BASH_SOURCE[0]}")/cargo_env.sh"
library="$(realpath "$1")"
out="$(realpath "$2")"

FTS_LIB_DIR="$(dirname "${library}")"
torch_lib="$(ldd "${library}" | sed -n 's/^\tlibtorch_cpu\.so => \(.*\)\/libtorch_cpu\.so.*/\1/p')"
[[ -n "${torch_lib}" ]] || {
  echo "no libtorch_cpu.so behind ${library}" >&2
  exit 1
}
LIBTORCH="$(dirname "${torch_lib}")"
CARGO_TARGET_DIR="${HOME}/.cache/fts/rust"
export FTS_LIB_DIR LIBTORCH CARGO_TARGET_DIR

# fts takes LibTorch 2.11 to 2.14; tch 0.24 is generated from 2.11.
version="$(grep -hE '^#define TORCH_VERSION_(MAJOR|MINOR) ' \
  "${LIBTORCH}/include/torch/headeronly/version.h" | cut -d' ' -f3 | paste -sd.)"
if [[ "${version}" != 2.11 ]]; then
  for name in curve tch_tensor_parallel tch_trainer tch_unit_tests; do
    printf '#!/bin/bash\n%s\nexit 77\n' \
      "echo 'tch 0.24 is for LibTorch 2.11, this machine has ${version}' >&2" \
      >"${out}/${name}"
    chmod +x "${out}/${name}"
  done
  exit 0
fi

# The real files, not this build's links to them: one set of objects a checkout.
cd "$(dirname "$(realpath "$(dirname "${BASH_SOURCE[0]}")/Cargo.lock")")"
log="$(mktemp)"
trap 'rm -f "${log}"' EXIT
cargo build --locked -p fts --features tch --examples >"${log}" 2>&1 ||
  { cat "${log}" >&2 && exit 1; }
cargo test --locked -p fts --features tch --lib --no-run >"${log}" 2>&1 ||
  { cat "${log}" >&2 && exit 1; }
# "  Executable unittests src/lib.rs (/…/deps/fts-0123)"
tests="$(sed -n 's/.*Executable .*(\(.*\))$/\1/p' "${log}")"
for name in curve tch_tensor_parallel tch_trainer; do
  cp -f "${CARGO_TARGET_DIR}/debug/examples/${name}" "${out}/${name}"
done
cp -f "${tests}" "${out}/tch_unit_tests"
