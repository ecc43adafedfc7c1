#!/bin/bash
# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#
# tools/bazel, tools/setup and .ci/run against a made-up checkout, with made-up
# Bazels and launchers in it: what they run, and what they say when they can't.
set -uo pipefail

source_root="${TEST_SRCDIR}/${TEST_WORKSPACE}"
root="${TEST_TMPDIR}/checkout"
failures=0

fresh() {
  rm -rf "${root}" "${TEST_TMPDIR}/home" "${TEST_TMPDIR}/bin"
  mkdir -p "${root}/tools" "${root}/.ci" "${root}/tests" "${TEST_TMPDIR}/home" \
    "${TEST_TMPDIR}/bin"
  cp -L "${source_root}/tools/bazel" "${root}/tools/bazel"
  cp -L "${source_root}/.ci/run" "${root}/.ci/run"
  cp -L "${source_root}/tests/requirements.txt" "${root}/tests/"
  script "${root}/tools/setup" 'exit 0'
  export HOME="${TEST_TMPDIR}/home"
  unset BAZEL_REAL FTS_SETUP FTS_BAZEL_READY FTS_BAZEL_LAUNCHER FTS_PYTHON \
    FTS_TORCH_ROOT VIRTUAL_ENV
}

script() { # path, body
  printf '#!/bin/bash\n%s\n' "$2" >"$1"
  chmod +x "$1"
}

# A Bazel that says its version, or the arguments it was given.
fake_bazel() { # path, version
  script "$1" "[[ \"\$1\" == --version ]] && echo 'bazel $2' || echo \"ran \$*\""
}

expect() { # name, wanted exit code, wanted output (a glob), command...
  local name="$1" code="$2" wanted="$3" output
  shift 3
  output="$("$@" 2>&1 </dev/null)"
  local got="$?"
  # shellcheck disable=SC2053
  if [[ "${got}" != "${code}" || "${output}" != ${wanted} ]]; then
    echo "FAILED ${name}: exit ${got}, wanted ${code}; output:"
    echo "${output}"
    echo "wanted: ${wanted}"
    failures=$((failures + 1))
  fi
}

# ---- tools/bazel

fresh
export BAZEL_REAL="${TEST_TMPDIR}/bin/real"
fake_bazel "${BAZEL_REAL}" no_version
expect "Debian's Bazel gets the arguments as they are" 0 "ran test //..." \
  "${root}/tools/bazel" test //...
fake_bazel "${BAZEL_REAL}" 7.7.1
expect "Bazel 7 gets its own flags" 0 \
  "ran --bazelrc=${root}/tools/bazel7.bazelrc test //..." \
  "${root}/tools/bazel" test //...
for version in 9.0.0 10.1.0 3.7.2; do
  fake_bazel "${BAZEL_REAL}" "${version}"
  expect "Bazel ${version} is refused in one line" 1 \
    "tools/bazel: Bazel ${version%%.*} can't build this: use Bazel 4.2.3 to 8 (*)" \
    "${root}/tools/bazel" build
done

fresh
export BAZEL_REAL="${root}/tools/bazel"
for name in bash readlink dirname env; do
  ln -s "$(type -P "${name}")" "${TEST_TMPDIR}/bin/${name}"
done
expect "a BAZEL_REAL that is the wrapper itself does not loop" 1 \
  "tools/bazel: no bazel or bazelisk in PATH: run tools/setup" \
  env PATH="${root}/tools:${TEST_TMPDIR}/bin" "${root}/tools/bazel" info

fresh
script "${TEST_TMPDIR}/bin/bazel" \
  "BAZEL_REAL='${TEST_TMPDIR}/bin/real' exec '${root}/tools/bazel' \"\$@\""
fake_bazel "${TEST_TMPDIR}/bin/real" no_version
expect "a launcher that names its Bazel" 0 "ran info" \
  env PATH="${TEST_TMPDIR}/bin:/bin" "${root}/tools/bazel" info
script "${TEST_TMPDIR}/bin/bazel" "exec '${root}/tools/bazel' \"\$@\""
expect "a launcher that does not, ends" 1 \
  "tools/bazel: ${TEST_TMPDIR}/bin/bazel started this script again without*" \
  env PATH="${TEST_TMPDIR}/bin:/bin" "${root}/tools/bazel" info

fresh
export BAZEL_REAL="${TEST_TMPDIR}/bin/real"
fake_bazel "${BAZEL_REAL}" no_version
script "${root}/tools/setup" \
  '[[ "${1:-}" == --check ]] && exit 1; echo "installing for bazel"'
expect "setup runs when something is missing" 0 "installing for bazel
ran info" "${root}/tools/bazel" info
FTS_SETUP=never expect "FTS_SETUP=never" 1 \
  "tools/bazel: this machine is not set up and FTS_SETUP=never forbids it:*" \
  "${root}/tools/bazel" info
script "${root}/tools/setup" '[[ "${1:-}" == --check ]] && exit 1; exit 3'
expect "no build after a failed setup" 3 "" "${root}/tools/bazel" info

# ---- tools/setup

fresh
cp -L "${source_root}/tools/setup" "${root}/tools/setup"
expect "not ready without user.bazelrc" 1 "" "${root}/tools/setup" --check
expect "unknown argument" 1 "tools/setup: unknown argument --what*" \
  "${root}/tools/setup" --what
FTS_SETUP=never expect "setup forbidden" 1 "tools/setup: FTS_SETUP=never forbids*" \
  "${root}/tools/setup"

# From here the system packages count as there, or not.
script "${TEST_TMPDIR}/bin/pkg-config" 'exit 0'
for name in bazel g++ clang-format clang-tidy abidiff valgrind; do
  script "${TEST_TMPDIR}/bin/${name}" 'exit 0'
done
script "${TEST_TMPDIR}/bin/cargo" 'echo "cargo 1.90.0 (abc 2025-01-01)"'
script "${TEST_TMPDIR}/bin/rustc" 'exit 0'
export FTS_SETUP_GLOO_HEADER="${TEST_TMPDIR}/bin/bazel"
path="${TEST_TMPDIR}/bin:/usr/bin:/bin"
FTS_TORCH_ROOT=/nowhere expect "a torch folder that is none" 1 \
  "tools/setup: FTS_TORCH_ROOT=/nowhere has no lib/libtorch_cpu.so" \
  env PATH="${path}" "${root}/tools/setup"
FTS_PYTHON=/nowhere/python expect "an interpreter that is none" 1 \
  "tools/setup: FTS_PYTHON=/nowhere/python is not a program" \
  env PATH="${path}" "${root}/tools/setup"
mkdir -p "${TEST_TMPDIR}/torch/lib"
touch "${TEST_TMPDIR}/torch/lib/libtorch_cpu.so"
echo "__version__ = '2.10.1+cpu'" >"${TEST_TMPDIR}/torch/version.py"
FTS_TORCH_ROOT="${TEST_TMPDIR}/torch" expect "a torch too old" 1 \
  "tools/setup: FTS_TORCH_ROOT holds torch 2.10.1+cpu; 2.11 to 2.14 are supported" \
  env PATH="${path}" "${root}/tools/setup"
script "${TEST_TMPDIR}/bin/id" 'echo 1000'
script "${TEST_TMPDIR}/bin/sudo" 'exit 1'
script "${TEST_TMPDIR}/bin/cargo" 'echo "cargo 1.63.0"'
expect "a cargo that is too old" 1 \
  "tools/setup: sudo needs a password; run once: sudo apt-get install *" \
  env PATH="${path}" "${root}/tools/setup"
script "${TEST_TMPDIR}/bin/cargo" 'echo "cargo 1.85.0"'
script "${TEST_TMPDIR}/bin/pkg-config" 'exit 1'
expect "a sudo that wants a password" 1 \
  "tools/setup: sudo needs a password; run once: sudo apt-get install *libabsl-dev*" \
  env PATH="${path}" "${root}/tools/setup"

# ---- .ci/run

fresh
ci() { # exit code of bazel, its output
  script "${root}/tools/bazel" "[[ \$1 == shutdown ]] && exit; cat <<'OUT'
$2
OUT
exit $1"
  "${root}/.ci/run"
}
expect "all pass" 0 "*
2 passed, 0 failed" ci 0 "//a:b_test                    PASSED in 0.1s
//a:c_test           (cached) PASSED in 0.1s
Executed 2 out of 2 tests"
expect "each kind of failure counts" 1 "*
1 passed, 4 failed" ci 3 "//a:b_test  FLAKY, failed in 1 out of 2 in 0.1s
//a:c_test       FAILED in 0.1s
//a:d_test       FAILED TO BUILD
//a:e_test       TIMEOUT in 60.0s
//a:f_test       NO STATUS"
expect "a broken target that is no test" 1 "*
1 passed, 1 failed" ci 1 "//a:b_test     PASSED in 0.1s"
expect "nothing ran" 1 "*
0 passed, 1 failed" ci 0 "INFO: nothing"
expect "no tests" 1 "*
0 passed, 1 failed" ci 4 "ERROR: No test targets were found"

if ((failures)); then
  echo "${failures} failed"
  exit 1
fi
echo "all passed"
