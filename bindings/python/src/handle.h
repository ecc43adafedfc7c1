// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// An owner of one handle of the C interface, and its strings as Python's.
// Threads: as the handle's.

#ifndef BINDINGS_PYTHON_SRC_HANDLE_H_
#define BINDINGS_PYTHON_SRC_HANDLE_H_

#include <pybind11/pybind11.h>

#include <string>
#include <utility>

#include "fts/capi/buffer.h"

namespace fts_python {

namespace py = pybind11;

// Release is the handle's own; NULL is empty.
template <typename T, void (*Release)(T*)>
class Handle {
 public:
  Handle() = default;
  explicit Handle(T* handle) : handle_(handle) {}
  ~Handle() { Release(handle_); }
  Handle(Handle&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  T* get() const { return handle_; }
  // For out parameters of an empty owner.
  T** out() { return &handle_; }

 private:
  T* handle_ = nullptr;
};

using Buffer = Handle<fts_buffer, fts_buffer_release>;

inline fts_string View(const std::string& text) {
  return {text.data(), text.size()};
}

inline std::string Text(fts_string view) {
  return view.data == nullptr ? std::string()
                              : std::string(view.data, view.size);
}

inline std::string Text(const Buffer& buffer) {
  return Text(fts_buffer_view(buffer.get()));
}

}  // namespace fts_python

#endif  // BINDINGS_PYTHON_SRC_HANDLE_H_
