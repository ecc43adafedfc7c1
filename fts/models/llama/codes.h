// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Diagnostic codes of the Llama model, listed in docs/diagnostics.md.
#ifndef FTS_MODELS_LLAMA_CODES_H_
#define FTS_MODELS_LLAMA_CODES_H_

namespace fts::codes {

// A config.json asks for mathematics that this model does not implement.
inline constexpr char kUnsupportedModel[] = "unsupported_model";
// A checkpoint lacks a tensor of the model.
inline constexpr char kMissingTensor[] = "missing_tensor";
// A checkpoint holds a tensor that the model has no place for.
inline constexpr char kExtraTensor[] = "extra_tensor";
// A tensor of a checkpoint has another shape, dtype or content than it must.
inline constexpr char kBadTensor[] = "bad_tensor";

}  // namespace fts::codes

#endif  // FTS_MODELS_LLAMA_CODES_H_
