// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/config/config_args.h"

#include <cstddef>

#include "fts/core/base/codes.h"

namespace fts {

ConfigArgs ReadConfigArgs(const std::vector<std::string>& args,
                          const std::set<std::string>& known_flags,
                          Diagnostics* diags) {
  ConfigArgs out;
  for (size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    if (arg == "--help" || arg == "-h") {
      out.flags.insert("--help");
    } else if (known_flags.count(arg) > 0) {
      out.flags.insert(arg);
    } else if (arg.rfind("--config=", 0) == 0) {
      out.files.push_back(arg.substr(9));
    } else if (arg == "--config" || arg == "-c") {
      if (i + 1 == args.size() || args[i + 1].rfind("-", 0) == 0) {
        diags->Error(codes::kUsage,
                     arg + " needs a file; write " + arg + " FILE");
      } else {
        out.files.push_back(args[++i]);
      }
    } else {
      out.overrides.push_back(arg);
      // "--key.path value": the value is never an option of ours.
      if (arg.rfind("--", 0) == 0 && arg.find('=') == std::string::npos &&
          i + 1 < args.size() && args[i + 1].rfind("--", 0) != 0) {
        out.overrides.push_back(args[++i]);
      }
    }
  }
  if (out.files.empty() && out.flags.count("--help") == 0 && diags->ok()) {
    diags->Error(codes::kUsage, "--config is missing; write --config FILE");
  }
  return out;
}

}  // namespace fts
