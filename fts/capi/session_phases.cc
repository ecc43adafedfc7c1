// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The part of session.h that a scheduler drives.
#include "fts/capi/internal/text.h"
#include "fts/capi/internal/torch_handles.h"
#include "fts/capi/session.h"
#include "fts/core/base/status.h"

using fts::HostSession;
using fts::capi::InSession;
using fts::capi::NotNull;
using fts::capi::ToString;

namespace {

fts_session* SessionOf(void* user_data) {
  return static_cast<fts_session*>(user_data);
}

void Destroy(void* user_data) { fts_session_release(SessionOf(user_data)); }

fts_status* Thaw(const fts_phase_args* args, void* user_data) {
  return fts_session_thaw(SessionOf(user_data), args->phase);
}

fts_status* Freeze(const fts_phase_args* args, void* user_data) {
  return fts_session_freeze(SessionOf(user_data), args->phase);
}

// The optimizer's part, where the session has one: else the caller, who has
// his own, must not have taken these callbacks for a schedule that needs more.
fts_status* AddGroup(const fts_phase_args* args, void* user_data) {
  return InSession(SessionOf(user_data), "add_group",
                   [&](HostSession& s) -> absl::Status {
                     if (s.optimization() == nullptr) return absl::OkStatus();
                     std::optional<double> lr;
                     if (args->has_lr != 0) lr = args->lr;
                     return s.optimization()->AddGroups(args->phase, lr);
                   });
}

absl::Status NeedsOptimizer(HostSession& session, const char* key, int phase) {
  if (session.optimization() != nullptr) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("phase ", phase, " has a ", key,
                   ", and the session has no fts_optimizer that could follow "
                   "it; create one, "
                   "or replace this callback"));
}

fts_status* ReplaceOptimizer(const fts_phase_args* args, void* user_data) {
  return InSession(
      SessionOf(user_data), "replace_optimizer",
      [&](HostSession& s) -> absl::Status {
        FTS_RETURN_IF_ERROR(NeedsOptimizer(s, "new_optimizer", args->phase));
        return s.ReplaceOptimizer(args->phase);
      });
}

fts_status* ReplaceLrScheduler(const fts_phase_args* args, void* user_data) {
  return InSession(
      SessionOf(user_data), "replace_lr_scheduler",
      [&](HostSession& s) -> absl::Status {
        FTS_RETURN_IF_ERROR(NeedsOptimizer(s, "new_lr_scheduler", args->phase));
        return s.optimization()->ReplaceLrScheduler(args->phase);
      });
}

fts_status* SaveBest(const fts_best_args* args, void* user_data) {
  (void)args;
  return fts_session_save_best(SessionOf(user_data));
}

fts_status* RestoreBest(const fts_best_args* args, void* user_data) {
  (void)args;
  return fts_session_restore_best(SessionOf(user_data));
}

fts_status* Metric(const fts_metric_args* args, void* user_data) {
  fts_session* session = SessionOf(user_data);
  return InSession(session, "metric", [&](HostSession&) -> absl::Status {
    const std::string name = ToString(args->name);
    const auto found = session->metrics.find(name);
    if (found == session->metrics.end()) {
      return absl::NotFoundError(
          absl::StrCat("metric '", name,
                       "' has no value; call fts_session_set_metric before "
                       "fts_scheduler_validation_end"));
    }
    *args->value = found->second;
    return absl::OkStatus();
  });
}

}  // namespace

fts_status* fts_session_thaw(fts_session* session, int32_t phase) noexcept {
  return InSession(session, "fts_session_thaw",
                   [&](HostSession& s) { return s.Thaw(phase).status(); });
}

fts_status* fts_session_freeze(fts_session* session, int32_t phase) noexcept {
  return InSession(session, "fts_session_freeze",
                   [&](HostSession& s) { return s.Freeze(phase).status(); });
}

fts_status* fts_session_save_best(fts_session* session) noexcept {
  return InSession(session, "fts_session_save_best",
                   [](HostSession& s) { return s.SaveBest(); });
}

fts_status* fts_session_restore_best(fts_session* session) noexcept {
  return InSession(session, "fts_session_restore_best",
                   [](HostSession& s) { return s.RestoreBest().status(); });
}

fts_status* fts_session_set_metric(fts_session* session, fts_string name,
                                   double value) noexcept {
  return InSession(session, "fts_session_set_metric", [&](HostSession&) {
    session->metrics[ToString(name)] = value;
    return absl::OkStatus();
  });
}

fts_status* fts_session_get_callbacks(fts_session* session,
                                      fts_scheduler_callbacks* out) noexcept {
  return InSession(
      session, "fts_session_get_callbacks", [&](HostSession&) -> absl::Status {
        FTS_RETURN_IF_ERROR(NotNull(out, "fts_session_get_callbacks: out"));
        *out = FTS_SCHEDULER_CALLBACKS_INIT;
        fts_session_retain(session);
        out->user_data = session;
        out->destroy = Destroy;
        out->thaw = Thaw;
        out->freeze = Freeze;
        out->add_group = AddGroup;
        out->replace_optimizer = ReplaceOptimizer;
        out->replace_lr_scheduler = ReplaceLrScheduler;
        out->save_best = SaveBest;
        out->restore_best = RestoreBest;
        out->metric = Metric;
        return absl::OkStatus();
      });
}
