// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/timeline_text.h"

#include <algorithm>
#include <cstdio>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fts/core/plan/plan_text.h"

namespace fts {
namespace {

constexpr size_t kColumns = 100;
using Row = std::vector<std::string>;

// Columns two apart; those named in `right` to the right. What is too long in
// the last column goes on below, broken behind a comma, else at a space.
std::string Table(const std::vector<Row>& rows, const std::set<size_t>& right) {
  std::vector<size_t> width(rows[0].size());
  for (const Row& row : rows) {
    for (size_t i = 0; i + 1 < row.size(); ++i) {
      width[i] = std::max(width[i], row[i].size());
    }
  }
  size_t indent = 0;
  for (size_t i = 0; i + 1 < width.size(); ++i) indent += width[i] + 2;
  const size_t room = indent + 20 < kColumns ? kColumns - indent : 20;
  std::string out;
  for (const Row& row : rows) {
    std::string line;
    for (size_t i = 0; i + 1 < row.size(); ++i) {
      const std::string pad(width[i] - row[i].size(), ' ');
      absl::StrAppend(&line, right.count(i) > 0 ? pad : "", row[i],
                      right.count(i) > 0 ? "" : pad, "  ");
    }
    std::string rest = row.back();
    while (rest.size() > room) {
      size_t at = rest.rfind(", ", room - 1);
      at = at == std::string::npos ? rest.rfind(' ', room) : at + 1;
      if (at == std::string::npos || at == 0) at = room;
      absl::StrAppend(&out, line, rest.substr(0, at), "\n");
      line.assign(indent, ' ');
      rest.erase(0, at + (rest[at] == ' ' ? 1 : 0));
    }
    absl::StrAppend(&line, rest);
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(&out, line, "\n");
  }
  return out;
}

std::string Share(int64_t part, int64_t total) {
  char text[32];
  std::snprintf(
      text, sizeof(text), "%.1f %%",
      total > 0 ? 100.0 * static_cast<double>(part) / static_cast<double>(total)
                : 0.0);
  return text;
}

std::string Rate(double lr) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g", lr);
  return text;
}

std::string Rate(const TimelineGroup& group) {
  if (group.lr) return Rate(*group.lr);
  if (group.lr_scale == 1) return "own";  // the optimizer's
  return absl::StrCat("own x ", Rate(group.lr_scale));
}

// The rates of a phase in one word.
std::string Rates(const TimelinePhase& phase) {
  if (phase.groups.empty()) return "-";
  const std::string first = Rate(phase.groups.front());
  const std::string last = Rate(phase.groups.back());
  return first == last ? first : absl::StrCat(first, "..", last);
}

std::string Begins(const Timeline& timeline, const TimelinePhase& phase) {
  if (!phase.runs || phase.begins.never) return "never";
  if (phase.phase == 0) return "at once";
  const std::string& by = phase.begins.by_epoch;
  const std::string step = "max_transition_step ";
  const std::string tokens = "max_transition_tokens ";
  const std::string time = "max_transition_time ";
  const auto is = [&by](const std::string& limit) {
    return by.compare(0, limit.size(), limit) == 0;
  };
  if (!is(step) && !is(tokens) && !is(time)) {
    return absl::StrCat("from epoch ", phase.begins.epoch);
  }
  // Between two epochs: in steps where they are known.
  if (is(time)) return absl::StrCat("after ", by.substr(time.size()), " s");
  if (timeline.options.reach.steps_per_epoch || is(step)) {
    return absl::StrCat("from step ", timeline.options.reach.steps_per_epoch
                                          ? absl::StrCat(phase.begins.step)
                                          : by.substr(step.size()));
  }
  return absl::StrCat("after ", by.substr(tokens.size()), " tokens");
}

std::string Ends(const Timeline& timeline, const TimelinePhase& phase) {
  if (!phase.runs) return "beyond max_depth";
  Row parts;
  for (const TimelineEnd& end : phase.ends) parts.push_back(end.text);
  const bool last = &phase == &timeline.phases.back() ||
                    !timeline.phases[phase.phase + 1].runs;
  std::string out = absl::StrJoin(parts, ", ");
  if (last) {
    out = out.empty() ? "runs on" : absl::StrCat("run: ", out);
  } else if (out.empty()) {
    out = "nothing";
  }
  return out;
}

std::string Phases(const Timeline& timeline) {
  std::vector<Row> rows = {{"phase", "begins", "thaws", "parameters", "trains",
                            "share", "lr", "ends by"}};
  for (const TimelinePhase& phase : timeline.phases) {
    rows.push_back({absl::StrCat(phase.phase), Begins(timeline, phase),
                    absl::StrCat(phase.thawed_tensors),
                    ShortCount(phase.thawed_parameters),
                    phase.runs ? ShortCount(phase.trainable_parameters) : "-",
                    phase.runs ? Share(phase.trainable_parameters,
                                       timeline.total_parameters)
                               : "-",
                    Rates(phase), Ends(timeline, phase)});
  }
  return Table(rows, {2, 3, 4, 5});
}

// What else a phase does, where one does.
std::string Changes(const Timeline& timeline) {
  std::vector<Row> rows = {{"phase", "also"}};
  for (const TimelinePhase& phase : timeline.phases) {
    Row parts;
    if (phase.frozen_tensors > 0) {
      parts.push_back(
          absl::StrCat("freezes ", phase.frozen_tensors,
                       phase.frozen_tensors == 1 ? " tensor, " : " tensors, ",
                       ShortCount(phase.frozen_parameters), " parameters"));
    }
    parts.insert(parts.end(), phase.changes.begin(), phase.changes.end());
    if (parts.empty() || !phase.runs) continue;
    rows.push_back({absl::StrCat(phase.phase), absl::StrJoin(parts, ", ")});
  }
  return rows.size() > 1 ? "\n" + Table(rows, {}) : "";
}

// Only where a phase adds several groups; else the phases say it all.
std::string Groups(const Timeline& timeline) {
  std::vector<Row> rows = {
      {"phase", "group", "lr", "weight decay", "tensors", "parameters", ""}};
  bool several = false;
  for (const TimelinePhase& phase : timeline.phases) {
    several = several || phase.groups.size() > 1;
    for (const TimelineGroup& group : phase.groups) {
      std::string name = group.name.empty() ? "all" : group.name;
      if (group.no_decay) name += ", no decay";
      rows.push_back(
          {absl::StrCat(phase.phase), name, Rate(group),
           group.weight_decay ? Rate(*group.weight_decay) : "optimizer's",
           absl::StrCat(group.tensors), ShortCount(group.parameters), ""});
    }
  }
  return several ? "\n" + Table(rows, {4, 5}) : "";
}

std::string Memory(const Timeline& timeline) {
  const TimelineOptions& options = timeline.options;
  std::string out = absl::StrCat("\nper rank, world size ",
                                 options.memory.world_size * timeline.tp);
  if (timeline.tp > 1) absl::StrAppend(&out, ", ", timeline.tp, " along tp");
  if (!options.precision.empty())
    absl::StrAppend(&out, ", ", options.precision);
  if (!options.optimizer.empty())
    absl::StrAppend(&out, ", ", options.optimizer);
  absl::StrAppend(&out, ":\n");
  std::vector<Row> rows = {{"phase", "parameters", "masters", "gradients",
                            "moments", "total", "largest gather", ""}};
  for (const TimelinePhase& phase : timeline.phases) {
    if (!phase.runs) continue;
    const RankBytes& bytes = phase.bytes;
    rows.push_back(
        {absl::StrCat(phase.phase), ShortBytes(bytes.parameters()),
         ShortBytes(bytes.masters), ShortBytes(bytes.gradients),
         options.moments_unknown ? "?" : ShortBytes(bytes.moments),
         (options.moments_unknown ? "> " : "") + ShortBytes(bytes.total()),
         ShortBytes(bytes.largest_gather), ""});
  }
  return out + Table(rows, {1, 2, 3, 4, 5, 6});
}

Json Tensors(int64_t tensors, int64_t parameters) {
  return {{"tensors", tensors}, {"parameters", parameters}};
}

Json Bytes(const RankBytes& bytes, bool moments_unknown) {
  Json out;
  out["frozen_sharded"] = bytes.frozen_sharded;
  out["frozen_replicated"] = bytes.frozen_replicated;
  out["trainable_sharded"] = bytes.trainable_sharded;
  out["trainable_replicated"] = bytes.trainable_replicated;
  out["kept_gathered"] = bytes.kept_gathered;
  out["masters"] = bytes.masters;
  out["gradients"] = bytes.gradients;
  out["moments"] = nullptr;
  out["total"] = nullptr;
  if (!moments_unknown) {
    out["moments"] = bytes.moments;
    out["total"] = bytes.total();
  }
  out["unreduced"] = bytes.unreduced;
  out["largest_gather"] = bytes.largest_gather;
  return out;
}

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json PhaseToJson(const Timeline& timeline, const TimelinePhase& phase) {
  Json out;
  out["phase"] = phase.phase;
  out["runs"] = phase.runs;
  out["begins"] = nullptr;
  if (phase.runs && !phase.begins.never) {
    out["begins"] = {{"epoch", phase.begins.epoch},
                     {"step", phase.begins.step}};
  }
  out["thaws"] = Tensors(phase.thawed_tensors, phase.thawed_parameters);
  out["freezes"] = Tensors(phase.frozen_tensors, phase.frozen_parameters);
  out["trains"] = Tensors(phase.trainable_tensors, phase.trainable_parameters);
  out["trains"]["share"] =
      timeline.total_parameters > 0
          ? static_cast<double>(phase.trainable_parameters) /
                static_cast<double>(timeline.total_parameters)
          : 0.0;
  out["groups"] = Json::array();
  for (const TimelineGroup& group : phase.groups) {
    out["groups"].push_back({{"name", group.name},
                             {"lr", OrNull(group.lr)},
                             {"lr_scale", group.lr_scale},
                             {"weight_decay", OrNull(group.weight_decay)},
                             {"no_decay", group.no_decay},
                             {"tensors", group.tensors},
                             {"parameters", group.parameters}});
  }
  out["ends"] = Json::array();
  for (const TimelineEnd& end : phase.ends) {
    out["ends"].push_back({{"by", end.by}, {"value", end.value}});
  }
  out["changes"] = phase.changes;
  out["bytes"] = phase.runs
                     ? Bytes(phase.bytes, timeline.options.moments_unknown)
                     : Json(nullptr);
  return out;
}

}  // namespace

std::string ShortCount(int64_t n) {
  if (n < 100'000) return WithCommas(n);
  double value = static_cast<double>(n);
  const char* unit = "k";
  value /= 1e3;
  for (const char* next : {"M", "B", "T"}) {
    if (value < 999.5) break;
    value /= 1e3;
    unit = next;
  }
  char text[32];
  std::snprintf(text, sizeof(text), "%.*f %s",
                value < 9.995 ? 2 : (value < 99.95 ? 1 : 0), value, unit);
  return text;
}

std::string ShortBytes(int64_t bytes) {
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  double value = static_cast<double>(bytes);
  const char* unit = "KiB";
  value /= 1024;
  for (const char* next : {"MiB", "GiB", "TiB"}) {
    if (value < 1023.95) break;
    value /= 1024;
    unit = next;
  }
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f %s", value, unit);
  return text;
}

std::string TimelineToText(const Timeline& timeline) {
  if (timeline.phases.empty()) return "no phases\n";
  return Phases(timeline) + Changes(timeline) + Groups(timeline) +
         Memory(timeline);
}

Json TimelineToJson(const Timeline& timeline) {
  Json out;
  out["phases"] = Json::array();
  for (const TimelinePhase& phase : timeline.phases) {
    out["phases"].push_back(PhaseToJson(timeline, phase));
  }
  out["total_parameters"] = timeline.total_parameters;
  out["world_size"] = timeline.options.memory.world_size * timeline.tp;
  if (timeline.tp > 1) out["tp"] = timeline.tp;
  out["param_dtype"] = timeline.options.memory.param;
  out["master_dtype"] = timeline.options.memory.master;
  return out;
}

}  // namespace fts
