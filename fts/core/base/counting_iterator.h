// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// An input iterator that publishes how far a parser has read, which is the only
// way to learn where a token of nlohmann-json's event interface stands.
// Threads: as the text it reads.
#ifndef FTS_CORE_BASE_COUNTING_ITERATOR_H_
#define FTS_CORE_BASE_COUNTING_ITERATOR_H_

#include <cstddef>
#include <iterator>

namespace fts {

// `*reached` is set to the first character not yet read; it must outlive the
// iterators that share it.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, const char** reached)
      : at_(at), reached_(reached) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    *reached_ = ++at_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const {
    return at_ == other.at_;
  }
  bool operator!=(const CountingIterator& other) const {
    return at_ != other.at_;
  }

 private:
  const char* at_;
  const char** reached_;
};

}  // namespace fts

#endif  // FTS_CORE_BASE_COUNTING_ITERATOR_H_
