// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// [Note: gloo types]
//
// The gloo headers at hand are older than the gloo inside libtorch, so their
// class layouts and vtables are not to be trusted. This file holds gloo objects
// by pointer only, never makes, derives from or looks into one, and calls only
// functions that libtorch exports (closeConnections). A test checks that our
// objects contain no gloo vtable.
#include "fts/core/comm/gloo.h"

#include <cstdlib>
#include <memory>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/core/comm/c10d_communicator.h"
#include "fts/core/comm/c10d_error.h"
#include "fts/core/comm/sigpipe.h"

namespace fts::comm {
namespace {

using c10d::ProcessGroupGloo;
using DevicePtr = std::shared_ptr<::gloo::transport::Device>;

// Names the protected member that holds a group's connections: c10d has no call
// that cuts a Gloo group off. Never instantiated.
struct GlooConnections : ProcessGroupGloo {
  static constexpr auto Contexts() { return &GlooConnections::contexts_; }
};

void CloseConnections(ProcessGroupGloo& group) {
  for (auto& context : group.*GlooConnections::Contexts()) {
    context->closeConnections();
  }
}

absl::StatusOr<DevicePtr> MakeDevice(const GlooOptions& options) {
  std::string interface = options.interface;
  if (interface.empty() && options.host.empty()) {
    const char* from_environment = std::getenv("GLOO_SOCKET_IFNAME");
    if (from_environment != nullptr) interface = from_environment;
  }
  try {
    if (!interface.empty()) {
      return ProcessGroupGloo::createDeviceForInterface(interface);
    }
    if (!options.host.empty()) {
      return ProcessGroupGloo::createDeviceForHostname(options.host);
    }
    return ProcessGroupGloo::createDefaultDevice();
  } catch (const std::exception& error) {
    return absl::UnavailableError(absl::StrCat(
        "gloo: cannot listen on ",
        !interface.empty()      ? absl::StrCat("interface '", interface, "'")
        : !options.host.empty() ? absl::StrCat("address '", options.host, "'")
                                : "this machine's address",
        ": ", FirstLine(error),
        "; set GLOO_SOCKET_IFNAME to an interface that all ranks can reach"));
  }
}

}  // namespace

absl::StatusOr<CommunicatorPtr> MakeGloo(StorePtr store, int rank, int size,
                                         const GlooOptions& options) {
  if (options.threads < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "gloo: threads is ", options.threads, ", must be at least 1"));
  }
  // Threads of the device and of the group are made under it.
  const SigpipeBlocked sigpipe_blocked;
  FTS_ASSIGN_OR_RETURN(DevicePtr device, MakeDevice(options));
  C10dJob::Settings settings;
  settings.backend = "gloo";
  settings.device = at::kCPU;
  settings.timeout = options.timeout;
  settings.factory = [device, options](
                         const c10::intrusive_ptr<c10d::Store>& group_store,
                         int group_rank, int group_size) {
    const SigpipeBlocked for_its_threads;
    auto group_options = ProcessGroupGloo::Options::create(options.timeout);
    group_options->devices.push_back(device);
    group_options->threads = options.threads;
    auto group = c10::make_intrusive<ProcessGroupGloo>(
        group_store, group_rank, group_size, group_options);
    ProcessGroupGloo* raw = group.get();
    C10dGroup made;
    made.backend = std::move(group);
    made.close = [raw] { CloseConnections(*raw); };
    made.waits_for_calls = true;
    return made;
  };
  return MakeC10dCommunicator(std::move(store), rank, size, options.name,
                              std::move(settings));
}

}  // namespace fts::comm
