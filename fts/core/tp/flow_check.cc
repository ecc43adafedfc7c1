// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/tp/flow_check.h"

#include <c10/util/Exception.h>

#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fts/core/plan/codes.h"

namespace fts::tp {
namespace {

using nn::Module;
using nn::Tensors;
using Shape = std::vector<int64_t>;

// "replicate", "shard(1)"; empty when `here` is neither all nor a rank's part.
std::string LayoutOf(const Shape& here, const Shape& whole,
                     const Group& group) {
  if (here == whole) return "replicate";
  if (here.size() != whole.size()) return "";
  int split = -1;
  for (size_t i = 0; i < here.size(); ++i) {
    if (here[i] == whole[i]) continue;
    if (split >= 0 ||
        here[i] != ChunkOf(whole[i], group.size(), group.rank()).size) {
      return "";
    }
    split = static_cast<int>(i);
  }
  return absl::StrCat("shard(", split, ")");
}

std::string Text(const Placement& placement, int64_t dims) {
  if (!placement.is_shard()) return "replicate";
  const auto resolved = placement.Resolve(dims);
  return absl::StrCat("shard(",
                      resolved.ok() ? resolved->dim() : placement.dim(), ")");
}

std::string Text(const Shape& shape) {
  return absl::StrCat("[", absl::StrJoin(shape, ", "), "]");
}

// What is thrown to end a run at its first problem.
struct StopRun : std::exception {};

// One run, whole or as one rank: shapes of every call, in order.
class Watch {
 public:
  Watch(const TpPlan& plan, const NamedModules& modules) : plan_(plan) {
    for (const auto& [name, module] : modules) names_[module] = name;
  }

  // The run that follows is that of `group`; null: whole.
  void Begin(GroupPtr group, Diagnostics* diags) {
    group_ = std::move(group);
    diags_ = diags;
    call_ = 0;
    under_way_.clear();
  }

  Tensors Call(Module& module, Tensors inputs,
               const nn::Interceptor::Next& next) {
    if (!watching_) return next(std::move(inputs));
    const std::string& name = names_.at(&module);
    std::vector<Shape> shapes;
    for (const at::Tensor& x : inputs) {
      shapes.push_back(x.defined() ? x.sizes().vec() : Shape());
    }
    if (group_ == nullptr) {
      whole_.push_back(shapes);
    } else {
      Compare(module, name, shapes);
    }
    ++call_;
    under_way_.push_back(name);
    Tensors outputs = next(std::move(inputs));
    under_way_.pop_back();
    return outputs;
  }

  // A run ended by an exception of an operator: two tensors that do not fit.
  void Failed(const std::string& what) {
    const std::string name = under_way_.empty() ? "" : under_way_.back();
    const TpRule* rule = plan_.Find(name);
    diags_->Error(
        codes::kTpLayouts,
        absl::StrCat(
            "tp_plan: the layouts of the tensors that meet in module '", name,
            "' do not fit on rank ", group_->rank(), " of ", group_->size(),
            " along tp (", what,
            "); give what runs in it one layout, or prepare its "
            "input"),
        rule != nullptr ? rule->where : plan_.written.where());
  }

  void Stop() { watching_ = false; }

 private:
  void Compare(const Module& module, const std::string& name,
               const std::vector<Shape>& shapes) {
    if (call_ >= whole_.size() || whole_[call_].size() != shapes.size()) return;
    const TpRule* rule = plan_.Find(name);
    for (size_t i = 0; i < shapes.size(); ++i) {
      const Shape& whole = whole_[call_][i];
      const std::string has = LayoutOf(shapes[i], whole, *group_);
      const std::string shown = has.empty()
                                    ? absl::StrCat("of shape ", Text(shapes[i]),
                                                   ", of a whole ", Text(whole))
                                    : has;
      if (rule != nullptr) {
        if (i >= rule->input.size() || !rule->input[i].has_value()) continue;
        const std::string wants =
            Text(*rule->input[i], static_cast<int64_t>(whole.size()));
        if (has == wants) continue;
        diags_->Error(
            codes::kTpLayouts,
            absl::StrCat("tp_plan: module '", name, "' (",
                         TpStyleName(rule->style), ") expects its input ",
                         wants, ", but it comes ", shown,
                         "; write input: ", has.empty() ? wants : has,
                         " for it, or change what makes it"),
            rule->where);
        throw StopRun();
      }
      if (has == "replicate" || module.OwnParameters().empty()) continue;
      diags_->Error(
          codes::kTpNoRule,
          absl::StrCat("tp_plan: module '", name, "' (", module.ClassName(),
                       ") has parameters and no rule, but its input comes ",
                       shown,
                       ", so its gradients would differ between ranks; "
                       "give it style sequence, or prepare its input"),
          plan_.written.where());
      throw StopRun();
    }
  }

  const TpPlan& plan_;
  std::map<const Module*, std::string> names_;
  std::vector<std::vector<Shape>> whole_;  // by call
  size_t call_ = 0;
  std::vector<std::string> under_way_;
  GroupPtr group_;
  Diagnostics* diags_ = nullptr;
  bool watching_ = true;
};

class WatchInterceptor : public nn::Interceptor {
 public:
  explicit WatchInterceptor(std::shared_ptr<Watch> watch)
      : watch_(std::move(watch)) {}
  Tensors Intercept(Module& module, Tensors inputs, const Next& next) override {
    return watch_->Call(module, std::move(inputs), next);
  }

 private:
  std::shared_ptr<Watch> watch_;
};

}  // namespace

void CheckFlow(const FlowModel& model, const TpPlan& plan, Diagnostics* diags) {
  const auto watch = std::make_shared<Watch>(plan, model.modules);
  for (const auto& [name, module] : model.modules) {
    if (module->IsContainer()) continue;
    module->PrependInterceptor(std::make_shared<WatchInterceptor>(watch));
  }
  std::vector<at::Tensor> whole;
  for (const auto& [name, tensor] : model.parameters) {
    whole.push_back(tensor.detach());
  }
  const auto run = [&](GroupPtr group) {
    watch->Begin(group, diags);
    try {
      model.run();
    } catch (const StopRun&) {
    } catch (const c10::Error& error) {
      watch->Failed(error.what_without_backtrace());
    } catch (const std::exception& error) {
      watch->Failed(error.what());
    }
  };
  watch->Begin(nullptr, diags);
  try {
    model.run();
  } catch (const std::exception&) {
    watch->Stop();
    return;
  }
  const int size = static_cast<int>(plan.size);
  for (const int rank : {0, size - 1}) {
    const auto group = std::make_shared<const Group>(rank, size);
    const auto tp = TensorParallel::Create(plan, model.parameters, group);
    const auto styles = AttachStyles(plan, model.modules, group);
    if (tp.ok() && styles.ok()) run(group);
    for (size_t i = 0; i < whole.size(); ++i) {
      at::Tensor parameter = model.parameters[i].second;
      parameter.set_data(whole[i]);
    }
    if (diags->num_errors() > 0) break;
  }
  watch->Stop();
}

}  // namespace fts::tp
