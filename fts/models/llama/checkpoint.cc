// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/models/llama/checkpoint.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fts/core/base/status.h"
#include "fts/models/llama/codes.h"
#include "fts/models/llama/dtypes.h"
#include "fts/models/llama/hf_config.h"
#include "fts/models/llama/names.h"

namespace fts::llama {
namespace {

constexpr size_t kMaxListed = 10;

// How a checkpoint spells its tensors.
enum class Spelling { kHf, kNative, kNativeWithoutRoot };

Spelling SpellingOf(const safetensors::Archive& archive) {
  for (const safetensors::TensorView* view : archive.tensors()) {
    const std::string& name = view->name;
    if (absl::StrContains(name, "tok_embeddings.") ||
        absl::StrContains(name, ".attention.wq.")) {
      return absl::StartsWith(name, "model.") ? Spelling::kNative
                                              : Spelling::kNativeWithoutRoot;
    }
  }
  return Spelling::kHf;
}

std::string Spell(const std::string& native, Spelling spelling) {
  switch (spelling) {
    case Spelling::kHf:
      return ToHfName(native).value();
    case Spelling::kNative:
      return native;
    case Spelling::kNativeWithoutRoot:
      return native.substr(sizeof("model.") - 1);
  }
  return native;
}

// Tables that old exporters stored though they follow from the config.
bool IsDerived(const std::string& name) {
  return absl::EndsWith(name, "rotary_emb.inv_freq") ||
         absl::EndsWith(name, "freqs_cis");
}

std::string List(const std::vector<std::string>& names) {
  const size_t shown = std::min(names.size(), kMaxListed);
  std::string text = absl::StrCat(
      "'", absl::StrJoin(names.begin(), names.begin() + shown, "', '"), "'");
  if (names.size() > shown) {
    absl::StrAppend(&text, " and ", names.size() - shown, " more");
  }
  return text;
}

// Elements [begin, end) of a view, cast to dst's dtype. dst as in CopyRange.
void CopyElements(const safetensors::TensorView& view, at::ScalarType dtype,
                  int64_t begin, int64_t end, const at::Tensor& dst) {
  const int64_t size = safetensors::SizeOf(view.dtype);
  const uint8_t* from = view.data + begin * size;
  const int64_t count = end - begin;
  if (dst.scalar_type() == dtype) {
    std::memcpy(dst.mutable_data_ptr(), from,
                static_cast<size_t>(count * size));
    return;
  }
  if (reinterpret_cast<uintptr_t>(from) % size == 0) {
    // from_blob wants a mutable pointer; the tensor is only read.
    dst.copy_(at::from_blob(const_cast<uint8_t*>(from), {count}, dtype));
    return;
  }
  // A file whose header has an odd length: through a small aligned buffer.
  constexpr int64_t kChunk = 1 << 16;
  const at::Tensor buffer = at::empty({std::min(count, kChunk)}, dtype);
  for (int64_t at = 0; at < count; at += kChunk) {
    const int64_t n = std::min(kChunk, count - at);
    std::memcpy(buffer.mutable_data_ptr(), from + at * size,
                static_cast<size_t>(n * size));
    dst.narrow(0, at, n).copy_(buffer.narrow(0, 0, n));
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Checkpoint>> Checkpoint::Open(
    const std::string& directory, Diagnostics* diags) {
  std::shared_ptr<Checkpoint> checkpoint(new Checkpoint());
  // Both are read before either's errors end it.
  absl::StatusOr<HfConfig> config =
      ReadHfConfig(absl::StrCat(directory, "/config.json"), diags);
  absl::StatusOr<std::shared_ptr<const safetensors::Archive>> archive =
      safetensors::Archive::OpenDirectory(directory, diags);
  if (!config.ok() || !archive.ok()) return diags->status();
  checkpoint->config_ = config->config;
  checkpoint->dtype_ = config->dtype;
  checkpoint->archive_ = *std::move(archive);
  const int errors_before = diags->num_errors();
  checkpoint->Match(diags);
  if (diags->num_errors() > errors_before) return diags->status();
  if (checkpoint->dtype_.empty()) {
    checkpoint->dtype_ =
        HfDtypeName(checkpoint->entries_.at(kEmbeddingName).info.dtype);
  }
  return std::shared_ptr<const Checkpoint>(std::move(checkpoint));
}

void Checkpoint::Match(Diagnostics* diags) {
  const Spelling spelling = SpellingOf(*archive_);
  const std::string& file = archive_->path();
  std::set<std::string> used;
  std::vector<std::string> missing;
  const std::string output = Spell(kOutputName, spelling);
  const safetensors::TensorView* output_view = archive_->Find(output);

  std::vector<ParameterShape> parameters = ParameterShapes(config_);
  for (ParameterShape& parameter : parameters) {
    std::string name = Spell(parameter.name, spelling);
    const safetensors::TensorView* view = archive_->Find(name);
    if (view == nullptr && parameter.name == kEmbeddingName &&
        config_.tied_embeddings && output_view != nullptr) {
      name = output;  // the one tensor was stored under its other name
      view = output_view;
    }
    if (view == nullptr) {
      missing.push_back(name);
      continue;
    }
    used.insert(name);
    const std::optional<at::ScalarType> dtype = ToScalarType(view->dtype);
    if (!dtype.has_value()) {
      diags->Error(
          codes::kBadTensor,
          absl::StrCat(archive_->FileOf(name), ": tensor '", name,
                       "' has dtype ", safetensors::NameOf(view->dtype),
                       "; expected F32, BF16 or F16"));
      continue;
    }
    if (view->shape != parameter.shape) {
      diags->Error(
          codes::kBadTensor,
          absl::StrCat(archive_->FileOf(name), ": tensor '", name,
                       "' has shape ", safetensors::ShapeToString(view->shape),
                       "; config.json wants ",
                       safetensors::ShapeToString(parameter.shape)));
      continue;
    }
    Entry entry{{std::move(parameter.shape), *dtype}, view, 0};
    if (spelling != Spelling::kHf &&
        (absl::EndsWith(parameter.name, ".attention.wq.weight") ||
         absl::EndsWith(parameter.name, ".attention.wk.weight"))) {
      entry.interleaved_head_dim = config_.head_dim;
    }
    entries_[parameter.name] = std::move(entry);
  }

  const auto embedding = entries_.find(kEmbeddingName);
  if (config_.tied_embeddings && output_view != nullptr &&
      embedding != entries_.end()) {
    used.insert(output);
    const safetensors::TensorView& view = *embedding->second.view;
    if (view.shape != output_view->shape || view.dtype != output_view->dtype ||
        std::memcmp(view.data, output_view->data, view.size) != 0) {
      diags->Error(codes::kBadTensor,
                   absl::StrCat(archive_->FileOf(output), ": tensor '", output,
                                "' differs from '", view.name,
                                "', but config.json ties them "
                                "(tie_word_embeddings is true)"));
    }
  }
  if (!missing.empty()) {
    const bool only_output = missing.size() == 1 && missing[0] == output;
    diags->Error(codes::kMissingTensor,
                 absl::StrCat(file, ": lacks ", missing.size(), " of the ",
                              parameters.size(),
                              " tensors of the model: ", List(missing),
                              only_output ? "; if it is tied to the embedding, "
                                            "set tie_word_embeddings to true "
                                            "in config.json"
                                          : ""));
  }
  std::vector<std::string> extra;
  for (const safetensors::TensorView* view : archive_->tensors()) {
    if (used.count(view->name) == 0 && !IsDerived(view->name)) {
      extra.push_back(view->name);
    }
  }
  std::sort(extra.begin(), extra.end());
  if (!extra.empty()) {
    diags->Error(codes::kExtraTensor,
                 absl::StrCat(file, ": holds ", extra.size(),
                              extra.size() == 1 ? " tensor" : " tensors",
                              " that the model of config.json has no place "
                              "for: ",
                              List(extra)));
  }
}

const nn::ParameterSource::Info* Checkpoint::Find(
    const std::string& name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second.info;
}

absl::Status Checkpoint::CopyRange(const std::string& name, int64_t begin,
                                   int64_t end, at::Tensor dst) const {
  FTS_RETURN_IF_ERROR(CheckRange(name, begin, end, dst));
  at::NoGradGuard no_grad;
  const Entry& entry = entries_.at(name);
  const int64_t head = entry.interleaved_head_dim;
  if (head == 0) {
    CopyElements(*entry.view, entry.info.dtype, begin, end, dst);
    return absl::OkStatus();
  }
  // [Note: interleaved and rotate-half rows]
  //
  // Within a head of d rows, torchtitan rotates rows 2i and 2i+1 together, we
  // (as Hugging Face) rows i and i + d/2. Our row j·d/2 + i is its row 2i + j.
  const int64_t columns = entry.info.shape[1];
  for (int64_t at = begin; at < end;) {
    const int64_t row = at / columns, column = at % columns;
    const int64_t count = std::min(columns - column, end - at);
    const int64_t in_head = row % head;
    const int64_t half = in_head / (head / 2), i = in_head % (head / 2);
    const int64_t from = (row - in_head + 2 * i + half) * columns + column;
    CopyElements(*entry.view, entry.info.dtype, from, from + count,
                 dst.narrow(0, at - begin, count));
    at += count;
  }
  return absl::OkStatus();
}

}  // namespace fts::llama
