// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/models/llama/hf_config.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "fts/core/base/codes.h"
#include "fts/core/base/status.h"
#include "fts/core/config/read_file.h"
#include "fts/models/llama/codes.h"
#include "fts/models/llama/yaml_fields.h"

namespace fts::llama {
namespace {

constexpr char kOwner[] = "config.json";

// The value of "\\uXXXX" at `at`, or -1.
int Escape(const std::string& text, size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u')
    return -1;
  int value = 0;
  for (size_t i = at + 2; i < at + 6; ++i) {
    const char c = text[i];
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) return -1;
    value = value * 16 + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return value;
}

// JSON writes characters beyond U+FFFF as two escapes, which YAML does not
// know: puts the character itself in their place.
std::string JoinSurrogates(const std::string& text) {
  std::string joined;
  for (size_t i = 0; i < text.size();) {
    const int high = Escape(text, i), low = Escape(text, i + 6);
    if (high >= 0xd800 && high < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
      const int c = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
      for (const int byte : {0xf0 | c >> 18, 0x80 | (c >> 12 & 0x3f),
                             0x80 | (c >> 6 & 0x3f), 0x80 | (c & 0x3f)}) {
        joined.push_back(static_cast<char>(byte));
      }
      i += 12;
      continue;
    }
    // The character after a backslash starts no escape of its own.
    const size_t count = text[i] == '\\' && i + 1 < text.size() ? 2 : 1;
    joined.append(text, i, count);
    i += count;
  }
  return joined;
}

// Reports the key unless its value is one of the harmless ones.
class Refuser {
 public:
  Refuser(const YamlNode& root, Diagnostics* diags)
      : root_(root), diags_(diags) {}

  void Refuse(const YamlNode& value, const std::string& key,
              const std::string& wanted) {
    diags_->Error(
        codes::kUnsupportedModel,
        absl::StrCat("config.json: '", key, "' is ", value.Show(),
                     ", which is not implemented; supported is ", wanted),
        value.where());
  }

  void UnlessFalse(const std::string& key) {
    const YamlNode* value = Present(key);
    if (value == nullptr || (value->is_bool() && !value->as_bool())) return;
    Refuse(*value, key, "false");
  }
  void UnlessNumber(const std::string& key, double wanted) {
    const YamlNode* value = Present(key);
    if (value == nullptr || value->ToNumber() == wanted) return;
    Refuse(*value, key, absl::StrCat(wanted));
  }
  void UnlessText(const std::string& key,
                  const std::vector<std::string>& allowed) {
    const YamlNode* value = Present(key);
    if (value == nullptr) return;
    for (const std::string& text : allowed) {
      if (value->is_string() && value->text() == text) return;
    }
    Refuse(*value, key, absl::StrCat("'", allowed[0], "'"));
  }
  void UnlessNull(const std::string& key) {
    const YamlNode* value = Present(key);
    if (value != nullptr) Refuse(*value, key, "null");
  }

 private:
  const YamlNode* Present(const std::string& key) const {
    const YamlNode* value = root_.Find(key);
    return value == nullptr || value->is_null() ? nullptr : value;
  }

  const YamlNode& root_;
  Diagnostics* diags_;
};

// Everything a Llama-like config may hold that would change the result.
void RefuseOtherMathematics(const YamlNode& root, Diagnostics* diags) {
  Refuser refuser(root, diags);
  refuser.UnlessText("model_type", {"llama"});
  if (const YamlNode* list = root.Find("architectures");
      list != nullptr && !list->is_null()) {
    const bool ok = list->items().size() == 1 &&
                    list->items()[0].text() == "LlamaForCausalLM";
    if (!ok) refuser.Refuse(*list, "architectures", "['LlamaForCausalLM']");
  }
  refuser.UnlessText("hidden_act", {"silu", "swish"});
  for (const char* key :
       {"attention_bias", "mlp_bias", "qkv_bias", "use_qk_norm", "qk_norm",
        "add_cross_attention", "is_encoder_decoder"}) {
    refuser.UnlessFalse(key);
  }
  for (const char* key : {"attention_dropout", "hidden_dropout", "resid_pdrop",
                          "embd_pdrop", "attn_pdrop"}) {
    refuser.UnlessNumber(key, 0);
  }
  for (const char* key :
       {"pretraining_tp", "partial_rotary_factor", "attention_multiplier",
        "residual_multiplier", "embedding_multiplier", "logits_scaling",
        "logit_scale"}) {
    refuser.UnlessNumber(key, 1);
  }
  for (const char* key :
       {"quantization_config", "sliding_window", "attn_logit_softcapping",
        "final_logit_softcapping", "clip_qkv", "num_local_experts",
        "num_experts", "no_rope_layers", "attention_chunk_size"}) {
    refuser.UnlessNull(key);
  }
  if (const YamlNode* layers = root.Find("layer_types");
      layers != nullptr && !layers->is_null()) {
    bool ok = layers->is_sequence();
    for (const YamlNode& item : layers->items()) {
      ok = ok && item.is_string() && item.text() == "full_attention";
    }
    if (!ok) refuser.Refuse(*layers, "layer_types", "'full_attention' only");
  }
}

// What one of the two spellings says about rotary embedding.
struct Rope {
  std::optional<double> theta;
  std::optional<RopeScaling> scaling;
  YamlNode node;
};

std::optional<Rope> ReadRope(const std::string& key, const YamlNode& node,
                             int64_t max_seq_len, Diagnostics* diags) {
  const std::string owner = absl::StrCat(kOwner, ": ", key);
  Rope rope;
  rope.node = node;
  if (!node.is_mapping()) {
    diags->Error(codes::kBadType,
                 absl::StrCat(owner, " is ", DescribeYaml(node),
                              "; expected a mapping or null"),
                 node.where());
    return std::nullopt;
  }
  const int errors_before = diags->num_errors();
  Fields fields(owner, node, diags);
  std::string type = "default";
  // "type" is the spelling of transformers before 4.43.
  if (!fields.String("rope_type", Fields::kOptional, &type)) {
    fields.String("type", Fields::kOptional, &type);
  }
  double theta = 0;
  if (fields.Number("rope_theta", Fields::kOptional, &theta)) {
    rope.theta = theta;
  }
  Refuser refuser(node, diags);
  refuser.UnlessNumber("partial_rotary_factor", 1);
  if (type == "llama3") {
    RopeScaling scaling;
    scaling.original_max_seq_len = max_seq_len;
    fields.Number("factor", Fields::kRequired, &scaling.factor);
    fields.Number("low_freq_factor", Fields::kRequired,
                  &scaling.low_freq_factor);
    fields.Number("high_freq_factor", Fields::kRequired,
                  &scaling.high_freq_factor);
    fields.Int("original_max_position_embeddings", Fields::kOptional,
               &scaling.original_max_seq_len);
    if (diags->num_errors() == errors_before &&
        !(scaling.factor > 0 && scaling.low_freq_factor > 0 &&
          scaling.high_freq_factor > scaling.low_freq_factor &&
          std::isfinite(scaling.factor) &&
          std::isfinite(scaling.high_freq_factor) &&
          scaling.original_max_seq_len > 0)) {
      diags->Error(codes::kOutOfRange,
                   absl::StrCat(owner,
                                " needs factor > 0, 0 < low_freq_factor < "
                                "high_freq_factor and a positive "
                                "original_max_position_embeddings"),
                   node.where());
    }
    rope.scaling = scaling;
  } else if (type != "default") {
    const YamlNode* value = node.Find("rope_type");
    if (value == nullptr) value = node.Find("type");
    refuser.Refuse(*value, absl::StrCat(key, ".rope_type"),
                   "'default' or 'llama3'");
  }
  if (diags->num_errors() > errors_before) return std::nullopt;
  return rope;
}

bool SameScaling(const std::optional<RopeScaling>& a,
                 const std::optional<RopeScaling>& b) {
  if (a.has_value() != b.has_value()) return false;
  return !a.has_value() ||
         (a->factor == b->factor && a->low_freq_factor == b->low_freq_factor &&
          a->high_freq_factor == b->high_freq_factor &&
          a->original_max_seq_len == b->original_max_seq_len);
}

// rope_theta and rope_scaling (transformers 4) or rope_parameters (5).
void ReadRopes(Fields* fields, LlamaConfig* config, Diagnostics* diags) {
  auto disagree = [&](const std::string& a, const std::string& b,
                      const YamlNode& node) {
    diags->Error(codes::kBadValue,
                 absl::StrCat("config.json: '", a, "' and '", b,
                              "' say different things; keep one"),
                 node.where());
  };
  double flat = 0;
  const bool has_flat = fields->Number("rope_theta", Fields::kOptional, &flat);
  std::optional<Rope> v4, v5;
  if (const YamlNode* node = fields->Find("rope_scaling")) {
    v4 = ReadRope("rope_scaling", *node, config->max_seq_len, diags);
    if (!v4.has_value()) return;
  }
  if (const YamlNode* node = fields->Find("rope_parameters")) {
    v5 = ReadRope("rope_parameters", *node, config->max_seq_len, diags);
    if (!v5.has_value()) return;
  }
  if (v4.has_value() && v5.has_value() &&
      !SameScaling(v4->scaling, v5->scaling)) {
    disagree("rope_scaling", "rope_parameters", v5->node);
  }
  std::optional<double> theta;
  if (has_flat) theta = flat;
  for (const auto& [rope, key] : {std::make_pair(&v4, "rope_scaling"),
                                  std::make_pair(&v5, "rope_parameters")}) {
    if (!rope->has_value()) continue;
    if ((*rope)->scaling.has_value()) config->rope_scaling = (*rope)->scaling;
    if (!(*rope)->theta.has_value()) continue;
    if (theta.has_value() && theta != (*rope)->theta) {
      disagree("rope_theta", absl::StrCat(key, ".rope_theta"), (*rope)->node);
    }
    theta = (*rope)->theta;
  }
  if (theta.has_value()) config->rope_theta = *theta;
  int64_t original = 0;
  if (config->rope_scaling.has_value() &&
      fields->Int("original_max_position_embeddings", Fields::kOptional,
                  &original) &&
      original != config->rope_scaling->original_max_seq_len) {
    disagree("original_max_position_embeddings",
             "rope_scaling.original_max_position_embeddings",
             *fields->Find("original_max_position_embeddings"));
  }
}

void ReadDtype(Fields* fields, std::string* dtype, Diagnostics* diags) {
  std::string v4;
  const bool has_v5 = fields->String("dtype", Fields::kOptional, dtype);
  const bool has_v4 = fields->String("torch_dtype", Fields::kOptional, &v4);
  if (has_v4 && has_v5 && v4 != *dtype) {
    diags->Error(codes::kBadValue,
                 "config.json: 'torch_dtype' and 'dtype' say different things; "
                 "keep one",
                 fields->Find("dtype")->where());
    return;
  }
  if (has_v4) *dtype = v4;
  if (dtype->empty() || *dtype == "float32" || *dtype == "bfloat16" ||
      *dtype == "float16") {
    return;
  }
  diags->Error(
      codes::kBadValue,
      absl::StrCat("config.json: '", has_v5 ? "dtype" : "torch_dtype", "' is '",
                   *dtype, "'; expected float32, bfloat16 or float16"),
      fields->Find(has_v5 ? "dtype" : "torch_dtype")->where());
}

void ReadTokenIds(Fields* fields, LlamaConfig* config) {
  int64_t id = 0;
  if (fields->Int("bos_token_id", Fields::kOptional, &id)) {
    config->bos_token_id = id;
  }
  if (fields->Int("pad_token_id", Fields::kOptional, &id)) {
    config->pad_token_id = id;
  }
  const YamlNode* eos = fields->Find("eos_token_id");
  if (eos == nullptr) return;
  if (!eos->is_sequence()) {
    if (fields->Int("eos_token_id", Fields::kOptional, &id)) {
      config->eos_token_ids = {id};
    }
    return;
  }
  for (const YamlNode& item : eos->items()) {
    if (item.is_int()) config->eos_token_ids.push_back(item.as_int());
  }
}

}  // namespace

absl::StatusOr<HfConfig> HfConfigFromJson(const YamlNode& root,
                                          Diagnostics* diags) {
  const int errors_before = diags->num_errors();
  if (!root.is_mapping()) {
    diags->Error(codes::kBadType,
                 absl::StrCat("config.json is ", DescribeYaml(root),
                              "; expected a JSON object"),
                 root.where());
    return diags->status();
  }
  RefuseOtherMathematics(root, diags);
  HfConfig result;
  LlamaConfig& config = result.config;
  Fields fields(kOwner, root, diags);
  fields.Int("vocab_size", Fields::kRequired, &config.vocab_size);
  fields.Int("hidden_size", Fields::kRequired, &config.dim);
  fields.Int("intermediate_size", Fields::kRequired, &config.hidden_dim);
  fields.Int("num_hidden_layers", Fields::kRequired, &config.n_layers);
  fields.Int("num_attention_heads", Fields::kRequired, &config.n_heads);
  // What is left out has transformers' defaults.
  config.n_kv_heads = config.n_heads;
  fields.Int("num_key_value_heads", Fields::kOptional, &config.n_kv_heads);
  config.norm_eps = 1e-6;
  fields.Number("rms_norm_eps", Fields::kOptional, &config.norm_eps);
  fields.Int("max_position_embeddings", Fields::kOptional, &config.max_seq_len);
  fields.Bool("tie_word_embeddings", Fields::kOptional,
              &config.tied_embeddings);
  const bool has_head_dim =
      fields.Int("head_dim", Fields::kOptional, &config.head_dim);
  ReadRopes(&fields, &config, diags);
  ReadDtype(&fields, &result.dtype, diags);
  ReadTokenIds(&fields, &config);
  if (diags->num_errors() > errors_before) return diags->status();

  if (!has_head_dim && config.n_heads > 0) {
    config.head_dim = config.dim / config.n_heads;
    if (config.dim % config.n_heads != 0) {
      diags->Error(codes::kOutOfRange,
                   absl::StrCat("config.json: num_attention_heads ",
                                config.n_heads, " does not divide hidden_size ",
                                config.dim, " and there is no head_dim"),
                   fields.Find("num_attention_heads")->where());
      return diags->status();
    }
  }
  ConfigKeys keys;
  keys.dim = "hidden_size";
  keys.n_layers = "num_hidden_layers";
  keys.n_heads = "num_attention_heads";
  keys.n_kv_heads = "num_key_value_heads";
  keys.hidden_dim = "intermediate_size";
  keys.max_seq_len = "max_position_embeddings";
  keys.norm_eps = "rms_norm_eps";
  CheckConfig(config, keys, root, diags);
  if (diags->num_errors() > errors_before) return diags->status();
  return result;
}

absl::StatusOr<HfConfig> ParseHfConfig(const std::string& text,
                                       const std::string& name,
                                       Diagnostics* diags) {
  FTS_ASSIGN_OR_RETURN(const YamlNode root,
                       ParseYaml(JoinSurrogates(text), name, diags));
  return HfConfigFromJson(root, diags);
}

absl::StatusOr<HfConfig> ReadHfConfig(const std::string& path,
                                      Diagnostics* diags) {
  std::string text;
  if (!ReadTextFile(path, YamlLimits().max_bytes, &text, diags)) {
    return diags->status();
  }
  return ParseHfConfig(text, path, diags);
}

std::string HfConfigToJson(const LlamaConfig& config,
                           const std::string& dtype) {
  using Json = nlohmann::json;  // sorts its keys
  auto id = [](const std::optional<int64_t>& value) {
    return value.has_value() ? Json(*value) : Json(nullptr);
  };
  Json json = {
      {"architectures", {"LlamaForCausalLM"}},
      {"attention_bias", false},
      {"attention_dropout", 0.0},
      {"bos_token_id", id(config.bos_token_id)},
      {"dtype", dtype},
      {"head_dim", config.head_dim},
      {"hidden_act", "silu"},
      {"hidden_size", config.dim},
      {"initializer_range", 0.02},
      {"intermediate_size", config.hidden_dim},
      {"max_position_embeddings", config.max_seq_len},
      {"mlp_bias", false},
      {"model_type", "llama"},
      {"num_attention_heads", config.n_heads},
      {"num_hidden_layers", config.n_layers},
      {"num_key_value_heads", config.n_kv_heads},
      {"pad_token_id", id(config.pad_token_id)},
      {"pretraining_tp", 1},
      {"rms_norm_eps", config.norm_eps},
      {"rope_theta", config.rope_theta},
      {"tie_word_embeddings", config.tied_embeddings},
      {"torch_dtype", dtype},
      {"use_cache", true},
      {"vocab_size", config.vocab_size},
  };
  if (config.eos_token_ids.size() > 1) {
    json["eos_token_id"] = config.eos_token_ids;
  } else {
    json["eos_token_id"] = config.eos_token_ids.empty()
                               ? Json(nullptr)
                               : Json(config.eos_token_ids[0]);
  }
  // transformers 4 reads rope_theta and rope_scaling; 5 reads either form and
  // prefers rope_scaling. All say the same.
  Json rope = {{"rope_type", "default"}};
  if (config.rope_scaling.has_value()) {
    rope = {{"rope_type", "llama3"},
            {"factor", config.rope_scaling->factor},
            {"low_freq_factor", config.rope_scaling->low_freq_factor},
            {"high_freq_factor", config.rope_scaling->high_freq_factor},
            {"original_max_position_embeddings",
             config.rope_scaling->original_max_seq_len}};
  }
  json["rope_scaling"] = config.rope_scaling.has_value() ? rope : Json(nullptr);
  rope["rope_theta"] = config.rope_theta;
  json["rope_parameters"] = rope;
  return json.dump(2) + "\n";
}

}  // namespace fts::llama
