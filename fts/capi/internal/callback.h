// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Calls into the caller's program. It may be written in C++ and throw, which
// must go no further; destroy is called once whatever happens.
// Threads: no state.

#ifndef FTS_CAPI_INTERNAL_CALLBACK_H_
#define FTS_CAPI_INTERNAL_CALLBACK_H_

#include <exception>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fts/capi/internal/status.h"

namespace fts::capi {

// Logs that a callback which cannot return an error threw.
void LogThrown(const char* callback, const char* what) noexcept;

// The status that a callback returns, or the error that it threw. `name` is
// what the caller knows it by.
template <typename... Args, typename... Given>
absl::Status CallBack(const char* name, fts_status* (*fn)(Args...),
                      Given&&... given) {
  fts_status* returned = nullptr;
  try {
    returned = fn(std::forward<Given>(given)...);
  } catch (const std::exception& e) {
    return absl::InternalError(
        absl::StrCat("the callback ", name, " threw: ", e.what()));
  } catch (...) {
    return absl::InternalError(absl::StrCat(
        "the callback ", name, " threw an exception of unknown type"));
  }
  return TakeStatus(returned);
}

// The user_data of a callback and who ends it: destroy is called when the last
// of them goes that it was moved to.
class UserData {
 public:
  UserData() = default;
  UserData(void* user_data, void (*destroy)(void*))
      : user_data_(user_data), destroy_(destroy) {}
  UserData(UserData&& other) noexcept
      : user_data_(other.user_data_),
        destroy_(std::exchange(other.destroy_, nullptr)) {}
  UserData& operator=(UserData&&) = delete;
  ~UserData() {
    if (destroy_ == nullptr) return;
    try {
      destroy_(user_data_);
    } catch (const std::exception& e) {
      LogThrown("destroy", e.what());
    } catch (...) {
      LogThrown("destroy", "an exception of unknown type");
    }
  }

  void* get() const { return user_data_; }

 private:
  void* user_data_ = nullptr;
  void (*destroy_)(void*) = nullptr;
};

}  // namespace fts::capi

#endif  // FTS_CAPI_INTERNAL_CALLBACK_H_
