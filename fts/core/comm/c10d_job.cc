// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/c10d_job.h"

#include <future>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/core/comm/c10d_error.h"
#include "fts/core/comm/c10d_store.h"

namespace fts::comm {
namespace {

constexpr char kReasonKey[] = "abort_reason";
constexpr std::chrono::milliseconds kPublishLimit(500);

std::string Explain(const std::exception& error, absl::StatusCode code,
                    std::chrono::milliseconds timeout) {
  const std::string line = FirstLine(error);
  switch (code) {
    case absl::StatusCode::kDeadlineExceeded:
      return absl::StrCat(
          "timed out after ", timeout.count(), " ms (", line,
          "); a rank is stuck, is far behind, or issued other calls: compare "
          "the last calls in the logs of all ranks, or raise the timeout");
    case absl::StatusCode::kUnavailable:
      return absl::StrCat(
          "lost the connection to a peer (", line,
          "); a rank has ended or was killed: look for the first error in the "
          "logs of the other ranks");
    default:
      return line;
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<C10dJob>> C10dJob::Create(StorePtr store,
                                                         int job_rank,
                                                         Settings settings) {
  if (store == nullptr || C10dStoreOf(*store) == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(settings.backend,
                     ": the store is not one that store.h or rendezvous.h "
                     "made"));
  }
  FTS_ASSIGN_OR_RETURN(StorePtr reasons, store->Clone());
  return std::shared_ptr<C10dJob>(new C10dJob(
      std::move(store), std::move(reasons), job_rank, std::move(settings)));
}

C10dJob::C10dJob(StorePtr store, StorePtr reasons, int job_rank,
                 Settings settings)
    : store_(std::move(store)),
      reasons_(std::move(reasons)),
      job_rank_(job_rank),
      settings_(std::move(settings)) {}

C10dJob::~C10dJob() = default;

absl::StatusOr<C10dGroup> C10dJob::MakeGroup(const std::string& key, int rank,
                                             int size,
                                             const std::string& name) {
  const std::string call =
      absl::StrCat(settings_.backend, " communicator ", name, " (rank ", rank,
                   " of ", size, ")");
  C10dGroup group;
  try {
    const StorePtr part = store_->Prefixed(absl::StrCat("group/", key));
    group = settings_.factory(C10dStoreOf(*part), rank, size);
  } catch (const std::exception& error) {
    const absl::StatusCode code = CodeOf(error);
    if (code == absl::StatusCode::kInternal) {
      return absl::InternalError(
          absl::StrCat(call, ": cannot be set up: ", FirstLine(error)));
    }
    return EndBecause(
        call, code,
        code == absl::StatusCode::kUnavailable
            ? Explain(error, code, settings_.timeout)
            : absl::StrCat("not all ranks arrived within ",
                           settings_.timeout.count(), " ms (", FirstLine(error),
                           "); look for a rank that did not start or stopped "
                           "before this point"));
  }
  std::lock_guard<std::mutex> lock(mutex_);
  groups_.push_back(group);
  return group;
}

void C10dJob::ReleaseGroup(C10dGroup group) {
  std::lock_guard<std::mutex> lock(mutex_);
  for (size_t i = 0; i < groups_.size(); ++i) {
    if (groups_[i].backend != group.backend) continue;
    groups_.erase(groups_.begin() + i);
    break;
  }
  // After an abort CloseGroups() may be at work on it in another thread, too.
  if (aborted() && group.waits_for_calls) {
    new c10::intrusive_ptr<c10d::Backend>(group.backend);
  }
}

void C10dJob::Abort(const std::string& reason) {
  End(absl::StrCat("rank ", job_rank_, ": ", reason));
}

absl::Status C10dJob::Failed(const std::string& call,
                             const std::exception& error) {
  const absl::StatusCode code = CodeOf(error);
  const std::string text = Explain(error, code, settings_.timeout);
  if (code == absl::StatusCode::kInternal && !aborted()) {
    return absl::InternalError(absl::StrCat(call, ": ", text));
  }
  return EndBecause(call, code, text);
}

absl::Status C10dJob::EndBecause(const std::string& call, absl::StatusCode code,
                                 const std::string& text) {
  const std::string mine =
      absl::StrCat("rank ", job_rank_, ": ", call, ": ", text);
  if (End(mine) && reason() == mine) {
    return absl::Status(code, absl::StrCat(call, ": ", text));
  }
  return absl::UnavailableError(
      absl::StrCat(call, ": the communicator was aborted: ", reason()));
}

bool C10dJob::End(const std::string& reason) {
  if (!SetReason(reason)) return false;
  const std::string first = Publish(reason);
  if (first != reason) ReplaceReason(first);
  CloseGroups();
  return true;
}

std::string C10dJob::Publish(const std::string& reason) {
  auto answer = std::make_shared<std::promise<std::string>>();
  std::future<std::string> first = answer->get_future();
  std::thread([answer, reason, store = reasons_] {
    const absl::StatusOr<std::string> held = store->SetOnce(kReasonKey, reason);
    answer->set_value(held.ok() ? *held : reason);
  }).detach();
  if (first.wait_for(kPublishLimit) != std::future_status::ready) return reason;
  return first.get();
}

void C10dJob::CloseGroups() {
  std::vector<C10dGroup> groups;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    groups = groups_;
  }
  for (const C10dGroup& group : groups) group.close();
}

}  // namespace fts::comm
