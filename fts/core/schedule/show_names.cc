// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/schedule/show_names.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace fts::schedule_internal {

std::string BlockOf(const std::string& name) {
  size_t start = 0;
  for (size_t dot = name.find('.'); dot != name.npos;
       dot = name.find('.', start)) {
    const bool digits =
        dot > start && std::all_of(name.begin() + start, name.begin() + dot,
                                   [](char c) { return c >= '0' && c <= '9'; });
    if (digits) return name.substr(0, dot);
    start = dot + 1;
  }
  return start == 0 ? name : name.substr(0, start - 1);
}

std::string ShowSome(const std::vector<std::string>& names) {
  constexpr size_t kShown = 4;
  std::string out;
  for (size_t i = 0; i < names.size() && i < kShown; ++i) {
    if (i > 0) out += i + 1 == names.size() ? " and " : ", ";
    out += names[i];
  }
  if (names.size() > kShown) {
    out += " and " + std::to_string(names.size() - kShown) + " more";
  }
  return out;
}

std::string ShowBlocks(const std::vector<std::string>& names) {
  struct Block {
    std::string stem;  // "model.layers.", or the whole name
    int64_t first = -1, last = -1;
    size_t tensors = 0;
  };
  std::vector<Block> blocks;
  for (const std::string& name : names) {
    Block block;
    block.stem = BlockOf(name);
    const size_t digits = block.stem.find_last_not_of("0123456789") + 1;
    if (digits < block.stem.size() && block.stem.size() - digits < 10) {
      block.first = block.last = std::stoll(block.stem.substr(digits));
      block.stem.resize(digits);
    }
    if (!blocks.empty() && blocks.back().stem == block.stem &&
        (block.first == blocks.back().last ||
         block.first == blocks.back().last + 1)) {
      blocks.back().last = block.first;
    } else {
      blocks.push_back(block);
    }
    ++blocks.back().tensors;
  }
  std::vector<std::string> shown;
  for (const Block& block : blocks) {
    std::string text = block.stem;
    if (block.first >= 0) text += std::to_string(block.first);
    if (block.last > block.first) text += " to " + std::to_string(block.last);
    shown.push_back(text + " (" + std::to_string(block.tensors) + ")");
  }
  return ShowSome(shown);
}

}  // namespace fts::schedule_internal
