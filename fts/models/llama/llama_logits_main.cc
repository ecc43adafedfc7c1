// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// llama_logits CHECKPOINT TOKENS OUT [EXPORT_DIR [DTYPE]]
//
// Loads a checkpoint directory, runs it on the int64 tensor "tokens" of the
// safetensors file TOKENS, and writes fp32 "logits" to OUT. With EXPORT_DIR the
// model is also exported there. Exit 2 and the errors on stderr for bad input.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include <cstdio>
#include <cstring>
#include <string>

#include "fts/core/base/diagnostics.h"
#include "fts/core/nn/parameter_source.h"
#include "fts/core/safetensors/reader.h"
#include "fts/core/safetensors/writer.h"
#include "fts/models/llama/checkpoint.h"
#include "fts/models/llama/export.h"
#include "fts/models/llama/model.h"

namespace fts::llama {
namespace {

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  return 2;
}

at::ScalarType DtypeOf(const std::string& name) {
  if (name == "bfloat16") return at::kBFloat16;
  return name == "float16" ? at::kHalf : at::kFloat;
}

int Main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr,
                 "usage: llama_logits CHECKPOINT TOKENS OUT [EXPORT_DIR "
                 "[DTYPE]]\n");
    return 2;
  }
  at::NoGradGuard no_grad;
  Diagnostics diags;
  const auto checkpoint = Checkpoint::Open(argv[1], &diags);
  const auto file = safetensors::Reader::Open(argv[2], &diags);
  if (!diags.ok()) return Fail(diags.status());
  const safetensors::TensorView* view = (*file)->Find("tokens");
  if (view == nullptr || view->dtype != safetensors::DType::kI64) {
    return Fail(absl::InvalidArgumentError("no int64 tensor 'tokens'"));
  }
  const at::Tensor tokens = at::empty(view->shape, at::kLong);
  std::memcpy(tokens.mutable_data_ptr(), view->data, view->size);

  Llama model((*checkpoint)->config(), at::kFloat);
  const absl::Status loaded = nn::LoadParameters(model, **checkpoint);
  if (!loaded.ok()) return Fail(loaded);
  const at::Tensor logits = model(tokens).contiguous();
  auto out = safetensors::Writer::Create(
      argv[3], {{"logits", safetensors::DType::kF32, logits.sizes().vec()}});
  if (!out.ok()) return Fail(out.status());
  absl::Status written =
      (*out)->Append("logits", logits.const_data_ptr(), logits.nbytes());
  if (written.ok()) written = (*out)->Commit();
  if (!written.ok()) return Fail(written);
  if (argc < 5) return 0;
  const absl::Status exported =
      ExportHf(model, (*checkpoint)->config(), argv[4],
               argc > 5 ? DtypeOf(argv[5]) : at::kFloat);
  return exported.ok() ? 0 : Fail(exported);
}

}  // namespace
}  // namespace fts::llama

int main(int argc, char** argv) { return fts::llama::Main(argc, argv); }
