// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/shm.h"

#include <ATen/Parallel.h>
#include <c10/core/ScalarType.h>
#include <sched.h>
#include <unistd.h>

#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/core/comm/arena_service.h"
#include "fts/core/comm/arguments.h"
#include "fts/core/comm/local.h"
#include "fts/core/comm/shm/call.h"
#include "fts/core/comm/shm/host_identity.h"
#include "fts/core/comm/shm/job.h"
#include "fts/core/comm/shm/meeting.h"
#include "fts/core/comm/shm/reduce.h"
#include "fts/core/comm/shm/shm_arena.h"
#include "fts/core/comm/shm/split.h"
#include "fts/core/comm/shm/stream.h"
#include "fts/core/comm/wait_observer.h"

namespace fts::comm {
namespace {

using shm::CallPtr;
using shm::Job;
using shm::Stream;

// Memory is mapped in pages; lines of control and stream must not share one.
size_t ControlBytes(int size) {
  return (shm::Control::Bytes(size) + 127) / 128 * 128;
}

// Looking for long pays where every rank has its threads' processors.
int SpinFor(int ranks) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) {
    return shm::kSpinCrowded;
  }
  return CPU_COUNT(&allowed) >= ranks * at::get_num_threads()
             ? shm::kSpinAlone
             : shm::kSpinCrowded;
}

// Name, place and size of a communicator, and how it is spoken of.
Stream::Settings MakeSettings(std::string name, int rank,
                              std::vector<int> job_ranks, size_t slot_bytes) {
  Stream::Settings settings;
  settings.describe = [name, rank, size = static_cast<int>(job_ranks.size())](
                          const std::string& label, const char* op) {
    return DescribeCall(label, name, rank, size, op);
  };
  settings.name = std::move(name);
  settings.rank = rank;
  settings.job_ranks = std::move(job_ranks);
  settings.slot_bytes = slot_bytes;
  return settings;
}

uint8_t* Bytes(const at::Tensor& tensor) {
  return static_cast<uint8_t*>(tensor.mutable_data_ptr());
}

// Holds the memory; the driver has the call.
class ShmEvent final : public Event {
 public:
  ShmEvent(std::shared_ptr<Job> job, std::shared_ptr<Stream> stream,
           CallPtr call)
      : job_(std::move(job)),
        stream_(std::move(stream)),
        call_(std::move(call)) {}

  absl::Status Wait() override {
    if (call_->done()) return call_->status();
    const ObservedWait waiting({call_->signature.op, call_->label,
                                stream_->settings().name, call_->collective});
    return job_->driver().Wait(stream_.get(), *call_);
  }
  bool Ready() override { return job_->driver().Ready(stream_.get(), *call_); }

 private:
  const std::shared_ptr<Job> job_;
  const std::shared_ptr<Stream> stream_;
  const CallPtr call_;
};

class ShmCommunicator final : public Communicator, public ArenaService {
 public:
  ShmCommunicator(std::shared_ptr<Job> job, std::shared_ptr<Stream> stream)
      : job_(std::move(job)), stream_(std::move(stream)) {
    job_->driver().Add(stream_);
  }

  // Calls in flight are waited for: peers count on them.
  ~ShmCommunicator() override {
    if (getpid() != job_->driver().owner()) return;
    if (last_ != nullptr) {
      (void)job_->driver().Wait(stream_.get(), *last_);
    }
    stream_->Leave();
    job_->driver().Remove(stream_.get());
  }

  int rank() const override { return stream_->rank(); }
  int size() const override { return stream_->size(); }
  std::string name() const override { return stream_->settings().name; }

  absl::StatusOr<EventPtr> AllGatherInPlace(at::Tensor full) override {
    FTS_RETURN_IF_ERROR(CheckAllGather(*this, at::kCPU, full));
    return Issue("all_gather", full, full, 0, [&] {
      return shm::MakeAllGather(stream_->group(), Bytes(DataOf(full)),
                                BytesIn(full) / size());
    });
  }

  absl::StatusOr<EventPtr> ReduceScatter(at::Tensor input, at::Tensor output,
                                         ReduceOp op) override {
    FTS_RETURN_IF_ERROR(CheckReduceScatter(*this, at::kCPU, input, output));
    return Issue("reduce_scatter", input, output, Kind(op), [&] {
      return shm::MakeReduceScatter(
          stream_->group(), Bytes(DataOf(input)), Bytes(DataOf(output)),
          output.numel(), output.element_size(),
          shm::FindReduce(input.scalar_type(), op, shm::HalfSums::kFloat32));
    });
  }

  absl::StatusOr<EventPtr> AllReduce(at::Tensor tensor, ReduceOp op) override {
    FTS_RETURN_IF_ERROR(CheckAllReduce(*this, at::kCPU, tensor));
    return Issue("all_reduce", tensor, tensor, Kind(op), [&] {
      return shm::MakeAllReduce(stream_->group(), Bytes(DataOf(tensor)),
                                tensor.numel(), tensor.element_size(),
                                shm::FindReduce(tensor.scalar_type(), op,
                                                shm::HalfSums::kOwnPrecision));
    });
  }

  absl::StatusOr<EventPtr> Broadcast(at::Tensor tensor, int root) override {
    FTS_RETURN_IF_ERROR(CheckBroadcast(*this, at::kCPU, tensor, root));
    return Issue("broadcast", tensor, tensor, root, [&] {
      return shm::MakeBroadcast(stream_->group(), Bytes(DataOf(tensor)),
                                BytesIn(tensor), root);
    });
  }

  absl::StatusOr<EventPtr> AllToAll(at::Tensor input,
                                    at::Tensor output) override {
    FTS_RETURN_IF_ERROR(CheckAllToAll(*this, at::kCPU, input, output));
    return Issue("all_to_all", input, output, 0, [&] {
      return shm::MakeAllToAll(stream_->group(), Bytes(DataOf(input)),
                               Bytes(DataOf(output)), BytesIn(input) / size());
    });
  }

  absl::Status Barrier() override {
    FTS_RETURN_IF_ERROR(CheckUsable("barrier"));
    CallPtr call = shm::MakeBarrierCall();
    call->signature.Set("barrier", "", 0, 0);
    return Start(std::move(call))->Wait();
  }

  absl::StatusOr<CommunicatorPtr> Split(const std::vector<int>& ranks,
                                        const std::string& name) override;

  absl::StatusOr<std::shared_ptr<SharedArena>> MakeArena(
      const std::string& name, const ArenaNeed& need) override;

  void Abort(const std::string& reason) override { job_->Abort(reason); }

 private:
  static int Kind(ReduceOp op) { return op == ReduceOp::kSum ? 0 : 1; }
  static int64_t BytesIn(const at::Tensor& tensor) {
    return static_cast<int64_t>(tensor.nbytes());
  }

  absl::Status CheckUsable(const char* op) {
    const pid_t owner = job_->driver().owner();
    if (getpid() != owner) {
      return absl::FailedPreconditionError(absl::StrCat(
          DescribeCall(*this, op), ": process ", getpid(),
          " was forked from process ", owner,
          ", which is this rank; only that one may call it: fork before the "
          "ranks meet, or exec"));
    }
    if (!job_->driver().aborted()) return absl::OkStatus();
    return stream_->Aborted(DescribeCall(*this, op));
  }

  // `kept` and `also_kept` stay until the call is done.
  template <typename Make>
  absl::StatusOr<EventPtr> Issue(const char* op, const at::Tensor& kept,
                                 const at::Tensor& also_kept, int detail,
                                 const Make& make) {
    FTS_RETURN_IF_ERROR(CheckUsable(op));
    if (kept.numel() == 0) return CompletedEvent();
    CallPtr call = make();
    call->signature.Set(op, c10::toString(kept.scalar_type()), detail,
                        kept.numel());
    call->keep =
        std::make_shared<std::pair<at::Tensor, at::Tensor>>(kept, also_kept);
    return Start(std::move(call));
  }

  EventPtr Start(CallPtr call) {
    call->label = label();
    call->collective = NextCollective();
    last_ = call;
    job_->driver().Issue(stream_.get(), call);
    if (call->done()) return CompletedEvent(call->status());
    return std::make_shared<ShmEvent>(job_, stream_, std::move(call));
  }

  const std::shared_ptr<Job> job_;
  const std::shared_ptr<Stream> stream_;
  CallPtr last_;
};

absl::StatusOr<CommunicatorPtr> ShmCommunicator::Split(
    const std::vector<int>& ranks, const std::string& name) {
  FTS_RETURN_IF_ERROR(CheckSplit(*this, ranks, name));
  FTS_RETURN_IF_ERROR(CheckUsable("split"));
  const ObservedWait waiting({"split", "", name, 0});
  FTS_ASSIGN_OR_RETURN(
      std::shared_ptr<shm::Arena> arena,
      shm::AgreeOnSplit(*stream_, ranks, name, DescribeCall(*this, "split"),
                        job_->driver().view().timeout));
  const int place = PlaceIn(ranks, rank());
  if (place < 0) return CommunicatorPtr();
  std::string full_name = absl::StrCat(this->name(), "/", name);
  if (ranks.size() == 1) return MakeLocal(full_name, at::kCPU, job_);
  const Stream::Settings& mine = stream_->settings();
  std::vector<int> job_ranks;
  for (const int rank : ranks) job_ranks.push_back(mine.job_ranks[rank]);
  void* memory = arena->data();
  return CommunicatorPtr(std::make_shared<ShmCommunicator>(
      job_, std::make_shared<Stream>(
                job_->driver().view(),
                MakeSettings(std::move(full_name), place, std::move(job_ranks),
                             mine.slot_bytes),
                memory, std::move(arena))));
}

absl::StatusOr<std::shared_ptr<SharedArena>> ShmCommunicator::MakeArena(
    const std::string& name, const ArenaNeed& need) {
  FTS_RETURN_IF_ERROR(CheckUsable("share"));
  const ObservedWait waiting({"share", "", name, 0});
  std::vector<int> everyone(size());
  std::iota(everyone.begin(), everyone.end(), 0);
  const ArenaNeed all = shm::ShmArena::WithBarrier(need, size());
  const shm::JobView view = job_->driver().view();
  // Ranks that want different sizes have different names.
  FTS_ASSIGN_OR_RETURN(
      std::shared_ptr<shm::Arena> arena,
      shm::AgreeOnMemory(*stream_, everyone,
                         absl::StrCat(name, " of ", need.bytes, " bytes"),
                         DescribeCall(*this, "share"), view.timeout, all));
  return std::shared_ptr<SharedArena>(std::make_shared<shm::ShmArena>(
      name, need, std::move(arena), stream_, view, job_));
}

absl::Status CheckOptions(const StorePtr& store, int rank, int size,
                          const ShmOptions& options) {
  const std::string what = absl::StrCat("shm communicator ", options.name);
  if (store == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, ": there is no store"));
  }
  if (rank < 0 || rank >= size) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, ": rank ", rank, " of ", size,
                     " does not exist; ranks are 0 to size - 1"));
  }
  if (options.timeout.count() <= 0) {
    return absl::InvalidArgumentError(absl::StrCat(what, ": timeout is ",
                                                   options.timeout.count(),
                                                   " ms, must be positive"));
  }
  if (options.slot_bytes < 64 * 1024 || options.slot_bytes % 64 != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, ": slot_bytes is ", options.slot_bytes,
                     ", must be a multiple of 64 and at least 65536"));
  }
  if (size > shm::kMaxRanks) {
    return absl::FailedPreconditionError(
        absl::StrCat(what, ": ", size, " ranks are more than the ",
                     shm::kMaxRanks, " that can share memory; use gloo"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CommunicatorPtr> MakeShm(StorePtr store, int rank, int size,
                                        const ShmOptions& options) {
  FTS_RETURN_IF_ERROR(CheckOptions(store, rank, size, options));
  if (size == 1) return MakeLocal(options.name, at::kCPU);
  const size_t slot_bytes = static_cast<size_t>(options.slot_bytes);
  const size_t control = ControlBytes(size);
  absl::StatusOr<std::string> host = options.host;
  if (options.host.empty()) host = shm::HostIdentity();
  const ObservedWait waiting({"split", "", options.name, 0});
  absl::StatusOr<shm::Meeting> meeting =
      shm::Meet(*store, rank, size,
                static_cast<int64_t>(control + Stream::Bytes(size, slot_bytes)),
                options.timeout, host);
  if (!meeting.ok()) {
    return absl::Status(
        meeting.status().code(),
        absl::StrCat("shm communicator ", options.name, " (rank ", rank, " of ",
                     size, "): ", meeting.status().message()));
  }
  shm::Driver::Options driver;
  driver.timeout = options.timeout;
  driver.spin = SpinFor(size);
  auto job = std::make_shared<Job>(meeting->arena->data(), meeting->arena, rank,
                                   meeting->pids, std::move(driver));
  std::vector<int> everyone(size);
  std::iota(everyone.begin(), everyone.end(), 0);
  auto stream = std::make_shared<Stream>(
      job->driver().view(),
      MakeSettings(options.name, rank, std::move(everyone), slot_bytes),
      meeting->arena->data() + control, meeting->arena);
  return CommunicatorPtr(
      std::make_shared<ShmCommunicator>(std::move(job), std::move(stream)));
}

}  // namespace fts::comm
