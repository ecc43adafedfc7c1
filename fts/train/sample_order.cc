// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/sample_order.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/codes.h"
#include "fts/train/codes.h"

namespace fts::train {
namespace {

constexpr uint64_t kGamma = 0x9E3779B97F4A7C15u;

uint64_t Mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

}  // namespace

int64_t SampleCount(int64_t tokens, int64_t seq_len) {
  return tokens <= 0 ? 0 : (tokens - 1) / seq_len;
}

std::vector<int64_t> ShufflePermutation(int64_t seed, int64_t epoch,
                                        int64_t n) {
  std::vector<int64_t> p(n);
  std::iota(p.begin(), p.end(), 0);
  uint64_t state =
      Mix(static_cast<uint64_t>(seed) + kGamma) ^ static_cast<uint64_t>(epoch);
  for (int64_t i = n - 1; i > 0; --i) {
    const uint64_t bound = static_cast<uint64_t>(i) + 1;
    const uint64_t reject_below = (0 - bound) % bound;  // 2^64 mod bound
    uint64_t x;
    do {
      state += kGamma;
      x = Mix(state);
    } while (x < reject_below);
    std::swap(p[i], p[x % bound]);
  }
  return p;
}

absl::StatusOr<SampleOrder> SampleOrder::Create(
    const SampleOrderOptions& options, Diagnostics* diags) {
  Diagnostics found;
  auto at_least_one = [&](const char* key, int64_t value) {
    if (value < 1) {
      found.Error(codes::kOutOfRange,
                  absl::StrCat(key, " is ", value, "; it must be at least 1"),
                  options.where);
    }
  };
  at_least_one("data.batch_size", options.batch_size);
  at_least_one("trainer.accumulate", options.accumulate);
  at_least_one("the data-parallel size", options.dp_size);
  if (options.steps_per_epoch.has_value()) {
    at_least_one("trainer.steps_per_epoch", *options.steps_per_epoch);
  }
  SampleOrder order;
  if (found.ok()) {
    order.options_ = options;
    const int64_t global =
        options.dp_size * options.batch_size * options.accumulate;
    order.global_batch_ = global;
    const int64_t possible = options.samples / global;
    order.steps_per_epoch_ = options.steps_per_epoch.value_or(possible);
    const std::string step_size = absl::StrCat(
        "one optimizer step takes ", global, " samples (data-parallel size ",
        options.dp_size, " * batch_size ", options.batch_size, " * accumulate ",
        options.accumulate, ")");
    if (possible < 1) {
      found.Error(codes::kEpochTooLong,
                  absl::StrCat("data.train has ", options.samples,
                               " samples, but ", step_size,
                               "; use more data or a smaller batch or seq_len"),
                  options.batch_where);
    } else if (order.steps_per_epoch_ > possible) {
      found.Error(
          codes::kEpochTooLong,
          absl::StrCat("trainer.steps_per_epoch is ", order.steps_per_epoch_,
                       ", but data.train has ", options.samples,
                       " samples and ", step_size, ", so at most ", possible,
                       " steps; lower it, or leave it out for all the data"),
          options.where);
    }
  }
  for (const Diagnostic& diagnostic : found.all()) diags->Add(diagnostic);
  if (!found.ok()) return found.status();
  return order;
}

EpochOrder SampleOrder::Epoch(int64_t epoch) const {
  EpochOrder order;
  order.options_ = options_;
  if (options_.shuffle) {
    order.permutation_ = std::make_shared<const std::vector<int64_t>>(
        ShufflePermutation(options_.seed, epoch, options_.samples));
  }
  return order;
}

std::vector<int64_t> EpochOrder::MicroBatch(int64_t step, int64_t micro,
                                            int64_t dp_rank) const {
  const int64_t k = step * options_.accumulate + micro;
  const int64_t begin = (k * options_.dp_size + dp_rank) * options_.batch_size;
  std::vector<int64_t> samples(options_.batch_size);
  for (int64_t i = 0; i < options_.batch_size; ++i) {
    const int64_t at = begin + i;
    samples[i] = permutation_ == nullptr ? at : permutation_->at(at);
  }
  return samples;
}

std::vector<int64_t> SampleRange::ToVector() const {
  std::vector<int64_t> samples(size());
  std::iota(samples.begin(), samples.end(), begin);
  return samples;
}

ValidationOrder::ValidationOrder(int64_t samples, int64_t batch_size,
                                 int64_t dp_size, std::optional<int64_t> limit)
    : samples_(samples), batch_size_(batch_size), dp_size_(dp_size) {
  const int64_t per_step = batch_size * dp_size;
  steps_ = (samples + per_step - 1) / per_step;
  if (limit.has_value()) steps_ = std::min(steps_, *limit);
}

SampleRange ValidationOrder::Batch(int64_t step, int64_t dp_rank) const {
  const int64_t begin = (step * dp_size_ + dp_rank) * batch_size_;
  SampleRange range;
  range.begin = std::min(begin, samples_);
  range.end = std::min(begin + batch_size_, samples_);
  return range;
}

}  // namespace fts::train
