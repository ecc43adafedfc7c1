# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""C++ libraries taken from the machine: label -> (Debian package, modules)."""

# label in @system -> Debian package, then pkg-config modules.
PKG_CONFIG_LIBRARIES = {
    "absl": [
        "libabsl-dev",
        "absl_cleanup",
        "absl_flat_hash_map",
        "absl_flat_hash_set",
        "absl_inlined_vector",
        "absl_optional",
        "absl_span",
        "absl_status",
        "absl_statusor",
        "absl_str_format",
        "absl_strings",
        "absl_synchronization",
        "absl_time",
    ],
    "benchmark": [
        "libbenchmark-dev",
        "benchmark",
    ],
    "cli11": [
        "libcli11-dev",
        "CLI11",
    ],
    "gtest": [
        "libgmock-dev",
        "gmock",
        "gtest",
    ],
    "gtest_main": [
        "libgmock-dev",
        "gmock",
        "gtest_main",
    ],
    "nlohmann_json": [
        "nlohmann-json3-dev",
        "nlohmann_json",
    ],
    "pcre2": [
        "libpcre2-dev",
        "libpcre2-8",
    ],
    "spdlog": [
        "libspdlog-dev",
        "spdlog",
    ],
    "xxhash": [
        "libxxhash-dev",
        "libxxhash",
    ],
    "yaml_cpp": [
        "libyaml-cpp-dev",
        "yaml-cpp",
    ],
}

# Headers without a pkg-config file, under /usr/include: label -> Debian
# package, one header that must exist, then macros to define. gloo's are only
# for ProcessGroupGloo.hpp (nothing is declared in it without the macro); the
# code itself is in LibTorch.
HEADER_ONLY = {
    "gloo_headers": [
        "libgloo-dev",
        "gloo/context.h",
        "USE_C10D_GLOO",
    ],
}
