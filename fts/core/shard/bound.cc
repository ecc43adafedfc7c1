// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/shard/bound.h"

#include <ATen/ops/from_blob.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/core/comm/arena_service.h"

namespace fts::shard {
namespace {

using comm::SharedArena;

constexpr char kName[] = "weights";
constexpr int64_t kLine = 64;
constexpr int64_t kElement = 4;  // float32

int64_t RoundUp(int64_t value, int64_t unit) {
  return (value + unit - 1) / unit * unit;
}

// What stands in one exchange.
enum class Kind : uint32_t { kMeet = 1, kNorm, kEnd, kFence };

struct Words {
  Kind kind = Kind::kMeet;
  uint32_t unused = 0;
  int64_t step = 0;
  double order_hash = 0;
  double loss = 0;
  double seconds = 0;
};
static_assert(sizeof(Words) <= SharedArena::kPayloadBytes, "one exchange");

SharedArena::Payload Pack(const Words& words) {
  SharedArena::Payload payload{};
  std::memcpy(payload.data(), &words, sizeof(words));
  return payload;
}

Words Unpack(const SharedArena::Payload& payload) {
  Words words;
  std::memcpy(&words, payload.data(), sizeof(words));
  return words;
}

const char* KindName(Kind kind) {
  switch (kind) {
    case Kind::kMeet:
      return "the end of a backward pass";
    case Kind::kNorm:
      return "a gradient norm";
    case Kind::kEnd:
      return "the end of an update";
    case Kind::kFence:
      return "a load or restore";
  }
  return "something unknown";
}

// Ranks see the same headers, so all of them find the same.
absl::Status Compare(const std::vector<Words>& all) {
  for (size_t rank = 1; rank < all.size(); ++rank) {
    const Words& a = all[0];
    const Words& b = all[rank];
    if (a.kind != b.kind || a.step != b.step) {
      return absl::InternalError(absl::StrCat(
          "ranks have come apart: rank 0 is at ", KindName(a.kind), " of step ",
          a.step, ", rank ", rank, " at ", KindName(b.kind), " of step ",
          b.step, "; every rank must make the same calls in the same order"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Words>> CompareAll(
    const std::vector<SharedArena::Payload>& payloads) {
  std::vector<Words> all;
  for (const SharedArena::Payload& payload : payloads) {
    all.push_back(Unpack(payload));
  }
  FTS_RETURN_IF_ERROR(Compare(all));
  return all;
}

}  // namespace

void SumInRankOrder(const std::vector<at::Tensor>& parts,
                    const at::Tensor& out) {
  constexpr int64_t kBlock = 1024;
  float sums[kBlock];
  const int64_t n = out.numel();
  float* const to = out.data_ptr<float>();
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t size = std::min(kBlock, n - begin);
    std::memcpy(sums, parts[0].const_data_ptr<float>() + begin,
                size * sizeof(float));
    for (size_t rank = 1; rank < parts.size(); ++rank) {
      const float* const next = parts[rank].const_data_ptr<float>() + begin;
      for (int64_t i = 0; i < size; ++i) sums[i] += next[i];
    }
    std::memcpy(to + begin, sums, size * sizeof(float));
  }
}

// A line for each rank: how many updates it has begun.
struct Bound::Word {
  alignas(kLine) std::atomic<uint32_t> begun;
};

Bound::Bound(std::shared_ptr<SharedArena> arena, Layout layout, int rank,
             int size, LeaveOut leave_out)
    : arena_(std::move(arena)),
      layout_(std::move(layout)),
      rank_(rank),
      size_(size),
      leave_out_(leave_out) {}

absl::StatusOr<std::shared_ptr<Bound>> Bound::Create(
    comm::Communicator& communicator, const Layout& layout,
    LeaveOut leave_out) {
  comm::ArenaService* const service = comm::FindArenaService(communicator);
  if (service == nullptr) return std::shared_ptr<Bound>();
  const int size = communicator.size();
  const int64_t page = sysconf(_SC_PAGESIZE);
  // Places first, then the memory they add up to.
  std::vector<int64_t> weights, gradients;
  const int64_t used = size * static_cast<int64_t>(sizeof(Word));
  int64_t end = used + size * RoundUp(layout.parameters, kLine);
  int64_t all_weights = 0;
  for (const int64_t numel : layout.numel) {
    end = RoundUp(end, kLine);
    weights.push_back(end);
    end += numel * kElement;
    all_weights += numel * kElement;
  }
  const int64_t taken = end = RoundUp(end, page);
  int64_t of_one_rank = 0, trains = 0;
  for (size_t i = 0; i < layout.numel.size(); ++i) {
    gradients.push_back(end + of_one_rank);
    if (!layout.trains[i]) continue;
    // Pages of its own, so that all of it can be given back.
    of_one_rank += RoundUp(layout.numel[i] * kElement, page);
    trains += layout.numel[i] * kElement;
  }
  comm::ArenaNeed need;
  need.bytes = end + size * of_one_rank;
  need.taken = taken;
  // Two moments each, in whatever form; a third of the rest for activations.
  need.room = need.bytes + 2 * trains;
  need.room += need.room / 3;
  absl::StatusOr<std::shared_ptr<SharedArena>> arena =
      service->MakeArena(kName, need);
  if (absl::IsResourceExhausted(arena.status())) {
    return std::shared_ptr<Bound>();
  }
  FTS_RETURN_IF_ERROR(arena.status());
  std::shared_ptr<Bound> bound(new Bound(*std::move(arena), layout,
                                         communicator.rank(), size, leave_out));
  bound->words_ = reinterpret_cast<Word*>(bound->arena_->data());
  bound->used_ = used;
  bound->weights_ = std::move(weights);
  bound->gradients_ = std::move(gradients);
  bound->gradient_bytes_ = of_one_rank;
  return bound;
}

at::Tensor Bound::TensorAt(int64_t offset, int64_t numel) const {
  // The mapping stays as long as any tensor on it does.
  return at::from_blob(
      arena_->data() + offset, {numel}, [arena = arena_](void*) {},
      at::TensorOptions().dtype(at::kFloat));
}

int64_t Bound::GradientOffset(size_t index, int rank) const {
  return gradients_[index] + rank * gradient_bytes_;
}

BoundPlace Bound::Place(size_t index) const {
  BoundPlace place;
  const int64_t numel = layout_.numel[index];
  place.weights = TensorAt(weights_[index], numel);
  if (!layout_.trains[index]) return place;
  for (int rank = 0; rank < size_; ++rank) {
    place.gradients.push_back(TensorAt(GradientOffset(index, rank), numel));
  }
  return place;
}

absl::Status Bound::GiveBackGradient(size_t index) {
  const int64_t page = sysconf(_SC_PAGESIZE);
  return arena_->GiveBack(GradientOffset(index, rank_),
                          RoundUp(layout_.numel[index] * kElement, page));
}

uint8_t* Bound::UsedOf(int rank) const {
  return arena_->data() + used_ + rank * RoundUp(layout_.parameters, kLine);
}

absl::Status Bound::Exchange(const char* what, const SharedArena::Payload& mine,
                             std::vector<SharedArena::Payload>* all) {
  ++barriers_;
  return arena_->Exchange(what, mine, all);
}

absl::StatusOr<Bound::Met> Bound::Meet(const Header& mine,
                                       const std::vector<bool>& used) {
  // Peers have read what stood there before: they have passed B2 since.
  uint8_t* const own = UsedOf(rank_);
  for (int64_t i = 0; i < layout_.parameters; ++i) own[i] = used[i] ? 1 : 0;
  Words words;
  words.step = mine.step;
  words.order_hash = mine.order_hash;
  words.loss = mine.loss;
  words.seconds = mine.seconds;
  std::vector<SharedArena::Payload> payloads;
  if (leave_out_ == LeaveOut::kMeet) {
    payloads.assign(size_, Pack(words));
  } else {
    FTS_RETURN_IF_ERROR(Exchange("gradients", Pack(words), &payloads));
  }
  FTS_ASSIGN_OR_RETURN(const std::vector<Words> all, CompareAll(payloads));
  Met met;
  for (const Words& of_rank : all) {
    met.same_order &= of_rank.order_hash == all[0].order_hash;
  }
  if (!met.same_order) return met;
  for (const Words& of_rank : all) met.loss += of_rank.loss;
  met.seconds = all[0].seconds;
  // Nothing will be updated: peers may be in the next step already.
  if (!std::isfinite(met.loss)) return met;
  met.used.resize(layout_.parameters);
  for (int rank = 0; rank < size_; ++rank) {
    const uint8_t* const theirs = UsedOf(rank);
    for (int64_t i = 0; i < layout_.parameters; ++i) {
      if (theirs[i] != 0) met.used[i] = true;
    }
  }
  return met;
}

absl::StatusOr<double> Bound::SumOf(bool at_end, double mine) {
  Words words;
  words.kind = at_end ? Kind::kEnd : Kind::kNorm;
  words.loss = mine;
  std::vector<SharedArena::Payload> payloads;
  FTS_RETURN_IF_ERROR(
      Exchange(at_end ? "update" : "norm", Pack(words), &payloads));
  FTS_ASSIGN_OR_RETURN(const std::vector<Words> all, CompareAll(payloads));
  double sum = 0;
  for (const Words& of_rank : all) sum += of_rank.loss;
  return sum;
}

absl::StatusOr<double> Bound::ShareNorm(double squared) {
  return SumOf(/*at_end=*/false, squared);
}

void Bound::BeginUpdate() { words_[rank_].begun.store(++begun_); }

absl::StatusOr<double> Bound::EndUpdate(double squared) {
  if (leave_out_ == LeaveOut::kEndUpdate) return squared;
  absl::StatusOr<double> sum = SumOf(/*at_end=*/true, squared);
  if (sum.ok()) ended_ = begun_;
  return sum;
}

absl::Status Bound::Fence() {
  Words words;
  words.kind = Kind::kFence;
  std::vector<SharedArena::Payload> payloads;
  FTS_RETURN_IF_ERROR(Exchange("fence", Pack(words), &payloads));
  return CompareAll(payloads).status();
}

bool Bound::intact() const {
  for (int rank = 0; rank < size_; ++rank) {
    if (words_[rank].begun.load() > ended_) return false;
  }
  return true;
}

}  // namespace fts::shard
