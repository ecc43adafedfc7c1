// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/hang_report.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace fts::train {
namespace {

std::string SecondsText(HangWatch::Clock::duration time) {
  return absl::StrCat(
      std::chrono::duration_cast<std::chrono::seconds>(time).count(), " s");
}

// " (collective 1234, step 17)", as far as known.
std::string PlaceText(const RankReport& report) {
  std::vector<std::string> parts;
  if (report.collective > 0) {
    parts.push_back(absl::StrCat("collective ", report.collective));
  }
  if (report.step >= 0) {
    parts.push_back(absl::StrCat("step ", report.step));
    parts.push_back(absl::StrCat("epoch ", report.epoch));
  } else {
    parts.push_back("before the first step");
  }
  return absl::StrCat(" (", absl::StrJoin(parts, ", "), ")");
}

std::string RankText(const RankFacts& rank, const std::string& quiet) {
  const RankReport& report = rank.report;
  if (!rank.live) return "has ended";
  const std::string process =
      absl::StrCat("; its process ", rank.pid, " ", rank.process.ToString());
  if (!report.attached) return absl::StrCat("still starting", process);
  if (report.waiting) {
    return absl::StrCat("waiting ", quiet, " for ", CallText(report),
                        PlaceText(report),
                        rank.process.stopped() ? process : "");
  }
  if (report.busy) {
    return absl::StrCat("busy with ", report.busy_with, PlaceText(report),
                        rank.process.stopped() ? process : "");
  }
  return absl::StrCat(
      "silent ", quiet,
      report.op.empty() ? "" : absl::StrCat(" after ", CallText(report)),
      PlaceText(report), process);
}

// What to look at, by what the process is doing.
std::string Hint(const ProcessState& process) {
  const char* const kRaise =
      "or raise trainer.hang_timeout if its work may take that long";
  switch (process.code) {
    case 'T':
      return "look for what stopped it (SIGSTOP, SIGTTOU, a batch system); to "
             "pause a run, suspend the launcher (Ctrl-Z)";
    case 'R':
      return absl::StrCat("look for an endless loop, ", kRaise);
    case 'S':
      return absl::StrCat(
          "look for a call that blocks (a lock, a pipe, a device), ", kRaise);
    case 'D':
      return absl::StrCat("look at its disks and network file systems, ",
                          kRaise);
    default:
      return absl::StrCat("look at its log, ", kRaise);
  }
}

}  // namespace

std::string CallText(const RankReport& report) {
  // A barrier is about nothing in particular; labels stay from call to call.
  if (!report.label.empty() && report.op != "barrier") {
    return absl::StrCat(report.op, " of ", report.label);
  }
  return absl::StrCat(report.op,
                      report.communicator.empty()
                          ? ""
                          : absl::StrCat(" on ", report.communicator));
}

HangReport MakeHangReport(const HangWatch::Finding& finding,
                          const std::vector<RankFacts>& facts,
                          std::chrono::milliseconds hang_timeout) {
  HangReport report;
  report.hung = finding.hung;
  for (size_t rank = 0; rank < facts.size(); ++rank) {
    report.ranks.push_back(
        absl::StrCat("rank ", rank, ": ",
                     RankText(facts[rank], SecondsText(finding.quiet[rank]))));
  }
  const std::string waited = SecondsText(finding.waited);
  const std::string limit =
      absl::StrCat(" (trainer.hang_timeout is ",
                   std::chrono::duration<double>(hang_timeout).count(), " s)");
  if (finding.hung.empty()) {
    report.error = absl::StrCat(
        "all ranks wait for each other, and not for the same call, for ",
        waited, limit,
        "; every rank must make the same calls in the same order: compare the "
        "lines above");
    return report;
  }
  if (finding.hung.size() > 1) {
    report.error = absl::StrCat(
        "ranks ", absl::StrJoin(finding.hung, ", "),
        " hang: the others have waited ", waited, " for them", limit,
        "; look at what they are doing above and at their logs, or raise "
        "trainer.hang_timeout if their work may take that long");
    return report;
  }
  const RankFacts& hung = facts[finding.hung[0]];
  const bool stopped = hung.process.stopped();
  report.error = absl::StrCat(
      "rank ", finding.hung[0], " hangs: its process ", hung.pid, " ",
      hung.process.ToString(), ", and the others have waited ", waited,
      " for it", stopped ? "" : limit, "; ", Hint(hung.process));
  return report;
}

}  // namespace fts::train
