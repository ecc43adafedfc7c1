// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/tp/styles.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/ops/linear.h>
#include <c10/core/GradMode.h>

#include <mutex>
#include <unordered_map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fts/core/tp/convert.h"
#include "fts/core/tp/vocabulary.h"

namespace fts::tp {
namespace {

using nn::Module;
using nn::Tensors;

// See [Note: one gather for several readers]: the prepared tensors of the calls
// under way on this thread, innermost last, each with what colwise readers take
// instead.
struct Prepared {
  Readable readable;
  int64_t version;  // of `handed`, when it was handed out
};
thread_local std::vector<Prepared> prepared;

class PreparedScope {
 public:
  PreparedScope() : depth_(prepared.size()) {}
  ~PreparedScope() { prepared.resize(depth_); }

 private:
  size_t depth_;
};

// Changed in place since it was handed out, x is no longer what was prepared.
const at::Tensor* SharedOf(const at::Tensor& x) {
  for (auto it = prepared.rbegin(); it != prepared.rend(); ++it) {
    if (it->readable.handed.is_same(x) && x._version() == it->version) {
      return &it->readable.shared;
    }
  }
  return nullptr;
}

// See [Note: random numbers]. A CPU's generator is one stream, so a number of
// it seeds the rank's; a device's has a seed and an offset, and only the seed
// changes.
class OwnRandomStream {
 public:
  OwnRandomStream(const at::Device& device, int rank)
      : generator_(at::globalContext().defaultGenerator(device)),
        on_cpu_(device.is_cpu()) {
    // An odd multiplier keeps the streams of different ranks apart.
    const uint64_t apart = 0x9E3779B97F4A7C15ull * (rank + 1);
    const std::lock_guard<std::mutex> lock(generator_.mutex());
    if (on_cpu_) {
      const uint64_t drawn = generator_.get<at::CPUGeneratorImpl>()->random64();
      common_ = generator_.get_state();
      generator_.set_current_seed(drawn + apart);
    } else {
      seed_ = generator_.current_seed();
      const uint64_t offset = generator_.get_offset();
      generator_.set_current_seed(seed_ + apart);
      generator_.set_offset(offset);
    }
  }
  ~OwnRandomStream() {
    const std::lock_guard<std::mutex> lock(generator_.mutex());
    if (on_cpu_) {
      generator_.set_state(common_);
    } else {
      const uint64_t offset = generator_.get_offset();
      generator_.set_current_seed(seed_);
      generator_.set_offset(offset);
    }
  }
  OwnRandomStream(const OwnRandomStream&) = delete;
  OwnRandomStream& operator=(const OwnRandomStream&) = delete;

 private:
  at::Generator generator_;
  bool on_cpu_;
  at::Tensor common_;
  uint64_t seed_ = 0;
};

at::Tensor Own(const Module& module, const std::string& name) {
  for (const auto& [own, tensor] : module.OwnParameters()) {
    if (own == name) return tensor;
  }
  return {};
}

class Style : public nn::Interceptor {
 public:
  Style(TpRule rule, const Module& module, GroupPtr group)
      : rule_(std::move(rule)),
        group_(std::move(group)),
        weight_(Own(module, "weight")),
        bias_(Own(module, "bias")) {}

  Tensors Intercept(Module& /*module*/, Tensors inputs,
                    const Next& next) override {
    if (group_ == nullptr) return next(std::move(inputs));
    called_ = called_ || c10::GradMode::is_enabled();
    const PreparedScope scope;
    TakeInputs(&inputs);
    Tensors outputs = Run(std::move(inputs), next);
    HandOn(&outputs);
    return outputs;
  }

  void Detach() { group_ = nullptr; }

  bool has_weight() const { return weight_.defined(); }
  const std::string& module() const { return rule_.module; }
  bool TakeCalled() { return std::exchange(called_, false); }

 private:
  ConvertOptions Options() const {
    ConvertOptions options;
    options.label = rule_.module;
    return options;
  }

  at::Tensor To(const at::Tensor& x, const Layout& from, const Layout& to,
                bool consume = false) const {
    ConvertOptions options = Options();
    options.consume = consume;
    // Features and vocabulary may be shared unevenly, a sequence may not.
    const auto splits_features = [&](const Placement& placement) {
      return placement.is_shard() &&
             (placement.dim() == -1 || placement.dim() == x.dim() - 1);
    };
    if (rule_.whole % group_->size() != 0 &&
        (splits_features(from.value) || splits_features(to.value))) {
      options.whole = rule_.whole;
    }
    return Convert(x, from, to, group_, options);
  }

  void TakeInputs(Tensors* inputs) const {
    for (size_t i = 0; i < inputs->size() && i < rule_.input.size(); ++i) {
      if (i >= rule_.compute.size()) break;
      at::Tensor& x = (*inputs)[i];
      if (!x.defined() || !rule_.input[i] || !rule_.compute[i]) continue;
      const Layout comes = Layout::Of(*rule_.input[i]);
      const Layout wanted = Layout::Of(*rule_.compute[i]);
      if (!at::isFloatingType(x.scalar_type())) {
        x = To(x, comes, wanted);  // ids: no gradient
      } else if (rule_.style == TpStyle::kColwise) {
        x = ForColumns(x, comes);
      } else if (wanted == Layout::Replicated() &&
                 (rule_.style == TpStyle::kPrepareInput ||
                  rule_.style == TpStyle::kPrepareInputOutput)) {
        x = Prepare(x, comes);
      } else {
        x = To(x, comes, wanted);
      }
    }
  }

  // Each rank multiplies the same input by columns of its own.
  at::Tensor ForColumns(const at::Tensor& x, const Layout& comes) const {
    if (comes == Layout::Replicated()) {
      if (const at::Tensor* shared = SharedOf(x)) return *shared;
    }
    return To(x, comes, Layout::Shared());
  }

  at::Tensor Prepare(const at::Tensor& x, const Layout& comes) const {
    Readable made = ConvertForReaders(x, comes, group_, Options());
    if (!made.handed.is_same(made.shared)) {
      prepared.push_back({made, made.handed._version()});
    }
    return made.handed;
  }

  Tensors Run(Tensors inputs, const Next& next) const {
    if (rule_.style == TpStyle::kRowwise) {
      if (absl::EndsWith(rule_.class_name, "Embedding")) {
        return {EmbeddingRows(inputs.at(0), weight_, rule_.whole, *group_)};
      }
      return {at::linear(inputs.at(0), weight_)};
    }
    if (rule_.style == TpStyle::kSequence && !inputs.empty() &&
        !inputs[0].is_meta() &&
        absl::StrContains(rule_.class_name, "Dropout")) {
      const OwnRandomStream stream(inputs[0].device(), group_->rank());
      return next(std::move(inputs));
    }
    return next(std::move(inputs));
  }

  void HandOn(Tensors* outputs) const {
    const bool rowwise = rule_.style == TpStyle::kRowwise;
    for (size_t i = 0; i < outputs->size() && i < rule_.output.size(); ++i) {
      if (i >= rule_.result.size()) break;
      at::Tensor& y = (*outputs)[i];
      if (!y.defined() || !rule_.output[i] || !rule_.result[i]) continue;
      // What Run made here is nobody else's; but a selective checkpoint keeps
      // results of products, in any pass that a graph is made in.
      y = To(y, Layout::Of(*rule_.output[i]), Layout::Of(*rule_.result[i]),
             /*consume=*/rowwise && !c10::GradMode::is_enabled());
      if (rowwise && bias_.defined()) y = y.add(bias_);
    }
  }

  const TpRule rule_;
  GroupPtr group_;  // null: detached
  at::Tensor weight_, bias_;
  bool called_ = false;
};

class AttachedStyles : public Attached {
 public:
  ~AttachedStyles() override {
    for (const auto& style : styles) style->Detach();
  }
  std::vector<std::string> TakeUncalled() override {
    std::vector<std::string> uncalled;
    for (const auto& style : styles) {
      if (!style->TakeCalled() && style->has_weight()) {
        uncalled.push_back(style->module());
      }
    }
    return uncalled;
  }

  std::vector<std::shared_ptr<Style>> styles;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Attached>> AttachStyles(
    const TpPlan& plan, const NamedModules& modules, GroupPtr group) {
  std::unordered_map<std::string, Module*> by_name;
  for (const auto& [name, module] : modules) by_name[name] = module;
  auto attached = std::make_unique<AttachedStyles>();
  for (const TpRule& rule : plan.rules) {
    const auto found = by_name.find(rule.module);
    if (found == by_name.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the tp_plan has a rule for module '", rule.module,
                       "', which the model does not have"));
    }
    auto style = std::make_shared<Style>(rule, *found->second, group);
    if (rule.style == TpStyle::kRowwise && !style->has_weight()) {
      return absl::InvalidArgumentError(
          absl::StrCat("module '", rule.module,
                       "' has no parameter 'weight', so it cannot be rowwise"));
    }
    found->second->AddInterceptor(style);
    attached->styles.push_back(std::move(style));
  }
  return attached;
}

}  // namespace fts::tp
