// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/cli/version.h"

#include "fts/cli/options.h"
#include "fts/core/base/diagnostics_json.h"

namespace fts::cli {

std::string BuildFactsToJson(const BuildFacts& facts) {
  Json out = Json::object();
  out["version"] = facts.version;
  out["commit"] = facts.commit;
  out["mode"] = facts.mode;
  out["torch"] = facts.torch;
  out["cuda"] = facts.cuda ? Json(*facts.cuda) : Json();
  out["nccl"] = facts.nccl ? Json(*facts.nccl) : Json();
  out["gloo"] = facts.gloo;
  return DumpJson(out);
}

Command VersionCommand(const BuildFacts& facts) {
  const auto run = [facts](const std::vector<std::string>& args, Streams io) {
    Options options("version", "Prints build facts.", args, io);
    if (const auto exit = options.Parse()) return *exit;
    if (options.json()) {
      io.out << BuildFactsToJson(facts) << "\n";
      return kOk;
    }
    io.out << "fts " << facts.version << " (" << facts.commit << ", "
           << facts.mode << ")\n"
           << "torch " << facts.torch << "\n"
           << "cuda " << facts.cuda.value_or("not built in") << "\n"
           << "nccl " << facts.nccl.value_or("not built in") << "\n"
           << "gloo " << (facts.gloo ? "built in" : "not built in") << "\n";
    return kOk;
  };
  return {{"version"}, "print build facts", run};
}

}  // namespace fts::cli
