// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/buffer.h"

#include "fts/capi/internal/handles.h"
#include "fts/capi/internal/text.h"

void fts_buffer_retain(fts_buffer* buffer) noexcept {
  fts::capi::Retain(buffer);
}

void fts_buffer_release(fts_buffer* buffer) noexcept {
  fts::capi::Release(buffer);
}

fts_string fts_buffer_view(const fts_buffer* buffer) noexcept {
  return buffer == nullptr ? fts_str("") : fts::capi::View(buffer->bytes);
}
