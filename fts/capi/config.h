// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A run config: YAML files and key.path=value overrides, merged as the command
// fts fit merges them, every value with the place it came from. What its keys
// mean: docs/README.md names the page of each. An fts_config is a whole config
// or one value of it.
// Handle: immutable.

#ifndef FTS_CAPI_CONFIG_H_
#define FTS_CAPI_CONFIG_H_

#include "fts/capi/base.h"
#include "fts/capi/buffer.h"
#include "fts/capi/diagnostics.h"
#include "fts/capi/status.h"

FTS_EXTERN_C_BEGIN

typedef struct fts_config fts_config;

// Reads files and merges them in order, a later one wins: mappings merge,
// everything else is replaced; then applies the overrides ("trainer.max_epochs
// =3", "loggers+=csv", "--seed=1", or "--seed" and "1"). A string where a
// mapping belongs names a file beside the one it stands in. Relative paths of
// files are taken from the working directory. Keys are not checked yet, see
// fts_config_check. out_diagnostics may be NULL; it is written on failure too.
// Errors: INVALID_ARGUMENT.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_config_load(
    const fts_string* files, size_t num_files, const fts_string* overrides,
    size_t num_overrides, fts_diagnostics** out_diagnostics,
    fts_config** out) FTS_NOEXCEPT;

typedef struct fts_config_text {
  fts_string yaml;
  // Stands for the file in messages and as what relative paths start from;
  // empty: no places, and the working directory.
  fts_string name;
} fts_config_text;

// The same from texts in memory.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_config_parse(
    const fts_config_text* texts, size_t num_texts, const fts_string* overrides,
    size_t num_overrides, fts_diagnostics** out_diagnostics,
    fts_config** out) FTS_NOEXCEPT;

// \since 1.1
FTS_API void fts_config_retain(fts_config* config) FTS_NOEXCEPT;
// \since 1.1
FTS_API void fts_config_release(fts_config* config) FTS_NOEXCEPT;

typedef int32_t fts_config_scope;
enum {
  FTS_CONFIG_SCOPE_UNSPECIFIED = 0,  // FTS_CONFIG_SCOPE_RUN
  FTS_CONFIG_SCOPE_RUN = 1,  // all that a run needs, as fts fit wants it
  FTS_CONFIG_SCOPE_PART = 2  // part of a run, as fts config print takes it:
                             // keys may be missing, or be for a later version
};

// Checks every key: unknown ones (with a suggestion), types, ranges, what must
// be there. For a whole config. out_diagnostics may be NULL. Errors:
// INVALID_ARGUMENT.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_config_check(
    const fts_config* config, fts_config_scope scope,
    fts_diagnostics** out_diagnostics) FTS_NOEXCEPT;

// The value under a key path: "trainer.max_epochs"; a key that holds dots is
// quoted: fsdp_plan."model.output". Errors: NOT_FOUND, naming the key that is
// missing; INVALID_ARGUMENT for what is no key path.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_config_get(const fts_config* config,
                                                 fts_string path,
                                                 fts_config** out) FTS_NOEXCEPT;

typedef int32_t fts_config_kind;
enum {
  FTS_CONFIG_KIND_UNSPECIFIED = 0,
  FTS_CONFIG_KIND_NULL = 1,
  FTS_CONFIG_KIND_BOOL = 2,
  FTS_CONFIG_KIND_INT = 3,
  FTS_CONFIG_KIND_FLOAT = 4,
  FTS_CONFIG_KIND_STRING = 5,
  FTS_CONFIG_KIND_LIST = 6,
  FTS_CONFIG_KIND_MAPPING = 7
};

typedef struct fts_config_info {
  fts_config_kind kind;
  int32_t line;     // from 1; 0 when there is no place
  fts_string file;  // empty when there is none: an override, a text without
                    // name
  fts_string text;  // a scalar as written, of a string its value; else empty
  int64_t integer;  // INT, and 1 for a BOOL that is true
  double number;    // INT, FLOAT, and a STRING that reads as one (1e-5)
  size_t size;      // values of a LIST, keys of a MAPPING
  int32_t has_number;
  int32_t column;
} fts_config_info;

// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_config_get_info(
    const fts_config* config, fts_config_info* out) FTS_NOEXCEPT;
// Key i of a mapping, in order. Errors: OUT_OF_RANGE.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_config_get_key(
    const fts_config* config, size_t i, fts_string* out) FTS_NOEXCEPT;
// Value i of a list or mapping. Errors: OUT_OF_RANGE.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_config_get_value(
    const fts_config* config, size_t i, fts_config** out) FTS_NOEXCEPT;

// YAML that reads back equal.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_config_to_yaml(
    const fts_config* config, fts_buffer** out) FTS_NOEXCEPT;
// The same with a trailing "# file:line" on each line that holds a value, as
// the command fts config print shows it.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_config_to_text(
    const fts_config* config, fts_buffer** out) FTS_NOEXCEPT;
// Numbers that JSON lacks (inf, nan) become strings.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_config_to_json(
    const fts_config* config, fts_buffer** out) FTS_NOEXCEPT;

FTS_EXTERN_C_END

#endif  // FTS_CAPI_CONFIG_H_
