// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/diagnostics.h"

#include "fts/capi/internal/guard.h"
#include "fts/capi/internal/handles.h"
#include "fts/capi/internal/text.h"
#include "fts/core/base/status.h"

using fts::capi::Guard;
using fts::capi::View;

void fts_diagnostics_retain(fts_diagnostics* diagnostics) noexcept {
  fts::capi::Retain(diagnostics);
}

void fts_diagnostics_release(fts_diagnostics* diagnostics) noexcept {
  fts::capi::Release(diagnostics);
}

size_t fts_diagnostics_size(const fts_diagnostics* diagnostics) noexcept {
  return diagnostics == nullptr ? 0 : diagnostics->value.all().size();
}

fts_status* fts_diagnostics_get(const fts_diagnostics* diagnostics, size_t i,
                                fts_diagnostic* out) noexcept {
  return Guard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(fts::capi::NotNull(out, "fts_diagnostics_get: out"));
    *out = {};
    FTS_RETURN_IF_ERROR(fts::capi::InRange(i, fts_diagnostics_size(diagnostics),
                                           "fts_diagnostics_get: item"));
    const fts::Diagnostic& d = diagnostics->value.all()[i];
    out->severity = d.severity == fts::Severity::kError ? FTS_SEVERITY_ERROR
                                                        : FTS_SEVERITY_WARNING;
    out->code = View(d.code);
    out->message = View(d.message);
    out->file = d.where.known() ? View(*d.where.file) : fts_str("");
    out->line = d.where.line;
    out->column = d.where.column;
    return absl::OkStatus();
  });
}

fts_status* fts_diagnostics_to_text(const fts_diagnostics* diagnostics,
                                    fts_buffer** out) noexcept {
  return Guard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(
        fts::capi::NotNull(out, "fts_diagnostics_to_text: out"));
    *out = nullptr;
    *out = new fts_buffer(
        diagnostics == nullptr ? "" : diagnostics->value.ToString());
    return absl::OkStatus();
  });
}
