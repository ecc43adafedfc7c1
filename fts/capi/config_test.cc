// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "fts/capi/buffer.h"
#include "fts/capi/debug.h"
#include "fts/capi/diagnostics.h"

namespace {

std::string Str(fts_string view) { return {view.data, view.size}; }

std::string Text(fts_status* status) {
  const std::string text = Str(fts_status_code_name(status)) + ": " +
                           Str(fts_status_message(status));
  fts_status_release(status);
  return text;
}

std::string Take(fts_buffer* buffer) {
  std::string text = Str(fts_buffer_view(buffer));
  fts_buffer_release(buffer);
  return text;
}

constexpr char kBase[] =
    "seed: 1\n"
    "trainer: {max_epochs: 3, accumulate: 2}\n"
    "loggers: [jsonl]\n"
    "optimizer:\n"
    "  name: adamw\n"
    "  lr: 1e-05\n";

class Config : public testing::Test {
 protected:
  void SetUp() override { live_ = fts_live_handles(); }
  void TearDown() override {
    fts_config_release(config_);
    EXPECT_EQ(fts_live_handles(), live_);
  }
  // Parses kBase as base.yaml and `more` as more.yaml.
  fts_status* Parse(const char* more,
                    const std::vector<fts_string>& overrides = {},
                    fts_diagnostics** out_diagnostics = nullptr) {
    const fts_config_text texts[] = {{fts_str(kBase), fts_str("base.yaml")},
                                     {fts_str(more), fts_str("more.yaml")}};
    return fts_config_parse(texts, 2, overrides.data(), overrides.size(),
                            out_diagnostics, &config_);
  }
  std::string Json(const char* path) {
    fts_config* value = nullptr;
    fts_status* failed = fts_config_get(config_, fts_str(path), &value);
    if (failed != nullptr) return Text(failed);
    fts_buffer* json = nullptr;
    EXPECT_EQ(fts_config_to_json(value, &json), nullptr);
    fts_config_release(value);
    return Take(json);
  }

  int64_t live_ = 0;
  fts_config* config_ = nullptr;
};

TEST_F(Config, MergesTextsAndOverridesAndKnowsWhereFrom) {
  ASSERT_EQ(
      Text(Parse("trainer: {max_epochs: 5}\n",
                 {fts_str("loggers+=csv"), fts_str("--seed"), fts_str("7")})),
      "OK: ");
  fts_buffer* text = nullptr;
  ASSERT_EQ(fts_config_to_text(config_, &text), nullptr);
  EXPECT_EQ(Take(text),
            "seed: 7  # command line\n"
            "trainer:\n"
            "  max_epochs: 5  # more.yaml:1\n"
            "  accumulate: 2  # base.yaml:2\n"
            "loggers:\n"
            "  - jsonl  # base.yaml:3\n"
            "  - csv  # command line\n"
            "optimizer:\n"
            "  name: adamw  # base.yaml:5\n"
            "  lr: 1e-05  # base.yaml:6\n");
  ASSERT_EQ(fts_config_to_yaml(config_, &text), nullptr);
  EXPECT_EQ(Take(text),
            "seed: 7\ntrainer:\n  max_epochs: 5\n  accumulate: 2\nloggers:\n"
            "  - jsonl\n  - csv\noptimizer:\n  name: adamw\n  lr: 1e-05\n");
  ASSERT_EQ(fts_config_to_json(config_, &text), nullptr);
  EXPECT_EQ(Take(text),
            R"({"seed":7,"trainer":{"max_epochs":5,"accumulate":2},)"
            R"("loggers":["jsonl","csv"],)"
            R"("optimizer":{"name":"adamw","lr":"1e-05"}})");
}

TEST_F(Config, LoadsFilesThatNameFiles) {
  const std::string dir = std::string(std::getenv("TEST_TMPDIR")) + "/";
  std::ofstream(dir + "run.yaml") << "seed: 3\nschedule: ft.yaml\n";
  std::ofstream(dir + "ft.yaml") << "0: {params: [a]}\n";
  const std::string file = dir + "run.yaml";
  const fts_string files[] = {{file.data(), file.size()}};
  ASSERT_EQ(fts_config_load(files, 1, nullptr, 0, nullptr, &config_), nullptr);
  EXPECT_EQ(Json("schedule.0.params"), R"(["a"])");
  fts_config* value = nullptr;
  ASSERT_EQ(fts_config_get(config_, fts_str("schedule.0"), &value), nullptr);
  fts_config_info info;
  ASSERT_EQ(fts_config_get_info(value, &info), nullptr);
  EXPECT_EQ(Str(info.file), dir + "ft.yaml");
  EXPECT_EQ(info.line, 1);
  fts_config_release(value);
  fts_config_release(config_);

  const fts_string missing[] = {fts_str("/no/such.yaml")};
  EXPECT_EQ(Text(fts_config_load(missing, 1, nullptr, 0, nullptr, &config_)),
            "INVALID_ARGUMENT: error: cannot read '/no/such.yaml': no such "
            "file [missing_file]");
  EXPECT_EQ(config_, nullptr);
}

TEST_F(Config, ShowsValuesByPathAndPlace) {
  ASSERT_EQ(Parse("fsdp: {model.output: {a: ~}}\nflag: yes\nx: .inf\n"),
            nullptr);
  EXPECT_EQ(Json("trainer.accumulate"), "2");
  EXPECT_EQ(Json("fsdp.\"model.output\""), R"({"a":null})");
  EXPECT_EQ(Json("x"), R"(".inf")");
  EXPECT_EQ(
      Json("trainer.acumulate"),
      "NOT_FOUND: fts_config_get: trainer has no key 'acumulate'; did you "
      "mean 'accumulate'?");
  EXPECT_EQ(Json("trainer..x"),
            "INVALID_ARGUMENT: fts_config_get: 'trainer..x' is no key path; "
            "join keys with '.', and quote a key that holds dots: a.\"b.c\".d");
  EXPECT_EQ(Json("seed.x"), "NOT_FOUND: fts_config_get: seed has no key 'x'");

  fts_config_info info;
  ASSERT_EQ(fts_config_get_info(config_, &info), nullptr);
  EXPECT_EQ(info.kind, FTS_CONFIG_KIND_MAPPING);
  ASSERT_EQ(info.size, 7u);
  const struct {
    const char* key;
    fts_config_kind kind;
    const char* text;
    int64_t integer;
    double number;
    int32_t line;
  } want[] = {{"seed", FTS_CONFIG_KIND_INT, "1", 1, 1, 1},
              {"trainer", FTS_CONFIG_KIND_MAPPING, "", 0, 0, 2},
              {"loggers", FTS_CONFIG_KIND_LIST, "", 0, 0, 3},
              {"optimizer", FTS_CONFIG_KIND_MAPPING, "", 0, 0, 5},
              {"fsdp", FTS_CONFIG_KIND_MAPPING, "", 0, 0, 1},
              {"flag", FTS_CONFIG_KIND_BOOL, "yes", 1, 0, 2}};
  for (size_t i = 0; i < std::size(want); ++i) {
    fts_string key;
    ASSERT_EQ(fts_config_get_key(config_, i, &key), nullptr);
    EXPECT_EQ(Str(key), want[i].key);
    fts_config* value = nullptr;
    ASSERT_EQ(fts_config_get_value(config_, i, &value), nullptr);
    ASSERT_EQ(fts_config_get_info(value, &info), nullptr);
    EXPECT_EQ(info.kind, want[i].kind) << want[i].key;
    EXPECT_EQ(Str(info.text), want[i].text) << want[i].key;
    EXPECT_EQ(info.integer, want[i].integer) << want[i].key;
    EXPECT_EQ(info.number, want[i].number) << want[i].key;
    EXPECT_EQ(info.line, want[i].line) << want[i].key;
    fts_config_release(value);
  }
  fts_config* lr = nullptr;
  ASSERT_EQ(fts_config_get(config_, fts_str("optimizer.lr"), &lr), nullptr);
  ASSERT_EQ(fts_config_get_info(lr, &info), nullptr);
  EXPECT_EQ(info.kind, FTS_CONFIG_KIND_STRING);  // as YAML 1.1 reads it
  EXPECT_EQ(info.has_number, 1);
  EXPECT_EQ(info.number, 1e-5);
  fts_config_release(lr);
  EXPECT_EQ(Text(fts_config_get_value(config_, 7, &lr)),
            "OUT_OF_RANGE: fts_config_get_value: value 7 was asked for; there "
            "are 7");
}

TEST_F(Config, ChecksAWholeRunOrAPartOfOne) {
  ASSERT_EQ(Parse("trainer: {max_epoch: 5}\n"), nullptr);
  EXPECT_EQ(Text(fts_config_check(config_, FTS_CONFIG_SCOPE_PART, nullptr)),
            "INVALID_ARGUMENT: more.yaml:1:11: error: unknown key "
            "'trainer.max_epoch'; did you mean 'max_epochs'? [unknown_key]");
  fts_diagnostics* found = nullptr;
  fts_status* failed = fts_config_check(config_, FTS_CONFIG_SCOPE_RUN, &found);
  EXPECT_EQ(fts_status_code(failed), FTS_CODE_INVALID_ARGUMENT);
  EXPECT_EQ(Str(fts_status_detail_key(failed, 0)), "code");
  fts_status_release(failed);
  // The model and the data are missing besides.
  bool missing = false;
  for (size_t i = 0; i < fts_diagnostics_size(found); ++i) {
    fts_diagnostic d;
    ASSERT_EQ(fts_diagnostics_get(found, i, &d), nullptr);
    missing = missing || Str(d.code) == "missing_key";
  }
  EXPECT_TRUE(missing);
  fts_diagnostics_release(found);
  EXPECT_EQ(Text(fts_config_check(config_, 3, nullptr)),
            "INVALID_ARGUMENT: fts_config_check: scope is 3; it must be one of "
            "the FTS_CONFIG_SCOPE_ constants");
  fts_config_release(config_);
  ASSERT_EQ(Parse("seed: 4\n"), nullptr);
  EXPECT_EQ(fts_config_check(config_, FTS_CONFIG_SCOPE_PART, nullptr), nullptr);
}

TEST_F(Config, TellsAllThatIsWrongAtOnce) {
  fts_diagnostics* found = nullptr;
  fts_status* failed = Parse("a: [\n", {fts_str("seed")}, &found);
  EXPECT_EQ(config_, nullptr);
  EXPECT_EQ(fts_status_code(failed), FTS_CODE_INVALID_ARGUMENT);
  fts_status_release(failed);
  std::vector<std::string> codes;
  for (size_t i = 0; i < fts_diagnostics_size(found); ++i) {
    fts_diagnostic d;
    ASSERT_EQ(fts_diagnostics_get(found, i, &d), nullptr);
    codes.push_back(Str(d.code));
  }
  EXPECT_EQ(codes, (std::vector<std::string>{"bad_override", "yaml_syntax"}));
  fts_diagnostics_release(found);
  EXPECT_EQ(Text(fts_config_load(nullptr, 1, nullptr, 0, nullptr, &config_)),
            "INVALID_ARGUMENT: fts_config_load: files is NULL");
  EXPECT_EQ(Text(fts_config_parse(nullptr, 0, nullptr, 1, nullptr, &config_)),
            "INVALID_ARGUMENT: fts_config_parse: overrides is NULL");
}

}  // namespace
