// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/status.h"

#include <memory>

#include "fts/capi/internal/guard.h"
#include "fts/capi/internal/status.h"
#include "fts/capi/internal/text.h"

namespace fts::capi {
namespace {

fts_code KnownCode(int code) {
  return code > FTS_CODE_OK && code <= FTS_CODE_UNAUTHENTICATED
             ? static_cast<fts_code>(code)
             : FTS_CODE_UNKNOWN;
}

}  // namespace

fts_status* MakeStatus(const absl::Status& status) {
  if (status.ok()) return nullptr;
  auto made = std::make_unique<fts_status>();
  made->code = KnownCode(static_cast<int>(status.code()));
  made->message = Utf8(std::string(status.message()));
  return made.release();
}

fts_status* MakeStatus(const absl::Status& status, const Diagnostics& diags) {
  std::unique_ptr<fts_status> made(MakeStatus(status));
  if (made == nullptr) return nullptr;
  for (const Diagnostic& d : diags.all()) {
    if (d.severity != Severity::kError) continue;
    made->details.emplace_back("code", d.code);
    if (d.where.known()) {
      made->details.emplace_back("file", *d.where.file);
      if (d.where.line > 0) {
        made->details.emplace_back("line", absl::StrCat(d.where.line));
        made->details.emplace_back("column", absl::StrCat(d.where.column));
      }
    }
    break;
  }
  return made.release();
}

fts_status* OutOfMemory() noexcept {
  // The first owner is this function, so no caller's release frees it.
  static fts_status* const status = [] {
    alignas(fts_status) static unsigned char room[sizeof(fts_status)];
    auto* made = new (room) fts_status();
    made->code = FTS_CODE_RESOURCE_EXHAUSTED;
    made->message = "no memory";  // short: kept inside the string itself
    return made;
  }();
  Retain(status);
  return status;
}

absl::Status TakeStatus(fts_status* status) {
  if (status == nullptr) return absl::OkStatus();
  const std::unique_ptr<fts_status, void (*)(fts_status*)> taken(
      status, [](fts_status* s) { Release(s); });
  return {static_cast<absl::StatusCode>(taken->code), taken->message};
}

}  // namespace fts::capi

using fts::capi::View;

fts_status* fts_status_create(fts_code code, fts_string message) noexcept {
  try {
    auto made = std::make_unique<fts_status>();
    made->code = fts::capi::KnownCode(code);
    made->message = fts::capi::Utf8(fts::capi::ToString(message));
    return made.release();
  } catch (...) {
    return fts::capi::OutOfMemory();
  }
}

void fts_status_retain(fts_status* status) noexcept {
  fts::capi::Retain(status);
}

void fts_status_release(fts_status* status) noexcept {
  fts::capi::Release(status);
}

fts_code fts_status_code(const fts_status* status) noexcept {
  return status == nullptr ? FTS_CODE_OK : status->code;
}

fts_string fts_status_code_name(const fts_status* status) noexcept {
  static constexpr const char* kNames[] = {"OK",
                                           "CANCELLED",
                                           "UNKNOWN",
                                           "INVALID_ARGUMENT",
                                           "DEADLINE_EXCEEDED",
                                           "NOT_FOUND",
                                           "ALREADY_EXISTS",
                                           "PERMISSION_DENIED",
                                           "RESOURCE_EXHAUSTED",
                                           "FAILED_PRECONDITION",
                                           "ABORTED",
                                           "OUT_OF_RANGE",
                                           "UNIMPLEMENTED",
                                           "INTERNAL",
                                           "UNAVAILABLE",
                                           "DATA_LOSS",
                                           "UNAUTHENTICATED"};
  return fts_str(kNames[fts_status_code(status)]);
}

fts_string fts_status_message(const fts_status* status) noexcept {
  return status == nullptr ? fts_str("") : View(status->message);
}

size_t fts_status_num_details(const fts_status* status) noexcept {
  return status == nullptr ? 0 : status->details.size();
}

fts_string fts_status_detail_key(const fts_status* status, size_t i) noexcept {
  return i < fts_status_num_details(status) ? View(status->details[i].first)
                                            : fts_str("");
}

fts_string fts_status_detail_value(const fts_status* status,
                                   size_t i) noexcept {
  return i < fts_status_num_details(status) ? View(status->details[i].second)
                                            : fts_str("");
}
