// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What every header of the C interface uses: linkage, version, views of text,
// and the rules that hold for all functions.
//
// [Note: rules of the interface]
// C11. Every name begins with fts_ or FTS_.
// Handles are opaque and counted: *_retain adds an owner, *_release takes one
// away and accepts NULL. A function that makes a handle writes it through its
// last parameter, named out, and leaves NULL there on error.
// A function that can fail returns fts_status*: NULL means success, anything
// else is an error that the caller releases (status.h). Nothing throws, prints
// or exits.
// Text and arrays that go in are copied before the call returns. Views that
// come out belong to the handle they were asked of and live as long as it,
// unless a function says otherwise.
// Structs that may grow begin with struct_size and next: fill them with their
// _INIT macro. A library that is older than its caller refuses fields it does
// not know when they are not zero, and never ignores them. next must be NULL.
// Threads: each header says which of three labels its handle has. immutable:
// share freely. confined: one thread at a time; a call that meets another on
// the same handle fails with FTS_CODE_FAILED_PRECONDITION. synchronized: any
// thread at any time. Counts may be changed from any thread.

#ifndef FTS_CAPI_BASE_H_
#define FTS_CAPI_BASE_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FTS_API_MAJOR 1
#define FTS_API_MINOR 2

#ifdef __cplusplus
#define FTS_EXTERN_C_BEGIN extern "C" {
#define FTS_EXTERN_C_END }
#define FTS_NOEXCEPT noexcept
#else
#define FTS_EXTERN_C_BEGIN
#define FTS_EXTERN_C_END
#define FTS_NOEXCEPT
#endif

#define FTS_API __attribute__((visibility("default")))
#define FTS_NODISCARD __attribute__((warn_unused_result))

FTS_EXTERN_C_BEGIN

// A view of bytes, UTF-8 where it is text. Views that come out are followed by
// a zero byte that size does not count. size 0 may come with data NULL.
typedef struct fts_string {
  const char* data;
  size_t size;
} fts_string;

// The view of a zero-terminated string; NULL gives an empty one.
static inline fts_string fts_str(const char* text) FTS_NOEXCEPT {
  fts_string view;
  view.data = text;
  view.size = text == NULL ? 0 : strlen(text);  // NOLINT: this is C
  return view;
}

FTS_EXTERN_C_END

#endif  // FTS_CAPI_BASE_H_
