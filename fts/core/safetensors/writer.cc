// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/safetensors/writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/core/safetensors/header_json.h"

namespace fts::safetensors {
namespace {

// Keeps keys in the order they are added.
using Json = nlohmann::ordered_json;

struct Layout {
  std::string header;                   // with the length in front
  std::vector<std::string> names;       // in file order
  std::vector<uint64_t> begins, sizes;  // in the file
  uint64_t file_size = 0;
};

absl::StatusOr<Layout> MakeLayout(
    std::vector<TensorSpec> tensors,
    const std::map<std::string, std::string>& metadata) {
  std::sort(tensors.begin(), tensors.end(),
            [](const TensorSpec& a, const TensorSpec& b) {
              if (a.dtype != b.dtype) return a.dtype > b.dtype;
              return a.name < b.name;
            });
  Layout layout;
  Json json = Json::object();
  if (!metadata.empty()) {
    Json& object = json["__metadata__"] = Json::object();
    for (const auto& [key, value] : metadata) object[key] = value;
  }
  uint64_t offset = 0;
  std::map<std::string, int> seen;
  // ordered_json searches linearly for a key; push_back does not.
  auto* entries = json.get_ptr<Json::object_t*>();
  for (const TensorSpec& tensor : tensors) {
    const std::string shown =
        absl::StrCat("tensor '", Printable(tensor.name), "'");
    if (tensor.name == "__metadata__") {
      return absl::InvalidArgumentError(
          "'__metadata__' is reserved and cannot name a tensor");
    }
    if (seen[tensor.name]++ > 0) {
      return absl::InvalidArgumentError(absl::StrCat(shown, " is given twice"));
    }
    const std::optional<int64_t> size = ByteSize(tensor.dtype, tensor.shape);
    constexpr uint64_t kMax = uint64_t{1} << 62;
    if (!size.has_value() || static_cast<uint64_t>(*size) > kMax - offset) {
      return absl::InvalidArgumentError(absl::StrCat(
          shown, " has the impossible shape ", ShapeToString(tensor.shape)));
    }
    const uint64_t end = offset + static_cast<uint64_t>(*size);
    Json entry = Json::object();
    entry["dtype"] = NameOf(tensor.dtype);
    entry["shape"] = tensor.shape;
    entry["data_offsets"] = {offset, end};
    entries->emplace_back(tensor.name, std::move(entry));
    layout.names.push_back(tensor.name);
    layout.begins.push_back(offset);
    layout.sizes.push_back(end - offset);
    offset = end;
  }
  std::string text;
  try {
    text = json.dump();
  } catch (const Json::exception&) {
    return absl::InvalidArgumentError(
        "a tensor name or metadata value is not valid UTF-8");
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');
  uint64_t length = text.size();
  for (int i = 0; i < 8; ++i, length >>= 8) {
    layout.header.push_back(static_cast<char>(length & 0xff));
  }
  layout.header += text;
  for (uint64_t& begin : layout.begins) begin += layout.header.size();
  layout.file_size = layout.header.size() + offset;
  return layout;
}

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Writer>> Writer::Create(
    const std::string& path, std::vector<TensorSpec> tensors,
    std::map<std::string, std::string> metadata) {
  absl::StatusOr<Layout> made = MakeLayout(std::move(tensors), metadata);
  if (!made.ok()) {
    return absl::Status(made.status().code(),
                        absl::StrCat(path, ": ", made.status().message()));
  }
  const Layout& layout = *made;
  std::unique_ptr<Writer> writer(new Writer());
  writer->path_ = path;
  for (size_t i = 0; i < layout.names.size(); ++i) {
    writer->slots_[layout.names[i]] = {layout.begins[i], layout.sizes[i], 0};
  }
  FTS_RETURN_IF_ERROR(writer->OpenTemporary(layout.file_size));
  FTS_RETURN_IF_ERROR(
      writer->WriteAt(layout.header.data(), layout.header.size(), 0));
  return writer;
}

Writer::~Writer() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

absl::Status Writer::OpenTemporary(uint64_t size) {
  static std::atomic<uint64_t> counter{0};
  size_ = size;
  const size_t slash = path_.rfind('/');
  const std::string base =
      slash == std::string::npos ? path_ : path_.substr(slash + 1);
  std::string temporary;
  do {
    temporary = absl::StrCat(DirectoryOf(path_), "/.", base, ".tmp-",
                             ::getpid(), "-", counter++);
    fd_ = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                 0666);
  } while (fd_ < 0 && errno == EEXIST);
  if (fd_ < 0) return Failed("create the file", errno);
  temporary_ = temporary;
  if (::fallocate(fd_, 0, 0, static_cast<off_t>(size)) != 0 &&
      errno != EOPNOTSUPP && errno != ENOSYS) {
    return Failed("reserve space", errno);
  }
  return absl::OkStatus();
}

absl::Status Writer::WriteAt(const void* data, size_t size, uint64_t at) {
  const char* bytes = static_cast<const char*>(data);
  while (size > 0) {
    // Linux writes at most 2 GiB a call; the loop takes the rest.
    const ssize_t n = ::pwrite(fd_, bytes, size, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Failed("write", n < 0 ? errno : ENOSPC);
    bytes += n;
    size -= static_cast<size_t>(n);
    at += static_cast<uint64_t>(n);
  }
  return absl::OkStatus();
}

absl::Status Writer::Failed(const char* what, int error) {
  const std::string message =
      absl::StrCat(path_, ": cannot ", what, " (", size_,
                   " bytes in all): ", strerror(error));
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  failed_ = full ? absl::ResourceExhaustedError(message)
                 : absl::InternalError(message);
  return failed_;
}

absl::Status Writer::Append(const std::string& name, const void* data,
                            size_t size) {
  FTS_RETURN_IF_ERROR(failed_);
  if (fd_ < 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(path_, ": already committed"));
  }
  const auto found = slots_.find(name);
  if (found == slots_.end()) {
    return absl::NotFoundError(absl::StrCat(
        path_, ": tensor '", Printable(name), "' was not announced"));
  }
  Slot& slot = found->second;
  if (size > slot.size - slot.written) {
    return absl::OutOfRangeError(absl::StrCat(
        path_, ": tensor '", Printable(name), "' has ", slot.size, " bytes; ",
        slot.written, " are written and ", size, " more were given"));
  }
  FTS_RETURN_IF_ERROR(WriteAt(data, size, slot.begin + slot.written));
  slot.written += size;
  return absl::OkStatus();
}

absl::Status Writer::Commit() {
  FTS_RETURN_IF_ERROR(failed_);
  if (fd_ < 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(path_, ": already committed"));
  }
  // The first incomplete tensor by name, so that the message is stable.
  const std::pair<const std::string, Slot>* incomplete = nullptr;
  for (const auto& slot : slots_) {
    if (slot.second.written == slot.second.size) continue;
    if (incomplete == nullptr || slot.first < incomplete->first) {
      incomplete = &slot;
    }
  }
  if (incomplete != nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat(path_, ": tensor '", Printable(incomplete->first),
                     "' has ", incomplete->second.size, " bytes, only ",
                     incomplete->second.written, " were written"));
  }
  if (::fsync(fd_) != 0) return Failed("flush", errno);
  const int fd = std::exchange(fd_, -1);
  if (::close(fd) != 0) return Failed("close", errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    return Failed("rename the finished file into place", errno);
  }
  temporary_.clear();
  const int directory =
      ::open(DirectoryOf(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return Failed("open the directory", errno);
  const int synced = ::fsync(directory);
  const int error = errno;
  ::close(directory);
  // Some file systems cannot flush a directory and say so.
  if (synced != 0 && error != EINVAL) {
    return Failed("flush the directory", error);
  }
  return absl::OkStatus();
}

}  // namespace fts::safetensors
