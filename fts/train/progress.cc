// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace fts::train {
namespace {

constexpr int64_t kBarWidth = 20;
constexpr int64_t kMinBarWidth = 5;
// Back to column 0 and clear the line.
constexpr char kClearLine[] = "\r\x1b[2K";

std::string Bar(int64_t done, int64_t total, int64_t width) {
  const int64_t filled = std::clamp<int64_t>(done * width / total, 0, width);
  return "[" + std::string(filled, '#') + std::string(width - filled, '-') +
         "] ";
}

std::string Bytes(int64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = bytes / 1024.0;
  for (const char* unit : {"KiB", "MiB", "GiB"}) {
    if (value < 1024) return fmt::format("{:.1f} {}", value, unit);
    value /= 1024;
  }
  return fmt::format("{:.1f} TiB", value);
}

std::string SingleSpaced(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c != ' ' || out.empty() || out.back() != ' ') out.push_back(c);
  }
  return out;
}

std::string Rates(const std::vector<double>& lr) {
  // Groups often share one rate; then it is shown once.
  std::vector<std::string> shown;
  for (double rate : lr) {
    const std::string text = fmt::format("{:.2e}", rate);
    if (shown.empty() || shown.back() != text) shown.push_back(text);
  }
  return fmt::format("{}", fmt::join(shown, ","));
}

}  // namespace

ProgressOptions ProgressOptionsForStdout() {
  ProgressOptions options;
  options.terminal = isatty(STDOUT_FILENO) == 1;
  struct winsize size;
  if (options.terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
      size.ws_col > 0) {
    options.columns = size.ws_col;
  }
  options.min_interval_s = options.terminal ? 0.1 : 1.0;
  return options;
}

Progress::Progress(std::ostream* out, ProgressOptions options, Clock clock)
    : out_(out), options_(std::move(options)), clock_(std::move(clock)) {}

Progress::~Progress() {
  if (line_open_) *out_ << "\n" << std::flush;
}

void Progress::KeepLine(const std::string& text) {
  if (line_open_) *out_ << kClearLine;
  line_open_ = false;
  *out_ << text << "\n" << std::flush;
}

void Progress::Phase(const PhaseEvent& event) {
  const double share =
      event.total_params == 0
          ? 0
          : 100.0 * event.trainable_params / event.total_params;
  const std::string frozen =
      event.frozen.empty() ? ""
                           : fmt::format(", {} frozen", event.frozen.size());
  KeepLine(fmt::format(
      "phase {} begins at epoch {}, step {} ({}): {} parameter{} thawed{}, {} "
      "of {} elements trainable ({:.1f} %), transition {:.1f} ms",
      event.phase, event.epoch, event.step, event.reason, event.thawed.size(),
      event.thawed.size() == 1 ? "" : "s", frozen, event.trainable_params,
      event.total_params, share, event.transition_ms));
}

void Progress::Step(const TrainStepEvent& event) {
  const int64_t per_epoch = options_.steps_per_epoch;
  const int64_t in_epoch =
      per_epoch > 0 ? event.step - event.epoch * per_epoch : event.step;
  const bool edge =
      event.phase != last_phase_ ||
      (per_epoch > 0 && (in_epoch == 0 || in_epoch == per_epoch - 1));
  const double now = clock_();
  if (!edge && last_shown_.has_value() &&
      now - *last_shown_ < options_.min_interval_s) {
    return;
  }
  last_shown_ = now;
  last_phase_ = event.phase;
  std::string epoch = fmt::format("{}", event.epoch);
  if (options_.max_epochs.has_value()) {
    epoch += fmt::format("/{}", *options_.max_epochs);
  }
  std::string text = fmt::format(
      "phase {}  epoch {}  step {}  loss {:.4f}  grad_norm {:.3f}  lr {}  "
      "tok/s {:.0f}  mem {:.1f} MiB",
      event.phase, epoch, event.step, event.loss, event.grad_norm,
      Rates(event.lr), event.tokens_per_s, event.mem_mib);
  if (!options_.terminal) {
    *out_ << text << "\n" << std::flush;
    return;
  }
  // The last column stays free: writing there makes some terminals wrap. Where
  // not all fits, the bar shrinks, then goes, then the gaps, then the end.
  const int64_t room = std::max(options_.columns - 1, 1);
  const int64_t left = room - static_cast<int64_t>(text.size()) - 3;
  if (per_epoch > 0 && left >= kMinBarWidth) {
    text.insert(0, Bar(in_epoch + 1, per_epoch, std::min(left, kBarWidth)));
  } else if (static_cast<int64_t>(text.size()) > room) {
    text = SingleSpaced(text);
  }
  text.resize(std::min<size_t>(text.size(), room));
  *out_ << kClearLine << text << std::flush;
  line_open_ = true;
}

void Progress::Validation(const ValidationEvent& event) {
  KeepLine(event.epoch < 0
               ? fmt::format("validation before training: val_loss {:.4f}",
                             event.val_loss)
               : fmt::format("validation after epoch {}, step {} (phase {}): "
                             "val_loss {:.4f}",
                             event.epoch, event.step, event.phase,
                             event.val_loss));
}

void Progress::Measured(const PhaseMeasured& measured) {
  KeepLine(fmt::format(
      "phase {} measured, per rank: gathered {}, reduced {}, gradients {}, "
      "moments {}, peak {}{}",
      measured.phase, Bytes(measured.bytes_gathered),
      Bytes(measured.bytes_reduced), Bytes(measured.gradient_bytes),
      Bytes(measured.moment_bytes), Bytes(measured.peak_bytes),
      measured.bytes_along_tp.has_value()
          ? fmt::format(", along tp {}", Bytes(*measured.bytes_along_tp))
          : ""));
}

void Progress::RunEnd(const RunEndEvent& event) {
  KeepLine(fmt::format(
      "done after {} steps ({}){}", event.steps, event.reason,
      event.best.has_value() ? fmt::format(", best {:.4f}", *event.best) : ""));
}

void Progress::Note(const std::string& text) { KeepLine(text); }

}  // namespace fts::train
