// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/call.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fts::comm::shm {
namespace {

// Blocks in a slot start at a cache line.
constexpr int64_t kLine = 64;
// All-reduces up to this many bytes take one exchange, larger ones two.
constexpr int64_t kDirectBytes = 32 * 1024;

int64_t DivideUp(int64_t a, int64_t b) { return (a + b - 1) / b; }

// How many elements fit into `bytes`, whole lines of them.
int64_t Fitting(int64_t bytes, int64_t element_bytes) {
  return bytes / kLine * kLine / element_bytes;
}

// Where in rank r's slot the block for rank `to` stands: r has none for itself.
int BlockIndex(int from, int to) { return to < from ? to : to - 1; }

// [begin, begin + count) of a sequence, in steps.
struct Span {
  int64_t begin;
  int64_t count;
};

Span StepOf(int64_t total, int64_t step, int64_t index) {
  const int64_t begin = index * step;
  return {begin, std::min(step, total - begin)};
}

class AllGather final : public Call {
 public:
  AllGather(const Group& group, uint8_t* full, int64_t slice_bytes)
      : group_(group), full_(full), slice_(slice_bytes) {}

  int64_t chunks() const override { return DivideUp(slice_, Step()); }

  void Publish(int64_t chunk, uint8_t* slot) override {
    const Span span = StepOf(slice_, Step(), chunk);
    std::memcpy(slot, full_ + group_.rank * slice_ + span.begin, span.count);
  }

  void Take(int64_t chunk, const Parts& parts) override {
    const Span span = StepOf(slice_, Step(), chunk);
    for (int rank = 0; rank < group_.size; ++rank) {
      if (rank == group_.rank) continue;
      std::memcpy(full_ + rank * slice_ + span.begin, parts[rank], span.count);
    }
  }

 private:
  int64_t Step() const { return static_cast<int64_t>(group_.slot_bytes); }

  const Group group_;
  uint8_t* const full_;
  const int64_t slice_;
};

// Every rank has something else for every other: a slot is cut into blocks.
class Scattering : public Call {
 protected:
  Scattering(const Group& group, const uint8_t* input, int64_t n,
             int64_t element_bytes)
      : group_(group),
        input_(input),
        n_(n),
        element_(element_bytes),
        step_(Fitting(static_cast<int64_t>(group.slot_bytes) /
                          std::max(1, group.size - 1),
                      element_bytes)) {}

 public:
  int64_t chunks() const override { return DivideUp(n_, step_); }

  void Publish(int64_t chunk, uint8_t* slot) override {
    const Span span = StepOf(n_, step_, chunk);
    for (int to = 0; to < group_.size; ++to) {
      if (to == group_.rank) continue;
      std::memcpy(slot + BlockIndex(group_.rank, to) * BlockBytes(),
                  input_ + (to * n_ + span.begin) * element_,
                  span.count * element_);
    }
  }

 protected:
  int64_t BlockBytes() const {
    return DivideUp(step_ * element_, kLine) * kLine;
  }
  // What `from` sent to this rank; our own part is where it always was.
  const uint8_t* From(int from, const Span& span, const Parts& parts) const {
    if (from == group_.rank) {
      return input_ + (from * n_ + span.begin) * element_;
    }
    return parts[from] + BlockIndex(from, group_.rank) * BlockBytes();
  }

  const Group group_;
  const uint8_t* const input_;
  const int64_t n_;
  const int64_t element_;
  const int64_t step_;
};

class ReduceScatter final : public Scattering {
 public:
  ReduceScatter(const Group& group, const uint8_t* input, uint8_t* output,
                int64_t n, int64_t element_bytes, ReduceFn reduce)
      : Scattering(group, input, n, element_bytes),
        output_(output),
        reduce_(reduce),
        sources_(group.size) {}

  void Take(int64_t chunk, const Parts& parts) override {
    const Span span = StepOf(n_, step_, chunk);
    for (int rank = 0; rank < group_.size; ++rank) {
      sources_[rank] = From(rank, span, parts);
    }
    reduce_(sources_.data(), group_.size, output_ + span.begin * element_,
            span.count);
  }

 private:
  uint8_t* const output_;
  const ReduceFn reduce_;
  std::vector<const void*> sources_;
};

class AllToAll final : public Scattering {
 public:
  AllToAll(const Group& group, const uint8_t* input, uint8_t* output,
           int64_t slice_bytes)
      : Scattering(group, input, slice_bytes, 1), output_(output) {}

  void Take(int64_t chunk, const Parts& parts) override {
    const Span span = StepOf(n_, step_, chunk);
    for (int rank = 0; rank < group_.size; ++rank) {
      std::memcpy(output_ + rank * n_ + span.begin, From(rank, span, parts),
                  span.count);
    }
  }

 private:
  uint8_t* const output_;
};

// Every rank reads every rank's data and reduces all of it.
class DirectAllReduce final : public Call {
 public:
  DirectAllReduce(const Group& group, uint8_t* data, int64_t n,
                  int64_t element_bytes, ReduceFn reduce)
      : group_(group),
        data_(data),
        n_(n),
        element_(element_bytes),
        step_(static_cast<int64_t>(group.slot_bytes) / element_bytes),
        reduce_(reduce),
        sources_(group.size) {}

  int64_t chunks() const override { return DivideUp(n_, step_); }

  void Publish(int64_t chunk, uint8_t* slot) override {
    const Span span = StepOf(n_, step_, chunk);
    std::memcpy(slot, data_ + span.begin * element_, span.count * element_);
  }

  void Take(int64_t chunk, const Parts& parts) override {
    const Span span = StepOf(n_, step_, chunk);
    uint8_t* own = data_ + span.begin * element_;
    for (int rank = 0; rank < group_.size; ++rank) {
      sources_[rank] = rank == group_.rank ? own : parts[rank];
    }
    reduce_(sources_.data(), group_.size, own, span.count);
  }

 private:
  const Group group_;
  uint8_t* const data_;
  const int64_t n_;
  const int64_t element_;
  const int64_t step_;
  const ReduceFn reduce_;
  std::vector<const void*> sources_;
};

// [Note: all-reduce by owners]
//
// The data is cut into pieces, each piece into one block per rank, its owner.
// Chunk "scatter j" takes every rank's blocks of piece j to their owners, which
// reduce them; chunk "gather j" takes the results to all. Between the two an
// owner must have taken the first, so pieces are interleaved,
//   S0 S1 G0 S2 G1 ... S(J-1) G(J-2) G(J-1)
// and the wait for a piece is spent on the next one.
class OwnersAllReduce final : public Call {
 public:
  OwnersAllReduce(const Group& group, uint8_t* data, int64_t n,
                  int64_t element_bytes, ReduceFn reduce)
      : group_(group),
        data_(data),
        n_(n),
        element_(element_bytes),
        block_(Fitting(static_cast<int64_t>(group.slot_bytes) /
                           std::max(1, group.size - 1),
                       element_bytes)),
        pieces_(DivideUp(n, block_ * group.size)),
        reduce_(reduce),
        sources_(group.size) {}

  int64_t chunks() const override { return 2 * pieces_; }

  int64_t Needs(int64_t chunk) const override {
    const Phase phase = PhaseOf(chunk);
    if (phase.scatter) return -1;
    return phase.piece == 0 ? 0 : 2 * phase.piece - 1;
  }

  void Publish(int64_t chunk, uint8_t* slot) override {
    const Phase phase = PhaseOf(chunk);
    if (!phase.scatter) {
      const Span own = BlockOf(phase.piece, group_.rank);
      std::memcpy(slot, At(own), own.count * element_);
      return;
    }
    for (int to = 0; to < group_.size; ++to) {
      if (to == group_.rank) continue;
      const Span block = BlockOf(phase.piece, to);
      std::memcpy(slot + BlockIndex(group_.rank, to) * BlockBytes(), At(block),
                  block.count * element_);
    }
  }

  void Take(int64_t chunk, const Parts& parts) override {
    const Phase phase = PhaseOf(chunk);
    if (!phase.scatter) {
      for (int rank = 0; rank < group_.size; ++rank) {
        if (rank == group_.rank) continue;
        const Span block = BlockOf(phase.piece, rank);
        std::memcpy(At(block), parts[rank], block.count * element_);
      }
      return;
    }
    const Span own = BlockOf(phase.piece, group_.rank);
    if (own.count == 0) return;
    for (int rank = 0; rank < group_.size; ++rank) {
      sources_[rank] =
          rank == group_.rank
              ? At(own)
              : parts[rank] + BlockIndex(rank, group_.rank) * BlockBytes();
    }
    reduce_(sources_.data(), group_.size, At(own), own.count);
  }

 private:
  struct Phase {
    bool scatter;
    int64_t piece;
  };

  Phase PhaseOf(int64_t chunk) const {
    if (chunk == 0) return {true, 0};
    if (chunk == 2 * pieces_ - 1) return {false, pieces_ - 1};
    return chunk % 2 == 1 ? Phase{true, (chunk + 1) / 2}
                          : Phase{false, chunk / 2 - 1};
  }

  int64_t BlockBytes() const {
    return DivideUp(block_ * element_, kLine) * kLine;
  }
  // The last piece is shared as evenly as whole lines allow.
  Span BlockOf(int64_t piece, int owner) const {
    const Span span = StepOf(n_, block_ * group_.size, piece);
    const int64_t line = std::max<int64_t>(1, kLine / element_);
    const int64_t even =
        DivideUp(DivideUp(span.count, group_.size), line) * line;
    const int64_t begin = std::min(span.count, owner * even);
    return {span.begin + begin, std::min(even, span.count - begin)};
  }
  uint8_t* At(const Span& span) const { return data_ + span.begin * element_; }

  const Group group_;
  uint8_t* const data_;
  const int64_t n_;
  const int64_t element_;
  const int64_t block_;
  const int64_t pieces_;
  const ReduceFn reduce_;
  std::vector<const void*> sources_;
};

class Broadcast final : public Call {
 public:
  Broadcast(const Group& group, uint8_t* data, int64_t bytes, int root)
      : group_(group), data_(data), bytes_(bytes), root_(root) {}

  int64_t chunks() const override { return DivideUp(bytes_, Step()); }
  int source() const override { return root_; }

  void Publish(int64_t chunk, uint8_t* slot) override {
    if (group_.rank != root_) return;
    const Span span = StepOf(bytes_, Step(), chunk);
    std::memcpy(slot, data_ + span.begin, span.count);
  }

  void Take(int64_t chunk, const Parts& parts) override {
    if (group_.rank == root_) return;
    const Span span = StepOf(bytes_, Step(), chunk);
    std::memcpy(data_ + span.begin, parts[root_], span.count);
  }

 private:
  int64_t Step() const { return static_cast<int64_t>(group_.slot_bytes); }

  const Group group_;
  uint8_t* const data_;
  const int64_t bytes_;
  const int root_;
};

class BarrierCall final : public Call {
 public:
  int64_t chunks() const override { return 1; }
  void Publish(int64_t, uint8_t*) override {}
  void Take(int64_t, const Parts&) override {}
};

void CopyText(const char* text, char* out, size_t size) {
  std::memset(out, 0, size);
  std::memcpy(out, text, std::min(std::strlen(text), size - 1));
}

}  // namespace

void Signature::Set(const char* op_name, const char* type_name,
                    int detail_value, int64_t numel_value) {
  CopyText(op_name, op, sizeof(op));
  CopyText(type_name, type, sizeof(type));
  detail = detail_value;
  numel = numel_value;
}

std::string Signature::ToString() const {
  std::string text = op;
  if (type[0] != '\0') absl::StrAppend(&text, " of ", numel, " ", type);
  if (detail != 0) absl::StrAppend(&text, ", variant ", detail);
  return absl::StrCat(text, " (call ", number, ")");
}

Call::~Call() = default;

void Call::Finish(absl::Status status) {
  status_ = std::move(status);
  keep = nullptr;
  done_.store(true, std::memory_order_release);
}

CallPtr MakeAllGather(const Group& group, uint8_t* full, int64_t slice_bytes) {
  return std::make_shared<AllGather>(group, full, slice_bytes);
}

CallPtr MakeReduceScatter(const Group& group, const uint8_t* input,
                          uint8_t* output, int64_t n, int64_t element_bytes,
                          ReduceFn reduce) {
  return std::make_shared<ReduceScatter>(group, input, output, n, element_bytes,
                                         reduce);
}

CallPtr MakeAllReduce(const Group& group, uint8_t* data, int64_t n,
                      int64_t element_bytes, ReduceFn reduce) {
  // With two ranks reading everything moves no more bytes than two exchanges.
  if (group.size == 2 || n * element_bytes <= kDirectBytes) {
    return std::make_shared<DirectAllReduce>(group, data, n, element_bytes,
                                             reduce);
  }
  return std::make_shared<OwnersAllReduce>(group, data, n, element_bytes,
                                           reduce);
}

CallPtr MakeBroadcast(const Group& group, uint8_t* data, int64_t bytes,
                      int root) {
  return std::make_shared<Broadcast>(group, data, bytes, root);
}

CallPtr MakeAllToAll(const Group& group, const uint8_t* input, uint8_t* output,
                     int64_t slice_bytes) {
  return std::make_shared<AllToAll>(group, input, output, slice_bytes);
}

CallPtr MakeBarrierCall() { return std::make_shared<BarrierCall>(); }

}  // namespace fts::comm::shm
