// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/scheduler/schedule_mutator.h"

#include <algorithm>

namespace fts::testing {
namespace {

using Kind = YamlTree::Kind;
using Strings = std::vector<std::string>;

YamlTree Scalar(std::string text) {
  YamlTree tree;
  tree.text = std::move(text);
  return tree;
}

YamlTree List(const Strings& items) {
  YamlTree tree;
  tree.kind = Kind::kList;
  for (const std::string& item : items) {
    tree.children.emplace_back("", Scalar(item));
  }
  return tree;
}

YamlTree Mapping(std::vector<std::pair<std::string, YamlTree>> children) {
  YamlTree tree;
  tree.kind = Kind::kMapping;
  tree.children = std::move(children);
  return tree;
}

// Keys of a phase with good and bad values for each.
struct KnownKey {
  const char* key;
  Strings values;
};
const std::vector<KnownKey>& KnownKeys() {
  static const auto* const keys = new std::vector<KnownKey>{
      {"max_transition_epoch", {"0", "1", "2", "5", "-1", "3.0", "1.5"}},
      {"lr", {"1e-06", "0.1", "0", "1.0e-3", "'1_0e-6'", "-1", ".inf"}},
      {"weight_decay", {"0", "0.01", "1", "-0.1", ".nan"}},
      {"clip_grad_norm", {"1", "0.5", "0", "1e400"}},
      {"lr_decay", {"0.9", "1", "0.5", "0", "1.1", "1e-320"}},
      {"max_transition_step", {"0", "10", "100", "9223372036854775807"}},
      {"max_transition_tokens", {"0", "4096", "9223372036854775807"}},
      {"max_transition_time", {"1", "60.5", "1e300", "0"}},
      {"patience", {"1", "3", "0", "9223372036854775807"}},
      {"min_delta", {"0", "0.001", "1e-400"}},
      {"best_score", {"global", "per_phase", "mine"}}};
  return *keys;
}

const Strings& OddScalars() {
  static const auto* const odd = new Strings{"",
                                             "~",
                                             "null",
                                             "true",
                                             "no",
                                             "0",
                                             "-0",
                                             "1",
                                             "-1",
                                             "010",
                                             "0x1F",
                                             "0o17",
                                             "1_000",
                                             "1e5",
                                             "1e400",
                                             "-1e400",
                                             "1e-06",
                                             ".5",
                                             "5.",
                                             ".inf",
                                             "-.INF",
                                             ".NaN",
                                             "9223372036854775807",
                                             "9223372036854775808",
                                             "-9223372036854775808",
                                             "99999999999999999999999",
                                             "12:30:45",
                                             "2001-12-14",
                                             "=",
                                             "<<",
                                             "'",
                                             "\"",
                                             "''",
                                             "'a''b'",
                                             "\"\\u0000\"",
                                             "\"\\xff\"",
                                             "'\xe4\xb8\xad'",
                                             "\"\\ud800\"",
                                             "!!str 1",
                                             "!!int x",
                                             "!!float '1'",
                                             "!foo bar",
                                             "*a",
                                             "&b c",
                                             "|\n  block\n",
                                             ">-\n  folded",
                                             "[a, b]",
                                             "{a: b}",
                                             "[",
                                             "{",
                                             "params",
                                             "model.*",
                                             "(a+)+$",
                                             "(?i)MODEL",
                                             "(?P<n>a)(?P=n)",
                                             "(",
                                             "[",
                                             "\\",
                                             "\\N{DIGIT ONE}",
                                             "a{1000}{1000}",
                                             "(?<=a)b",
                                             "\\1",
                                             "(?(1)a|b)",
                                             "^",
                                             "$",
                                             "^$",
                                             ".*",
                                             ".+?",
                                             "[^\\W\\d_]",
                                             "((((((((((a))))))))))",
                                             "(?x) a # b",
                                             "\\Z",
                                             "\\b",
                                             "a|",
                                             "|",
                                             "{0,11}",
                                             "model.[",
                                             "model.[]-a]",
                                             "\\x41",
                                             "\\07",
                                             "(?:)",
                                             "(?#",
                                             "*",
                                             "+",
                                             "?",
                                             "model.layers.1",
                                             "model.layers.1.*",
                                             "model.layers.[01].*",
                                             "model.layers.(1|2).*",
                                             "torch.optim.SGD",
                                             "torch.optim.lr_scheduler.",
                                             "lambda epoch: epoch",
                                             "0.95 ** epoch",
                                             "1/0",
                                             "SequentialLR"};
  return *odd;
}

const Strings& Classes() {
  static const auto* const classes = new Strings{
      "torch.optim.SGD",     "torch.optim.Adam",    "torch.optim.AdamW", "sgd",
      "torch.optim.RMSprop", "torch.optim.Adagrad", "torch.optim.SGDD",  "x"};
  return *classes;
}

const Strings& LrClasses() {
  static const auto* const classes =
      new Strings{"torch.optim.lr_scheduler.StepLR",
                  "StepLR",
                  "LambdaLR",
                  "ConstantLR",
                  "torch.optim.lr_scheduler.ReduceLROnPlateau",
                  "CosineAnnealingLR",
                  "SequentialLR",
                  "ChainedScheduler",
                  "MultiplicativeLR",
                  "OneCycleLR"};
  return *classes;
}

std::string ModuleOf(const std::string& name) {
  const size_t dot = name.rfind('.');
  return dot == name.npos ? name : name.substr(0, dot);
}

bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '_' || c == '.';
}

}  // namespace

ScheduleMutator::ScheduleMutator(uint64_t seed, Strings names)
    : rng_(seed), names_(std::move(names)) {}

// The names of one module: each for itself, or a pattern that people write.
Strings ScheduleMutator::Entries(const std::string& module,
                                 const Strings& names) {
  switch (Below(10)) {
    case 0:
      return {module};
    case 1:
      return {"'" + module + ".*'"};
    case 2:
      return {"'" + module + "\\..*'"};
    case 3:
      return {"'" + module + "\\.(weight|bias)'"};
    case 4:
      return {"'" + module + "\\.'"};
    default:
      return names;
  }
}

YamlTree ScheduleMutator::NewOptimizer() {
  YamlTree args = Mapping({});
  if (OneIn(2)) args.children.emplace_back("lr", Scalar("0.01"));
  if (OneIn(3)) args.children.emplace_back("momentum", Scalar("0.9"));
  if (OneIn(4)) args.children.emplace_back("momentumm", Scalar("x"));
  return Mapping(
      {{"optimizer_init", Mapping({{"class_path", Scalar(Any(Classes()))},
                                   {"init_args", args}})}});
}

YamlTree ScheduleMutator::NewLrScheduler() {
  YamlTree args = Mapping({});
  if (OneIn(2)) args.children.emplace_back("step_size", Scalar("1"));
  if (OneIn(3)) {
    args.children.emplace_back("lr_lambda", Scalar("'0.95 ** epoch'"));
  }
  YamlTree out = Mapping(
      {{"lr_scheduler_init", Mapping({{"class_path", Scalar(Any(LrClasses()))},
                                      {"init_args", args}})}});
  if (OneIn(2)) {
    out.children.emplace_back(
        "pl_lrs_cfg",
        Mapping({{"interval", Scalar(OneIn(2) ? "epoch" : "step")},
                 {"frequency", Scalar("1")},
                 {"monitor", Scalar("val_loss")}}));
  }
  if (OneIn(3)) out.children.emplace_back("init_pg_lrs", List({"1e-6", "2"}));
  if (OneIn(4)) {
    out.children.emplace_back("use_current_optimizer_pg_lrs", Scalar("true"));
  }
  return out;
}

YamlTree ScheduleMutator::PhaseBody(int index, const Strings& names,
                                    const Strings& thawed) {
  YamlTree body = Mapping({});
  Strings entries;
  for (size_t i = 0; i < names.size();) {
    const std::string module = ModuleOf(names[i]);
    Strings together;
    for (; i < names.size() && ModuleOf(names[i]) == module; ++i) {
      together.push_back(names[i]);
    }
    for (std::string& entry : Entries(module, together)) {
      entries.push_back(std::move(entry));
    }
  }
  body.children.emplace_back("params", List(entries));
  if (index > 0 && !thawed.empty() && OneIn(4)) {
    body.children.emplace_back("freeze", List({Any(thawed)}));
  }
  for (const KnownKey& known : KnownKeys()) {
    if (!OneIn(6)) continue;
    // The first values are good ones.
    const size_t good = std::min<size_t>(known.values.size(), 2);
    body.children.emplace_back(
        known.key,
        Scalar(known.values[OneIn(20) ? Below(known.values.size())
                                      : Below(static_cast<uint32_t>(good))]));
  }
  if (index > 0 && OneIn(6)) {
    body.children.emplace_back("new_optimizer", NewOptimizer());
  }
  if (index > 0 && OneIn(6)) {
    body.children.emplace_back("new_lr_scheduler", NewLrScheduler());
  }
  std::shuffle(body.children.begin(), body.children.end(), rng_);
  return body;
}

YamlTree ScheduleMutator::Valid() {
  const int phases = 1 + static_cast<int>(Below(5));
  std::vector<Strings> names(phases);
  uint32_t phase = 0;
  for (size_t i = 0; i < names_.size(); ++i) {
    if (i == 0 || ModuleOf(names_[i]) != ModuleOf(names_[i - 1])) {
      phase = Below(phases + 1);
    }
    if (phase < names.size()) names[phase].push_back(names_[i]);
  }
  YamlTree root = Mapping({});
  Strings thawed;
  for (int i = 0; i < phases; ++i) {
    root.children.emplace_back(std::to_string(i),
                               PhaseBody(i, names[i], thawed));
    thawed.insert(thawed.end(), names[i].begin(), names[i].end());
  }
  return root;
}

// Any node below the root, each depth alike.
YamlTree* ScheduleMutator::AnyNode(YamlTree* root) {
  YamlTree* node = root;
  while (!node->children.empty() && (node == root || !OneIn(3))) {
    node = &node->children[Below(node->children.size())].second;
  }
  return node;
}

void ScheduleMutator::ChangeText(std::string* text) {
  static const Strings pieces = {
      ".",    "*", "+",  "?",        "(",  ")",   "[",    "]",     "{",
      "}",    "|", "^",  "$",        "\\", "\\d", "[01]", "{2,3}", "(?:",
      "(?i)", "1", "0",  "9",        "e",  "-",   "_",    " ",     "'",
      "\"",   ":", ": ", "#",        " #", ",",   "&",    "*",     "!",
      "%",    "@", "`",  "\xc3\xa9", "\t", "\n",  "\xff"};
  const size_t at = Below(static_cast<uint32_t>(text->size() + 1));
  switch (Below(4)) {
    case 0:
      text->insert(at, Any(pieces));
      break;
    case 1:
      if (!text->empty()) text->erase(at, 1 + Below(4));
      break;
    case 2: {
      // A number nearby, changed.
      const size_t digit = text->find_first_of("0123456789", at);
      if (digit == text->npos) break;
      (*text)[digit] = static_cast<char>('0' + Below(10));
      if (OneIn(3)) text->insert(digit, std::string(1 + Below(20), '9'));
      break;
    }
    default:
      *text = Any(OddScalars());
  }
}

void ScheduleMutator::Change(YamlTree* root) {
  YamlTree* node = AnyNode(root);
  switch (Below(13)) {
    case 0:
      *node = Scalar(Any(OddScalars()));
      break;
    case 1:
    case 2:
      if (node->kind == Kind::kScalar) ChangeText(&node->text);
      break;
    case 3:  // a key
      if (node->kind == Kind::kMapping && !node->children.empty()) {
        std::string& key = node->children[Below(node->children.size())].first;
        if (OneIn(3)) {
          key = Any(KnownKeys()).key;
        } else if (OneIn(2)) {
          key = Any(OddScalars());
        } else {
          ChangeText(&key);
        }
      }
      break;
    case 4:  // twice
      if (!node->children.empty() && node->children.size() < 100) {
        node->children.push_back(node->children[Below(node->children.size())]);
      }
      break;
    case 5:
      if (!node->children.empty()) {
        node->children.erase(node->children.begin() +
                             Below(node->children.size()));
      }
      break;
    case 6:
      if (node->children.size() > 1) {
        std::swap(node->children[Below(node->children.size())],
                  node->children[Below(node->children.size())]);
      }
      break;
    case 7: {  // moved elsewhere
      const YamlTree copy = *AnyNode(root);
      if (copy.children.size() < 50) *node = copy;
      break;
    }
    case 8:  // another kind
      node->kind = static_cast<Kind>(Below(3));
      break;
    case 9: {  // deeper
      const int levels = OneIn(20) ? 150 : 1 + static_cast<int>(Below(4));
      for (int i = 0; i < levels; ++i) {
        YamlTree outer;
        outer.kind = OneIn(2) ? Kind::kList : Kind::kMapping;
        outer.children.emplace_back(outer.kind == Kind::kList ? "" : "a",
                                    std::move(*node));
        *node = std::move(outer);
      }
      break;
    }
    case 10: {  // an anchor and an alias to it
      node->anchor = "a";
      YamlTree* other = AnyNode(root);
      if (other != node && other->children.empty()) *other = Scalar("*a");
      break;
    }
    case 11: {  // many
      if (node->kind != Kind::kList || node->children.empty() || !OneIn(4)) {
        break;
      }
      const auto child = node->children[0];
      for (int i = 0; i < 100; ++i) node->children.push_back(child);
      break;
    }
    default:  // a known key with any of its values
      if (node->kind == Kind::kMapping) {
        const KnownKey& known = Any(KnownKeys());
        node->children.emplace_back(known.key, Scalar(Any(known.values)));
      }
  }
}

std::string ScheduleMutator::Emit(const YamlTree& tree, int depth, bool flow) {
  std::string out = tree.anchor.empty() ? "" : "&" + tree.anchor + " ";
  if (tree.kind == Kind::kScalar) return out + tree.text;
  const bool list = tree.kind == Kind::kList;
  if (tree.children.empty()) return out + (list ? "[]" : "{}");
  flow = flow || OneIn(6);
  if (flow) {
    out += list ? "[" : "{";
    for (size_t i = 0; i < tree.children.size(); ++i) {
      const auto& [key, child] = tree.children[i];
      if (i > 0) out += ", ";
      out += list ? "" : key + ": ";
      out += Emit(child, depth + 1, true);
    }
    return out + (list ? "]" : "}");
  }
  const std::string indent = "\n" + std::string(size_t{2} * depth, ' ');
  for (const auto& [key, child] : tree.children) {
    out += indent + (list ? "- " : key + ": ") + Emit(child, depth + 1, false);
  }
  return out;
}

// As bytes: cut, flipped, inserted, repeated.
std::string ScheduleMutator::Damage(std::string text) {
  const int edits = 1 + static_cast<int>(Below(3));
  for (int e = 0; e < edits && !text.empty(); ++e) {
    const size_t at = Below(static_cast<uint32_t>(text.size()));
    switch (Below(5)) {
      case 0:
        text.resize(at);
        break;
      case 1:
        text[at] = static_cast<char>(Below(256));
        break;
      case 2:
        text.erase(at, 1 + Below(8));
        break;
      case 3:
        text.insert(at, Any(OddScalars()));
        break;
      default: {
        // A word, again.
        size_t end = at;
        while (end < text.size() && IsWord(text[end])) ++end;
        text.insert(at, text.substr(at, end - at));
      }
    }
  }
  return text;
}

std::string ScheduleMutator::Next() {
  YamlTree tree = Valid();
  for (uint32_t changes = Below(6); changes > 0; --changes) Change(&tree);
  std::string text = Emit(tree, 0, false) + "\n";
  if (OneIn(4)) text = Damage(std::move(text));
  return text;
}

}  // namespace fts::testing
