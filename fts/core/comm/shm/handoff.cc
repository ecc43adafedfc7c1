// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/handoff.h"

#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fts/core/base/status.h"

namespace fts::comm::shm {
namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;
using Deadline = steady_clock::time_point;

constexpr size_t kMaxText = 1000;

absl::Status SystemError(const char* call) {
  const int error = errno;
  const std::string text =
      absl::StrCat("handing over shared memory: ", call, ": ", strerror(error));
  return error == EMFILE || error == ENFILE || error == ENOMEM
             ? absl::ResourceExhaustedError(text)
             : absl::InternalError(text);
}

absl::Status Closed() {
  return absl::UnavailableError(
      "handing over shared memory: the other rank closed the connection; "
      "look for the first error in its log");
}

absl::Status Late() {
  return absl::DeadlineExceededError("handing over shared memory: no answer");
}

// "fts-shm-<token>" behind a zero byte.
socklen_t Address(const SocketToken& token, sockaddr_un* address) {
  const std::string name = absl::StrCat(
      "fts-shm-",
      absl::BytesToHexString(absl::string_view(
          reinterpret_cast<const char*>(token.data()), token.size())));
  *address = sockaddr_un();
  address->sun_family = AF_UNIX;
  std::memcpy(address->sun_path + 1, name.data(), name.size());
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 +
                                name.size());
}

Descriptor NewSocket() {
  return Descriptor(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
}

bool SameUser(int socket) {
  ucred peer;
  socklen_t size = sizeof(peer);
  return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         peer.uid == geteuid();
}

absl::Status AwaitReadable(int socket, Deadline deadline) {
  while (true) {
    const nanoseconds left = deadline - steady_clock::now();
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
    pollfd ready = {socket, POLLIN, 0};
    const int count = poll(
        &ready, 1, static_cast<int>(std::clamp<int64_t>(ms + 1, 0, 60 * 1000)));
    if (count > 0) return absl::OkStatus();
    if (count < 0 && errno != EINTR) return SystemError("poll");
    if (steady_clock::now() >= deadline) return Late();
  }
}

absl::Status Send(int socket, const void* data, size_t size,
                  int descriptor = -1) {
  iovec part = {const_cast<void*>(data), size};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (descriptor >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
  }
  ssize_t sent;
  do {
    sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return absl::OkStatus();
  if (errno == EPIPE || errno == ECONNRESET) return Closed();
  return SystemError("sendmsg");
}

// One packet, and the descriptor that came with it, if any.
absl::StatusOr<std::string> Receive(int socket, Deadline deadline,
                                    Descriptor* descriptor = nullptr) {
  FTS_RETURN_IF_ERROR(AwaitReadable(socket, deadline));
  char data[kMaxText + 16];
  iovec part = {data, sizeof(data)};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  ssize_t size;
  do {
    size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  for (cmsghdr* header = CMSG_FIRSTHDR(&message);
       size >= 0 && header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_type != SCM_RIGHTS) continue;
    int received = -1;
    std::memcpy(&received, CMSG_DATA(header), sizeof(int));
    Descriptor owned(received);
    if (descriptor != nullptr) *descriptor = std::move(owned);
  }
  if (size < 0 && errno != ECONNRESET) return SystemError("recvmsg");
  if (size <= 0) return Closed();
  return std::string(data, static_cast<size_t>(size));
}

// A status as a packet: its code, then its text.
std::string Pack(const absl::Status& status) {
  return absl::StrCat(std::string(1, static_cast<char>(status.code())),
                      status.message().substr(0, kMaxText));
}

absl::Status Unpack(const std::string& packet) {
  return absl::Status(static_cast<absl::StatusCode>(packet[0]),
                      packet.substr(1));
}

struct Greeting {
  char magic[8];
  int32_t place;
};
constexpr char kMagic[8] = {'f', 't', 's', '-', 's', 'h', 'm', '1'};

struct Offer {
  int64_t bytes;
};

}  // namespace

absl::StatusOr<HandoffServer> HandoffServer::Open() {
  SocketToken token;
  if (getrandom(token.data(), token.size(), 0) !=
      static_cast<ssize_t>(token.size())) {
    return SystemError("getrandom");
  }
  Descriptor socket = NewSocket();
  if (!socket.valid()) return SystemError("socket");
  sockaddr_un address;
  const socklen_t size = Address(token, &address);
  if (bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) != 0) {
    return SystemError("bind");
  }
  if (listen(socket.get(), SOMAXCONN) != 0) return SystemError("listen");
  return HandoffServer(token, std::move(socket));
}

absl::Status HandoffServer::Serve(Arena* arena, int size, nanoseconds limit,
                                  absl::Status own) {
  const Deadline deadline = steady_clock::now() + limit;
  std::vector<Descriptor> members(size);
  absl::Status verdict = std::move(own);
  int missing = size - 1;
  while (missing > 0) {
    const absl::Status waited = AwaitReadable(socket_.get(), deadline);
    if (!waited.ok()) {
      if (!verdict.ok()) break;
      std::vector<int> places;
      for (int place = 1; place < size; ++place) {
        if (!members[place].valid()) places.push_back(place);
      }
      verdict = absl::DeadlineExceededError(absl::StrCat(
          places.size() == 1 ? "rank " : "ranks ", absl::StrJoin(places, ", "),
          " did not come for the shared memory within ",
          std::chrono::duration_cast<std::chrono::milliseconds>(limit).count(),
          " ms"));
      break;
    }
    Descriptor member(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    // Strangers, and members that gave up, are none of those we wait for.
    if (!member.valid() || !SameUser(member.get())) continue;
    const auto hello = Receive(member.get(), deadline);
    Greeting greeting;
    if (!hello.ok() || hello->size() != sizeof(greeting)) continue;
    std::memcpy(&greeting, hello->data(), sizeof(greeting));
    if (std::memcmp(greeting.magic, kMagic, sizeof(kMagic)) != 0 ||
        greeting.place < 1 || greeting.place >= size ||
        members[greeting.place].valid()) {
      continue;
    }
    const Offer offer = {arena == nullptr ? 0 : arena->bytes()};
    absl::Status got = Send(member.get(), &offer, sizeof(offer),
                            arena == nullptr ? -1 : arena->descriptor());
    if (got.ok()) {
      const auto answer = Receive(member.get(), deadline);
      got = answer.ok() ? Unpack(*answer) : answer.status();
    }
    // Who was offered nothing has nothing to complain about.
    if (!got.ok() && verdict.ok()) {
      verdict = absl::Status(got.code(), absl::StrCat("rank ", greeting.place,
                                                      ": ", got.message()));
    }
    members[greeting.place] = std::move(member);
    --missing;
  }
  for (const Descriptor& member : members) {
    if (!member.valid()) continue;
    const std::string packet = Pack(verdict);
    // One that is gone by now is found by the others soon enough.
    (void)Send(member.get(), packet.data(), packet.size());
  }
  socket_.Close();
  return verdict;
}

absl::StatusOr<std::shared_ptr<Arena>> ReceiveArena(const SocketToken& token,
                                                    int place, int64_t bytes,
                                                    nanoseconds limit) {
  const Deadline deadline = steady_clock::now() + limit;
  Descriptor socket = NewSocket();
  if (!socket.valid()) return SystemError("socket");
  sockaddr_un address;
  const socklen_t size = Address(token, &address);
  int connected;
  do {
    connected =
        connect(socket.get(), reinterpret_cast<sockaddr*>(&address), size);
  } while (connected != 0 && errno == EINTR);
  if (connected != 0) {
    if (errno != ECONNREFUSED) return SystemError("connect");
    return absl::UnavailableError(
        "handing over shared memory: the rank that offers it is gone; look "
        "for the first error in its log");
  }
  if (!SameUser(socket.get())) {
    return absl::PermissionDeniedError(
        "handing over shared memory: the socket belongs to another user");
  }
  Greeting greeting;
  std::memcpy(greeting.magic, kMagic, sizeof(kMagic));
  greeting.place = place;
  FTS_RETURN_IF_ERROR(Send(socket.get(), &greeting, sizeof(greeting)));
  Descriptor memory;
  FTS_RETURN_IF_ERROR(Receive(socket.get(), deadline, &memory));

  std::shared_ptr<Arena> arena;
  absl::Status mapped;
  if (memory.valid()) {
    absl::StatusOr<std::shared_ptr<Arena>> made =
        Arena::Map(std::move(memory), bytes);
    mapped = made.status();
    if (made.ok()) arena = *std::move(made);
  }
  const std::string answer = Pack(mapped);
  FTS_RETURN_IF_ERROR(Send(socket.get(), answer.data(), answer.size()));
  FTS_ASSIGN_OR_RETURN(std::string verdict, Receive(socket.get(), deadline));
  FTS_RETURN_IF_ERROR(Unpack(verdict));
  if (arena == nullptr) {
    return absl::InternalError(
        "handing over shared memory: no memory came with the offer");
  }
  arena->CloseDescriptor();
  return arena;
}

}  // namespace fts::comm::shm
