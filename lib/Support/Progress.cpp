//===- Progress.cpp - Progress of long work -------------------------------===//
#include "narrow/Support/Progress.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>

using namespace narrow;

static constexpr double quietSeconds = 2;
static constexpr double redrawSeconds = 0.2;
static constexpr double lineSeconds = 5;

std::string narrow::formatDuration(double seconds) {
  if (!(seconds < 1e9))
    return "unknown time";
  int64_t s = std::llround(std::max(seconds, 0.0));
  if (s < 60)
    return std::to_string(s) + " s";
  auto twoDigits = [](int64_t value) { return (value < 10 ? "0" : "") + std::to_string(value); };
  if (s < 3600)
    return std::to_string(s / 60) + " min " + twoDigits(s % 60) + " s";
  return std::to_string(s / 3600) + " h " + twoDigits(s % 3600 / 60) + " min";
}

llvm::raw_ostream *Progress::defaultStream() {
  const char *setting = std::getenv("NARROW_PROGRESS");
  return setting && llvm::StringRef(setting) == "0" ? &llvm::nulls() : &llvm::errs();
}

Progress::Progress(llvm::StringRef what, llvm::StringRef unit, uint64_t total, Options opts)
    : what(what), unit(unit), total(total), options(std::move(opts)) {
  if (!options.clock)
    options.clock = [] {
      return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    };
  start = lastReport = options.clock();
}

Progress::~Progress() {
  if (drawn)
    *options.stream << "\r\x1b[K";
}

void Progress::skip(uint64_t count) {
  std::lock_guard<std::mutex> lock(mutex);
  skipped += count;
}

void Progress::advance(uint64_t count) {
  std::lock_guard<std::mutex> lock(mutex);
  done += count;
  double now = options.clock();
  double interval = options.terminal ? redrawSeconds : lineSeconds;
  // The first report appears as soon as the work has lasted long enough.
  bool first = lastReport == start;
  if (now - start < quietSeconds || (!first && now - lastReport < interval))
    return;
  lastReport = now;
  report(now);
}

void Progress::report(double now) {
  uint64_t reached = std::min(done + skipped, total);
  std::string line = llvm::formatv("{0}: {1} of {2} {3}", what, reached, total, unit);
  if (total > 0)
    line += llvm::formatv(
        " ({0}%)", static_cast<int>(100.0 * static_cast<double>(reached) / static_cast<double>(total)));
  if (done > 0 && reached < total) {
    double perUnit = (now - start) / static_cast<double>(done);
    line += ", " + formatDuration(perUnit * static_cast<double>(total - reached)) + " left";
  }
  if (options.terminal) {
    *options.stream << '\r' << line << "\x1b[K";
    drawn = true;
  } else {
    *options.stream << line << '\n';
  }
  options.stream->flush();
}
