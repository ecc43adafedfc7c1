// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Classes named in YAML: {class_path, init_args} as FTS writes it, or
// {name, keywords…}; and the list of names a class goes by.
// Threads: pure functions.

#ifndef FTS_CORE_OPTIM_CLASS_NODE_H_
#define FTS_CORE_OPTIM_CLASS_NODE_H_

#include <string>
#include <vector>

#include "fts/core/base/diagnostics.h"
#include "fts/core/base/source_location.h"
#include "fts/core/config/yaml.h"

namespace fts::optim {

// A class and its keywords. `args` is a mapping whose place is the class's.
struct ClassNode {
  std::string name;
  YamlNode args;
};

// Reads `node`; `what` stands for it in messages. False when it is wrong: the
// problems are recorded.
bool ReadClassNode(const YamlNode& node, const std::string& what,
                   ClassNode* out, Diagnostics* diags);

struct ClassNames {
  std::string short_name;  // "step_lr"
  std::string class_name;  // "StepLR"
};

// The class name that `name` stands for: a short name, a class name, or a path
// under torch.optim. Otherwise "", with the problem recorded: kNotAvailable for
// one of `others`, else `code` with a suggestion.
std::string ResolveClass(const std::string& what, const char* code,
                         const std::string& name,
                         const std::vector<ClassNames>& known,
                         const std::vector<std::string>& others,
                         const SourceLocation& where, Diagnostics* diags);

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_CLASS_NODE_H_
