// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/metrics_writer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>

namespace fts::train {
namespace {

// A new empty directory.
std::string FreshDir() {
  const char* base = std::getenv("TEST_TMPDIR");
  std::string dir = std::string(base != nullptr ? base : "/tmp") + "/mXXXXXX";
  EXPECT_NE(mkdtemp(dir.data()), nullptr);
  return dir;
}

std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

TrainStepEvent AStep() {
  TrainStepEvent event;
  event.step = 7;
  event.epoch = 1;
  event.phase = 2;
  event.loss = 2.5;
  event.grad_norm = 0.125;
  event.lr = {1e-5, 7e-6};
  event.tokens_per_s = 1000;
  event.step_ms = 12.75;
  event.mem_mib = 33.5;
  return event;
}

TEST(ToJsonLine, TrainStep) {
  EXPECT_EQ(ToJsonLine(AStep()),
            R"({"event":"train_step","step":7,"epoch":1,"phase":2,"loss":2.5,)"
            R"("grad_norm":0.125,"lr":[1e-05,7e-06],"tokens_per_s":1000.0,)"
            R"("step_ms":12.75,"mem_mib":33.5})");
}

TEST(ToJsonLine, BaselineValidation) {
  ValidationEvent event;
  event.val_loss = 3.25;
  EXPECT_EQ(ToJsonLine(event),
            R"({"event":"validation","step":-1,"epoch":-1,"phase":0,)"
            R"("val_loss":3.25})");
}

TEST(ToJsonLine, Phase) {
  PhaseEvent event;
  event.phase = 1;
  event.epoch = 2;
  event.step = 20;
  event.reason = "max_transition_epoch";
  event.thawed = {"model.layers.3.ffn_norm.weight"};
  event.trainable_params = 100;
  event.total_params = 1000;
  event.transition_ms = 1.5;
  const std::string start =
      R"({"event":"phase","phase":1,"epoch":2,"step":20,)"
      R"("reason":"max_transition_epoch",)"
      R"("thawed":["model.layers.3.ffn_norm.weight"],"trainable_params":100,)"
      R"("total_params":1000,"transition_ms":1.5)";
  EXPECT_EQ(ToJsonLine(event), start + "}");
  event.measured = PhaseMeasured{0, 10, 20, 30, 40, 50};
  EXPECT_EQ(ToJsonLine(event),
            start +
                R"(,"measured":{"phase":0,"bytes_gathered":10,)"
                R"("bytes_reduced":20,"gradient_bytes":30,"moment_bytes":40,)"
                R"("peak_bytes":50}})");
  event.measured.reset();
  event.frozen = {"model.output.weight"};
  EXPECT_THAT(ToJsonLine(event),
              ::testing::HasSubstr(
                  R"("thawed":["model.layers.3.ffn_norm.weight"],)"
                  R"("frozen":["model.output.weight"],"trainable_params")"));
}

TEST(ToJsonLine, RunEnd) {
  RunEndEvent event;
  event.reason = "max_epochs";
  event.steps = 40;
  EXPECT_EQ(
      ToJsonLine(event),
      R"({"event":"run_end","reason":"max_epochs","steps":40,"best":null})");
  event.best = 1.5;
  EXPECT_EQ(
      ToJsonLine(event),
      R"({"event":"run_end","reason":"max_epochs","steps":40,"best":1.5})");
}

TEST(ToJsonLine, NumbersRoundTrip) {
  TrainStepEvent event = AStep();
  for (double value :
       {0.1, 1.0 / 3, 2.3025850929940455, 5e-324, 1.7976931348623157e308,
        static_cast<double>(0.1f), -0.0, 123456789012345680.0}) {
    event.loss = value;
    const auto json = nlohmann::json::parse(ToJsonLine(event));
    EXPECT_TRUE(json["loss"].is_number());
    EXPECT_EQ(json["loss"].get<double>(), value) << ToJsonLine(event);
  }
}

TEST(ToJsonLine, NonFiniteNumbersAreStringsInValidJson) {
  TrainStepEvent event = AStep();
  event.loss = std::nan("");
  event.grad_norm = std::numeric_limits<double>::infinity();
  event.lr = {-std::numeric_limits<double>::infinity()};
  const auto json = nlohmann::json::parse(ToJsonLine(event));
  EXPECT_EQ(json["loss"], "NaN");
  EXPECT_EQ(json["grad_norm"], "Infinity");
  EXPECT_EQ(json["lr"][0], "-Infinity");
}

TEST(ToJsonLine, StaysOneLineWhateverTheText) {
  RunEndEvent event;
  event.reason = "a\n\"b\"\xff";
  EXPECT_EQ(ToJsonLine(event).find('\n'), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(ToJsonLine(event))["reason"],
            "a\n\"b\"\xef\xbf\xbd");
}

TEST(MetricsWriter, EachLineIsThereAfterItsWrite) {
  const std::string dir = FreshDir() + "/runs/one";
  Diagnostics diags;
  auto writer = MetricsWriter::Create(dir, &diags);
  ASSERT_TRUE(writer.ok()) << diags.ToString();
  EXPECT_EQ(writer->path(), dir + "/metrics.jsonl");
  EXPECT_EQ(ReadAll(writer->path()), "");
  ASSERT_TRUE(writer->Write(ValidationEvent()).ok());
  std::string expected = ToJsonLine(ValidationEvent()) + "\n";
  EXPECT_EQ(ReadAll(writer->path()), expected);
  MetricsWriter moved = std::move(*writer);
  ASSERT_TRUE(moved.Write(AStep()).ok());
  expected += ToJsonLine(AStep()) + "\n";
  EXPECT_EQ(ReadAll(moved.path()), expected);
}

TEST(MetricsWriterErrors, RefusesAnotherRunsDirectory) {
  const std::string dir = FreshDir();
  std::ofstream(dir + "/metrics.jsonl") << "{}\n";
  const std::string text = "error: output_dir '" + dir +
                           "' already holds a metrics.jsonl of another run; "
                           "name a new output_dir, or remove the old run "
                           "[output_dir_in_use]\n";
  Diagnostics check;
  CheckOutputDir(dir, {}, &check);
  EXPECT_EQ(check.ToString(), text);
  Diagnostics create;
  EXPECT_FALSE(MetricsWriter::Create(dir, &create).ok());
  EXPECT_EQ(create.ToString(), text);
  EXPECT_EQ(ReadAll(dir + "/metrics.jsonl"), "{}\n");
}

TEST(MetricsWriterErrors, OutputDirBelowAFile) {
  const std::string dir = FreshDir();
  std::ofstream(dir + "/file") << "x";
  Diagnostics check;
  CheckOutputDir(dir + "/file/run", {}, &check);
  EXPECT_EQ(check.ToString(), "error: output_dir '" + dir +
                                  "/file/run' cannot be used: '" + dir +
                                  "/file/run': Not a directory "
                                  "[output_dir_unwritable]\n");
  Diagnostics file;
  CheckOutputDir(dir + "/file", {}, &file);
  EXPECT_FALSE(file.ok());
  Diagnostics create;
  EXPECT_FALSE(MetricsWriter::Create(dir + "/file/run", &create).ok());
  EXPECT_EQ(create.all()[0].code, "output_dir_unwritable");
}

TEST(CheckOutputDir, CreatesNothing) {
  const std::string dir = FreshDir();
  Diagnostics diags;
  CheckOutputDir(dir + "/a/b//", {}, &diags);
  CheckOutputDir(dir, {}, &diags);
  EXPECT_TRUE(diags.ok()) << diags.ToString();
  struct stat info;
  EXPECT_NE(stat((dir + "/a").c_str(), &info), 0);
}

TEST(MetricsWriterErrors, RefusesALinkInItsPlace) {
  const std::string dir = FreshDir();
  ASSERT_EQ(symlink("/dev/null", (dir + "/metrics.jsonl").c_str()), 0);
  Diagnostics diags;
  EXPECT_FALSE(MetricsWriter::Create(dir, &diags).ok());
  EXPECT_EQ(diags.all()[0].code, "output_dir_in_use");
}

// Puts /dev/full, where each write ends with ENOSPC, behind the open file.
TEST(MetricsWriterErrors, AFullDiskIsNamed) {
  const std::string dir = FreshDir();
  Diagnostics diags;
  auto writer = MetricsWriter::Create(dir, &diags);
  ASSERT_TRUE(writer.ok());
  struct stat wanted, seen;
  ASSERT_EQ(stat(writer->path().c_str(), &wanted), 0);
  int replaced = 0;
  for (int fd = 3; fd < 256; ++fd) {
    if (fstat(fd, &seen) != 0 || seen.st_ino != wanted.st_ino ||
        seen.st_dev != wanted.st_dev) {
      continue;
    }
    const int full = open("/dev/full", O_WRONLY);
    ASSERT_GE(dup2(full, fd), 0);
    close(full);
    ++replaced;
  }
  ASSERT_EQ(replaced, 1);
  const absl::Status status = writer->Write(ValidationEvent());
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "cannot write to '" + writer->path() +
                                  "': No space left on device");
}

}  // namespace
}  // namespace fts::train
