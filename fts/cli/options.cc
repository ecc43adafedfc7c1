// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "fts/core/base/codes.h"
#include "fts/core/base/did_you_mean.h"

namespace fts::cli {

struct Options::App {
  CLI::App app;
  std::vector<std::string> names;
};

Options::Options(const std::string& command, const std::string& description,
                 std::vector<std::string> args, Streams io)
    : app_(std::make_unique<App>()), args_(std::move(args)), io_(io) {
  app_->app.name("fts " + command);
  app_->app.description(description);
  app_->app.allow_extras();  // reported below, with a suggestion
  app_->app.add_flag("--json", json_,
                     "print one JSON object on standard output");
  app_->names = {"--json", "--help"};
}

Options::~Options() = default;

void Options::Required(const std::string& name, std::string* out,
                       const std::string& type, const std::string& help) {
  app_->app.add_option(name, *out, help)->required()->type_name(type);
  app_->names.push_back(name);
}

void Options::Optional(const std::string& name, std::optional<std::string>* out,
                       const std::string& type, const std::string& help) {
  app_->app
      .add_option_function<std::string>(
          name, [out](const std::string& value) { *out = value; }, help)
      ->type_name(type);
  app_->names.push_back(name);
}

void Options::Optional(const std::string& name, std::optional<int64_t>* out,
                       const std::string& type, const std::string& help) {
  app_->app
      .add_option_function<int64_t>(
          name, [out](const int64_t& value) { *out = value; }, help)
      ->type_name(type);
  app_->names.push_back(name);
}

void Options::Flag(const std::string& name, bool* out,
                   const std::string& help) {
  app_->app.add_flag(name, *out, help);
  app_->names.push_back(name);
}

std::optional<int> Options::Parse() {
  const std::string see =
      "; `" + app_->app.get_name() + " --help` lists the options";
  Diagnostics diags;
  try {
    // CLI11 reads a vector from its end.
    std::vector<std::string> reversed(args_.rbegin(), args_.rend());
    app_->app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    io_.out << app_->app.help();
    return kOk;
  } catch (const CLI::ParseError& e) {
    // Its own codes are above 100; ours is 2 for all of them.
    diags.Error(codes::kUsage, e.what() + see);
  }
  const std::vector<std::string> extras = app_->app.remaining();
  if (!extras.empty()) {
    const std::string name = extras[0].substr(0, extras[0].find('='));
    const std::string suggestion = DidYouMean(name, app_->names);
    diags.Error(codes::kUsage, "unknown option '" + extras[0] + "'" +
                                   (suggestion.empty() ? see : suggestion));
  }
  if (diags.ok()) return std::nullopt;
  return Report(diags, WantsJson(args_), io_);
}

}  // namespace fts::cli
