// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/optimizer.h"

#include "fts/capi/internal/session_args.h"
#include "fts/capi/internal/text.h"
#include "fts/capi/internal/torch_handles.h"
#include "fts/core/base/status.h"
#include "fts/core/config/run_config.h"
#include "fts/core/config/yaml.h"

using fts::HostSession;
using fts::Optimization;
using fts::capi::InSession;
using fts::capi::NotNull;
using fts::capi::ToString;
using fts::capi::View;

struct fts_optimizer : fts::capi::Counted {
  explicit fts_optimizer(fts_session* of) : session(of) {
    fts_session_retain(session);
  }
  ~fts_optimizer() { fts_session_release(session); }
  fts_session* const session;
  mutable std::string name;
};

namespace {

template <typename Body>
fts_status* InOptimizer(const fts_optimizer* optimizer, const char* function,
                        Body&& body) noexcept {
  if (optimizer == nullptr) {
    return fts::capi::Guard([&]() -> absl::Status {
      return NotNull(nullptr, absl::StrCat(function, ": optimizer").c_str());
    });
  }
  return InSession(optimizer->session, function, body);
}

absl::Status GroupInRange(HostSession& s, size_t i, const char* function) {
  return fts::capi::InRange(i, s.optimization()->optimizer().groups().size(),
                            absl::StrCat(function, ": group").c_str());
}

}  // namespace

fts_status* fts_optimizer_create(fts_session* session, fts_string yaml,
                                 fts_string name,
                                 fts_diagnostics** out_diagnostics,
                                 fts_optimizer** out) noexcept {
  if (out != nullptr) *out = nullptr;
  if (out_diagnostics != nullptr) *out_diagnostics = nullptr;
  fts::Diagnostics diags;
  fts_status* failed = InSession(
      session, "fts_optimizer_create", [&](HostSession& s) -> absl::Status {
        FTS_RETURN_IF_ERROR(NotNull(out, "fts_optimizer_create: out"));
        const std::string text = yaml.size == 0 ? "{}" : ToString(yaml);
        FTS_ASSIGN_OR_RETURN(const fts::YamlNode node,
                             fts::ParseYaml(text, ToString(name), &diags));
        FTS_ASSIGN_OR_RETURN(const fts::LoopConfig config,
                             fts::ReadLoopConfig(node, &diags));
        FTS_RETURN_IF_ERROR(s.MakeOptimizer(config, &diags));
        *out = new fts_optimizer(session);
        return absl::OkStatus();
      });
  return fts::capi::Guard([&]() -> fts_status* {
    fts::capi::PutDiagnostics(diags, out_diagnostics);
    if (failed == nullptr || diags.num_errors() == 0) return failed;
    const absl::Status status = fts::capi::TakeStatus(failed);
    return fts::capi::MakeStatus(status, diags);
  });
}

void fts_optimizer_retain(fts_optimizer* optimizer) noexcept {
  fts::capi::Retain(optimizer);
}

void fts_optimizer_release(fts_optimizer* optimizer) noexcept {
  fts::capi::Release(optimizer);
}

fts_status* fts_optimizer_add_groups(fts_optimizer* optimizer, int32_t phase,
                                     int32_t has_lr, double lr) noexcept {
  return InOptimizer(optimizer, "fts_optimizer_add_groups",
                     [&](HostSession& s) -> absl::Status {
                       FTS_RETURN_IF_ERROR(s.CheckPhase(phase));
                       std::optional<double> rate;
                       if (has_lr != 0) rate = lr;
                       return s.optimization()->AddGroups(phase, rate);
                     });
}

fts_status* fts_optimizer_replace(fts_optimizer* optimizer,
                                  int32_t phase) noexcept {
  return InOptimizer(optimizer, "fts_optimizer_replace",
                     [&](HostSession& s) -> absl::Status {
                       FTS_RETURN_IF_ERROR(s.CheckPhase(phase));
                       return s.ReplaceOptimizer(phase);
                     });
}

fts_status* fts_optimizer_replace_lr_scheduler(fts_optimizer* optimizer,
                                               int32_t phase) noexcept {
  return InOptimizer(optimizer, "fts_optimizer_replace_lr_scheduler",
                     [&](HostSession& s) -> absl::Status {
                       FTS_RETURN_IF_ERROR(s.CheckPhase(phase));
                       return s.optimization()->ReplaceLrScheduler(phase);
                     });
}

fts_status* fts_optimizer_step(fts_optimizer* optimizer, int32_t phase,
                               const fts_step_args* args,
                               fts_step_info* out) noexcept {
  if (out != nullptr) *out = {};
  return InOptimizer(
      optimizer, "fts_optimizer_step", [&](HostSession& s) -> absl::Status {
        FTS_RETURN_IF_ERROR(s.CheckPhase(phase));
        FTS_ASSIGN_OR_RETURN(const fts_step_args o,
                             fts::capi::ReadStepArgs(args));
        FTS_ASSIGN_OR_RETURN(
            const fts::HostStep step,
            s.CompleteGradients(o.loss, o.seconds, o.check_finite != 0));
        if (const auto clip = s.optimization()->clip_grad_norm(phase)) {
          FTS_RETURN_IF_ERROR(s.Clip(*clip));
        }
        FTS_RETURN_IF_ERROR(s.BeginUpdate());
        FTS_RETURN_IF_ERROR(s.Step());
        FTS_RETURN_IF_ERROR(s.FinishUpdate());
        if (out != nullptr) *out = {step.loss, step.grad_norm, step.seconds};
        return absl::OkStatus();
      });
}

fts_string fts_optimizer_name(const fts_optimizer* optimizer) noexcept {
  if (optimizer == nullptr) return {"", 0};
  fts_status_release(
      InOptimizer(optimizer, "fts_optimizer_name", [&](HostSession& s) {
        optimizer->name = s.optimization()->optimizer().name();
        return absl::OkStatus();
      }));
  return View(optimizer->name);
}

size_t fts_optimizer_num_groups(const fts_optimizer* optimizer) noexcept {
  size_t groups = 0;
  if (optimizer == nullptr) return groups;
  fts_status_release(
      InOptimizer(optimizer, "fts_optimizer_num_groups", [&](HostSession& s) {
        groups = s.optimization()->optimizer().groups().size();
        return absl::OkStatus();
      }));
  return groups;
}

fts_status* fts_optimizer_get_group(const fts_optimizer* optimizer, size_t i,
                                    fts_group_info* out) noexcept {
  return InOptimizer(
      optimizer, "fts_optimizer_get_group",
      [&](HostSession& s) -> absl::Status {
        FTS_RETURN_IF_ERROR(NotNull(out, "fts_optimizer_get_group: out"));
        *out = {};
        FTS_RETURN_IF_ERROR(GroupInRange(s, i, "fts_optimizer_get_group"));
        const auto& group = s.optimization()->optimizer().groups()[i];
        out->name = View(group.name);
        out->lr = group.lr;
        out->initial_lr = group.initial_lr;
        out->weight_decay = group.weight_decay;
        return absl::OkStatus();
      });
}

fts_status* fts_optimizer_set_lr(fts_optimizer* optimizer, size_t i,
                                 double lr) noexcept {
  return InOptimizer(
      optimizer, "fts_optimizer_set_lr", [&](HostSession& s) -> absl::Status {
        FTS_RETURN_IF_ERROR(GroupInRange(s, i, "fts_optimizer_set_lr"));
        if (!(lr >= 0)) {
          return absl::InvalidArgumentError(absl::StrCat(
              "fts_optimizer_set_lr: lr is ", lr, "; it must not be negative"));
        }
        (*s.optimization()->optimizer().mutable_groups())[i].lr = lr;
        return absl::OkStatus();
      });
}

fts_status* fts_optimizer_after_step(fts_optimizer* optimizer,
                                     int64_t step_in_epoch) noexcept {
  return InOptimizer(optimizer, "fts_optimizer_after_step",
                     [&](HostSession& s) {
                       return s.optimization()->AfterStep(step_in_epoch);
                     });
}

fts_status* fts_optimizer_after_epoch(fts_optimizer* optimizer,
                                      int64_t epoch) noexcept {
  return InOptimizer(
      optimizer, "fts_optimizer_after_epoch",
      [&](HostSession& s) { return s.optimization()->AfterEpoch(epoch); });
}

fts_status* fts_optimizer_after_validation(fts_optimizer* optimizer,
                                           int64_t epoch,
                                           double metric) noexcept {
  return InOptimizer(optimizer, "fts_optimizer_after_validation",
                     [&](HostSession& s) -> absl::Status {
                       Optimization& o = *s.optimization();
                       if (epoch < 0 || !o.NeedsMetric(epoch)) {
                         return absl::OkStatus();
                       }
                       return o.AfterValidation(metric);
                     });
}
