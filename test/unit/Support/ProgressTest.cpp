//===- ProgressTest.cpp - Progress of long work ---------------------------===//
#include "narrow/Support/Progress.h"
#include <cstdlib>
#include <gtest/gtest.h>

using namespace narrow;

/// Output of 100 steps of `step` seconds.
static std::string run(double step, bool terminal, uint64_t skipped = 0) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  double now = 0;
  {
    Progress progress("calibrating", "samples", 100, {&stream, terminal, [&] { return now; }});
    progress.skip(skipped);
    for (uint64_t i = skipped; i < 100; ++i) {
      now += step;
      progress.advance();
    }
  }
  return text;
}

TEST(Progress, ShortWorkIsSilent) {
  EXPECT_EQ(run(0.019, true), "");
  EXPECT_EQ(run(0.019, false), "");
}

TEST(Progress, LinesElsewhere) {
  EXPECT_EQ(run(0.125, false), "calibrating: 16 of 100 samples (16%), 11 s left\n"
                               "calibrating: 56 of 100 samples (56%), 6 s left\n"
                               "calibrating: 96 of 100 samples (96%), 1 s left\n");
}

TEST(Progress, OneLineOnATerminal) {
  std::string text = run(0.5, true);
  EXPECT_EQ(text.rfind("\rcalibrating: 4 of 100 samples (4%), 48 s left\x1b[K\rcalibrating: 5 of", 0), 0u)
      << text;
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_EQ(text.substr(text.size() - 4), "\r\x1b[K");
}

TEST(Progress, SkippedWorkIsNotSpeed) {
  EXPECT_EQ(run(1, false, 95), "calibrating: 97 of 100 samples (97%), 3 s left\n");
}

TEST(Progress, EnvironmentTurnsItOff) {
  auto streamWith = [](const char *setting) {
    setenv("NARROW_PROGRESS", setting, /*overwrite=*/1);
    return Progress::Options().stream;
  };
  EXPECT_EQ(streamWith("0"), &llvm::nulls());
  EXPECT_EQ(streamWith("1"), &llvm::errs());
  unsetenv("NARROW_PROGRESS");
  EXPECT_EQ(Progress::Options().stream, &llvm::errs());
}

TEST(Progress, Durations) {
  EXPECT_EQ(formatDuration(0.4), "0 s");
  EXPECT_EQ(formatDuration(59.4), "59 s");
  EXPECT_EQ(formatDuration(185), "3 min 05 s");
  EXPECT_EQ(formatDuration(7805), "2 h 10 min");
  EXPECT_EQ(formatDuration(1e300), "unknown time");
}
