// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/event.h"

#include <utility>

namespace fts::comm {
namespace {

class Completed final : public Event {
 public:
  explicit Completed(absl::Status status) : status_(std::move(status)) {}
  absl::Status Wait() override { return status_; }
  bool Ready() override { return true; }

 private:
  const absl::Status status_;
};

}  // namespace

Event::~Event() = default;

EventPtr CompletedEvent(absl::Status status) {
  static const EventPtr* const kOk =
      new EventPtr(std::make_shared<Completed>(absl::OkStatus()));
  if (status.ok()) return *kOk;
  return std::make_shared<Completed>(std::move(status));
}

}  // namespace fts::comm
