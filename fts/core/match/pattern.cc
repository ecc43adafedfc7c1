// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/match/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <mutex>
#include <utility>

#include "fts/core/base/status.h"
#include "fts/core/match/pattern_chars.h"
#include "fts/core/match/pattern_translate.h"

namespace fts {
namespace {

// Steps before a pattern counts as running away: under a second in the
// interpreter, and far above what any honest name needs.
constexpr uint32_t kMatchLimit = 2000000;
constexpr uint32_t kDepthLimit = 200000;
constexpr uint32_t kHeapLimitKib = 64 * 1024;
constexpr uint32_t kParensLimit = 2000;  // above what the translator can nest

struct CodeDeleter {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
using Code = std::unique_ptr<pcre2_code, CodeDeleter>;

struct CompileContextDeleter {
  void operator()(pcre2_compile_context* c) const {
    pcre2_compile_context_free(c);
  }
};

// Scratch space of one thread, made at its first match.
struct Scratch {
  pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
  pcre2_match_context* context = pcre2_match_context_create(nullptr);
  Scratch() {
    if (context == nullptr) return;
    pcre2_set_match_limit(context, kMatchLimit);
    pcre2_set_depth_limit(context, kDepthLimit);
    pcre2_set_heap_limit(context, kHeapLimitKib);
  }
  ~Scratch() {
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
  }
};

std::string PcreMessage(int code) {
  PCRE2_UCHAR buffer[256];
  const int size = pcre2_get_error_message(code, buffer, sizeof(buffer));
  if (size < 0) return "error " + std::to_string(code);
  return reinterpret_cast<const char*>(buffer);
}

absl::StatusOr<Code> CompilePcre(const std::string& translated,
                                 uint32_t extra_options) {
  std::unique_ptr<pcre2_compile_context, CompileContextDeleter> context(
      pcre2_compile_context_create(nullptr));
  if (context == nullptr) return absl::ResourceExhaustedError("out of memory");
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  pcre2_set_parens_nest_limit(context.get(), kParensLimit);
  int error = 0;
  PCRE2_SIZE offset = 0;
  Code code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()),
                          translated.size(),
                          PCRE2_UTF | PCRE2_UCP | PCRE2_ANCHORED |
                              PCRE2_NEVER_BACKSLASH_C | extra_options,
                          &error, &offset, context.get()));
  if (code == nullptr) {
    // Python takes it (the translator has checked), PCRE2 does not.
    return absl::InvalidArgumentError("not supported here: " +
                                      PcreMessage(error));
  }
  // Speed only: without the JIT the interpreter runs.
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
  return code;
}

bool IsAscii(const std::string& text) {
  unsigned char bits = 0;  // no early exit: the loop vectorizes
  for (char c : text) bits |= static_cast<unsigned char>(c);
  return bits <= 0x7f;
}

// *length: of the match, when there is one.
absl::StatusOr<bool> RunCode(const pcre2_code* code, const std::string& text,
                             size_t* length = nullptr) {
  static thread_local Scratch scratch;
  if (scratch.data == nullptr || scratch.context == nullptr) {
    return absl::ResourceExhaustedError("out of memory");
  }
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  uint32_t options = IsAscii(text) ? PCRE2_NO_UTF_CHECK : 0;
  int rc = pcre2_match(code, subject, text.size(), 0, options, scratch.data,
                       scratch.context);
  if (rc == PCRE2_ERROR_JIT_STACKLIMIT) {
    rc = pcre2_match(code, subject, text.size(), 0, options | PCRE2_NO_JIT,
                     scratch.data, scratch.context);
  }
  if (rc >= 0) {
    if (length != nullptr) {
      *length = pcre2_get_ovector_pointer(scratch.data)[1];
    }
    return true;
  }
  if (rc == PCRE2_ERROR_NOMATCH) return false;
  if (rc <= PCRE2_ERROR_UTF8_ERR1 && rc >= PCRE2_ERROR_UTF8_ERR21) {
    return absl::InvalidArgumentError("the name is not valid UTF-8");
  }
  return absl::ResourceExhaustedError(
      "matching was given up (" + PcreMessage(rc) +
      "): the pattern backtracks too much; simplify nested repeats such as "
      "(a+)+");
}

}  // namespace

struct Pattern::Impl {
  std::string text;
  std::string translated;
  Code code;
  // Compiled at the first FullMatch.
  mutable std::once_flag full_once;
  mutable Code full_code;
  mutable absl::Status full_status;
};

Pattern::Pattern(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

absl::StatusOr<Pattern> Pattern::Compile(const std::string& python_re) {
  auto impl = std::make_shared<Impl>();
  impl->text = python_re;
  FTS_ASSIGN_OR_RETURN(impl->translated,
                       match_internal::TranslatePythonPattern(python_re));
  FTS_ASSIGN_OR_RETURN(impl->code, CompilePcre(impl->translated, 0));
  return Pattern(std::move(impl));
}

absl::StatusOr<bool> Pattern::Match(const std::string& text) const {
  return RunCode(impl_->code.get(), text);
}

absl::StatusOr<std::optional<size_t>> Pattern::MatchLength(
    const std::string& text) const {
  size_t length = 0;
  FTS_ASSIGN_OR_RETURN(const bool hit,
                       RunCode(impl_->code.get(), text, &length));
  if (!hit) return std::optional<size_t>();
  return std::optional<size_t>(length);
}

absl::StatusOr<bool> Pattern::FullMatch(const std::string& text) const {
  const Impl& impl = *impl_;
  std::call_once(impl.full_once, [&impl] {
    auto code = CompilePcre(impl.translated, PCRE2_ENDANCHORED);
    if (code.ok()) {
      impl.full_code = std::move(code).value();
    } else {
      impl.full_status = code.status();
    }
  });
  FTS_RETURN_IF_ERROR(impl.full_status);
  return RunCode(impl.full_code.get(), text);
}

const std::string& Pattern::text() const { return impl_->text; }

}  // namespace fts
